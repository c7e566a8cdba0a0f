"""From samples to observations: nothing is asked twice, and a failure stays one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pytest

from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.errors import InputError, ModelError
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from ruler.schemas.runs import Every, Usage
from ruler.steps.captioning import View, caption_samples, samples_of
from ruler.video.frames import Clip, FrameWindow, WindowSpec
from tests.conformance.clips import MemoryClip, walkers

CLIP = MemoryClip("walkway", walkers(6).copy())


class Dummy:
    """Says each frame's number; `bad` frames fail, `broken` ones raise."""

    window = WindowSpec()
    default_every = Every(frames=1)
    measured = ()

    def __init__(
        self, bad: Sequence[int] = (), broken: Mapping[int, Exception] | None = None
    ) -> None:
        self.identity = CaptionerIdentity(name="dummy", version="1", parameters={})
        self.bad, self.broken = bad, broken or {}
        self.asked: list[int] = []

    def fit(self, references: Sequence[Clip], *, cameras: str, place: str) -> None:
        return None

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        for window in windows:
            self.asked.append(window.frame_index)
            if window.frame_index in self.broken:
                raise self.broken[window.frame_index]
            if window.frame_index in self.bad:
                yield Captioned(CaptionFailure(reason="too dark"), Usage(model_calls=1))
                continue
            caption = Caption(
                key=self.identity.key_of(window, scene_model),
                captioner="dummy",
                text=f"Frame {window.frame_index}.",
            )
            yield Captioned(caption, Usage(model_calls=1, tokens_in=2))


class Cache:
    """Two dictionaries."""

    def __init__(self) -> None:
        self.captions: dict[str, Caption] = {}
        self.keys: dict[tuple[str, str, int], str] = {}

    def get(self, keys: Iterable[str]) -> dict[str, Caption]:
        return {key: self.captions[key] for key in keys if key in self.captions}

    def put(self, captions: Iterable[Caption]) -> None:
        self.captions |= {caption.key: caption for caption in captions}

    def samples(self, clip_sha256: str, view: str, frames: Sequence[int]) -> dict[int, str]:
        known = {frame: self.keys.get((clip_sha256, view, frame)) for frame in frames}
        return {frame: key for frame, key in known.items() if key is not None}

    def put_samples(self, clip_sha256: str, view: str, keys: Mapping[int, str]) -> None:
        self.keys |= {(clip_sha256, view, frame): key for frame, key in keys.items()}


def run(captioner: Dummy, cache: Cache, clip: Clip = CLIP) -> tuple[list[str | None], Usage]:
    """Caption all frames: (text, or the reason in brackets), and the usage."""
    samples = samples_of(clip, np.arange(clip.info.frames))
    seen, usage = caption_samples(View(captioner, None), clip, samples, cache)
    assert [one.frame_index for one in seen] == [sample.frame_index for sample in samples]
    return [one.caption.text if one.caption else f"({one.failure})" for one in seen], usage


FRAMES: list[str | None] = [f"Frame {number}." for number in range(6)]


def test_nothing_is_asked_twice() -> None:
    captioner, cache = Dummy(), Cache()
    texts, usage = run(captioner, cache)
    assert texts == FRAMES
    assert (usage.captions_computed, usage.captions_cached, usage.tokens_in) == (6, 0, 12)
    again, usage = run(captioner, cache)
    assert again == FRAMES
    assert captioner.asked == list(range(6))
    assert usage == Usage(captions_cached=6)


def test_a_known_clip_is_not_decoded() -> None:
    class Closed(MemoryClip):
        def frames(self, indices: Sequence[int], *, width: int | None = None) -> Iterator[None]:  # type: ignore[override]
            raise AssertionError("decoded")

    cache = Cache()
    run(Dummy(), cache)
    assert run(Dummy(), cache, Closed("walkway", walkers(6).copy()))[0] == FRAMES


def test_the_same_pixels_elsewhere_are_the_same_question() -> None:
    captioner, cache = Dummy(), Cache()
    run(captioner, cache)
    _, usage = run(captioner, cache, MemoryClip("copy", walkers(6).copy()))
    assert usage.captions_cached == 6


def test_a_failure_is_kept_nowhere() -> None:
    cache = Cache()
    texts, usage = run(Dummy(bad=[2]), cache)
    assert texts == [*FRAMES[:2], "(too dark)", *FRAMES[3:]]
    assert (usage.model_calls, usage.captions_computed) == (6, 5)
    healed = Dummy()
    assert run(healed, cache)[0] == FRAMES
    assert healed.asked == [2]


def test_what_raises_loses_its_frame_alone() -> None:
    captioner = Dummy(broken={1: ModelError("no answer"), 3: ZeroDivisionError("oops")})
    texts, _ = run(captioner, Cache())
    assert texts[1] is not None and "no answer" in texts[1]
    assert texts[3] is not None and "ZeroDivisionError" in texts[3]
    assert [texts[n] for n in (0, 2, 4, 5)] == [FRAMES[n] for n in (0, 2, 4, 5)]


def test_what_the_user_can_mend_is_passed_on() -> None:
    with pytest.raises(InputError, match="no key"):
        run(Dummy(broken={1: InputError("no key")}), Cache())


def test_a_captioner_that_stops_early_leaves_failures() -> None:
    class Short(Dummy):
        def caption(
            self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
        ) -> Iterator[Captioned]:
            yield from list(super().caption(windows, scene_model))[:4]

    texts, _ = run(Short(), Cache())
    assert texts == [*FRAMES[:4], *["(the captioner gave no answer)"] * 2]


def test_an_answer_to_another_question_is_refused() -> None:
    class Confused(Dummy):
        def caption(
            self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
        ) -> Iterator[Captioned]:
            yield from list(super().caption(windows, scene_model))[::-1]

    texts, _ = run(Confused(), Cache())
    assert all(text and text.startswith("(the captioner answered another") for text in texts)


def test_samples_speak_for_the_frames_up_to_the_next() -> None:
    frames = np.array([0, 2, 5])
    spans = [(one.frame_index, one.until_frame) for one in samples_of(CLIP, frames)]
    assert spans == [(0, 2), (2, 5), (5, 6)]
    cut = [*samples_of(CLIP, frames, 0, 2), *samples_of(CLIP, frames, 2, 9)]
    assert cut == samples_of(CLIP, frames)
    assert samples_of(CLIP, frames[:0]) == []
