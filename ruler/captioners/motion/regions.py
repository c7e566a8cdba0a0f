"""From windows and foreground to the regions that become figures."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Ints, Labels, Mask
from ruler.captioners.motion.foreground import components, join_bodies
from ruler.captioners.motion.observe import Motion, Observation
from ruler.captioners.motion.windows import top_mean

_OWN_SHARE = 0.5
"""A point is part of a fast region if it moves at this share of the region's speed itself."""

_WITHIN = 0.7
"""A left-over blob with this share of its pixels in the box of a fast region is part of it."""

_MOSTLY = 0.8
"""A blob is taken whole by a fast region that covers so much of it; and always if it is no larger
than a single figure, whose arms or legs may be slower than the rest."""

_SINGLE_HEIGHT, _SINGLE_WIDTH = 1.7, 1.2
"""Box of a single figure at most, in typical heights; those are low, as groups inflate heights."""


@dataclass(frozen=True, eq=False)
class Region:
    """Where a figure is.

    Attributes:
        box: left, top, right, bottom in pixels, half-open.
        windows: Which of the observation's kept windows measure it, (n,), ascending.
    """

    box: tuple[int, int, int, int]
    windows: Ints


@dataclass(frozen=True, eq=False)
class _Blobs:
    """Connected foreground, numbered from 1.

    Attributes:
        labels: (height, width).
        boxes: (blobs + 1, 4): left, top, width, height.
        areas: (blobs + 1,), pixels.
        typical: (blobs + 1,), typical figure height at the blob's middle, pixels.
    """

    labels: Labels
    boxes: Ints
    areas: Ints
    typical: Floats

    @classmethod
    def of(cls, mask: Mask, observation: Observation) -> _Blobs:
        view = observation.view
        labels, stats, centres = components(join_bodies(mask))
        return cls(
            labels=labels,
            boxes=stats[:, :4],
            areas=stats[:, cv2.CC_STAT_AREA],
            typical=np.interp(centres[:, 1], view.grid.rows, view.figure_heights),
        )

    def is_single(self, label: int) -> bool:
        """Whether a blob is no larger than one figure."""
        _, _, width, height = self.boxes[label]
        typical = self.typical[label]
        return bool(height <= _SINGLE_HEIGHT * typical and width <= _SINGLE_WIDTH * typical)

    def is_figure_sized(self, label: int) -> bool:
        """Whether a blob is large enough to be a figure."""
        least = tunables.MIN_AREA * self.typical[label] ** 2 / tunables.SLENDER
        return bool(self.areas[label] >= least)


def find_regions(
    observation: Observation, ratios: Floats | None, fast_ratio: float
) -> list[Region]:
    """Split the foreground into figures.

    What moves clearly faster than the references becomes a region of its own, so that a fast figure
    is not lost in the crowd around it; the rest falls into connected blobs of at least a figure's
    size. Every kept window measures at most one region.

    Args:
        observation: What the window of frames shows.
        ratios: Speed of each kept window to the usual speed, (N,); None without motion.
        fast_ratio: Ratio that hardly any reference window exceeded.
    """
    split = _Split(observation)
    motion = observation.motion
    if motion is not None and ratios is not None and ratios.max(initial=0.0) > fast_ratio:
        _take_fast(split, motion, ratios, fast_ratio)
    _take_others(split)
    return split.regions


class _Split:
    """The foreground while it is being split.

    Attributes:
        blobs: The foreground's blobs, without pixels that were cut out of one.
        regions: What was found so far.
        taken: Blobs that were taken whole.
        free: Kept windows that measure no region yet, (N,).
        rest: Foreground pixels of no region yet, (height, width).
    """

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        self.blobs = _Blobs.of(observation.mask, observation)
        self.regions: list[Region] = []
        self.taken: set[int] = set()
        self.free: Mask = np.ones(len(observation.kept), dtype=np.bool_)
        self.rest = observation.mask.copy()

    def take(self, pixels: Mask, windows: Ints) -> None:
        """Make a region of pixels and windows, less what belongs to another already."""
        pixels = pixels & self.rest
        windows = windows[self.free[windows]]
        box = _bounds(pixels)
        if box is not None and len(windows):
            self.regions.append(Region(box=box, windows=windows))
            self.free[windows] = False
            self.rest &= ~pixels


def _take_fast(split: _Split, motion: Motion, ratios: Floats, fast_ratio: float) -> None:
    """Take the fast parts of blobs, or the whole of a blob where most of it is fast."""
    blobs, observation = split.blobs, split.observation
    owners = _nearest(blobs, list(range(1, len(blobs.areas))), observation)
    is_cut = False
    for owner, windows in _fast_parts(observation, owners, ratios, fast_ratio):
        pixels = blobs.labels == owner
        is_whole = blobs.is_single(owner)
        if not is_whole:
            along = pixels & _moving_along(windows, observation, motion)
            is_whole = bool(np.count_nonzero(along) >= _MOSTLY * blobs.areas[owner])
        if is_whole:
            split.take(pixels, np.flatnonzero(owners == owner))
            split.taken.add(owner)
        else:
            split.take(along, windows)
            is_cut = True
    if is_cut:
        split.blobs, split.taken = _Blobs.of(split.rest, observation), set()


def _take_others(split: _Split) -> None:
    """Take each remaining blob that is large enough and no left-over of a fast region."""
    blobs, fast = split.blobs, list(split.regions)
    accepted = [
        label
        for label in range(1, len(blobs.areas))
        if label not in split.taken
        and blobs.is_figure_sized(label)
        and not any(_holds(region, blobs, label) for region in fast)
    ]
    owners = _nearest(blobs, accepted, split.observation)
    for label in accepted:
        left, top, width, height = (int(number) for number in blobs.boxes[label])
        windows = np.flatnonzero((owners == label) & split.free)
        box = left, top, left + width, top + height
        split.regions.append(Region(box=box, windows=windows))


def _fast_parts(
    observation: Observation, owners: Ints, ratios: Floats, fast_ratio: float
) -> list[tuple[int, Ints]]:
    """Connected windows above half of the way to `fast_ratio` around one blob, at least one of them
    above it, and enough of them to hold up when pooled: (blob, windows)."""
    low = (1 + fast_ratio) / 2
    above = np.zeros(observation.view.grid.shape, dtype=np.uint8)
    above.ravel()[observation.kept[ratios > low]] = 1
    _, labels = cv2.connectedComponents(above, connectivity=8)
    of_window = labels.ravel()[observation.kept].astype(np.intp)
    is_seed = (ratios > fast_ratio) & (owners > 0)
    parts = []
    for owner, label in sorted(set(zip(owners[is_seed], of_window[is_seed], strict=True))):
        windows = np.flatnonzero((of_window == label) & (owners == owner))
        if top_mean(ratios[windows]) >= low:
            parts.append((int(owner), windows))
    return parts


def _moving_along(windows: Ints, observation: Observation, motion: Motion) -> Mask:
    """Foreground pixels around those windows' centres that move about as fast as the windows."""
    cells = np.zeros(observation.view.grid.shape, dtype=np.bool_)
    cells.ravel()[observation.kept[windows]] = True
    least = _OWN_SHARE * float(np.median(motion.speed[windows]))
    own = motion.points[(motion.own_speed >= least) & cells.ravel()[motion.points]]
    return _pixels(own, cells.shape, observation.mask)


def _bounds(pixels: Mask) -> tuple[int, int, int, int] | None:
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _pixels(points: Ints, shape: tuple[int, int], mask: Mask) -> Mask:
    """The foreground pixels around grid points, given as flat indices."""
    cells = np.zeros(shape, dtype=np.bool_)
    cells.ravel()[points] = True
    blocks = cells.repeat(tunables.STRIDE, axis=0).repeat(tunables.STRIDE, axis=1)
    height, width = mask.shape
    short = max(height - blocks.shape[0], 0), max(width - blocks.shape[1], 0)
    return mask & np.pad(blocks, ((0, short[0]), (0, short[1])), mode="edge")[:height, :width]


def _holds(region: Region, blobs: _Blobs, label: int) -> bool:
    left, top, right, bottom = region.box
    inside = blobs.labels[top:bottom, left:right] == label
    return int(np.count_nonzero(inside)) >= _WITHIN * int(blobs.areas[label])


def _nearest(blobs: _Blobs, accepted: list[int], observation: Observation) -> Ints:
    """The accepted blob nearest to each kept window's centre, if it is no farther than half a
    figure's height; else 0. Shape (N,)."""
    view, kept = observation.view, observation.kept
    on_grid = view.grid.at_points(blobs.labels)
    is_accepted = np.zeros(len(blobs.areas), dtype=np.bool_)
    is_accepted[accepted] = True
    is_seed = is_accepted.take(on_grid)
    if not len(kept) or not is_seed.any():
        return np.zeros(len(kept), dtype=np.intp)
    distance, seed = cv2.distanceTransformWithLabels(
        (~is_seed).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_seed = np.zeros(int(seed.max()) + 1, dtype=np.intp)
    of_seed[seed[is_seed]] = on_grid[is_seed]
    reach = view.figure_heights[observation.rows] / 2 / tunables.STRIDE
    near = distance.ravel()[kept] <= np.maximum(reach, 1.0)
    return np.where(near, of_seed[seed.ravel()[kept]], 0)
