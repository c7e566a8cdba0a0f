"""Lines over image rows: how a typical height, speed or fill changes with perspective.

On a ground plane seen by a fixed camera both the height and the speed of a figure in pixels grow
linearly with its row, so two numbers are enough (docs/perception, steps 3, 6 and 7).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruler.captioners.motion.arrays import Floats

Bins = tuple[Floats, Floats, Floats]
"""(row, value, points) of each bin of points."""

_HALF_KNOWN = 300
"""Points of a bin that weighs half as much as one of very many; a figure gives dozens at a time."""


@dataclass(frozen=True)
class RowLine:
    """`intercept + slope * row`, kept within [low, high]; rows run from 0 (top) to 1 (bottom)."""

    slope: float
    intercept: float
    low: float
    high: float

    @classmethod
    def constant(cls, value: float) -> RowLine:
        """The same everywhere."""
        return cls(slope=0.0, intercept=value, low=value, high=value)

    def at(self, rows: Floats) -> Floats:
        """Values at relative rows, same shape."""
        values: Floats = np.clip(self.intercept + self.slope * rows, self.low, self.high)
        return values

    def at_row(self, row: float) -> float:
        """The value at one relative row."""
        return min(max(self.intercept + self.slope * row, self.low), self.high)


def median(values: Floats) -> float:
    """The median of a few values, a fifth of what `numpy.median` takes."""
    ordered, middle = np.sort(values), len(values) // 2
    if len(values) % 2:
        return float(ordered[middle])
    return (float(ordered[middle - 1]) + float(ordered[middle])) / 2


def pixel_rows(height: int) -> Floats:
    """The relative row of each pixel row of an image, (height,)."""
    rows: Floats = (np.arange(height) + 0.5) / height
    return rows


def equal_count_bins(
    rows: Floats,
    values: Floats,
    *,
    bins: int,
    quantile: float,
    least: int,
    weights: Floats | None = None,
) -> Bins:
    """Cut points into bins of equal count along the rows.

    Args:
        rows: Relative row of each point, (N,).
        values: Of each point, (N,).
        bins: How many.
        quantile: Of the values of a bin, in [0, 1].
        least: Points without which a bin is left out.
        weights: Of each point in the quantile, (N,); alike where not given.

    Returns:
        (median row, quantile of the values, points) of each bin of at least `least` points.
    """
    order = np.argsort(rows, kind="stable")
    return _summaries(rows, values, np.array_split(order, bins), quantile, least, weights)


def equal_height_bins(
    rows: Floats, values: Floats, *, bins: int, quantile: float, least: int
) -> Bins:
    """Cut points into bins of equal height over rows 0 to 1; returns as `equal_count_bins`."""
    which = np.minimum((rows * bins).astype(np.intp), bins - 1)
    parts = [np.flatnonzero(which == k) for k in range(bins)]
    return _summaries(rows, values, parts, quantile, least)


def weighted_quantile(values: Floats, weights: Floats, quantile: float) -> float:
    """The value up to which so much of the weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    at = int(np.searchsorted(reached, quantile * reached[-1]))
    return float(values[order[min(at, len(values) - 1)]])


def _summaries(
    rows: Floats,
    values: Floats,
    parts: list[np.ndarray],
    quantile: float,
    least: int,
    weights: Floats | None = None,
) -> Bins:
    kept = [part for part in parts if len(part) >= max(least, 1)]
    centres = np.array([np.median(rows[part]) for part in kept], dtype=np.float64)
    heights = np.array(
        [
            np.quantile(values[part], quantile)
            if weights is None
            else weighted_quantile(values[part], weights[part], quantile)
            for part in kept
        ],
        dtype=np.float64,
    )
    counts = np.array([len(part) for part in kept], dtype=np.float64)
    return centres, heights, counts


def fit_line(bins: Bins, *, low: float, high: float) -> RowLine | None:
    """Least-squares line through bins; None for fewer than two bins.

    Well-filled bins weigh alike, since what parts them from a line is the scene; a bin of few
    points weighs as these do: somebody cut by the edge of the picture must not turn the line.
    """
    centres, values, counts = bins
    if len(centres) < 2 or float(np.ptp(centres)) <= 0:
        return None
    weights = counts / (counts + _HALF_KNOWN)
    share = weights / weights.sum()
    middle, level = float(share @ centres), float(share @ values)
    away = centres - middle
    slope = float((share * away) @ (values - level) / ((share * away) @ away))
    return RowLine(slope=slope, intercept=level - slope * middle, low=low, high=high)
