"""What every captioner must do (`ruler/captioners/base.py`), whatever it is made of.

A subclass gives the fixture `make`, a function that builds a fresh captioner, and where it needs to
overrides `windows`, `scene_model` and `bad_window`:

    class TestMine(CaptionerConformance):
        @pytest.fixture
        def make(self) -> Callable[[], Captioner]:
            return lambda: create("", {})
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pydantic import ValidationError

from ruler.captioners.base import Captioned, Captioner
from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from ruler.schemas.facts import FACTS
from ruler.schemas.runs import Every, Usage
from ruler.video.frames import FrameWindow, WindowSpec
from tests.conformance.clips import MemoryClip, walkers, windows_of

SAMPLED = (0, 1, 5, 8, 9, 14, 20, 21)


def answers(answered: Iterator[Captioned]) -> list[Caption | CaptionFailure]:
    """The answers without what they cost."""
    return [one.answer for one in answered]


class CaptionerConformance:
    """The suite. It uses no more than the contract."""

    @pytest.fixture
    def captioner(self, make: Callable[[], Captioner]) -> Captioner:
        return make()

    @pytest.fixture
    def clip(self) -> MemoryClip:
        return MemoryClip("walkway", walkers(24))

    @pytest.fixture
    def windows(self, captioner: Captioner, clip: MemoryClip) -> list[FrameWindow]:
        """Windows that can be captioned."""
        return windows_of(clip, captioner.window, SAMPLED)

    @pytest.fixture
    def bad_window(self) -> FrameWindow | None:
        """A window that cannot be captioned, if there is such a thing."""
        return None

    @pytest.fixture
    def scene_model(self, captioner: Captioner) -> SceneModel | None:
        references = [MemoryClip(f"normal-{seed}", walkers(60, seed=seed)) for seed in (1, 2)]
        return captioner.fit(references, cameras="one", place="any")

    @pytest.fixture
    def expected(
        self, captioner: Captioner, windows: list[FrameWindow], scene_model: SceneModel | None
    ) -> list[Caption | CaptionFailure]:
        return answers(captioner.caption(windows, scene_model))

    def test_one_answer_a_window_in_order(
        self,
        captioner: Captioner,
        windows: list[FrameWindow],
        scene_model: SceneModel | None,
        expected: Sequence[Caption | CaptionFailure],
    ) -> None:
        keys = [captioner.identity.key_of(window, scene_model) for window in windows]
        assert [answer.key for answer in expected if isinstance(answer, Caption)] == keys
        assert list(captioner.caption([], scene_model)) == []

    def test_takes_windows_one_pass(
        self,
        captioner: Captioner,
        windows: list[FrameWindow],
        scene_model: SceneModel | None,
        expected: object,
    ) -> None:
        stream = (window for window in windows)
        assert answers(captioner.caption(stream, scene_model)) == expected

    def test_is_deterministic(
        self,
        make: Callable[[], Captioner],
        captioner: Captioner,
        windows: list[FrameWindow],
        scene_model: SceneModel | None,
        expected: object,
    ) -> None:
        assert answers(captioner.caption(windows, scene_model)) == expected
        assert answers(make().caption(windows, scene_model)) == expected
        assert make().identity == captioner.identity

    def test_fits_the_same_model_twice(
        self, make: Callable[[], Captioner], scene_model: SceneModel | None
    ) -> None:
        references = [MemoryClip(f"normal-{seed}", walkers(60, seed=seed)) for seed in (1, 2)]
        assert make().fit(references, cameras="one", place="any") == scene_model

    def test_grouping_changes_nothing(
        self,
        captioner: Captioner,
        windows: list[FrameWindow],
        scene_model: SceneModel | None,
        expected: list[Caption | CaptionFailure],
    ) -> None:
        def one(window: FrameWindow) -> Caption | CaptionFailure:
            (answer,) = answers(captioner.caption([window], scene_model))
            return answer

        assert [one(window) for window in windows] == expected
        backwards = answers(captioner.caption(windows[::-1], scene_model))
        assert backwards[::-1] == expected
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(one, windows)) == expected

    def test_captions_are_valid_and_immutable(
        self, captioner: Captioner, expected: list[Caption | CaptionFailure]
    ) -> None:
        for answer in expected:
            assert isinstance(answer, Caption), answer
            assert answer.captioner == captioner.identity.name
            assert answer.text.strip()
            assert set(answer.measured) <= set(captioner.measured)
            assert Caption.model_validate_json(answer.model_dump_json()).sha256 == answer.sha256
            with pytest.raises(ValidationError):
                answer.text = "something else"

    def test_lists_the_facts_it_measures(self, captioner: Captioner) -> None:
        measured = captioner.measured
        assert measured == tuple(sorted(set(measured)))
        assert all(FACTS[name].source == "captioner" for name in measured)

    def test_pixels_stay_as_they_are(
        self, windows: list[FrameWindow], clip: MemoryClip, captioner: Captioner, expected: object
    ) -> None:
        fresh = windows_of(MemoryClip(clip.info.name, walkers(24)), captioner.window, SAMPLED)
        assert [window.sha256 for window in windows] == [window.sha256 for window in fresh]

    def test_a_failure_stays_in_its_place(
        self,
        captioner: Captioner,
        windows: list[FrameWindow],
        bad_window: FrameWindow | None,
        scene_model: SceneModel | None,
        expected: list[Caption | CaptionFailure],
    ) -> None:
        if bad_window is None:
            pytest.skip("this captioner can describe every window")
        stream = [windows[0], bad_window, windows[1], bad_window]
        first, bad, second, again = answers(captioner.caption(stream, scene_model))
        assert [first, second] == expected[:2]
        assert isinstance(bad, CaptionFailure)
        assert isinstance(again, CaptionFailure)

    def test_key_holds_all_that_decides(
        self, captioner: Captioner, windows: list[FrameWindow], scene_model: SceneModel | None
    ) -> None:
        identity = captioner.identity
        other_model = SceneModel(captioner="other", version="1", payload=b"other")
        others = [
            replace(identity, name="other"),
            replace(identity, version=f"{identity.version}+1"),
            replace(identity, prompt_sha256="0" * 64),
            replace(identity, parameters={**identity.parameters, "another": 1}),
        ]
        keys = {other.key_of(windows[0], scene_model) for other in others}
        keys |= {identity.key_of(window, scene_model) for window in windows}
        keys.add(identity.key_of(windows[0], other_model))
        asked = {window.sha256 for window in windows}
        questions = len(windows) if identity.is_positional else len(asked)
        assert len(keys) == len(others) + questions + 1

    def test_says_what_it_needs(self, captioner: Captioner) -> None:
        assert captioner.identity.name
        assert captioner.identity.version
        assert len(content_hash(captioner.identity.parameters)) == 64
        assert isinstance(captioner.window, WindowSpec)
        assert isinstance(captioner.default_every, Every)

    def test_says_what_it_cost(
        self, captioner: Captioner, windows: list[FrameWindow], scene_model: SceneModel | None
    ) -> None:
        for one in captioner.caption(windows, scene_model):
            assert isinstance(one.usage, Usage)
            assert one.usage.captions_cached == 0
