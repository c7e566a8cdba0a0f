"""Near-duplicates share a caption, and how a clip is cut changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.captioners.model import CaptionerOptions, ModelCaptioner
from ruler.llm.questions import Answer, Question
from ruler.schemas.observations import Observation
from ruler.schemas.runs import Usage
from ruler.steps.captioning import caption_samples
from ruler.steps.samples import samples_of
from ruler.steps.sharing import GROUP, Groups, Subject, share
from ruler.steps.viewing import View
from ruler.video.frames import Frame, FrameFailure, WindowFailure, WindowSpec
from ruler.video.sampling import read_windows
from ruler.video.similarity import Similarity
from tests.captioners.scripted import Cache, ScriptedAsker, describe, fails, says
from tests.conformance.clips import MemoryClip

BACKGROUND = np.random.default_rng(0).integers(90, 140, (60, 80, 3))
CHUNKS = (1, 7, 16, 64)
MIXED = [*[0] * 5, *[1] * 9, 2, 3, 2, 3, *[0] * 20, 1, 1, *[2] * 12, 3]


def clip_of(pictures: Sequence[int], name: str = "yard") -> MemoryClip:
    """A clip of numbered pictures: a figure stands at the place of the number, noise changes."""
    random = np.random.default_rng(1)
    video = BACKGROUND + random.integers(-3, 4, (len(pictures), 60, 80, 3))
    for frame, place in enumerate(pictures):
        if place:
            video[frame, 20:40, 15 * place : 15 * place + 8] = 20
    return MemoryClip(name, video.astype(np.uint8))


def detect(
    clip: MemoryClip,
    chunk: int,
    captioner: ModelCaptioner,
    cache: Cache,
    *,
    every: int = 1,
    order: Sequence[int] | None = None,
) -> tuple[list[Observation], Usage]:
    """Caption chunk by chunk, as a detection does, in that order."""
    sampled = np.arange(0, clip.info.frames, every)
    chunks = range(-(-len(sampled) // chunk))
    seen: dict[int, Observation] = {}
    usage = Usage()
    for number in order or chunks:
        samples = samples_of(clip, sampled, number * chunk, (number + 1) * chunk)
        found, cost = caption_samples(View(captioner, None), clip, samples, cache, sampled=sampled)
        seen |= {one.frame_index: one for one in found}
        usage += cost
    return [seen[frame] for frame in sorted(seen)], usage


def model(asker: ScriptedAsker | None = None, **chosen: object) -> ModelCaptioner:
    return ModelCaptioner(asker or ScriptedAsker(), CaptionerOptions.of(chosen))


def anchors(clip: MemoryClip, sampled: Sequence[int] | None = None) -> list[int]:
    """By sampled frame, whose caption it goes by."""
    frames = list(range(clip.info.frames)) if sampled is None else list(sampled)
    windows = read_windows(clip, frames, WindowSpec())
    subjects = share(windows, Groups(np.asarray(frames)), Similarity())
    return [one.window.frame_index for one in subjects if isinstance(one, Subject)]


def test_a_frame_goes_by_the_last_anchor_of_its_group() -> None:
    assert anchors(clip_of([0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0])) == [0, 0, 0, 3, 3, 5, 5, 5, 8, 8, 8]


def test_a_slow_change_is_held_against_the_anchor_not_against_the_frame_before() -> None:
    ramp = np.stack([BACKGROUND for _ in range(8)])
    for frame in range(8):
        ramp[frame, 20:40, 30:50] += 3 * frame  # below the threshold from frame to frame
    assert anchors(MemoryClip("ramp", ramp.astype(np.uint8))) == [0, 0, 0, 3, 3, 3, 6, 6]


def test_groups_are_counted_from_the_clips_first_sample() -> None:
    still = clip_of([0] * 40)
    assert GROUP == 8
    assert sorted(set(anchors(still))) == [0, 8, 16, 24, 32]
    assert anchors(still, range(0, 40, 4)) == [*[0] * 8, 32, 32]


def test_the_frames_before_in_the_group_are_read_too() -> None:
    groups = Groups(np.arange(0, 100, 5))
    assert groups.needed([0]) == [0]
    assert groups.needed([50, 55, 85]) == [40, 45, 50, 55, 80, 85]
    with pytest.raises(ValueError, match="must be among"):
        groups.needed([50, 51])
    with pytest.raises(ValueError, match="must be among"):
        groups.needed([200])


@pytest.mark.parametrize("chosen", [{}, {"window": 3, "step_seconds": 0.1}])
def test_chunks_and_their_order_change_nothing(chosen: dict[str, object]) -> None:
    clip = clip_of(MIXED)
    whole, usage = detect(clip, 1000, model(**chosen), Cache())
    assert usage.captions_shared > 20
    for chunk in CHUNKS:
        seen, _ = detect(clip, chunk, model(**chosen), Cache())
        assert seen == whole
        backwards = range(-(-len(MIXED) // chunk) - 1, -1, -1)
        assert detect(clip, chunk, model(**chosen), Cache(), order=backwards)[0] == whole


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=30),
    st.integers(1, 12),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_any_cut_gives_the_same(
    pictures: list[int], chunk: int, every: int, random: object
) -> None:
    clip = clip_of(pictures)
    order = list(range(-(-len(range(0, len(pictures), every)) // chunk)))
    random.shuffle(order)  # type: ignore[attr-defined]
    whole, _ = detect(clip, 100, model(), Cache(), every=every)
    assert detect(clip, chunk, model(), Cache(), every=every, order=order)[0] == whole


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_resumed_run_gives_the_same_and_asks_for_nothing_twice(chunk: int) -> None:
    clip, cache = clip_of(MIXED), Cache()
    whole, _ = detect(clip, 64, model(), Cache())
    first, again = ScriptedAsker(), ScriptedAsker()
    detect(clip, chunk, model(first), cache, order=range(len(MIXED) // chunk // 2 + 1))
    cache.keys.clear()  # killed before it was noted which frame has which caption
    seen, _ = detect(clip, 16, model(again), cache)
    assert seen == whole
    assert not set(first.questions) & set(again.questions)


def test_usage_tells_what_was_asked_shared_and_known() -> None:
    clip, cache = clip_of([0, 0, 0, 1, 1, 0, 0, 0, 0, 0]), Cache()
    asker = ScriptedAsker()
    _, usage = detect(clip, 10, model(asker), cache)
    assert len(asker.questions) == usage.model_calls == usage.captions_computed == 4
    assert (usage.captions_shared, usage.captions_cached) == (6, 0)
    _, usage = detect(clip, 5, model(asker), cache)
    assert usage == Usage(captions_cached=10)
    cache.keys.clear()
    _, usage = detect(clip, 5, model(asker), cache)
    assert usage == Usage(captions_cached=4, captions_shared=6)
    assert len(asker.questions) == 4


def test_it_can_be_turned_off() -> None:
    clip, asker = clip_of([0] * 10), ScriptedAsker()
    seen, usage = detect(clip, 10, model(asker, share=False), Cache())
    assert usage.captions_shared == 0
    assert len(asker.questions) == 10
    assert len({one.caption.key for one in seen if one.caption}) == 10


def test_a_shared_caption_is_the_anchors_byte_for_byte() -> None:
    seen, _ = detect(clip_of([0] * 10), 10, model(), Cache())
    dumped = [one.caption.model_dump_json() for one in seen if one.caption]
    assert dumped == [dumped[0]] * 8 + [dumped[8]] * 2
    assert [one.frame_index for one in seen] == list(range(10))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_where_the_anchor_failed_nobody_has_a_caption(chunk: int) -> None:
    clip, cache = clip_of([0, 0, 0, 1, 1, 1, 0, 0]), Cache()
    (third,) = [question for question in asked(clip) if question.jpegs == asked(clip)[1].jpegs]

    def script(question: Question) -> Answer:
        return fails(said="it failed") if question == third else describe(question)

    seen, usage = detect(clip, chunk, model(ScriptedAsker(script)), cache)
    shared = "it goes by frame 3, which has no caption: it failed"
    assert [one.failure for one in seen] == [None] * 3 + ["it failed", shared, shared] + [None] * 2
    assert usage.captions_shared == 3
    again, usage = detect(clip, chunk, model(), cache)
    assert [one.failure for one in again] == [None] * 8
    assert usage.captions_computed == 1


def asked(clip: MemoryClip) -> list[Question]:
    asker = ScriptedAsker()
    detect(clip, 100, model(asker), Cache())
    return asker.questions


def test_a_frame_that_cannot_be_read_is_no_anchor() -> None:
    class Damaged(MemoryClip):
        def frames(
            self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
        ) -> Iterator[Frame | FrameFailure]:
            for frame in super().frames(indices, width=width, is_grey=is_grey):
                hurt = frame.index in (0, 3)
                yield FrameFailure(frame.index, 0.0, "damaged") if hurt else frame

    clip = Damaged("yard", np.stack([BACKGROUND] * 6).astype(np.uint8))
    for chunk in CHUNKS:
        seen, usage = detect(clip, chunk, model(), Cache())
        assert [one.failure for one in seen] == ["damaged", None, None, "damaged", None, None]
        assert usage.captions_shared == 3
    subjects = list(
        share(read_windows(clip, range(6), WindowSpec()), Groups(np.arange(6)), Similarity())
    )
    assert [isinstance(one, WindowFailure) for one in subjects] == [True, False, False] * 2


def test_another_sampling_shares_anew() -> None:
    """What a frame goes by depends on which frames are sampled, so it is kept apart."""
    clip, cache = clip_of([0] * 16), Cache()
    detect(clip, 16, model(), cache)
    sparse, usage = detect(clip, 16, model(), cache, every=2)
    assert sparse == detect(clip, 16, model(), Cache(), every=2)[0]
    assert usage.model_calls == 0
    assert [one.caption and one.caption.text for one in sparse] == [
        sparse[0].caption and sparse[0].caption.text
    ] * 8


def test_captioners_that_do_not_share_keep_their_address() -> None:
    sampled = np.arange(5)
    quiet = View(model(share=False), None)
    assert quiet.sha256("a", sampled) == quiet.sha256("b", np.arange(9))
    loud = View(model(), None)
    assert loud.sha256("a", sampled) == loud.sha256("b", sampled) != loud.sha256("a", np.arange(9))
    assert loud.sha256("a", sampled) != quiet.sha256("a", sampled)


def test_samples_that_are_none_of_the_clips_are_refused() -> None:
    clip = clip_of([0] * 6)
    samples = samples_of(clip, np.arange(6))
    with pytest.raises(ValueError, match="must be among"):
        caption_samples(View(model(), None), clip, samples, Cache(), sampled=np.arange(0, 6, 2))


def test_somebody_who_enters_is_described_at_once() -> None:
    clip = clip_of([*[0] * 5, *[1] * 3, *[2] * 3])
    texts = itertools.count()
    asker = ScriptedAsker(lambda _: says(f"Picture {next(texts)}."))
    seen, _ = detect(clip, 64, model(asker), Cache())
    first = {}
    for one in seen:
        assert one.caption is not None
        first.setdefault(one.caption.text, one.frame_index)
    assert list(first.values()) == [0, 5, 8]
