"""Where a frame has something to measure: the windows that hold enough foreground, and the parts of
the image that flow is needed in. Most of a quiet scene needs none, and flow is what takes longest.

All of it depends on one frame, or on two neighbours, and on the scene alone, never on the window of
frames it is asked for: a flow is the same in every window that shares it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Ints, Mask
from ruler.captioners.motion.windows import Grid, Windows, integral_of

Area = tuple[int, int, int, int]
"""left, right, top, bottom in pixels, half-open."""

_AROUND_FIGURES, _AROUND_CHANGES = 16, 24
"""Pixels around foreground, and around what changes, that flow takes in: what moves, and its
surroundings. With 16 around figures, flow in them differs from that of the whole picture by as much
as with 24 (0.013 pixels on average on crowded footage) and takes an eighth less time; around
changes it differs more, since there fast motion is not known to be a figure's."""

_ALIGNED = 16
"""Areas begin and end at multiples of so many pixels: few sizes of them occur, and the patches of
flow lie where they lie in the whole picture, at every scale."""

_LEAST_SIDE = 96
"""Pixels of an area's side at least: smaller ones have too few scales for fast motion."""

_CALL = 4000
"""Pixels whose flow takes as long as beginning with one more area."""


@dataclass(frozen=True, eq=False)
class Attention:
    """What there is to measure.

    Attributes:
        on_grid: Foreground points of the grid, (R, C).
        kept: Flat grid indices of the N windows that hold enough of them, ascending.
        counts: How many each kept window holds, (N,).
        wide_fill: Share of foreground in the wide window around each, (N,).
    """

    on_grid: Mask
    kept: Ints
    counts: Floats
    wide_fill: Floats

    @classmethod
    def to(cls, foreground: Mask, grid: Grid, person: Windows, wide: Windows) -> Attention:
        """Keep person-size windows with enough foreground (docs/perception, step 5).

        Args:
            foreground: (height, width).
            grid: Of the image.
            person: A person-size window around each grid point.
            wide: A wide one.
        """
        on_grid = grid.at_points(foreground)
        covered = integral_of(on_grid.astype(np.uint8))
        counts = person.sums(covered)[:, 0]
        kept = np.flatnonzero((counts >= tunables.FILL_GATE * person.areas) & (counts > 0))
        wide_fill = wide.sums(covered, kept)[:, 0] / wide.areas[kept]
        return cls(on_grid=on_grid, kept=kept, counts=counts[kept], wide_fill=wide_fill)

    def areas(self, grid: Grid, person: Windows) -> list[Area]:
        """The parts of the image whose motion the kept windows measure."""
        if not len(self.kept):
            return []
        points = self.on_grid & person.covered_by(self.kept, grid)
        return _areas_around(points, grid, _AROUND_FIGURES)


def changing_areas(points: Mask, grid: Grid) -> list[Area]:
    """The parts of the image around grid points that change, (R, C)."""
    return _areas_around(points, grid, _AROUND_CHANGES)


def _areas_around(points: Mask, grid: Grid, margin: int) -> list[Area]:
    """Parts of the image around grid points, (R, C), with so many pixels beyond them. Two are made
    one where working through it takes no longer.

    They may overlap a little, and what is in two of them is the second one's.
    """
    around = np.ones((2 * margin // tunables.STRIDE + 1,) * 2, dtype=np.uint8)
    near = cv2.dilate(np.asarray(points, dtype=np.uint8), around)
    _, _, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    areas: list[Area] = []
    for left, top, width, height, _ in stats[1:].tolist():
        area = (
            *_stretch(left, left + width, grid.width),
            *_stretch(top, top + height, grid.height),
        )
        while (other := next((a for a in areas if _is_cheaper(a, area)), None)) is not None:
            areas.remove(other)
            area = _union(area, other)
        areas.append(area)
    return sorted(areas)


def _stretch(first: int, stop: int, size: int) -> tuple[int, int]:
    """Pixels [from, to) of an axis of `size` pixels that grid cells [first, stop) lie in."""
    start, end = first * tunables.STRIDE, min(stop * tunables.STRIDE, size)
    short = max(_LEAST_SIDE - (end - start), 0)
    start = max(min(start - short // 2, size - _LEAST_SIDE), 0)
    end = min(max(end, start + _LEAST_SIDE), size)
    return start // _ALIGNED * _ALIGNED, min(-(-end // _ALIGNED) * _ALIGNED, size)


def _is_cheaper(one: Area, other: Area) -> bool:
    return _pixels(_union(one, other)) <= _pixels(one) + _pixels(other) + _CALL


def _pixels(area: Area) -> int:
    left, right, top, bottom = area
    return (right - left) * (bottom - top)


def _union(one: Area, other: Area) -> Area:
    left, top = min(one[0], other[0]), min(one[2], other[2])
    return left, max(one[1], other[1]), top, max(one[3], other[3])
