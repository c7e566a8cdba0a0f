"""Sums over person-size windows around the points of the measuring grid, by integral images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Ints, Mask

_HALF = tunables.STRIDE // 2

T = TypeVar("T", bound=np.generic)


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
        return cls(
            height=height,
            width=width,
            rows=np.arange(_HALF, height, tunables.STRIDE, dtype=np.intp),
            columns=np.arange(_HALF, width, tunables.STRIDE, dtype=np.intp),
        )

    @staticmethod
    def at_points(pixels: NDArray[T]) -> NDArray[T]:
        """What (height, width, ...) pixels hold at the points: a view, (R, C, ...)."""
        return pixels[_HALF :: tunables.STRIDE, _HALF :: tunables.STRIDE]

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

    def sums(self, integral: Floats, chosen: Ints | None = None) -> Floats:
        """Sums within each window.

        Args:
            integral: Of what is summed up, as `integral_of` makes it.
            chosen: Flat indices of the windows wanted; None for all.

        Returns:
            (windows, K).
        """
        corners = self.corners if chosen is None else self.corners.take(chosen, axis=1)
        after, above, before, both = integral.take(corners, axis=0)
        total: Floats = after - above - before + both
        return total

    def covered_by(self, chosen: Ints, grid: Grid) -> Mask:
        """Grid points that lie in at least one of the chosen windows, (R, C)."""
        rows, columns = grid.shape
        corners = self.corners.take(chosen, axis=1).ravel()
        signs = np.repeat([1.0, -1.0, -1.0, 1.0], len(chosen))
        steps = np.bincount(corners, signs, minlength=(rows + 1) * (columns + 1))
        covered: Mask = cv2.integral(steps.reshape(rows + 1, columns + 1))[1:-1, 1:-1] > 0
        return covered


def integral_of(values: NDArray[Any]) -> Floats:
    """The integral image of K numbers for each grid point, one row a corner.

    Args:
        values: (R, C) or (R, C, K), of any type that OpenCV sums up: uint8, float32 or float64.

    Returns:
        ((R + 1) * (C + 1), K).
    """
    summed = np.asarray(cv2.integral(values, sdepth=cv2.CV_64F), dtype=np.float64)
    return summed.reshape(summed.shape[0] * summed.shape[1], -1)


def _cells(pixels: Floats) -> Ints:
    return np.maximum(np.rint(pixels / tunables.STRIDE), 1).astype(np.intp)


def top_mean(values: Floats, count: int = tunables.TOP) -> Floats:
    """Mean of the `count` largest values along the last axis, as if there were zeros beyond the
    last: a few windows alone never make a large fact (docs/perception, step 8)."""
    beyond = values.shape[-1] - count
    if beyond > 0:
        values = np.partition(values, beyond, axis=-1)[..., beyond:]
    mean: Floats = values.sum(axis=-1) / count
    return mean
