"""The `motion` captioner: DESIGN section 5's embedded default.

What there is to know of it without a picture is here; vision is imported when it is first asked to
look at one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.captioners.motion import tunables
from ruler.captioners.motion.measured import EYE_FACTS, MEASURED, THING_FACTS
from ruler.errors import CaptionError
from ruler.schemas.captions import CaptionFailure, SceneModel
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every, Usage
from ruler.video.frames import Clip, FrameWindow, WindowSpec

if TYPE_CHECKING:
    from ruler.captioners.motion.vision import Vision

NAME = "motion"
VERSION = "10"


class MotionCaptioner:
    """Says what moves where, how fast and how large, relative to the references.

    Before it looks at the first picture it sets OpenCV's thread count to 1 for the process: DIS
    cuts the image into stripes by thread, so that a flow, and with it a caption, would depend on
    the machine's cores. Captioning runs in parallel over chunks instead; OpenCV lets other threads
    run while it computes.
    """

    def __init__(self) -> None:
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
        scene, info = self._vision.fit(references, self.window, cameras=cameras)
        return SceneModel(captioner=NAME, version=VERSION, payload=scene.to_bytes(), info=info)

    def adapt(self, clip: Clip, scene_model: SceneModel | None) -> SceneModel | None:
        """Give a scene without a background the clip's own; see `Adapting`."""
        if scene_model is None:
            return None
        from ruler.captioners.motion.references import own_background

        try:
            scene = self._vision.scene(scene_model)
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
                lent = stack.enter_context(self._vision.passes.over(scene_model))
            except CaptionError as error:
                for _ in windows:
                    yield Captioned(CaptionFailure(reason=str(error)))
                return
            for window in windows:
                try:
                    answer = self._vision.describe(window, lent, scene_model)
                except CaptionError as error:
                    yield Captioned(CaptionFailure(reason=str(error)))
                else:
                    yield Captioned(answer, Usage(captions_computed=1))

    @cached_property
    def _vision(self) -> Vision:
        from ruler.captioners.motion.vision import Vision

        return Vision(self.identity)
