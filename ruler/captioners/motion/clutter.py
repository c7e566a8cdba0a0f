"""What differs from the background all over the picture: rain, snow, glare, coarse compression.

People are few and whole. Where small spots differ everywhere, or the picture differs nearly
everywhere, it is not people that are seen. Both are told relative to what the references showed,
since a tree in the wind or a busy square is usual in its place.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ruler.captioners.motion import foreground, tunables
from ruler.captioners.motion.arrays import Floats, Grey, Mask

_CELL = 16
"""Pixels of the picture's parts, in which differences are looked for."""

_TOUCHED = 5
"""Of 255: foreground in a part from which it counts as changed."""

_USUAL = 0.99
"""Quantile of the references' frames that is called usual."""

_LEAST_CHANGED, _LEAST_SPECKLE = 0.5, 0.075
"""Shares of the picture that are usual anywhere, however quiet the references were."""

_LIVING = 0.2
"""Share of pixels that differ between any neighbouring frames where a camera shows its noise. A
coder that repeats still parts, or a rendering, shows none: there, nobody can tell a frozen picture
from an empty scene."""


@dataclass(frozen=True)
class Usual:
    """What the references' own frames reached.

    Attributes:
        changed: Share of the picture's parts that differ from the background.
        speckle: Share of them that hold small spots.
        change: Least share of pixels that differ from frame to frame; 0 where it says nothing.
    """

    changed: float
    speckle: float
    change: float

    @classmethod
    def of(
        cls,
        pictures: Sequence[Grey],
        stretches: Sequence[Sequence[Grey]],
        background: Grey,
        heights: Floats,
    ) -> Usual:
        """Learn from references.

        Args:
            pictures: Frames of the references.
            stretches: Runs of neighbouring frames of them.
            background: Of the same shape.
            heights: Typical figure height at each pixel row, (height,).
        """
        shares = [
            clutter(foreground.differing_mask(picture, background), heights) for picture in pictures
        ]
        changes = [
            changed_pixels(before, now)
            for stretch in stretches
            for before, now in itertools.pairwise(stretch)
        ]
        changed, speckle = np.quantile(np.array(shares).reshape(-1, 2), _USUAL, axis=0)
        least = min(changes, default=0.0)
        return cls(
            changed=round(max(float(changed), _LEAST_CHANGED), 4),
            speckle=round(max(float(speckle), _LEAST_SPECKLE), 4),
            change=round(least, 4) if least >= _LIVING else 0.0,
        )


def clutter(mask: Mask, heights: Floats) -> tuple[float, float]:
    """Shares of the picture's parts that differ at all, and that hold a small spot.

    Args:
        mask: Foreground, (height, width).
        heights: Typical figure height at each pixel row, (height,).
    """
    half = np.ascontiguousarray(mask[::2, ::2])
    rows, columns = -(-half.shape[0] * 2 // _CELL), -(-half.shape[1] * 2 // _CELL)
    white = half.view(np.uint8) * np.uint8(255)
    touched = cv2.resize(white, (columns, rows), interpolation=cv2.INTER_AREA)
    _, stats, _ = foreground.components(half)
    left, top, width, height, area = stats[1:].T
    middle = np.minimum(2 * top + height, len(heights) - 1)  # an odd last row has half a partner
    least = tunables.MIN_AREA * heights[middle] ** 2 / tunables.SLENDER
    small = 4 * area < least
    cells = np.zeros((rows, columns), dtype=np.bool_)
    cells[middle[small] // _CELL, (2 * left + width)[small] // _CELL] = True
    return np.count_nonzero(touched > _TOUCHED) / cells.size, np.count_nonzero(cells) / cells.size


def changed_pixels(before: Grey, now: Grey) -> float:
    """Share of pixels that differ at all."""
    return cv2.countNonZero(cv2.absdiff(now, before)) / now.size


def facts_of(
    mask: Mask, heights: Floats, usual: Usual, changes: Sequence[float]
) -> dict[str, float]:
    """The facts of one picture.

    Args:
        mask: As for `clutter`.
        heights: Likewise.
        usual: What the references reached.
        changes: Shares of pixels in which this picture differs from earlier ones of its window.
    """
    changed, speckle = clutter(mask, heights)
    facts = {"changed_ratio": changed / usual.changed, "speckle_ratio": speckle / usual.speckle}
    if usual.change and changes:
        facts["picture_change"] = max(changes) / usual.change
    return facts
