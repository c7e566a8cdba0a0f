"""The captioner contract. `tests/conformance/captioners.py` judges every implementation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel, caption_key
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every, Usage
from ruler.video.frames import Clip, FrameWindow, WindowSpec


@dataclass(frozen=True)
class CaptionerIdentity:
    """All that decides what a captioner says beside the pixels and the scene model.

    `version` changes whenever the same input could give another caption. `is_positional` says that
    the clip's name and the frame's number decide too: two equal windows are then two questions.
    """

    name: str
    version: str
    prompt_sha256: str | None = None
    parameters: dict[str, object] = field(default_factory=dict)
    is_positional: bool = False

    def key_of(self, window: FrameWindow, scene_model: SceneModel | None) -> str:
        """The address of the caption for a window; what callers look captions up by."""
        if self.is_positional:
            question = content_hash([window.clip, window.frame_index, window.sha256])
            return self.key(question, scene_model)
        return self.key(window.sha256, scene_model)

    def key(self, window_sha256: str, scene_model: SceneModel | None) -> str:
        """The address of the caption for a window's pixels."""
        return caption_key(
            window_sha256=window_sha256,
            scene_model_sha256=scene_model.sha256 if scene_model else None,
            captioner=self.name,
            version=self.version,
            prompt_sha256=self.prompt_sha256,
            parameters=self.parameters,
        )


@dataclass(frozen=True)
class Captioned:
    """A captioner's answer to one window and what it cost."""

    answer: Caption | CaptionFailure
    usage: Usage = Usage()


@runtime_checkable
class Adapting(Protocol):
    """A captioner that completes a scene model by a clip's own frames.

    Where references share no view, the clip itself must say what its background is.
    """

    def adapt(self, clip: Clip, scene_model: SceneModel | None) -> SceneModel | None:
        """The scene model for one clip; the same one where nothing is missing from it."""


class Captioner(Protocol):
    """Turns windows of frames into captions.

    `caption` must be deterministic or recorded, safe to call from several threads at once, and must
    depend on the window, the scene model and the identity alone.
    """

    @property
    def identity(self) -> CaptionerIdentity:
        """Name, version, prompt and parameters."""

    @property
    def window(self) -> WindowSpec:
        """The frames one caption needs."""

    @property
    def default_every(self) -> Every:
        """How densely to sample where the user does not say."""

    @property
    def measured(self) -> tuple[str, ...]:
        """Facts this captioner measures, sorted; empty for one that only talks."""

    def fit(
        self, references: Sequence[Clip], *, cameras: Cameras, place: Place
    ) -> SceneModel | None:
        """Learn the scene from normal clips; None where there is nothing to learn.

        Raises:
            InputError: the references cannot be learned from (too short, different shapes).
        """

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """Describe windows, in order, one answer each. A window that cannot be described is a
        `CaptionFailure`, never left out and never a caption that says "normal"."""
