"""The vision of the motion captioner: from references to a scene, from a window to a caption."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from ruler.captioners.base import CaptionerIdentity
from ruler.captioners.motion import words
from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.figures import changed_share, find_figures, keep_salient
from ruler.captioners.motion.fit import fit_scene
from ruler.captioners.motion.measured import EYE_FACTS, MEASURED, MEASURED_STILL, THING_FACTS
from ruler.captioners.motion.observe import Observation, View, observe
from ruler.captioners.motion.passes import Pass, Passes
from ruler.captioners.motion.scene import Scene
from ruler.captioners.motion.things import with_stillness
from ruler.errors import CaptionError
from ruler.schemas.base import rounded
from ruler.schemas.captions import Caption, Figure, SceneModel
from ruler.schemas.disturbances import disturbance
from ruler.video.frames import FrameWindow


class Vision:
    """What one captioner sees with; making one sets OpenCV's thread count to 1 for the process."""

    def __init__(self, identity: CaptionerIdentity) -> None:
        cv2.setNumThreads(1)
        self._identity = identity
        self.passes = Passes(self.scene)

    fit = staticmethod(fit_scene)

    def scene(self, scene_model: SceneModel | None) -> Scene:
        """The scene that a captioner learned.

        Raises:
            CaptionError: there is none, another captioner learned it, or it is damaged.
        """
        if scene_model is None:
            raise CaptionError("the motion captioner needs a scene model: induce the scene first")
        identity = self._identity
        if (scene_model.captioner, scene_model.version) != (identity.name, identity.version):
            raise CaptionError(
                f"the scene model is of {scene_model.captioner} {scene_model.version}, "
                f"not of {identity.name} {identity.version}: induce the scene again"
            )
        try:
            return Scene.from_bytes(scene_model.payload)
        except ValueError as error:
            raise CaptionError(str(error)) from error

    def describe(self, window: FrameWindow, lent: Pass, scene_model: SceneModel | None) -> Caption:
        """The caption of a window.

        Raises:
            CaptionError: it cannot be looked at.
        """
        view, norms, eye = lent.geometry(window)
        if len(window.frames) == 1 and view.background is None:
            raise CaptionError("a single frame shows no motion, and the scene has no background")
        greys = [lent.memo.grey(frame) for frame in window.frames]
        glance = eye.look(window.frames, greys)
        steady = glance.steadied(view)
        observation = observe(window.frames, lent.memo, steady, glance.shifts)
        if observation.motion is None and view.background is None:
            raise CaptionError("all frames have one time stamp, and the scene has no background")
        figures = find_figures(observation, norms)
        facts = rounded(eye.facts(glance, observation))
        return Caption(
            key=self._identity.key_of(window, scene_model),
            captioner=self._identity.name,
            text=words.describe(
                figures,
                fast_ratio=norms.scene.fast_ratio,
                is_background_known=view.background is not None,
                changed_share=changed_share(observation),
                disturbed=disturbance(facts),
            ),
            facts={"figures": float(len(figures)), **facts},
            figures=_stirring(keep_salient(figures), greys, steady, observation),
            measured=_measured(observation),
        )


def _stirring(
    figures: tuple[Figure, ...], greys: Sequence[Grey], view: View, observation: Observation
) -> tuple[Figure, ...]:
    """Figures with how still they are, where the references say what was there before."""
    if view.background is None or view.is_own:
        return figures
    return tuple(with_stillness(figures, greys, view.background, observation.mask))


def _measured(observation: Observation) -> tuple[str, ...]:
    """What a window can tell; of the camera only against a background."""
    facts = MEASURED if observation.motion is not None else MEASURED_STILL
    seen = (*EYE_FACTS, *THING_FACTS) if observation.view.background is not None else ()
    return tuple(sorted((*facts, *seen)))
