"""From samples to observations: nothing is asked twice, and a failure stays one."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pytest

from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.errors import InputError, ModelError
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from ruler.schemas.runs import Every, Usage
from ruler.steps.asking import BLOCK
from ruler.steps.captioning import caption_samples
from ruler.steps.samples import samples_of
from ruler.steps.viewing import View
from ruler.video.frames import Clip, Frame, FrameWindow, WindowSpec
from tests.captioners.scripted import Cache
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
        def frames(
            self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
        ) -> Iterator[None]:  # type: ignore[override]
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


def test_a_prefetching_captioner_that_raises_loses_its_frame_alone() -> None:
    class Eager(Dummy):
        def caption(
            self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
        ) -> Iterator[Captioned]:
            taken = list(itertools.islice(windows, 4))
            yield from super().caption(itertools.chain(taken, windows), scene_model)

    captioner = Eager(broken={1: ZeroDivisionError("oops"), 5: ZeroDivisionError("oops")})
    texts, usage = run(captioner, Cache())
    assert [text for text in texts if text and "ZeroDivisionError" in text] == [texts[1], texts[5]]
    assert [texts[n] for n in (0, 2, 3, 4)] == [FRAMES[n] for n in (0, 2, 3, 4)]
    assert usage.captions_computed == 4


def test_a_captioner_that_raises_before_it_asks_ends() -> None:
    class Dead(Dummy):
        def caption(
            self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
        ) -> Iterator[Captioned]:
            raise ModelError("dead")

    assert run(Dead(), Cache())[0] == ["(the captioner failed (dead))"] * 6


def test_windows_are_read_as_the_captioner_takes_them() -> None:
    read: list[int] = []

    class Counted(MemoryClip):
        def frames(
            self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
        ) -> Iterator[Frame]:
            for frame in super().frames(indices, width=width, is_grey=is_grey):
                assert isinstance(frame, Frame)
                read.append(frame.index)
                yield frame

    ahead: list[int] = []

    class Watching(Dummy):
        def caption(
            self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
        ) -> Iterator[Captioned]:
            for window in windows:
                ahead.append(len(read) - window.frame_index)
                yield from super().caption([window], scene_model)

    run(Watching(), Cache(), Counted("long", walkers(200)))
    assert max(ahead) <= BLOCK


def test_answers_are_kept_while_others_are_under_way() -> None:
    """A process that is killed loses fewer than a block."""

    class Killed(BaseException):
        pass

    class Dying(Dummy):
        def caption(
            self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
        ) -> Iterator[Captioned]:
            for number, reply in enumerate(super().caption(windows, scene_model)):
                if number == 50:
                    kept.append(len(cache.captions))
                    raise Killed
                yield reply

    kept: list[int] = []
    cache = Cache()
    clip = MemoryClip("long", walkers(64))
    with pytest.raises(Killed):
        run(Dying(), cache, clip)
    assert kept == [48]
    again = Dummy()
    _, usage = run(again, cache, clip)
    assert again.asked == list(range(50, 64))
    assert usage.captions_cached == 50


def test_answers_before_a_mistake_of_the_user_are_kept() -> None:
    cache = Cache()
    with pytest.raises(InputError, match="no key"):
        run(Dummy(broken={4: InputError("no key")}), cache)
    assert len(cache.captions) == 4


def test_what_breaks_the_reading_is_no_fault_of_the_captioner() -> None:
    class Gone(MemoryClip):
        def frames(
            self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
        ) -> Iterator[Frame]:
            for frame in super().frames(indices, width=width, is_grey=is_grey):
                assert isinstance(frame, Frame)
                if frame.index == 20:
                    raise MemoryError("no room")
                yield frame

    class Deaf(Dummy):
        def caption(
            self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
        ) -> Iterator[Captioned]:
            with contextlib.suppress(MemoryError):
                yield from super().caption(windows, scene_model)

    for captioner in (Dummy(), Deaf()):
        cache = Cache()
        with pytest.raises(MemoryError):
            run(captioner, cache, Gone("long", walkers(40)))
        assert len(cache.captions) == 16


def test_the_caption_that_was_kept_first_stands() -> None:
    cache = Cache()

    class Slow(Dummy):
        def caption(
            self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
        ) -> Iterator[Captioned]:
            for window in windows:
                key = self.identity.key_of(window, scene_model)
                cache.put([Caption(key=key, captioner="dummy", text="Somebody was faster.")])
                yield from super().caption([window], scene_model)

    texts, _ = run(Slow(bad=[3]), cache)
    assert texts == ["Somebody was faster."] * 6


def test_samples_speak_for_the_frames_up_to_the_next() -> None:
    frames = np.array([0, 2, 5])
    spans = [(one.frame_index, one.until_frame) for one in samples_of(CLIP, frames)]
    assert spans == [(0, 2), (2, 5), (5, 6)]
    cut = [*samples_of(CLIP, frames, 0, 2), *samples_of(CLIP, frames, 2, 9)]
    assert cut == samples_of(CLIP, frames)
    assert samples_of(CLIP, frames[:0]) == []
