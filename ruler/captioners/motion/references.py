"""Reading the references: background frames, figure heights, and windows, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ruler.captioners.motion import foreground
from ruler.captioners.motion.arrays import Floats, Grey
from ruler.captioners.motion.flow import SMALLEST, FlowMemo, to_grey
from ruler.captioners.motion.lines import RowLine
from ruler.captioners.motion.norms import Blobs
from ruler.captioners.motion.observe import View, observe
from ruler.captioners.motion.places import Places
from ruler.captioners.motion.sight import Sight
from ruler.captioners.motion.unread import NotingClip
from ruler.errors import InputError
from ruler.schemas.runs import Every
from ruler.video.frames import Clip, Frame, FrameWindow, WindowSpec
from ruler.video.sampling import read_windows, sample_indices

_BACKGROUND_EVERY, _BACKGROUND_LEAST, _BACKGROUND_MOST = 10, 20, 200
"""Every so many grid frames give a background frame, but so many in all at least and at most."""

_HEIGHT_CLIPS, _EVERY = 4, 3
"""Heights come from the first clips; heights and windows from every 3rd grid frame."""

_STRETCH = 12
"""Neighbouring frames of a clip that tell how lively its pictures are."""

_MANY, _SPARSE = 3000, 400
"""References of more grid frames than the first are measured at the second number of places."""

_OWN_SECONDS = 1.0
"""What a clip shows at first is its own background."""

_LEAST_BLOB = 60
"""Pixels of the least blob whose height counts (docs/perception, step 3)."""


@dataclass(frozen=True, eq=False)
class References:
    """Normal clips, and the frames of each that lie on the analysis grid."""

    clips: Sequence[NotingClip]
    grids: Sequence[Sequence[int]]
    spec: WindowSpec

    @classmethod
    def of(cls, clips: Sequence[Clip], spec: WindowSpec) -> References:
        """Lay the grid over each clip."""
        every = Every(seconds=spec.step_seconds)
        noting = [NotingClip(clip) for clip in clips]
        return cls(noting, [list(sample_indices(clip.times, every)) for clip in clips], spec)

    @property
    def unread(self) -> list[str]:
        """What could not be read so far, a clause a clip."""
        return [warning for clip in self.clips if (warning := clip.warning)]

    @property
    def size(self) -> int:
        """Grid frames in all."""
        return sum(len(grid) for grid in self.grids)

    def background_frames(self) -> list[Grey]:
        """Grey frames spread evenly over all references.

        Raises:
            InputError: none can be read, or they are too small.
        """
        every = min(_BACKGROUND_EVERY, max(1, self.size // _BACKGROUND_LEAST))
        every = max(every, -(-self.size // _BACKGROUND_MOST))
        greys = []
        for clip, grid in zip(self.clips, self.grids, strict=True):
            found = clip.frames(grid[::every], width=self.spec.width, is_grey=self.spec.is_grey)
            greys += [to_grey(frame) for frame in found if isinstance(frame, Frame)]
        if not greys:
            raise InputError("no frame of the reference clips can be read.")
        if any(min(grey.shape) < SMALLEST for grey in greys):
            raise InputError(f"the reference clips need {SMALLEST} pixels either way at least.")
        return greys

    def stretches(self) -> list[list[Grey]]:
        """Neighbouring grey frames at the beginning of the first clips."""
        found = (
            clip.frames(grid[:_STRETCH], width=self.spec.width, is_grey=self.spec.is_grey)
            for clip, grid in list(zip(self.clips, self.grids, strict=True))[:_HEIGHT_CLIPS]
        )
        return [
            [to_grey(frame) for frame in frames if isinstance(frame, Frame)] for frames in found
        ]

    def blobs(self, background: Grey) -> Blobs:
        """Each whole blob that differs from the background."""
        found: list[tuple[float, ...]] = []
        for clip, grid in list(zip(self.clips, self.grids, strict=True))[:_HEIGHT_CLIPS]:
            every = max(_EVERY, -(-len(grid) // _SPARSE))
            for frame in clip.frames(
                grid[::every], width=self.spec.width, is_grey=self.spec.is_grey
            ):
                if isinstance(frame, Frame):
                    found += _blobs(to_grey(frame), background)
        return Blobs(*np.array(found, dtype=np.float64).reshape(-1, 4).T)

    def windows(self) -> Iterator[FrameWindow]:
        """Windows spread evenly over all references; those that cannot be read are left out."""
        every = _EVERY if self.size <= _MANY else -(-self.size // _SPARSE)
        for clip, grid in zip(self.clips, self.grids, strict=True):
            for window in read_windows(clip, grid[::every], self.spec):
                if isinstance(window, FrameWindow):
                    yield window


def own_background(clip: Clip, spec: WindowSpec) -> Grey | None:
    """The median of a clip's first second; None where none of it can be read, or it is too small.

    Who stands there at first belongs to it, and leaves a ghost behind. All that is asked of it is
    what has come since: somebody on the floor.
    """
    grid = sample_indices(clip.times, Every(seconds=spec.step_seconds))
    first = [int(index) for index in grid if clip.times[index] <= _OWN_SECONDS]
    found = clip.frames(first, width=spec.width, is_grey=spec.is_grey)
    greys = [to_grey(frame) for frame in found if isinstance(frame, Frame)]
    if not greys or min(greys[0].shape) < SMALLEST or len({grey.shape for grey in greys}) > 1:
        return None
    return foreground.median_background(greys)


def _blobs(grey: Grey, background: Grey) -> list[tuple[float, ...]]:
    mask = foreground.join_bodies(foreground.differing_mask(grey, background))
    _, stats, _ = foreground.components(mask)
    down, across = mask.shape
    found: list[tuple[float, ...]] = []
    for left, top, width, height, area in stats[1:].tolist():
        is_whole = left > 0 and top > 0 and left + width < across and top + height < down
        if is_whole and area >= _LEAST_BLOB:
            middle = (top + height / 2) / down
            found.append((middle, height / down, width / down, area / (across * down)))
    return found


@dataclass(frozen=True, eq=False)
class Samples:
    """What the person-size windows of the references hold, each of shape (N,).

    Attributes:
        rows: Relative row.
        speeds: Net speed, image widths per 0.1 s.
        fills: Foreground share of the wide window.
        heights: Typical figure height, image widths.
    """

    rows: Floats
    speeds: Floats
    fills: Floats
    heights: Floats


def measure(references: References, background: Grey | None, height: RowLine) -> Samples:
    """Measure all reference windows that hold foreground and motion."""
    memo = FlowMemo(None)
    places = Places(Sight(background)) if background is not None else None
    views: dict[tuple[int, int], View] = {}
    parts: list[Floats] = []
    for window in references.windows():
        rows, columns = window.frames[-1].image.shape[:2]
        if (rows, columns) not in views:
            views[rows, columns] = View.of(rows, columns, background, height)
        view = views[rows, columns]
        if len(window.frames) < 2:
            continue
        greys = [memo.grey(frame) for frame in window.frames]
        shifts = places.shifts(window.frames, greys) if places else None
        seen = observe(window.frames, memo, view, shifts)
        if seen.motion is not None:
            where = view.grid.relative_rows[seen.rows]
            heights = view.figure_heights[seen.rows] / columns
            parts.append(np.stack([where, seen.motion.speed / columns, seen.wide_fill, heights]))
    return Samples(*np.concatenate([np.zeros((4, 0)), *parts], axis=1))
