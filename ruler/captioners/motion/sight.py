"""Whether the camera still sees what the references showed: its view, its light, its contrast.

Everything is measured on a picture a quarter the size, in blocks, against the learned background.
People hide some blocks and never all, so the better blocks tell of the camera: edges that lie where
they lay are the same view, whatever the light. A shift is looked for only where they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ruler.captioners.motion.arrays import Floats, Grey, Ints, Mask
from ruler.captioners.motion.lines import median

_SHRINK = 4
_ACROSS, _DOWN = 6, 5
"""Pixels to one of the small picture, and its blocks."""

_EDGE = 15.0
"""Root mean square of a block's gradients (Sobel, grey levels) from which it has edges to go by."""

_LEAST_BLOCKS = 4
"""With fewer blocks that have edges, nothing can be said of the view."""

_IN_PLACE = 0.988
"""Agreement of edges from which no shift is looked for: of about two thirds of a pixel."""

_SHAKEN = 0.9
"""Agreement from which a small shift explains the rest; else a large one is looked for."""

_FOUND, _BETTER = 0.6, 0.1
"""A large shift counts if edges agree so well with it, and so much better than without."""

_SURE = 0.85
"""Agreement below which light is not told: coarse compression moves the means of blocks, too."""

_SHOWN = 0.8
"""Agreement from which a block shows the background, so that its light can be compared."""

_APART = 20.0
"""Grey levels between two blocks that tell of gain as well as of offset."""

_SAME_LIGHT = 2.5
"""Grey levels of change, of black or of white, that are left alone."""

_SAME_PLACE = 0.25
"""Pixels of shift that are left alone."""

_ROUNDS, _OUTLIERS = 4, 4.0
"""Of the small shift's search; pixels beyond so many median residues are somebody, not the scene.
"""

Small = NDArray[np.float32]
"""(height, width) of the small picture, grey levels."""

_Image = TypeVar("_Image", Small, Grey)

Shift = tuple[float, float]
"""Where the background has gone, (x, y) in pixels."""


@dataclass(frozen=True)
class Look:
    """What one picture tells of the camera.

    Attributes:
        facts: By name; one that could not be measured is left out.
        gain, offset: Grey levels now = gain x background + offset.
        shift: In pixels of the whole picture.
    """

    facts: dict[str, float]
    gain: float = 1.0
    offset: float = 0.0
    shift: Shift = (0.0, 0.0)

    @property
    def is_shifted(self) -> bool:
        """Whether the background lies elsewhere."""
        return max(map(abs, self.shift)) > _SAME_PLACE

    def steadied(self, background: Grey) -> Grey:
        """The background in this picture's light and place."""
        steady = background
        if max(abs(self.offset), abs(255 * (self.gain - 1) + self.offset)) > _SAME_LIGHT:
            light = np.rint(np.arange(256) * self.gain + self.offset).clip(0, 255)
            steady = np.asarray(cv2.LUT(steady, light.astype(np.uint8)), dtype=np.uint8)
        if self.is_shifted:
            steady = _moved(steady, self.shift)
        return steady


class Sight:
    """A learned background, prepared for comparing pictures with it."""

    def __init__(self, background: Grey) -> None:
        self._small = _shrunk(background)
        self._edges = _Edges.of(self._small)
        height, width = self._small.shape
        self._fade = np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F))
        self._detail = _detail(self._small) * self._fade

    def look(self, grey: Grey) -> Look:
        """Compare a picture of the background's size with it."""
        if self._edges.count < _LEAST_BLOCKS:
            return Look({})
        small = _shrunk(grey)
        edges = _Edges.of(small)
        facts = {"picture_contrast": self._contrast(edges)}
        match = _Match.of(edges, self._edges, (0.0, 0.0))
        if match.kept < _IN_PLACE:
            match = self._search(small, edges, match)
        facts["view_kept"] = max(match.kept, 0.0)
        facts["camera_shift"] = float(np.hypot(*match.shift)) / small.shape[1]
        shift = match.shift[0] * _SHRINK, match.shift[1] * _SHRINK
        light = match.light(small, self._small) if match.kept >= _SURE else None
        if light is None:
            return Look(facts, shift=shift)
        gain, offset = light
        change = ((gain - 1) * float(self._small.mean()) + offset) / 255
        facts["lighting_change"] = min(max(change, -1.0), 1.0)
        return Look(facts, gain, offset, shift)

    def contrast(self, grey: Grey) -> Look:
        """What a picture tells of a camera that may move: whether it sees anything."""
        if self._edges.count < _LEAST_BLOCKS:
            return Look({})
        return Look({"picture_contrast": self._contrast(_Edges.of(_shrunk(grey)))})

    def _contrast(self, edges: _Edges) -> float:
        usable = self._edges.usable
        return _better(np.sqrt(edges.energy[usable] / self._edges.energy[usable]))

    def near_shift(self, grey: Grey) -> Shift:
        """Where the background lies in a picture that shows it, in pixels, however near."""
        x, y = self._small_shift(_shrunk(grey))
        return x * _SHRINK, y * _SHRINK

    def _search(self, small: Small, edges: _Edges, still: _Match) -> _Match:
        """The shift with which edges agree best: none, a small one, or a large one."""
        near = self._matched(edges, self._small_shift(small))
        best = max(still, near, key=lambda match: match.kept)
        if best.kept >= _SHAKEN:
            return best
        (x, y), _ = cv2.phaseCorrelate(self._detail, _detail(small) * self._fade)
        height, width = small.shape
        if abs(x) < width / 2 and abs(y) < height / 2:
            far = self._matched(edges, (x, y))
            if far.kept >= max(_FOUND, best.kept + _BETTER):
                return far
        return best

    def _matched(self, edges: _Edges, shift: Shift) -> _Match:
        return _Match.of(edges, _Edges.of(_moved(self._small, shift)), shift)

    def _small_shift(self, small: Small) -> Shift:
        """Least squares on gradients (Lucas and Kanade, 1981), without what is not the scene."""
        x = y = 0.0
        for _ in range(_ROUNDS):
            moved = _moved(self._small, (x, y))
            away = small - moved
            away -= np.median(away)
            calm = np.abs(away) <= _OUTLIERS * max(float(np.median(np.abs(away))), 1.0)
            across, down = (part[calm] / 8 for part in _gradients(moved))
            normal = np.array([[across @ across, across @ down], [across @ down, down @ down]])
            if np.linalg.det(normal) < 1.0:
                break
            step = np.linalg.solve(normal, -np.array([across @ away[calm], down @ away[calm]]))
            x, y = x + float(step[0]), y + float(step[1])
        limit = max(_ACROSS, _DOWN)
        return (x, y) if max(abs(x), abs(y)) <= limit else (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Gradients of a small picture, and their energy in each block, (blocks,)."""

    across: Small
    down: Small
    energy: Floats

    @classmethod
    def of(cls, small: Small) -> _Edges:
        across, down = _gradients(small)
        return cls(across, down, _in_blocks(across * across + down * down))

    @property
    def usable(self) -> Mask:
        """Blocks that have edges to go by."""
        usable: Mask = self.energy > _EDGE**2
        return usable

    @property
    def count(self) -> int:
        return int(np.count_nonzero(self.usable))


@dataclass(frozen=True, eq=False)
class _Match:
    """How well the edges of a picture and of the background agree at one shift.

    Attributes:
        kept: Agreement in the better quarter of the blocks, at most 1; 0 where none has edges.
        shift: In pixels of the small picture.
        agreement: Of each block, in [-1, 1]; 0 where the background has no edges.
    """

    kept: float
    shift: Shift
    agreement: Floats

    @classmethod
    def of(cls, edges: _Edges, background: _Edges, shift: Shift) -> _Match:
        usable = background.usable
        shared = _in_blocks(edges.across * background.across + edges.down * background.down)
        norm = np.sqrt(np.maximum(edges.energy * background.energy, 1e-9))
        agreement = np.where(usable, shared / norm, 0.0)
        enough = np.count_nonzero(usable) >= _LEAST_BLOCKS
        kept = _better(agreement[usable]) if enough else 0.0
        return cls(kept, shift, agreement)

    def light(self, small: Small, background: Small) -> tuple[float, float] | None:
        """(gain, offset in grey levels) of the blocks that show the background; None for too
        few."""
        shown = self.agreement >= _SHOWN
        if np.count_nonzero(shown) < _LEAST_BLOCKS:
            return None
        moved = _moved(background, self.shift) if self.shift != (0.0, 0.0) else background
        return _line(_in_blocks(moved)[shown], _in_blocks(small)[shown])


def _better(values: Floats) -> float:
    """The value that a quarter of the blocks reach: people hide the others, at most."""
    return float(np.sort(values)[(3 * len(values)) // 4])


def _line(before: Floats, now: Floats) -> tuple[float, float]:
    """(gain, offset) of grey levels, through block means: the median slope (Theil and Sen), which a
    few blocks with somebody in them do not move; 1 where no two blocks differ in brightness."""
    one, other = _pairs(len(before))
    apart = before[other] - before[one]
    clear = np.abs(apart) >= _APART
    slopes = (now[other] - now[one])[clear] / apart[clear]
    gain = median(slopes) if len(slopes) else 1.0
    return gain, median(now - gain * before)


@cache
def _pairs(count: int) -> tuple[Ints, Ints]:
    """All pairs of so many blocks, once each: the one and the other of each pair."""
    return np.triu_indices(count, 1)


def _shrunk(grey: Grey) -> Small:
    size = (grey.shape[1] // _SHRINK, grey.shape[0] // _SHRINK)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _detail(small: Small) -> Small:
    return small - np.asarray(cv2.blur(small, (7, 7)), dtype=np.float32)


def _gradients(small: Small) -> tuple[Small, Small]:
    across, down = cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)
    return np.asarray(across, dtype=np.float32), np.asarray(down, dtype=np.float32)


def _moved(image: _Image, shift: Shift) -> _Image:
    by = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float64)
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(image, by, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=image.dtype)


def _in_blocks(values: Small) -> Floats:
    """Mean in each block, (blocks,)."""
    means = cv2.resize(values, (_ACROSS, _DOWN), interpolation=cv2.INTER_AREA)
    return np.asarray(means, dtype=np.float64).ravel()
