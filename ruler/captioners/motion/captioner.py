"""The `motion` captioner: DESIGN section 5's embedded default."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import cv2

from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.captioners.motion import tunables, words
from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.eye import EYE_FACTS
from ruler.captioners.motion.figures import (
    MEASURED,
    MEASURED_STILL,
    changed_share,
    find_figures,
    keep_salient,
)
from ruler.captioners.motion.fit import fit_scene
from ruler.captioners.motion.observe import Observation, View, observe
from ruler.captioners.motion.passes import Pass, Passes
from ruler.captioners.motion.references import own_background
from ruler.captioners.motion.scene import Scene
from ruler.captioners.motion.things import THING_FACTS, with_stillness
from ruler.errors import CaptionError
from ruler.schemas.base import rounded
from ruler.schemas.captions import Caption, CaptionFailure, Figure, SceneModel
from ruler.schemas.disturbances import disturbance
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every, Usage
from ruler.video.frames import Clip, FrameWindow, WindowSpec

NAME = "motion"
VERSION = "8"


class MotionCaptioner:
    """Says what moves where, how fast and how large, relative to the references.

    Creating one sets OpenCV's thread count to 1 for the process: DIS cuts the image into stripes by
    thread, so that a flow, and with it a caption, would depend on the machine's cores. Captioning
    runs in parallel over chunks instead; OpenCV lets other threads run while it computes.
    """

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._passes = Passes(_read_scene)
        self.identity = CaptionerIdentity(
            name=NAME, version=VERSION, parameters=dict(tunables.PARAMETERS)
        )
        self.window = WindowSpec(
            steps=tunables.STEPS,
            step_seconds=tunables.STEP_SECONDS,
            min_steps=tunables.MIN_STEPS,
            width=tunables.WIDTH,
            is_grey=True,
        )
        self.default_every = Every(seconds=tunables.STEP_SECONDS)
        self.made_as = NAME
        self.measured = tuple(sorted((*MEASURED, *EYE_FACTS, *THING_FACTS)))

    def fit(
        self,
        references: Sequence[Clip],
        *,
        cameras: Cameras,
        place: Place,  # noqa: ARG002 - the contract's; what is measured does not depend on it
    ) -> SceneModel:
        """Learn background, perspective and usual speeds.

        Raises:
            InputError: no frame of the references can be read, or they are too small.
        """
        scene, info = fit_scene(references, self.window, cameras=cameras)
        return SceneModel(captioner=NAME, version=VERSION, payload=scene.to_bytes(), info=info)

    def adapt(self, clip: Clip, scene_model: SceneModel | None) -> SceneModel | None:
        """Give a scene without a background the clip's own; see `Adapting`."""
        if scene_model is None:
            return None
        try:
            scene = _read_scene(scene_model)
        except CaptionError:  # said of every window by `caption`
            return scene_model
        if scene.background is not None:
            return scene_model
        background = own_background(clip, self.window)
        if background is None:
            return scene_model
        own = replace(scene, background=background, is_own=True)
        return scene_model.model_copy(update={"payload": own.to_bytes()})

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """Describe windows in order; see `Captioner.caption`."""
        with contextlib.ExitStack() as stack:
            try:
                lent = stack.enter_context(self._passes.over(scene_model))
            except CaptionError as error:
                for _ in windows:
                    yield Captioned(CaptionFailure(reason=str(error)))
                return
            for window in windows:
                try:
                    answer = self._describe(window, lent, scene_model)
                except CaptionError as error:
                    yield Captioned(CaptionFailure(reason=str(error)))
                else:
                    yield Captioned(answer, Usage(captions_computed=1))

    @staticmethod
    def _stirring(
        figures: tuple[Figure, ...], greys: Sequence[Grey], view: View, observation: Observation
    ) -> tuple[Figure, ...]:
        """Figures with how still they are, where the references say what was there before."""
        if view.background is None or view.is_own:
            return figures
        return tuple(with_stillness(figures, greys, view.background, observation.mask))

    def _describe(self, window: FrameWindow, lent: Pass, scene_model: SceneModel | None) -> Caption:
        view, norms, eye = lent.geometry(window)
        if len(window.frames) == 1 and view.background is None:
            raise CaptionError("a single frame shows no motion, and the scene has no background")
        greys = [lent.memo.grey(frame) for frame in window.frames]
        glance = eye.look(greys)
        steady = glance.steadied(view)
        observation = observe(window.frames, lent.memo, steady)
        if observation.motion is None and view.background is None:
            raise CaptionError("all frames have one time stamp, and the scene has no background")
        figures = find_figures(observation, norms)
        facts = rounded(eye.facts(glance, observation))
        return Caption(
            key=self.identity.key_of(window, scene_model),
            captioner=NAME,
            text=words.describe(
                figures,
                fast_ratio=norms.scene.fast_ratio,
                is_background_known=view.background is not None,
                changed_share=changed_share(observation),
                disturbed=disturbance(facts),
            ),
            facts={"figures": float(len(figures)), **facts},
            figures=self._stirring(keep_salient(figures), greys, steady, observation),
            measured=_measured(observation),
        )


def _measured(observation: Observation) -> tuple[str, ...]:
    """What a window can tell; of the camera only against a background."""
    facts = MEASURED if observation.motion is not None else MEASURED_STILL
    seen = (*EYE_FACTS, *THING_FACTS) if observation.view.background is not None else ()
    return tuple(sorted((*facts, *seen)))


def _read_scene(scene_model: SceneModel | None) -> Scene:
    if scene_model is None:
        raise CaptionError("the motion captioner needs a scene model: induce the scene first")
    if (scene_model.captioner, scene_model.version) != (NAME, VERSION):
        raise CaptionError(
            f"the scene model is of {scene_model.captioner} {scene_model.version}, "
            f"not of {NAME} {VERSION}: induce the scene again"
        )
    try:
        return Scene.from_bytes(scene_model.payload)
    except ValueError as error:
        raise CaptionError(str(error)) from error
