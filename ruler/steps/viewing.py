"""One way of looking at clips: a captioner, its scene model, and how closely it looks."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ruler.captioners.base import Adapting, Captioner
from ruler.schemas.base import bytes_hash, content_hash
from ruler.schemas.captions import SceneModel
from ruler.steps import sifting
from ruler.steps.sharing import GROUP
from ruler.steps.sifting import Sieve
from ruler.video.frames import Clip
from ruler.video.similarity import Similarity

STILL = Similarity()
"""When nothing moves."""


@runtime_checkable
class Sharing(Protocol):
    """A captioner whose calls cost enough that near-duplicates share a caption."""

    @property
    def sharing(self) -> Similarity | None:
        """When two windows are so alike; None where every window is asked about."""


@dataclass(frozen=True)
class View:
    """One way of looking at clips: a captioner with its scene model; with a sieve, more closely
    where something happens (see `sifting`)."""

    captioner: Captioner
    scene_model: SceneModel | None
    sieve: Sieve | None = None

    @property
    def similarity(self) -> Similarity | None:
        """When two windows share a caption; None for a captioner that does not share."""
        return self.captioner.sharing if isinstance(self.captioner, Sharing) else None

    def model_for(self, clip: Clip) -> SceneModel | None:
        """The scene model, completed by the clip's own frames where the captioner does that."""
        if isinstance(self.captioner, Adapting):
            return self.captioner.adapt(clip, self.scene_model)
        return self.scene_model

    def sha256(self, clip: str, sampled: NDArray[np.int64]) -> str:
        """Hash of all that decides a frame's caption beside the clip's content.

        Args:
            clip: Its name counts only for a captioner that goes by it.
            sampled: All sampled frames of the clip; they count only where captions are shared,
                since they decide what a frame is held against.
        """
        identity, window = self.captioner.identity, self.captioner.window
        deciding: dict[str, object] = {
            "clip": clip if identity.is_positional else None,
            "captioner": [identity.name, identity.version, identity.prompt_sha256],
            "parameters": identity.parameters,
            "scene_model": self.scene_model.sha256 if self.scene_model else None,
            "window": [window.steps, window.step_seconds, window.min_steps, window.width],
        }
        if window.is_grey:
            deciding["is_grey"] = True
        if (alike := self.similarity) is not None:
            deciding["sharing"] = [GROUP, alike.version, *astuple(alike)]
            deciding["sampled"] = bytes_hash(sampled.astype("<i8").tobytes())
        if self.sieve is not None:
            deciding["sifting"] = [sifting.VERSION, *astuple(STILL), *astuple(self.sieve)]
            deciding["sampled"] = bytes_hash(sampled.astype("<i8").tobytes())
        return content_hash(deciding)
