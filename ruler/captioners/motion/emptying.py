"""The empty scene: a background without those who stood in the references.

A median takes whoever stands there for more than half of the time for background, and sees a figure
where they stood once they have gone. Where a place has a second steady look, the one that fits its
surroundings without a seam is the background: a figure ends at its outline, a wall goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Grey, Mask
from ruler.captioners.motion.foreground import components, median_background

_LEAST_FRAMES, _LEAST_SHARE = 3, 0.1
"""A look counts that so many frames show, and this share of them."""

_STEADY = 12
"""Grey levels between the quartiles of a steady look; passers-by differ more among themselves."""

_LEAST_AREA = 60
"""Pixels of the least place that is looked at."""

_FITS = 0.8
"""The other look is taken if its seam is at most so much of the median's."""

_AROUND = np.ones((5, 5), dtype=np.uint8)


def empty_background(greys: Sequence[Grey]) -> Grey:
    """The per-pixel median of frames of one shape, without who stood there most of the time."""
    background = median_background(greys)
    other, is_steady = _other_look(greys, background)
    _, stats, _ = components(is_steady)
    if not (stats[1:, cv2.CC_STAT_AREA] >= _LEAST_AREA).any():
        return background
    joined = cv2.morphologyEx(is_steady.astype(np.uint8), cv2.MORPH_CLOSE, _AROUND)
    labels, stats, _ = components(joined.astype(np.bool_))
    seam, other_seam = _edges(background), _edges(other)
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= _LEAST_AREA):
        if label == 0:
            continue
        place = (labels == label).astype(np.uint8)
        rim = cv2.morphologyEx(place, cv2.MORPH_GRADIENT, _AROUND).astype(np.bool_)
        if other_seam[rim].mean() <= _FITS * seam[rim].mean():
            taken = cv2.dilate(place, _AROUND).astype(np.bool_)
            background[taken] = other[taken]
    return background


def _other_look(greys: Sequence[Grey], background: Grey) -> tuple[Grey, Mask]:
    """The median of what differs from the background, and where that is steady.

    Where nothing does, it is the background.
    """
    other = background.copy()
    is_steady = np.zeros(background.shape, dtype=np.bool_)
    least = max(_LEAST_FRAMES, _LEAST_SHARE * len(greys))
    for row, usual in enumerate(background):
        seen = np.stack([grey[row] for grey in greys]).astype(np.int16)
        differs = np.abs(seen - usual) > tunables.FOREGROUND_LEVEL
        counts = differs.sum(axis=0)
        often = np.flatnonzero(counts >= least)
        if len(often):
            # What does not differ is sorted to the end.
            values = np.sort(np.where(differs[:, often], seen[:, often], 999), axis=0)
            lower, middle, upper = (
                values[counts[often] * part // 4, np.arange(len(often))] for part in (1, 2, 3)
            )
            other[row, often] = middle
            is_steady[row, often] = upper - lower <= _STEADY
    return other, is_steady


def _edges(grey: Grey) -> Floats:
    smooth = cv2.GaussianBlur(grey, (3, 3), 0)
    across, along = (cv2.Sobel(smooth, cv2.CV_64F, x, 1 - x) for x in (1, 0))
    return np.hypot(across, along)
