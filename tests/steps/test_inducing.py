"""Induction in memory: the rule set that the graph proposes from the same captions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graphs import induction
from graphs.deps import InductionDeps
from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption, CaptionFailure
from ruler.schemas.induction import Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RuleSet
from ruler.schemas.runs import Every
from ruler.steps.batching import batches, linked
from ruler.steps.inducing import check_rules, induce_rules, trial_context
from ruler.video.frames import Frame, FrameWindow, WindowSpec
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy
from tests.support import (
    MEASURED,
    failed,
    make_box,
    make_brief,
    make_caption,
    make_figure,
    observe,
    references,
)

AS_OF = dt.date(2026, 3, 1)
REASONER = SymbolicReasoner()
WORDS = make_brief(load_lexicon(), load_taxonomy("general"))
FACTS = make_brief(load_lexicon(), load_taxonomy("general"), place="walkway", measured=MEASURED)


class Scripted:
    """A captioner that says what was written for each frame of each clip."""

    window = WindowSpec(steps=0)
    identity = CaptionerIdentity(name="scripted", version="1")
    default_every = Every(frames=1)

    def __init__(self, said: Mapping[str, Sequence[Caption | None]], measured: Sequence[str]):
        self.said = said
        self.measured = tuple(measured)

    def fit(self, references: Sequence[object], **_: object) -> None:
        return None

    def caption(self, windows: Iterable[FrameWindow], scene_model: object) -> Iterator[Captioned]:
        for window in windows:
            caption = self.said[window.clip][window.frame_index]
            if caption is None:
                yield Captioned(CaptionFailure(reason="too tired"))
            else:
                key = self.identity.key_of(window, None)
                yield Captioned(caption.model_copy(update={"key": key}))


class Film:
    """A clip whose frames only carry their number."""

    def __init__(self, name: str, frames: int) -> None:
        self.times = np.arange(frames) / 10
        self.info = SimpleNamespace(
            name=name, sha256=content_hash([name, frames]), frames=frames, fps=10.0
        )

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame]:
        mark = list(self.info.name.encode())
        for index in indices:
            image = np.zeros((2, 80, 3), np.uint8)
            image[0, 0] = (index // 256, index % 256, 0)
            image[1, : len(mark), 0] = mark
            yield Frame(index=index, time_seconds=float(self.times[index]), image=image)


def by_the_graph(
    store: Store, said: Mapping[str, Sequence[Caption | None]], brief: Any
) -> tuple[RuleSet, dict[str, list[Reference]]]:
    """(what the graph proposes, the references as it saw them)."""
    clips: Any = [Film(name, len(captions)) for name, captions in said.items()]
    captioner: Any = Scripted(said, brief.measured)
    deps = InductionDeps(
        store=store,
        clips=clips,
        captioner=captioner,
        reasoner=REASONER,
        brief=brief,
        every=Every(frames=1),
        cameras="one",
        place=brief.place,
        author="kim",
        reason="for a test",
        as_of=AS_OF,
    )
    state = induction.graph().invoke({"proposals": []}, {"max_concurrency": 2}, context=deps)
    return state["proposed"], deps.observed


def walks(speeds: Sequence[float]) -> list[Caption | None]:
    return [
        make_caption("Figures move.", [make_figure(make_box(0.3), speed_ratio=speed)])
        for speed in speeds
    ]


def wordy(*texts: str | None) -> list[Caption | None]:
    return [None if text is None else make_caption(text) for text in texts]


QUIET = (
    "A person is walking on the path. There is a red wall.",
    "A man is standing. There are a red wall and a bench.",
    "Two people are sitting on a bench, the third person is walking.",
    "There are no people. The wall is red.",
)
BUSY = ("A man is running. There is a wall.", None, *QUIET)
SPEEDS = [0.8 + number / 50 for number in range(20)]
FAST = [speed * 1.6 for speed in SPEEDS]

Material = tuple[dict[str, list[Caption | None]], Any]
MATERIALS: dict[str, Callable[[], Material]] = {
    "one clip of words": lambda: ({"a": wordy(*QUIET * 3)}, WORDS),
    "clips of words": lambda: (
        {"a": wordy(*QUIET * 2), "b": wordy(*BUSY), "c": wordy(*QUIET[::-1])},
        WORDS,
    ),
    "more clips than batches": lambda: (
        {f"c{n}": wordy(QUIET[n % 4], BUSY[n % 6], f"A kite {n} flies.") for n in range(20)},
        WORDS,
    ),
    "measured clips": lambda: ({"a": walks(SPEEDS), "b": walks(SPEEDS[::-1])}, FACTS),
    "a measured clip that is unlike the others": lambda: (
        {"a": walks(SPEEDS), "b": walks(FAST), "c": [*walks(SPEEDS), None]},
        FACTS,
    ),
}


@pytest.mark.parametrize("name", MATERIALS)
def test_the_graph_proposes_the_same(name: str, tmp_path: Path) -> None:
    said, brief = MATERIALS[name]()
    with Store(tmp_path / "store") as store:
        proposed, observed = by_the_graph(store, said, brief)
    given = {
        clip: linked(clip, [Reference(clip=clip, observation=one) for one in seen_in(captions)])
        for clip, captions in said.items()
    }
    assert [len(seen) for seen in given.values()] == [len(observed[clip]) for clip in given]
    rule_set = induce_rules(given, REASONER, brief, as_of=AS_OF)
    assert rule_set.model_dump_json() == proposed.model_dump_json()
    assert induce_rules(observed_in_order(observed, said), REASONER, brief, as_of=AS_OF) == rule_set
    assert {rule.kind for rule in rule_set.rules} == {"normal", "anomaly"}


def seen_in(captions: Sequence[Caption | None]) -> list[Observation]:
    return [
        failed(frame) if caption is None else observe(caption, frame=frame)
        for frame, caption in enumerate(captions)
    ]


def observed_in_order(
    observed: Mapping[str, list[Reference]], said: Mapping[str, object]
) -> dict[str, list[Reference]]:
    return {clip: observed[clip] for clip in said}


def induced(said: Mapping[str, Sequence[str]]) -> RuleSet:
    given = {clip: references(texts, clip) for clip, texts in said.items()}
    return induce_rules(given, REASONER, WORDS, as_of=AS_OF)


def test_what_the_references_show_loses_weight() -> None:
    """A scene where people run now and then: running alone is no alarm there any more."""
    usual = ["A man is walking."] * 9
    calm = induced({"a": [*usual, "A man is walking."], "b": [*usual, "A man is walking."]})
    lively = induced({"a": [*usual, "A man is running."], "b": [*usual, "A man is running."]})
    sporty = induced({"a": ["A man is running."] * 10, "b": ["A man is running."] * 10})
    running = "gate.concept-running"
    weights = [
        None if (rule := rule_set.rule(running)) is None else rule.weight
        for rule_set in (calm, lively, sporty)
    ]
    prior = load_lexicon().concepts["running"].prior
    assert weights == [prior, pytest.approx(prior * 0.8), None]
    weak = lively.rule(running)
    assert weak is not None
    assert "10.0% of normal references" in str(weak.origin.note)


def test_each_batch_is_tried_on_rules_that_were_made_without_it() -> None:
    given = {
        "a": references(["A man is walking."] * 4, "a"),
        "b": references(["A man is running.", *["A man is walking."] * 3], "b"),
    }
    grouped = batches(given)
    proposals = [REASONER.propose(name, seen, WORDS) for name, seen in grouped.items()]
    [checkup] = check_rules(proposals, grouped, REASONER, WORDS, as_of=AS_OF).values()
    assert (checkup.rule_id, checkup.action) == ("gate.concept-running", "weakened")
    assert checkup.factor == pytest.approx(1 - 2 / 8)


def test_left_out_clips_are_tried_against_bounds_as_wide_as_all_clips_make_them() -> None:
    """One clip alone would make a wider bound than two do, and hide what is noisy."""
    rising = [1.0 + number / 100 for number in range(101)]
    given = {
        clip: [Reference(clip=clip, observation=one) for one in seen_in(walks(speeds))]
        for clip, speeds in {"a": rising, "b": [2.5] * 20}.items()
    }
    proposals = [REASONER.propose(clip, seen, FACTS) for clip, seen in given.items()]
    checkups = check_rules(proposals, given, REASONER, FACTS, as_of=AS_OF)
    assert {rule_id: one.action for rule_id, one in checkups.items()} == {"gate.fast": "raised"}
    assert "normal reference b" in checkups["gate.fast"].why


def test_failed_references_count_neither_way() -> None:
    words = ["A man is running.", *["A man is walking."] * 4]
    given = {clip: references(words, clip) for clip in "ab"}
    broken = {
        clip: [*seen, *(Reference(clip=clip, observation=failed(9)) for _ in range(5))]
        for clip, seen in given.items()
    }
    expected = induce_rules(given, REASONER, WORDS, as_of=AS_OF)
    assert induce_rules(broken, REASONER, WORDS, as_of=AS_OF) == expected


def test_rules_are_tried_without_a_clock() -> None:
    context = trial_context((), WORDS, as_of=AS_OF, linked=True)
    assert (context.clip_start, context.as_of, context.linked) == (None, AS_OF, True)
    assert context.rule_set == RuleSet(scene=WORDS.scene)
    assert context.lexicon == WORDS.lexicon
