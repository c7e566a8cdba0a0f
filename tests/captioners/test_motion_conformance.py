"""The embedded captioner passes the suite."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ruler.captioners.base import Captioner
from ruler.registry import resolve
from ruler.schemas.captions import CaptionFailure, SceneModel
from ruler.video.frames import FrameWindow
from tests.conformance.captioners import SAMPLED, CaptionerConformance
from tests.conformance.clips import MemoryClip, walkers, windows_of


class TestMotion(CaptionerConformance):
    @pytest.fixture
    def make(self) -> Callable[[], Captioner]:
        return lambda: resolve("captioner", "motion")

    @pytest.fixture
    def bad_window(self, captioner: Captioner) -> FrameWindow:
        """A single frame of another size than the scene's."""
        clip = MemoryClip("other", walkers(1)[:, :90])
        return windows_of(clip, captioner.window, [0])[0]

    def test_needs_a_scene_model(self, captioner: Captioner, windows: list[FrameWindow]) -> None:
        answers = [one.answer for one in captioner.caption(windows, None)]
        assert len(answers) == len(SAMPLED)
        assert all(isinstance(answer, CaptionFailure) for answer in answers)

    def test_refuses_the_scene_model_of_another(
        self, captioner: Captioner, windows: list[FrameWindow]
    ) -> None:
        other = SceneModel(captioner="other", version="1", payload=b"other")
        assert all(
            isinstance(one.answer, CaptionFailure) for one in captioner.caption(windows, other)
        )
