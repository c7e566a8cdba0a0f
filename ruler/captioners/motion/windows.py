"""Sums over person-size windows around the points of the measuring grid, by integral images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Grid:
    """Points every `tunables.STRIDE` pixels of an image.

    Attributes:
        rows, columns: Pixel rows (R,) and columns (C,) of the points.
    """

    height: int
    width: int
    rows: Ints
    columns: Ints

    @classmethod
    def over(cls, height: int, width: int) -> Grid:
        """The grid of an image of that size."""
        half = tunables.STRIDE // 2
        return cls(
            height=height,
            width=width,
            rows=np.arange(half, height, tunables.STRIDE, dtype=np.intp),
            columns=np.arange(half, width, tunables.STRIDE, dtype=np.intp),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(R, C)."""
        return len(self.rows), len(self.columns)

    @property
    def relative_rows(self) -> Floats:
        """Rows of the points, 0 at the top and 1 at the bottom of the image, shape (R,)."""
        return (self.rows + 0.5) / self.height


@dataclass(frozen=True, eq=False)
class Windows:
    """One window around each grid point: corner indices into a flattened integral image.

    Attributes:
        corners: (4, R * C): bottom right, top right, bottom left, top left.
        areas: (R * C,), grid points within the window and the image.
    """

    corners: Ints
    areas: Floats

    @classmethod
    def around(cls, grid: Grid, half_heights: Floats, half_widths: Floats) -> Windows:
        """Windows whose half sizes in pixels are given for each grid row, shape (R,) each."""
        count, width = grid.shape
        reach_y = _cells(half_heights)
        reach_x = _cells(half_widths)
        row = np.arange(count, dtype=np.intp)
        column = np.arange(width, dtype=np.intp)
        top = np.maximum(row - reach_y, 0)[:, None]
        bottom = np.minimum(row + reach_y + 1, count)[:, None]
        left = np.maximum(column[None, :] - reach_x[:, None], 0)
        right = np.minimum(column[None, :] + reach_x[:, None] + 1, width)
        across = width + 1
        corners = np.stack(
            [
                bottom * across + right,
                top * across + right,
                bottom * across + left,
                top * across + left,
            ]
        ).reshape(4, -1)
        areas = ((bottom - top) * (right - left)).astype(np.float64).ravel()
        return cls(corners=corners, areas=areas)

    def sums(self, values: Floats, chosen: Ints | None = None) -> Floats:
        """Sum of `values` (R, C, K) within each window.

        Args:
            values: K numbers for each grid point.
            chosen: Flat indices of the windows wanted; None for all.

        Returns:
            (windows, K).
        """
        rows, columns, channels = values.shape
        integral = np.zeros((rows + 1, columns + 1, channels), dtype=np.float64)
        np.cumsum(values, axis=0, out=integral[1:, 1:])
        np.cumsum(integral[1:, 1:], axis=1, out=integral[1:, 1:])
        flat = integral.reshape(-1, channels)
        corners = self.corners if chosen is None else self.corners[:, chosen]
        total: Floats = flat[corners[0]] - flat[corners[1]] - flat[corners[2]] + flat[corners[3]]
        return total


def _cells(pixels: Floats) -> Ints:
    return np.maximum(np.rint(pixels / tunables.STRIDE), 1).astype(np.intp)


def top_mean(values: Floats, count: int = tunables.TOP) -> float:
    """Mean of the `count` largest values, as if there were zeros beyond the last: a few windows
    alone never make a large fact (docs/perception, step 8)."""
    return float(np.sort(values)[-count:].sum()) / count
