"""Choosing a scene's threshold: which events footage has at each one, and which one keeps a budget.

Events do not simply grow fewer with the threshold: a long one falls apart into several, and robust
reasoning and reflection depend on the threshold, too. So every candidate goes through the stages
after smoothing, but only over the stretches of footage that can hold an event.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Event
from ruler.steps import reasoning, reflection
from ruler.steps.deducing import Deducer
from ruler.steps.rates import Budget, count_interval
from ruler.steps.spans import ScoredFrame, spans

_COARSE = 5
_LOWEST = 5
_HIGHEST = 99
_FINE_FROM = 95


@dataclass(frozen=True)
class Row:
    """What a threshold makes of the footage.

    Attributes:
        threshold: In (0, 1).
        events: False alarms that it leaves in the normal footage.
        kept: Alarms of other footage, not called false, that it keeps.
        found: Misses that people reported, where it gives an alarm.
    """

    threshold: float
    events: int = 0
    kept: int = 0
    found: int = 0

    def a_day(self, days: float) -> tuple[float, float, float]:
        """(estimate, lower end, upper end) of the alarms a day, over so much footage."""
        low, high = count_interval(self.events)
        return self.events / days, low / days, high / days


def coarse_thresholds(present: float) -> list[float]:
    """Where to look first, ascending: the threshold as it is, and steps that are finer near 1."""
    steps = {*range(_LOWEST, _FINE_FROM, _COARSE), *range(_FINE_FROM, _HIGHEST + 1)}
    return sorted({step / 100 for step in steps} | ({present} if 0 < present < 1 else set()))


def fine_thresholds(tried: Sequence[Row], chosen: Row) -> list[float]:
    """The hundredths between the chosen threshold and the next lower one that was tried."""
    below = max((row.threshold for row in tried if row.threshold < chosen.threshold), default=None)
    if below is None:
        return []
    steps = range(round(below * 100), round(chosen.threshold * 100) + 1)
    return [step / 100 for step in steps if below < step / 100 < chosen.threshold]


def choose(rows: Iterable[Row], budget: Budget, days: float, *, is_sure: bool) -> Row | None:
    """The lowest threshold that keeps the budget, as do all higher ones; None where none does.

    Args:
        rows: The candidates, ascending.
        budget: How many alarms may be expected.
        days: How much footage the rows are about; above 0.
        is_sure: Hold the upper end of the interval to the budget, not the estimate.
    """
    best = None
    for row in sorted(rows, key=lambda row: -row.threshold):
        estimate, _, upper = row.a_day(days)
        if (upper if is_sure else estimate) > budget.a_day + 1e-9:
            break
        best = row
    return best


def loudness(trace: Trace) -> float | None:
    """The higher of a frame's first and smoothed score: how near it can come to an alarm."""
    return None if trace.smooth is None else max(trace.smooth, trace.match or 0.0)


def pad_seconds(deducer: Deducer) -> float:
    """How far a frame's verdict depends on the frames around it."""
    return max(
        deducer.smoothing.support_seconds, reasoning.NEIGHBOUR_SECONDS, reflection.BRIDGE_SECONDS
    )


def stretches(
    frames: Sequence[ScoredFrame], threshold: float, pad: float
) -> Iterator[tuple[int, int]]:
    """Positions [start, stop) of the frames that an event at `threshold`, or above, can depend on.

    A frame whose loudness stays below what reflection looks at is never checked again, raised, or
    an alarm; alarms of two stretches lie too far apart to be one event.

    Args:
        frames: Ascending in time, each with its loudness.
        threshold: The lowest threshold of interest.
        pad: As `pad_seconds` gives it.
    """
    times = [seconds for _, seconds, _ in frames]
    numbered = ((place, seconds, loud) for place, (_, seconds, loud) in enumerate(frames))
    at_least = reflection.near(threshold)
    for core in spans(numbered, at_least=at_least, bridge_seconds=2 * pad):
        start = bisect_left(times, times[core.start_frame] - pad - 1e-6)
        stop = bisect_right(times, times[core.stop_frame - 1] + pad + 1e-6)
        yield start, stop


def events_at(
    deducer: Deducer, clip: str, traces: Sequence[Trace], thresholds: Iterable[float]
) -> Mapping[float, list[Event]]:
    """The events of smoothed traces at each threshold.

    Args:
        deducer: By whose rules; its own threshold does not matter.
        clip: Its name.
        traces: A clip, or a stretch of it, as smoothing left it.
        thresholds: Each in (0, 1].
    """
    plain = [replace(trace, reason=None, reflect=None, notes=()) for trace in traces]
    frames = [(t.observation.frame_index, t.time_seconds, loudness(t)) for t in plain]
    seconds = {frame: time for frame, time, _ in frames}
    end = frames[-1][1] if frames else 0.0
    pad = pad_seconds(deducer)
    found: dict[float, list[Event]] = {}
    for threshold in thresholds:
        tried = deducer.at_threshold(threshold)
        found[threshold] = [
            event
            for start, stop in stretches(frames, threshold, pad)
            for event in tried.settle(
                clip, plain[start:stop], lambda frame: seconds.get(frame, end)
            ).events
        ]
    return found
