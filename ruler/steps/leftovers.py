"""Leftovers: things that were left behind, and gaps where one was taken, and for how long.

A spot of foreground that does not stir is watched at its place. Who passes before it hides it for a
while; while somebody stands at it, the two are one figure that stirs. A person who stands still for
once stirs soon after, and is no leftover.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruler.schemas.base import Value
from ruler.schemas.captions import Box, Figure

FORGET_SECONDS = 10.0
"""A leftover survives this long without being seen."""

_STILL = 0.9
"""Share of a figure that does not change, from which it is still."""

_SAME = 0.5
"""Overlap of boxes from which a figure is the leftover seen before."""

_KEPT_A_SECOND = 0.9
"""Share of what was seen of a leftover that still counts after a second."""

_CALM, _RESTLESS = 0.93, 0.7
"""Share of still sights from which it counts, and below which it is somebody."""

_CLEAR = 0.1
"""`edge_gain` from which something was left; below its negative, something was taken."""

_MOST = 32


class Leftover(Value):
    """A spot that does not stir.

    Attributes:
        box: Where it was seen first.
        calm: Share of the sights of late that were still.
        gain: Mean `edge_gain` of late.
    """

    box: Box
    since_seconds: float
    seen_seconds: float
    calm: float = 1.0
    gain: float = 0.0

    def seconds(self, now: float) -> tuple[float, float]:
        """For how long something has been left here, and for how long it has been gone."""
        lasted = round(max(now - self.since_seconds, 0.0), 3)
        if self.calm < _CALM or abs(self.gain) < _CLEAR:
            return 0.0, 0.0
        return (lasted, 0.0) if self.gain > 0 else (0.0, lasted)


def settle(
    leftovers: Sequence[Leftover], figures: Sequence[Figure], now: float
) -> tuple[tuple[Leftover, ...], list[tuple[float, float]]]:
    """Go on with the leftovers of the frames before.

    Args:
        leftovers: What the frame before left.
        figures: Figures of this frame.
        now: Its time, in seconds.

    Returns:
        The leftovers that go on or begin, and for each figure `left_seconds` and `taken_seconds`.
    """
    alive = [one for one in leftovers if now - one.seen_seconds <= FORGET_SECONDS]
    begun: list[Leftover] = []
    lasted: list[tuple[float, float]] = []
    for figure in figures:
        gain = figure.facts.get("edge_gain")
        is_still = gain is not None and figure.facts.get("stillness", 0.0) >= _STILL
        at = _nearest(alive, figure.box)
        if at is not None:
            alive[at] = _seen(alive[at], gain if is_still else None, now)
        elif is_still and gain is not None:
            begun.append(Leftover(box=figure.box, since_seconds=now, seen_seconds=now, gain=gain))
        lasted.append(alive[at].seconds(now) if at is not None and is_still else (0.0, 0.0))
    going = [one for one in (*alive, *begun) if one.calm >= _RESTLESS]
    # The longest are kept where there are too many.
    return tuple(sorted(going, key=lambda one: one.since_seconds)[:_MOST]), lasted


def _nearest(leftovers: Sequence[Leftover], box: Box) -> int | None:
    """The leftover that a box covers best, if it is the same spot."""
    overlaps = [(one.box.overlap(box), -at) for at, one in enumerate(leftovers)]
    best, at = max(overlaps, default=(0.0, 0))
    return -at if best >= _SAME else None


def _seen(leftover: Leftover, gain: float | None, now: float) -> Leftover:
    kept = _KEPT_A_SECOND ** max(now - leftover.seen_seconds, 0.0)
    calm = kept * leftover.calm + (1 - kept) * (gain is not None)
    mean = leftover.gain if gain is None else kept * leftover.gain + (1 - kept) * gain
    return leftover.model_copy(
        update={"seen_seconds": now, "calm": round(calm, 6), "gain": round(mean, 6)}
    )
