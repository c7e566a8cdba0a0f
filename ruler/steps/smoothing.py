"""Perception smoothing: over scores, on true time stamps, in one pass with bounded memory.

AnomalyRuler (ECCV 2024, section 3.3) smooths per-frame answers with an exponential moving average
and majority vote; a Gaussian is added for files. Text is never touched. Everything is a weighted
mean over the samples within the support, so a constant stays constant, the output stays within the
input's range, and a gap or a variable frame rate is handled by the distances in time themselves.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ruler.schemas.runs import Smoothing

Point = tuple[float, float | None]
"""(time in seconds, score in [0, 1] or None where the frame has none)."""

_VOTE = 0.5


def smooth(points: Iterable[Point], smoothing: Smoothing) -> Iterator[float | None]:
    """Smooth scores of ascending time stamps.

    A frame without a score stays without one and does not weigh on its neighbours.

    Args:
        points: Samples in ascending order of time.
        smoothing: Method, scale in seconds, and whether the future may be seen.

    Yields:
        One score a sample, in order. A causal method never looks ahead; a two-sided one holds back
        at most `smoothing.support_seconds` of samples.
    """
    if smoothing.method == "none":
        yield from (score for _, score in points)
    elif smoothing.method == "ema" and smoothing.is_causal:
        yield from _running_average(points, smoothing.seconds)
    else:
        yield from _windowed(points, _kernel(smoothing), smoothing)


def _running_average(points: Iterable[Point], time_constant: float) -> Iterator[float | None]:
    """Exponential moving average whose weight of the past fades as exp(-dt / time constant)."""
    value: float | None = None
    last = 0.0
    for time, score in points:
        if score is None:
            yield None
            continue
        if value is None:
            value = score
        else:
            keep = math.exp(-(time - last) / time_constant)
            value = keep * value + (1.0 - keep) * score
        last = time
        yield value


def _kernel(smoothing: Smoothing) -> Callable[[float], float]:
    """Weight of a sample that lies dt seconds away, within the support."""
    scale = smoothing.seconds
    if smoothing.method == "gaussian":
        return lambda dt: math.exp(-0.5 * (dt / scale) ** 2)
    if smoothing.method == "ema":
        return lambda dt: math.exp(-abs(dt) / scale)
    return lambda _: 1.0


def _windowed(
    points: Iterable[Point], kernel: Callable[[float], float], smoothing: Smoothing
) -> Iterator[float | None]:
    """A kernel-weighted mean over the samples within the support; a majority votes instead."""
    reach = smoothing.support_seconds + 1e-9
    past: deque[tuple[float, float]] = deque()
    waiting: deque[Point] = deque()
    votes = smoothing.method == "majority"

    def settle(time: float, score: float | None) -> float | None:
        while past and past[0][0] < time - reach:
            past.popleft()
        if score is None:
            return None
        total = weights = 0.0
        for when, value in past:
            if when > time + reach:
                break
            weight = kernel(when - time)
            weights += weight
            total += weight * ((1.0 if value >= _VOTE else 0.0) if votes else value)
        # Rounding may carry a mean a hair past 1, which is no score.
        return min(1.0, max(0.0, total / weights))

    for time, score in points:
        if not smoothing.is_causal:
            while waiting and waiting[0][0] < time - reach:
                yield settle(*waiting.popleft())
        if score is not None:
            past.append((time, score))
        if smoothing.is_causal:
            yield settle(time, score)
        else:
            waiting.append((time, score))
    while waiting:
        yield settle(*waiting.popleft())
