"""Adaptive sampling: few looks where nothing moves, all where something unusual does, and the same
however a clip is cut."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.schemas.captions import Box, Caption, Figure, SceneModel
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Measure, Rule
from ruler.schemas.runs import Every, Usage
from ruler.steps.captioning import caption_samples
from ruler.steps.samples import samples_of
from ruler.steps.sharing import GROUP
from ruler.steps.sifting import EARLY, STRIDE, Sieve
from ruler.steps.viewing import View
from ruler.video.frames import Clip, Frame, FrameFailure, FrameWindow, WindowSpec
from tests.captioners.scripted import Cache
from tests.conformance.clips import MemoryClip

STILL, MOVING, FAST = 0, 3, 9
GROUND = np.random.default_rng(0).integers(90, 140, (60, 160, 3))


class Speedometer:
    """Measures how far a dark block has moved in a tenth of a second."""

    window = WindowSpec(steps=8, step_seconds=0.1, min_steps=1)
    default_every = Every(frames=1)
    measured: ClassVar[tuple[str, ...]] = ("speed_ratio",)
    identity = CaptionerIdentity(name="speedometer", version="1", parameters={})

    def __init__(self) -> None:
        self.looked: list[int] = []

    def fit(self, references: Sequence[Clip], *, cameras: str, place: str) -> None:
        return None

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        for window in windows:
            self.looked.append(window.frame_index)
            before, now = (int(np.argmin(f.image[30].sum(1))) for f in window.frames[-2:])
            box = Box(left=0.1, top=0.1, right=0.2, bottom=0.2)
            figure = Figure(box=box, facts={"speed_ratio": float(abs(now - before))})
            yield Captioned(
                Caption(
                    key=self.identity.key_of(window, scene_model),
                    captioner="speedometer",
                    text=f"One figure moves {abs(now - before)}.",
                    figures=(figure,),
                    measured=self.measured,
                ),
                Usage(captions_computed=1),
            )


def clip_of(speeds: Sequence[int]) -> MemoryClip:
    """A block that moves so many pixels before each frame, to and fro."""
    noise = np.random.default_rng(1).integers(-2, 3, (len(speeds), 60, 160, 3))
    video, left, way = GROUND + noise, 20, 1
    for frame, speed in enumerate(speeds):
        way = -way if not 5 < left + way * speed < 140 else way
        left += way * speed
        video[frame, 20:40, left : left + 10] = 10
    return MemoryClip("yard", video.astype(np.uint8))


def rule(kind: str = "anomaly", **measure: float) -> Rule:
    return Rule(
        id="yard.x",
        title="x",
        kind=kind,  # type: ignore[arg-type]
        statement="x",
        measures=(Measure(fact="speed_ratio", **measure),),
    )


SIEVE = Sieve.of([rule(above=6.0)], Speedometer.measured)


def detect(
    clip: Clip, chunk: int, *, sieve: Sieve | None = SIEVE, captioner: Speedometer | None = None
) -> list[Observation]:
    captioner, cache = captioner or Speedometer(), Cache()
    sampled = np.arange(clip.info.frames)
    seen: list[Observation] = []
    for start in range(0, len(sampled), chunk):
        samples = samples_of(clip, sampled, start, start + chunk)
        view = View(captioner, None, sieve)  # type: ignore[arg-type]
        seen += caption_samples(view, clip, samples, cache, sampled=sampled)[0]
    return seen


def looked_at(speeds: Sequence[int]) -> list[int]:
    captioner = Speedometer()
    detect(clip_of(speeds), len(speeds), captioner=captioner)
    return sorted(captioner.looked)


def test_where_nothing_moves_one_sample_a_group_is_looked_at() -> None:
    assert looked_at([STILL] * 32) == [0, 8, 16, 24]


def test_where_something_moves_as_usual_two_are() -> None:
    assert looked_at([MOVING] * 32) == list(range(0, 32, STRIDE))


def test_around_the_unusual_all_are() -> None:
    looked = looked_at([MOVING] * 20 + [FAST] * 3 + [MOVING] * 17)
    assert set(range(17, 24)) <= set(looked)
    assert looked == sorted({*range(0, 40, STRIDE), *range(17, 24)})


def test_every_frame_is_spoken_for_at_its_own_time() -> None:
    speeds = [STILL] * 10 + [MOVING] * 11 + [FAST] * 5 + [STILL] * 15
    seen = detect(clip_of(speeds), 16)
    assert [one.frame_index for one in seen] == list(range(len(speeds)))
    assert [one.until_frame for one in seen] == list(range(1, len(speeds) + 1))
    assert [one.time_seconds for one in seen] == [frame / 10 for frame in range(len(speeds))]
    assert all(one.caption is not None for one in seen)


@given(st.lists(st.sampled_from([STILL, MOVING, FAST]), min_size=1, max_size=60), st.data())
def test_chunks_change_nothing(speeds: list[int], data: st.DataObject) -> None:
    clip = clip_of(speeds)
    whole = detect(clip, len(speeds))
    assert detect(clip, data.draw(st.integers(1, len(speeds)), label="chunk")) == whole
    closely = detect(clip, len(speeds), sieve=None)
    for one, other in zip(whole, closely, strict=True):  # what is looked at is what it always was
        first = one.frame_index - one.frame_index % GROUP
        said = [seen.caption for seen in closely[first : one.frame_index + 1]]
        assert one.caption in said
        assert one.frame_index % GROUP or one.caption == other.caption


def test_usage_tells_what_was_looked_at() -> None:
    clip = clip_of([MOVING] * 12 + [FAST] * 4 + [STILL] * 24)
    captioner, sampled = Speedometer(), np.arange(40)
    view = View(captioner, None, SIEVE)  # type: ignore[arg-type]
    _, usage = caption_samples(view, clip, samples_of(clip, sampled), Cache())
    assert usage.captions_computed == len(set(captioner.looked))
    assert usage.captions_computed + usage.captions_shared + usage.captions_cached == 40


def test_a_frame_that_cannot_be_read_fails_and_spoils_none_that_was_looked_at() -> None:
    class Torn(MemoryClip):
        def frames(
            self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
        ) -> Iterator[Frame | FrameFailure]:
            for item in super().frames(indices, width=width, is_grey=is_grey):
                torn = item.index == 20
                yield FrameFailure(20, item.time_seconds, "torn") if torn else item

    whole = clip_of([MOVING] * 40)
    seen = detect(Torn("torn", whole._video), 40)
    assert [one.frame_index for one in seen if one.failure] == [20, 21]  # 21 has one frame left
    assert all(one.caption for one in seen if one.frame_index not in {20, 21})


def test_bounds_come_from_rules_of_both_kinds() -> None:
    measured = ("speed_ratio", "fall_speed", "low_area")
    rules = [rule(above=4.0), rule("normal", below=3.0), rule(below=0.4), rule("normal", above=0.2)]
    sieve = Sieve.of(rules, measured)
    assert sieve.above == (("speed_ratio", pytest.approx(EARLY * 3)),)
    assert sieve.below == (("speed_ratio", pytest.approx(0.4 / EARLY)),)
    assert Sieve.of(rules, ("fall_speed",)) == Sieve((), ())
    fallen = rule(above=1.0).model_copy(update={"measures": (Measure(fact="fallen", above=1.0),)})
    sieve = Sieve.of([fallen], measured)
    box = Box(left=0.1, top=0.1, right=0.2, bottom=0.2)
    down = Figure(box=box, facts={"fall_speed": 2.0, "low_area": 0.5})
    caption = Caption(key="0" * 64, captioner="x", text="x", figures=(down,), measured=measured)
    assert sieve.is_unusual(caption)
    slow = down.model_copy(update={"facts": {"fall_speed": 1.0, "low_area": 0.5}})
    assert not sieve.is_unusual(caption.model_copy(update={"figures": (slow,)}))


def test_without_bounds_nothing_is_known_to_be_usual() -> None:
    looked = Speedometer()
    detect(clip_of([MOVING] * 16), 16, sieve=Sieve((), ()), captioner=looked)
    assert sorted({0, *looked.looked}) == [0, *range(2, 16)]  # 0 and 1 see the same two frames


def test_the_address_of_what_was_said_knows_the_sieve() -> None:
    captioner, sampled = Speedometer(), np.arange(9)
    sieves = (None, SIEVE, Sieve.of([rule(above=5.0)], Speedometer.measured))
    views = [View(captioner, None, sieve) for sieve in sieves]  # type: ignore[arg-type]
    addresses = {view.sha256("yard", sampled) for view in views}
    addresses.add(views[1].sha256("yard", np.arange(0, 9, 2)))
    assert len(addresses) == 4
    assert all(one != other for one, other in itertools.pairwise(sorted(addresses)))
