"""Runs of frames that reach a score, over a stream of frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ScoredFrame = tuple[int, float, float | None]
"""(frame index, seconds, score or None)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Frames [start_frame, stop_frame) of a run; it begins and ends on a frame that reaches the
    score. `samples` counts all sampled frames in it."""

    start_frame: int
    stop_frame: int
    samples: int
    peak_score: float


def spans(
    frames: Iterable[ScoredFrame], *, at_least: float, bridge_seconds: float
) -> Iterator[Span]:
    """Runs of frames whose score reaches `at_least`, in order.

    Args:
        frames: Ascending in time.
        at_least: The score to reach.
        bridge_seconds: A gap up to this long does not end a run.
    """
    start: int | None = None
    stop = samples = pending = 0
    peak, last = 0.0, 0.0
    for frame, time, score in frames:
        if start is not None and time - last > bridge_seconds + 1e-9:
            yield Span(start, stop, samples, peak)
            start = None
        pending += 1
        if score is None or score < at_least:
            continue
        if start is None:
            start, samples, pending, peak = frame, 0, 1, score
        samples, pending = samples + pending, 0
        stop, last, peak = frame + 1, time, max(peak, score)
    if start is not None:
        yield Span(start, stop, samples, peak)
