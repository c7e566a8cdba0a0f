"""Which frames to look at, and reading them in one forward pass."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ruler.schemas.runs import Every
from ruler.video.frames import Frame, FrameFailure, FrameWindow, WindowFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ruler.video.frames import Clip, WindowSpec

_EARLY_SHARE, _EARLY_SECONDS = 0.05, 0.005
"""A frame counts for a sampling time that it misses by so little: by this share of the distance
between samples, but never by more seconds than this. Cameras jitter and containers round."""

_BLOCK = 1 << 14
_BLOCKS_KEPT = 4


def sample_indices(times: NDArray[np.float64], every: Every) -> NDArray[np.int64]:
    """Frames to sample.

    With `every.seconds`, for each multiple of it the first frame that is not earlier (see
    `_EARLY_SECONDS`); where frames are sparser than that, each of them once.

    Args:
        times: float64 (frames,), seconds, ascending.
        every: How densely.

    Returns:
        int64 (samples,), ascending without repeats; starts with frame 0 unless there are no frames.
    """
    if every.frames is not None:
        return np.arange(0, len(times), every.frames, dtype=np.int64)
    assert every.seconds is not None
    if not len(times):
        return np.empty(0, dtype=np.int64)
    starts = range(0, len(times), _BLOCK)
    return np.concatenate([_first_to_reach(times, every.seconds, start) for start in starts])


def _first_to_reach(times: NDArray[np.float64], seconds: float, start: int) -> NDArray[np.int64]:
    """Of the `_BLOCK` frames from one on, those that are the first to reach a multiple of so many
    seconds: int64 (frames,). Block by block, so that a long clip takes no more room."""
    stop = start + _BLOCK
    early = min(_EARLY_SHARE * seconds, _EARLY_SECONDS)
    since = times[max(start - 1, 0) : stop] - times[0] + early
    # The number of sampling times a frame has reached: the first frame to reach one is its sample.
    # Counting frames rather than sampling times keeps a long gap from costing anything.
    reached = np.floor(since / seconds)
    if start == 0:
        reached = np.concatenate([[-1.0], reached])
    return start + np.flatnonzero(np.diff(reached) > 0).astype(np.int64)


class WindowPlan:
    """The windows of a clip's samples, by `WindowSpec`; lays the analysis grid where it is needed.

    Args:
        times: float64 (frames,), seconds, ascending.
        spec: What a captioner needs.
    """

    def __init__(self, times: NDArray[np.float64], spec: WindowSpec) -> None:
        self.spec = spec
        self._times = times
        self._laid: dict[int, NDArray[np.int64]] = {}

    def window(self, sample: int) -> tuple[int, ...]:
        """The frames of a sample's window, ascending."""
        if self.spec.steps == 0:
            return (sample,)
        grid, end = self._around(sample)
        start = max(0, end - self.spec.steps)
        stop = max(end + 1, start + self.spec.min_steps + 1)
        return tuple(grid[start:stop].tolist())

    def anchor(self, sample: int) -> int:
        """The frame that stands for the sample: itself, or the last grid frame up to it."""
        if self.spec.steps == 0:
            return sample
        grid, end = self._around(sample)
        return int(grid[end])

    def _around(self, sample: int) -> tuple[NDArray[np.int64], int]:
        """A part of the grid that reaches far enough around a sample, and where in it the last grid
        frame up to the sample stands."""
        first = sample // _BLOCK
        last, blocks = first, -(-len(self._times) // _BLOCK)
        grid = self._grid_at(first)
        while (end := int(np.searchsorted(grid, sample, side="right")) - 1) < self.spec.steps:
            if first == 0:
                break
            first -= 1
            grid = np.concatenate([self._grid_at(first), grid])
        while (
            len(grid) <= max(0, end - self.spec.steps) + self.spec.min_steps and last + 1 < blocks
        ):
            last += 1
            grid = np.concatenate([grid, self._grid_at(last)])
        return grid, end

    def _grid_at(self, block: int) -> NDArray[np.int64]:
        """The grid frames among those of one block."""
        if block not in self._laid:
            if len(self._laid) == _BLOCKS_KEPT:
                self._laid.clear()
            step = self.spec.step_seconds
            self._laid[block] = _first_to_reach(self._times, step, block * _BLOCK)
        return self._laid[block]


def window_indices(times: NDArray[np.float64], sample: int, spec: WindowSpec) -> list[int]:
    """The frames of one sample's window, ascending. For many samples make a `WindowPlan`."""
    return list(WindowPlan(times, spec).window(sample))


def read_windows(
    clip: Clip, samples: Sequence[int], spec: WindowSpec
) -> Iterator[FrameWindow | WindowFailure]:
    """Read the windows of samples in one forward pass.

    Neighbouring windows share `Frame` objects, and no frame is held longer than its last window
    needs it. A frame that cannot be read cuts a window down to the frames after it; where too few
    are left, or the frame that stands for the sample is the one, the window is a failure.

    Args:
        clip: The clip.
        samples: Ascending without repeats.
        spec: What a captioner needs.

    Yields:
        One item a sample, in order.

    Raises:
        ClipError: the clip has gone since it was opened.
        ValueError: `samples` do not ascend, or lie outside the clip.
    """
    wanted = [int(sample) for sample in samples]
    if any(later <= earlier for earlier, later in pairwise(wanted)):
        raise ValueError("samples must ascend without repeats")
    if wanted and not 0 <= wanted[0] <= wanted[-1] < len(clip.times):
        raise ValueError(f"samples must lie in [0, {len(clip.times)})")
    plan = WindowPlan(clip.times, spec)
    needed = sorted({index for sample in wanted for index in plan.window(sample)})
    stream = iter(clip.frames(needed, width=spec.width, is_grey=spec.is_grey))
    held: deque[Frame | FrameFailure] = deque()
    for sample in wanted:
        window = plan.window(sample)
        while held and held[0].index < window[0]:
            held.popleft()
        while not held or held[-1].index < window[-1]:
            held.append(next(stream))
        members = frozenset(window)
        yield _window(clip, plan, sample, [item for item in held if item.index in members])


def _window(
    clip: Clip, plan: WindowPlan, sample: int, items: Sequence[Frame | FrameFailure]
) -> FrameWindow | WindowFailure:
    seconds = float(clip.times[sample])
    anchor = plan.anchor(sample)
    frames: list[Frame] = []
    reason = ""
    for item in items:
        if isinstance(item, Frame):
            frames.append(item)
        elif item.index <= anchor:
            frames, reason = [], item.reason
        else:
            reason = item.reason
            break
    least = min(plan.spec.min_steps + 1, len(items))
    is_anchored = any(frame.index == anchor for frame in frames)
    if is_anchored and len(frames) >= least:
        return FrameWindow(clip.info.name, sample, seconds, tuple(frames))
    return WindowFailure(clip.info.name, sample, seconds, reason)
