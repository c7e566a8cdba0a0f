"""Clips in memory, and windows cut from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ruler.schemas.runs import ClipInfo
from ruler.video.frames import Frame, FrameFailure, FrameWindow, WindowSpec

FPS = 10.0


def walkers(frames: int, *, seed: int = 0, speed: float = 3.0) -> NDArray[np.uint8]:
    """A noisy walkway with two dark walkers: uint8 array (frames, 120, 160, 3), RGB."""
    random = np.random.default_rng(seed)
    background = random.integers(110, 140, (120, 160, 3))
    video = background + random.integers(-4, 5, (frames, 120, 160, 3))
    for number, (top, start, way) in enumerate(((50, 10, 1), (80, 140, -1))):
        for index in range(frames):
            left = int(start + way * speed * index + 20 * seed) % 150
            video[index, top : top + 24, left : left + 9] = 40 + 30 * number
    return video.clip(0, 255).astype(np.uint8)


class MemoryClip:
    """The `Clip` contract over an array (frames, height, width, 3) at ten frames a second."""

    def __init__(self, name: str, video: NDArray[np.uint8]) -> None:
        self._video = video
        self._video.flags.writeable = False
        count, height, width, _ = video.shape
        self.info = ClipInfo(
            name=name,
            path=f"{name}.mp4",
            sha256=name.encode().hex().ljust(64, "0")[:64],
            frames=count,
            fps=FPS,
            duration_seconds=count / FPS,
            width=width,
            height=height,
            reader="pyav",
        )
        self.times: NDArray[np.float64] = np.arange(count) / FPS

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        """These clips are small: `width` never shrinks them."""
        assert width is None or width >= self.info.width
        for index in indices:
            image = self._video[index]
            shown = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if is_grey else image
            yield Frame(index=index, time_seconds=index / FPS, image=shown)


def windows_of(clip: MemoryClip, spec: WindowSpec, indices: Sequence[int]) -> list[FrameWindow]:
    """The windows of sampled frames, as `WindowSpec` describes them."""
    read = clip.frames(range(clip.info.frames), is_grey=spec.is_grey)
    frames = [frame for frame in read if isinstance(frame, Frame)]
    stride = max(1, round(spec.step_seconds * FPS))
    windows = []
    for index in indices:
        back = range(index, -1, -stride)[: spec.steps + 1][::-1]
        grid = list(back)
        while spec.steps and len(grid) <= spec.min_steps and grid[-1] + stride < len(frames):
            grid.append(grid[-1] + stride)
        windows.append(
            FrameWindow(clip.info.name, index, index / FPS, tuple(frames[at] for at in grid))
        )
    return windows
