"""Gathers a clip's score curve while verdicts stream by, in memory that does not grow."""

from __future__ import annotations

from typing import Final, Literal

from ruler.reporting.model import CurveData, Gap
from ruler.schemas.verdicts import Verdict

MAX_POINTS: Final = 2000

_Undecided = Literal["undetermined", "failed"]
_UNDECIDED: Final[tuple[_Undecided, ...]] = ("undetermined", "failed")


class _Point:
    """The verdicts of one stretch of time: when it starts, its highest score, what went wrong."""

    __slots__ = ("outcomes", "score", "time_seconds")

    def __init__(self, verdict: Verdict) -> None:
        decided = verdict.outcome in ("normal", "anomaly")
        self.time_seconds = verdict.time_seconds
        self.score = verdict.score if decided else None
        self.outcomes: frozenset[str] = frozenset() if decided else frozenset((verdict.outcome,))

    def take(self, other: _Point) -> None:
        if other.score is not None:
            self.score = other.score if self.score is None else max(self.score, other.score)
        self.outcomes |= other.outcomes


class Curve:
    """Takes the verdicts of one clip in order and keeps at most `points` of them.

    When there are more, neighbours are pooled by their maximum, so that no peak is lost; a
    stretch in which any frame failed stays marked as such.
    """

    def __init__(self, points: int = MAX_POINTS) -> None:
        if points < 2:
            raise ValueError("a curve needs at least two points")
        self._limit = points
        self._points: list[_Point] = []
        self._stride = 1
        self._in_last = 0
        self._step = 0.1  # until two verdicts show how far apart they lie
        self._last_time = 0.0

    def add(self, verdict: Verdict) -> None:
        """Take the next verdict."""
        point = _Point(verdict)
        if self._points:
            self._step = point.time_seconds - self._last_time
        self._last_time = point.time_seconds
        if len(self._points) == self._limit and self._in_last == self._stride:
            self._halve()
        if self._points and self._in_last < self._stride:
            self._points[-1].take(point)
            self._in_last += 1
        else:
            self._points.append(point)
            self._in_last = 1

    def finish(self, stop_seconds: float | None = None) -> CurveData:
        """The curve so far.

        Args:
            stop_seconds: Where the clip ends; without it the last step lasts as the one before.
        """
        if not self._points:
            return CurveData(stop_seconds=max(0.0, stop_seconds or 0.0))
        stop = self._last_time + self._step if stop_seconds is None else stop_seconds
        return CurveData(
            times=tuple(point.time_seconds for point in self._points),
            scores=tuple(point.score for point in self._points),
            gaps=tuple(gap for outcome in _UNDECIDED for gap in self._gaps(outcome, stop)),
            stop_seconds=max(stop, self._last_time),
            pooled=self._stride,
        )

    def _halve(self) -> None:
        odd = len(self._points) % 2
        for first, second in zip(self._points[::2], self._points[1::2], strict=False):
            first.take(second)
        self._points = self._points[::2]
        # Before, the last point was full; it stays half full where it found no neighbour.
        self._in_last = self._stride if odd else 2 * self._stride
        self._stride *= 2

    def _gaps(self, outcome: _Undecided, stop: float) -> list[Gap]:
        ends = [point.time_seconds for point in self._points[1:]]
        ends.append(max(stop, self._last_time))
        spans: list[tuple[float, float]] = []
        for point, end in zip(self._points, ends, strict=True):
            if outcome not in point.outcomes:
                continue
            if spans and spans[-1][1] == point.time_seconds:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((point.time_seconds, end))
        return [Gap(outcome=outcome, start_seconds=a, stop_seconds=b) for a, b in spans]
