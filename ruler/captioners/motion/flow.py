"""Dense optical flow between grid frames, and net motion over a stride.

Flow is DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016) in OpenCV's
implementation, computed backwards in time: from each pixel of the later frame to where it was.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

import cv2
import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Flow, Grey, Ints, Mask
from ruler.captioners.motion.attention import Area, Attention
from ruler.video.frames import Frame

SMALLEST = 48
"""Pixels that an image needs either way; below, OpenCV chooses other scales by itself."""

_KEPT = 12
"""Flows a memo holds: a window's worth and more."""

_KEPT_SIZES = 8
"""Estimators a memo holds, one an image size: each has buffers of several megabytes."""

_TOGETHER = 30_000
"""Points that OpenCV looks up at once: fewer than a short integer counts."""

_NONE: Any = None
"""OpenCV takes it, its stubs do not."""

T = TypeVar("T")


def new_dis() -> cv2.DISOpticalFlow:
    """A flow estimator, for one thread and one image size.

    It holds buffers, and for a small image OpenCV lowers its scales for good, so that sharing one
    among sizes would make a flow depend on what was computed before.
    """
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    dis.setFinestScale(tunables.FINEST_SCALE)
    dis.setVariationalRefinementIterations(tunables.REFINEMENTS)
    return dis


class FlowMemo:
    """What is computed of frames in one pass, each once though many windows share it.

    Addressed by the pixels of the frames, so what a window gives cannot depend on the windows
    around it. Not for sharing between threads.

    Args:
        shape: (height, width) that every frame is brought to; None leaves frames as they are.

    Attributes:
        attentions: What others remember of a frame here, by its pixels.
    """

    def __init__(self, shape: tuple[int, int] | None = None) -> None:
        self._shape = shape
        self._dis: Memo[cv2.DISOpticalFlow] = Memo(_KEPT_SIZES)
        self._greys: Memo[Grey] = Memo(_KEPT)
        self._flows: Memo[Flow] = Memo(_KEPT)
        self.attentions: Memo[tuple[Mask, Attention]] = Memo(_KEPT)

    def grey(self, frame: Frame) -> Grey:
        """The frame in grey levels, (height, width)."""
        return self._greys.get(frame.digest, lambda: to_grey(frame, self._shape))

    def backward(
        self, earlier: Frame, later: Frame, areas: Callable[[], Sequence[Area]] | None = None
    ) -> Flow:
        """Where each pixel of `later` was in `earlier`: displacement (x, y) in pixels.

        Args:
            earlier: The one frame.
            later: The other one.
            areas: Gives the parts of the image to look at, by these two frames alone; beyond them
                nothing moves. None looks everywhere.
        """

        def compute() -> Flow:
            now, before = self.grey(later), self.grey(earlier)
            height, width = now.shape
            flow = np.zeros((height, width, 2), dtype=np.float32)
            for left, right, top, bottom in areas() if areas else [(0, width, 0, height)]:
                part = slice(top, bottom), slice(left, right)
                flow[part] = self._estimated(now[part], before[part])
            return flow

        return self._flows.get((earlier.digest, later.digest), compute)

    def _estimated(self, now: Grey, before: Grey) -> Flow:
        pair = np.ascontiguousarray(now), np.ascontiguousarray(before)
        found = self._dis.get(now.shape, new_dis).calc(*pair, _NONE)
        return np.asarray(found, dtype=np.float32)


class Memo(Generic[T]):
    """The values that were used last.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value of a key, computed where it is not there."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = self._values[key] = compute()
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value


def to_grey(frame: Frame, shape: tuple[int, int] | None = None) -> Grey:
    """A frame's grey levels, brought to `shape` (height, width) where it differs."""
    image = frame.image
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if shape is not None and grey.shape != shape:
        grey = cv2.resize(grey, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(grey, dtype=np.uint8)


def net_motion(flows: Sequence[Flow], rows: Ints, columns: Ints, marks: Sequence[int]) -> Floats:
    """Follow points back through flows and say how far they have come.

    Args:
        flows: Backward flows, newest first.
        rows: Pixel rows of the points in the newest frame, shape (points,).
        columns: Their pixel columns.
        marks: Numbers of steps after which to look, ascending, each in [1, len(flows)].

    Returns:
        Displacement (x, y) in pixels from there to here, shape (len(marks), points, 2).
    """
    start = np.stack([columns, rows], axis=1).astype(np.float32)
    moved = np.empty((len(marks), *start.shape), dtype=np.float64)
    for begin in range(0, len(start), _TOGETHER):
        some = slice(begin, begin + _TOGETHER)
        place = start[some, None].copy()
        for step, flow in enumerate(flows[: marks[-1]], start=1):
            place += cv2.remap(
                flow, place, _NONE, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
            )
            if step in marks:
                moved[marks.index(step), some] = start[some] - place[:, 0]
    return moved


def stride_marks(ages: Sequence[float], targets: Sequence[float]) -> list[int]:
    """For each target age in seconds, the number of steps back whose age is nearest to it.

    Args:
        ages: Age of the 1st, 2nd ... frame before the newest, ascending, in seconds.
        targets: Ascending.
    """
    steps = range(len(ages))
    return [1 + min(steps, key=lambda step: abs(ages[step] - target)) for target in targets]
