"""A captioner for ruler: how bright a frame is, and how much it changed over half a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.errors import InputError
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every
from ruler.video.frames import Clip, FrameWindow, WindowSpec


def create(model: str, options: Mapping[str, object]) -> BrightnessCaptioner:  # noqa: ARG001
    """Build from `brightness` or `brightness:LEAST_CHANGE`.

    Raises:
        InputError: the least change is not a number.
    """
    try:
        return BrightnessCaptioner(float(model or 8))
    except ValueError:
        raise InputError(f"captioner 'brightness' takes a number, not {model!r}") from None


class BrightnessCaptioner:
    """Says "dark", "dim" or "bright", and whether the picture changed.

    Args:
        least_change: Mean change of a pixel, in [0, 255], that counts as one.
    """

    window = WindowSpec(steps=1, step_seconds=0.5, min_steps=1, width=160)
    default_every = Every(seconds=0.5)
    measured: tuple[str, ...] = ()  # facts of `ruler help facts`; this one only talks

    def __init__(self, least_change: float) -> None:
        self._least_change = least_change
        self.identity = CaptionerIdentity(
            name="brightness", version="1", parameters={"least_change": least_change}
        )

    def fit(self, references: Sequence[Clip], *, cameras: Cameras, place: Place) -> None:
        """Nothing to learn."""

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """Describe windows in order, one answer each."""
        return (Captioned(self._describe(window, scene_model)) for window in windows)

    def _describe(
        self, window: FrameWindow, scene_model: SceneModel | None
    ) -> Caption | CaptionFailure:
        if not window.frames[-1].image.size:
            return CaptionFailure(reason=f"frame {window.frame_index} holds no pixels")
        first, last = (window.frames[at].image.astype(np.float32) for at in (0, -1))
        light = float(last.mean())
        level = "dark" if light < 50 else "dim" if light < 110 else "bright"
        has_changed = float(np.abs(last - first).mean()) > self._least_change
        return Caption(
            key=self.identity.key_of(window, scene_model),
            captioner=self.identity.name,
            text=f"The picture is {level}. {'It is changing.' if has_changed else 'It is still.'}",
        )
