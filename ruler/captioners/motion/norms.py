"""What is usual by row, from samples of the references. Pure (docs/perception, steps 3, 6, 7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Mask
from ruler.captioners.motion.lines import (
    RowLine,
    equal_count_bins,
    equal_height_bins,
    fit_line,
    weighted_quantile,
)

_HEIGHT_BINS, _HEIGHT_QUANTILE = 6, 0.3
"""A low quantile: figures that merge inflate heights. It is of area, not of blobs: where people
stand in the background, what stands out falls into many small pieces beside a few whole figures."""

_UPRIGHT = 0.7
"""Width over height up to which a blob may be one figure; groups are wider."""

_HEIGHT_RANGE = (0.06, 0.7)
_HEIGHT_SPAN = 0.08
"""Figures whose rows span less of the image tell nothing of perspective."""

_SPEED_BINS, _FILL_BINS = 9, 9
_FILL_QUANTILE = 0.95
_BIN_WINDOWS = 30
_LEAST_WINDOWS = 100
"""Fewer windows in a bin, or in all, are not evidence."""

_SWAYING = 0.01
"""Figure heights per 0.1 s below which a figure sways and stays."""

_FAST_QUANTILE, _FAST_RANGE, _FAST_GUESS = 0.99, (1.3, 3.0), 1.5


@dataclass(frozen=True, eq=False)
class Blobs:
    """What stands out whole in the references, each of shape (N,).

    Attributes:
        rows: Relative row of the middle.
        heights: Share of the image height.
        widths: In image heights, too.
        areas: Share of the image.
    """

    rows: Floats
    heights: Floats
    widths: Floats
    areas: Floats

    def of(self, chosen: Mask) -> Blobs:
        """Some of them."""
        return Blobs(
            self.rows[chosen], self.heights[chosen], self.widths[chosen], self.areas[chosen]
        )


def figure_height_line(blobs: Blobs) -> RowLine | None:
    """Typical height by row; None where there are no figures to learn from.

    Blobs as wide as groups count only where there are no others.
    """
    upright = blobs.widths <= _UPRIGHT * blobs.heights
    if upright.any():
        blobs = blobs.of(upright)
    rows, heights, areas = blobs.rows, blobs.heights, blobs.areas
    if not len(rows):
        return None
    low, high = _HEIGHT_RANGE
    overall = min(max(weighted_quantile(heights, areas, _HEIGHT_QUANTILE), low), high)
    bins = equal_count_bins(
        rows, heights, bins=_HEIGHT_BINS, quantile=_HEIGHT_QUANTILE, least=3, weights=areas
    )
    centres, _, _ = bins
    line = fit_line(bins, low=low, high=high)
    if line is None or len(centres) < 3 or np.ptp(centres) < _HEIGHT_SPAN or line.slope < 0:
        return RowLine.constant(overall)
    return line


def usual_speed_line(
    rows: Floats, speeds: Floats, heights: Floats, *, by_row: bool
) -> RowLine | None:
    """Typical speed by row of what moves from its place, image widths per 0.1 s; None for too few
    windows.

    Those who stand say nothing of the usual speed, and would halve it where they stand.

    Args:
        rows: Relative row of each window, (N,).
        speeds: Its net speed, image widths per 0.1 s.
        heights: Typical figure height there, image widths.
        by_row: Whether to fit a line or take the same speed everywhere.
    """
    floor = tunables.SPEED_FLOOR / tunables.WIDTH
    moving = speeds > np.maximum(floor, _SWAYING * heights)
    rows, speeds = rows[moving], speeds[moving]
    if len(rows) < _LEAST_WINDOWS:
        return None
    overall = max(float(np.median(speeds)), floor)
    bins = equal_height_bins(rows, speeds, bins=_SPEED_BINS, quantile=0.5, least=_BIN_WINDOWS)
    line = fit_line(bins, low=floor, high=1.0) if by_row else None
    return line or RowLine.constant(overall)


def usual_fill_line(rows: Floats, fills: Floats, *, by_row: bool) -> RowLine | None:
    """How full the wide window gets by row, in [0, 1]; None for too few windows."""
    if len(rows) < _LEAST_WINDOWS:
        return None
    overall = max(float(np.quantile(fills, _FILL_QUANTILE)), tunables.FILL_FLOOR)
    bins = equal_height_bins(
        rows, fills, bins=_FILL_BINS, quantile=_FILL_QUANTILE, least=_BIN_WINDOWS
    )
    line = fit_line(bins, low=tunables.FILL_FLOOR, high=1.0) if by_row else None
    return line or RowLine.constant(overall)


def fast_ratio(ratios: Floats) -> float:
    """Ratio to the usual speed that hardly any window of the references exceeded."""
    if len(ratios) < _LEAST_WINDOWS:
        return _FAST_GUESS
    return float(np.clip(np.quantile(ratios, _FAST_QUANTILE), *_FAST_RANGE))
