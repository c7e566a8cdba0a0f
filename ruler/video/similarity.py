"""Are two pictures so alike that what was said of one holds of the other as well?

Two questions, and both must be answered by yes: has nothing changed anywhere (so that a small
figure is not lost in a measure of the whole), and does the whole have the same structure?
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ruler.video.frames import Frame, FrameWindow

_WIDTH = 192
"""Pixels across at which pictures are compared; smaller ones are taken as they are."""

_CELL = 3
"""Edge of the square over which a change is averaged, in pixels of the small picture: noise of
sensor and compression averages out, a figure does not."""

_MOST_LIGHT = 8.0
"""Grey levels by which the light of a whole picture may change unnoticed (exposure, clouds)."""

_GRADIENTS = 16
"""The hash has this many gradients across and down."""


@dataclass(frozen=True, eq=False)
class _Picture:
    """What is kept of a picture: float32 (height, width) grey, and bool (16, 16) gradients."""

    grey: NDArray[np.float32]
    rises: NDArray[np.bool_]


Look = tuple[_Picture, ...]
"""What is kept of a window to compare it with others; under 200 KB a picture."""


@dataclass(frozen=True)
class Similarity:
    """How much may differ between two windows that share a caption.

    Attributes:
        most_change: The largest local change, in grey levels of 255, in any cell of 3 x 3 pixels of
            a picture 192 pixels across. A change of the light of the whole picture by up to 8
            levels is taken out before. At 6 the noise of most cameras passes, and a figure 12
            pixels high at 768 across, 25 levels apart from what is behind it, does not
            (`benchmarks/shared_captions.py`).
        most_turned: The share of the signs of a 16 x 16 gradient hash that differ, in [0, 1]. Signs
            do not depend on contrast: this finds what changes in a picture that is nearly black.
    """

    most_change: float = 6.0
    most_turned: float = 0.1

    version = "1"

    def look_at(self, frame: Frame) -> Look:
        """What to keep of a single frame."""
        return (_picture(frame),)

    def look(self, window: FrameWindow) -> Look:
        """What to keep of a window."""
        return tuple(_picture(frame) for frame in window.frames)

    def is_alike(self, one: Look, other: Look) -> bool:
        """Does what was said of one window hold of the other, too? Picture by picture; windows of
        different lengths or sizes are never alike."""
        return len(one) == len(other) and all(map(self._is_alike, one, other))

    def _is_alike(self, one: _Picture, other: _Picture) -> bool:
        if one.grey.shape != other.grey.shape:
            return False
        if np.mean(one.rises != other.rises) > self.most_turned:
            return False
        return largest_change(one.grey, other.grey) <= self.most_change


def largest_change(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The largest mean difference of any cell, in grey levels, apart from a change of light.

    Args:
        one: float32 (height, width), grey in [0, 255].
        other: Likewise, of the same shape.
    """
    import cv2

    change = one - other
    light = float(np.clip(np.median(change), -_MOST_LIGHT, _MOST_LIGHT))
    return float(np.abs(cv2.blur(change - light, (_CELL, _CELL))).max())


def _picture(frame: Frame) -> _Picture:
    import cv2

    is_grey = frame.image.ndim == 2
    picture = frame.image if is_grey else cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY)
    grey = picture.astype(np.float32)
    height, width = grey.shape
    if width > _WIDTH:
        size = (_WIDTH, max(1, round(height * _WIDTH / width)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    coarse = cv2.resize(grey, (_GRADIENTS + 1, _GRADIENTS), interpolation=cv2.INTER_AREA)
    return _Picture(grey, coarse[:, 1:] > coarse[:, :-1])
