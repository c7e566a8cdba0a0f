"""Which stretches of a clip other rules may judge otherwise, told by numbers alone."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ruler.schemas.runs import Smoothing
from ruler.steps.reflection import BRIDGE_SECONDS, near
from ruler.steps.smoothing import smooth

HAIR = 1e-6
"""Reaches are taken a little longer than they are: what is looked at in vain costs nothing."""

_GAP = 16
"""So many frames too many are read faster than a query more is asked."""

_MOST = 2048
"""Frames that are read together, if there is no longer part."""


@dataclass(frozen=True)
class Frames:
    """The sampled frames of a clip as columns: what the run found, or what other rules do.

    `differs` marks frames whose matches differ from the run's, or mean something else.
    """

    indices: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    match: list[float | None] = field(default_factory=list)
    smooth: list[float | None] = field(default_factory=list)
    differs: bytearray = field(default_factory=bytearray)


def resmoothed(
    seconds: Sequence[float],
    match: tuple[list[float | None], list[float | None]],
    before: list[float | None],
    smoothing: Smoothing,
) -> list[float | None]:
    """The smoothed scores after first scores changed; windows without a change stand."""
    old, new = match
    changed = [place for place, score in enumerate(new) if score != old[place]]
    if smoothing.is_causal or smoothing.method == "none" or 2 * len(changed) > len(new):
        return list(smooth(zip(seconds, new, strict=True), smoothing)) if changed else before
    reach = smoothing.support_seconds + HAIR
    scores = list(before)
    for part in merged(within(seconds, range(place, place + 1), reach) for place in changed):
        around = within(seconds, part, reach)
        points = ((seconds[place], new[place]) for place in around)
        for place, score in zip(around, smooth(points, smoothing), strict=True):
            if place in part:
                scores[place] = score
    return scores


def active(first: Frames, now: Frames, old: float, new: float) -> Iterator[range]:
    """Runs of frames that are in dispute, alarm or come near by either of two thresholds, as long
    as what lies between them is bridged."""
    start, stop, last = None, 0, 0.0
    sides = [(f.match, f.smooth, t, near(t)) for f, t in ((first, old), (now, new))]
    for place, time in enumerate(first.seconds):
        for match, smoothed, threshold, close in sides:
            hit, score = match[place], smoothed[place]
            if (hit is not None and hit >= threshold) or (score is not None and score >= close):
                break
        else:
            continue
        if start is not None and time - last > BRIDGE_SECONDS + 1e-9:
            yield range(start, stop)
            start = None
        if start is None:
            start = place
        stop, last = place + 1, time
    if start is not None:
        yield range(start, stop)


def within(seconds: Sequence[float], part: range, reach: float) -> range:
    """Places of the samples at most `reach` seconds away from those of `part`."""
    start = bisect.bisect_left(seconds, seconds[part.start] - reach)
    return range(start, bisect.bisect_right(seconds, seconds[part.stop - 1] + reach))


def merged(parts: Iterable[range]) -> Iterator[range]:
    """The same places in order, in parts that do not overlap."""
    held: range | None = None
    for part in sorted(parts, key=lambda part: part.start):
        if held is not None and part.start <= held.stop:
            held = range(held.start, max(held.stop, part.stop))
            continue
        if held is not None:
            yield held
        held = part
    if held is not None:
        yield held


def gathered(parts: Iterable[tuple[range, range]]) -> Iterator[tuple[range, list[range]]]:
    """Parts, each with what has to be read for it, put together where one reading serves.

    Args:
        parts: (to read, part), in order.
    """
    whole, held = range(0), list[range]()
    for around, part in parts:
        if held and (around.start > whole.stop + _GAP or around.stop > whole.start + _MOST):
            yield whole, held
            held = []
        whole = range(whole.start if held else around.start, max(whole.stop, around.stop))
        held.append(part)
    if held:
        yield whole, held
