"""Rendered footage: textured figures of known size and speed on a textured ground."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ruler.captioners.base import Captioner
from ruler.schemas.captions import Caption, CaptionFailure, Figure, SceneModel
from ruler.schemas.runs import ClipInfo
from ruler.video.frames import Clip, Frame, FrameWindow
from ruler.video.sampling import read_windows

HEIGHT, WIDTH = 180, 240


def texture(height: int, width: int, low: int, high: int, seed: int) -> NDArray[np.uint8]:
    """Smooth noise in colour, (height, width, 3)."""
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    spread = (smooth - smooth.min()) / np.ptp(smooth)
    return (low + spread * (high - low)).astype(np.uint8)


@dataclass(frozen=True)
class Walker:
    """A figure whose top left is (x, y) at time 0 and moves by (vx, vy) pixels a second."""

    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
    height: int = 40
    width: int = 16
    seed: int = 7


def render(
    walkers: Sequence[Walker], frames: int, fps: float = 10.0, size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Video (frames, height, width, 3)."""
    height, width = size or (HEIGHT, WIDTH)
    ground = texture(height, width, 140, 210, seed=1)
    video = np.repeat(ground[None], frames, axis=0)
    for walker in walkers:
        skin = texture(walker.height, walker.width, 10, 100, seed=walker.seed)
        for index in range(frames):
            x = walker.x + walker.vx * index / fps
            y = walker.y + walker.vy * index / fps
            shift = np.array([[1, 0, x], [0, 1, y]], dtype=np.float64)
            layer = cv2.warpAffine(skin, shift, (width, height))
            cover = cv2.warpAffine(
                np.ones(skin.shape[:2], dtype=np.float32), shift, (width, height)
            )
            mixed = video[index] * (1 - cover[..., None]) + layer.astype(np.float32)
            video[index] = mixed.clip(0, 255).astype(np.uint8)
    return video


class Footage:
    """The `Clip` contract over an array; `times` replaces a steady rate."""

    def __init__(
        self,
        video: NDArray[np.uint8],
        fps: float = 10.0,
        times: NDArray[np.float64] | None = None,
        name: str = "footage",
    ) -> None:
        video.flags.writeable = False
        count, height, width, _ = video.shape
        self._video = video
        self.times: NDArray[np.float64] = np.arange(count) / fps if times is None else times
        self.info = ClipInfo(
            name=name,
            path=f"{name}.mp4",
            sha256="0" * 64,
            frames=count,
            fps=fps,
            duration_seconds=count / fps,
            width=width,
            height=height,
            reader="folder",
        )

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame]:
        assert width is None or width >= self.info.width
        for index in indices:
            image = self._video[index]
            shown = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if is_grey else image
            yield Frame(int(index), float(self.times[index]), shown)


def normal_clips() -> list[Clip]:
    """Two references: people of 40 px walk 20 px a second, both ways."""
    return [
        Footage(render([Walker(10, 40, 20), Walker(200, 110, -20, seed=8)], 60)),
        Footage(render([Walker(40, 70, 20, seed=9), Walker(220, 20, -20, seed=5)], 60)),
    ]


def windows_of(clip: Clip, captioner: Captioner, samples: Sequence[int]) -> list[FrameWindow]:
    """Windows of sampled frames, all readable."""
    windows = list(read_windows(clip, samples, captioner.window))
    assert all(isinstance(window, FrameWindow) for window in windows)
    return [window for window in windows if isinstance(window, FrameWindow)]


def answer_of(captioner: Captioner, clip: Clip, model: SceneModel, sample: int) -> Caption:
    """The caption of one sample; fails on a `CaptionFailure`."""
    answer = answers_of(captioner, windows_of(clip, captioner, [sample]), model)[0]
    assert isinstance(answer, Caption), answer
    return answer


def answers_of(
    captioner: Captioner, windows: Sequence[FrameWindow], model: SceneModel
) -> list[Caption | CaptionFailure]:
    """The answers to windows, in order."""
    return [one.answer for one in captioner.caption(windows, model)]


def figure_at(caption: Caption, x: float, y: float) -> Figure:
    """The one figure whose box holds a pixel."""
    found = [
        figure
        for figure in caption.figures
        if figure.box.left <= x / WIDTH <= figure.box.right
        and figure.box.top <= y / HEIGHT <= figure.box.bottom
    ]
    assert len(found) == 1, caption
    return found[0]
