"""From windows and foreground to the regions that become figures."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Ints, Labels, Mask
from ruler.captioners.motion.foreground import components, join_bodies
from ruler.captioners.motion.lines import median
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

PixelBox = tuple[int, int, int, int]
"""left, top, right, bottom in pixels, half-open."""

Part = tuple[slice, slice]
"""Rows and columns of an image: what is done to one blob is done within its box alone."""


@dataclass(frozen=True, eq=False)
class Region:
    """Where a figure is.

    Attributes:
        box: Where its pixels lie.
        windows: Which of the observation's kept windows measure it, (n,), ascending.
    """

    box: PixelBox
    windows: Ints


@dataclass(frozen=True, eq=False)
class _Blobs:
    """Connected foreground, numbered from 1.

    Attributes:
        labels: (height, width).
        boxes: (blobs + 1), where each lies.
        areas: (blobs + 1,), pixels.
        typical: (blobs + 1,), typical figure height at the blob's middle, pixels.
        on_grid: Labels at the grid's points, (R, C).
    """

    labels: Labels
    boxes: list[PixelBox]
    areas: Ints
    typical: Floats
    on_grid: Labels

    @classmethod
    def of(cls, mask: Mask, observation: Observation) -> _Blobs:
        view = observation.view
        labels, stats, centres = components(join_bodies(mask))
        return cls(
            labels=labels,
            boxes=[(x, y, x + width, y + height) for x, y, width, height, _ in stats.tolist()],
            areas=stats[:, cv2.CC_STAT_AREA],
            typical=np.interp(centres[:, 1], view.grid.rows, view.figure_heights),
            on_grid=np.ascontiguousarray(view.grid.at_points(labels)),
        )

    def part(self, label: int) -> Part:
        """The part of the image that holds a blob."""
        left, top, right, bottom = self.boxes[label]
        return slice(top, bottom), slice(left, right)

    def is_single(self, label: int) -> bool:
        """Whether a blob is no larger than one figure."""
        left, top, right, bottom = self.boxes[label]
        typical = float(self.typical[label])
        return bottom - top <= _SINGLE_HEIGHT * typical and right - left <= _SINGLE_WIDTH * typical

    def figure_sized(self) -> list[int]:
        """The blobs that are large enough to be figures."""
        least = tunables.MIN_AREA * self.typical**2 / tunables.SLENDER
        return (1 + np.flatnonzero(self.areas[1:] >= least[1:])).tolist()


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

    def take(self, part: Part, pixels: Mask, windows: Ints) -> None:
        """Make a region of pixels of a part and of windows, less what belongs to another
        already."""
        pixels = pixels & self.rest[part]
        windows = windows[self.free[windows]]
        left, top, width, height = cv2.boundingRect(pixels.view(np.uint8))
        if width and len(windows):
            left, top = left + part[1].start, top + part[0].start
            self.regions.append(Region((left, top, left + width, top + height), windows))
            self.free[windows] = False
            self.rest[part] &= ~pixels


def _take_fast(split: _Split, motion: Motion, ratios: Floats, fast_ratio: float) -> None:
    """Take the fast parts of blobs, or the whole of a blob where most of it is fast."""
    blobs, observation = split.blobs, split.observation
    owners = _nearest(blobs, list(range(1, len(blobs.areas))), observation)
    is_cut = False
    for owner, windows in _fast_parts(observation, owners, ratios, fast_ratio):
        part = blobs.part(owner)
        pixels = blobs.labels[part] == owner
        is_whole = blobs.is_single(owner)
        if not is_whole:
            along = pixels & _moving_along(windows, part, observation, motion)
            is_whole = bool(np.count_nonzero(along) >= _MOSTLY * blobs.areas[owner])
        if is_whole:
            split.take(part, pixels, np.flatnonzero(owners == owner))
            split.taken.add(owner)
        else:
            split.take(part, along, windows)
            is_cut = True
    if is_cut:
        split.blobs, split.taken = _Blobs.of(split.rest, observation), set()


def _take_others(split: _Split) -> None:
    """Take each remaining blob that is large enough and no left-over of a fast region."""
    blobs, fast = split.blobs, list(split.regions)
    accepted = [
        label
        for label in blobs.figure_sized()
        if label not in split.taken and not any(_holds(region, blobs, label) for region in fast)
    ]
    owners = _nearest(blobs, accepted, split.observation)
    free_owners = np.where(split.free, owners, 0)
    for label in accepted:
        split.regions.append(Region(blobs.boxes[label], np.flatnonzero(free_owners == label)))


def _fast_parts(
    observation: Observation, owners: Ints, ratios: Floats, fast_ratio: float
) -> list[tuple[int, Ints]]:
    """Connected windows above half of the way to `fast_ratio` around one blob, at least one of them
    above it, and enough of them to hold up when pooled: (blob, windows)."""
    low = (1 + fast_ratio) / 2
    above = np.zeros(observation.view.grid.shape, dtype=np.uint8)
    above.ravel()[observation.kept[ratios > low]] = 1
    many, labels = cv2.connectedComponents(above, connectivity=8)
    # One number for each pair of a blob and a part.
    pairs = owners * many + labels.ravel().take(observation.kept)
    is_seed = (ratios > fast_ratio) & (owners > 0)
    parts = []
    for pair in sorted(set(pairs[is_seed].tolist())):
        windows = np.flatnonzero(pairs == pair)
        if top_mean(ratios[windows]) >= low:
            parts.append((pair // many, windows))
    return parts


def _moving_along(windows: Ints, part: Part, observation: Observation, motion: Motion) -> Mask:
    """Foreground pixels of a part around those windows' centres that move about as fast as the
    windows."""
    cells = np.zeros(observation.view.grid.shape, dtype=np.bool_)
    cells.ravel()[observation.kept[windows]] = True
    least = _OWN_SHARE * median(motion.speed[windows])
    own = motion.points[(motion.own_speed >= least) & cells.ravel()[motion.points]]
    return observation.mask[part] & around_points(own, cells.shape, part)


def around_points(points: Ints, shape: tuple[int, int], part: Part) -> Mask:
    """Which pixels of a part lie around grid points.

    Args:
        points: Flat indices into the grid.
        shape: Of the grid; pixels beyond its last cell are that cell's.
        part: Of the image.
    """
    cells = np.zeros(shape, dtype=np.bool_)
    cells.ravel()[points] = True
    rows, columns = (
        np.minimum(np.arange(pixels.start, pixels.stop) // tunables.STRIDE, count - 1)
        for pixels, count in zip(part, shape, strict=True)
    )
    return cells.take(rows, axis=0).take(columns, axis=1)


def _holds(region: Region, blobs: _Blobs, label: int) -> bool:
    """Whether most of a blob lies in the box of a region."""
    one, other = region.box, blobs.boxes[label]
    rows = slice(max(one[1], other[1]), min(one[3], other[3]))
    columns = slice(max(one[0], other[0]), min(one[2], other[2]))
    least = _WITHIN * int(blobs.areas[label])
    if rows.stop <= rows.start or (rows.stop - rows.start) * (columns.stop - columns.start) < least:
        return False
    return int(np.count_nonzero(blobs.labels[rows, columns] == label)) >= least


def _nearest(blobs: _Blobs, accepted: list[int], observation: Observation) -> Ints:
    """The accepted blob nearest to each kept window's centre, if it is no farther than half a
    figure's height; else 0. Shape (N,)."""
    view, kept = observation.view, observation.kept
    is_other = np.ones(len(blobs.areas), dtype=np.uint8)
    is_other[accepted] = 0
    beside = is_other.take(blobs.on_grid)
    seeds = np.flatnonzero(beside == 0)
    if not len(kept) or not len(seeds):
        return np.zeros(len(kept), dtype=np.intp)
    # Every seed has a number of its own, from 1.
    distance, seed = cv2.distanceTransformWithLabels(
        beside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.asarray(seed, dtype=np.intp).ravel()
    of_seed = np.zeros(len(seeds) + 1, dtype=np.intp)
    of_seed[nearest.take(seeds)] = blobs.on_grid.ravel().take(seeds)
    reach = view.figure_heights[observation.rows] / 2 / tunables.STRIDE
    near = distance.ravel().take(kept) <= np.maximum(reach, 1.0)
    return np.where(near, of_seed.take(nearest.take(kept)), 0)
