"""Deduction in memory: what the graph's stages say over a real store, to the last byte."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs import stages
from graphs.deps import ClipDeps
from ruler.reasoners.base import EventEvidence, MatchContext, Reasoner
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.base import bytes_hash
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RevisionRef
from ruler.schemas.runs import RunSpec, Smoothing, Usage
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Matched, Reflection
from ruler.steps import disturbing
from ruler.steps.deducing import Deducer, Deduction
from rules_store.rule_files import dump_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store
from tests.steps.yard import LEXICON, RULE_SET, TAXONOMY, scenes
from tests.support import failed, make_box, make_caption, make_figure, observe

REDUCE = (
    stages.link_clip,
    stages.smooth_clip,
    stages.reason_clip,
    stages.reflect_clip,
    stages.judge_clip,
    stages.find_events,
    stages.conclude_clip,
)
FPS = 10.0
SOURCE = dump_rules(RULE_SET)
REVISION = RevisionRef(scene=RULE_SET.scene, revision=1, sha256=bytes_hash(SOURCE.encode()))
AS_OF = dt.date(2026, 3, 1)
CLIP_START = dt.datetime(2026, 3, 1, 23, 59, 59, tzinfo=dt.UTC)
NUMBERS = itertools.count()


class Doubting(SymbolicReasoner):
    """Cannot tell what captions mean that speak of a door, nor events with a car, as a model may
    not."""

    def match(self, observations: Sequence[Observation], context: MatchContext) -> list[Matched]:
        found = super().match(observations, context)
        return [
            matched.model_copy(update={"undetermined": "the model could not tell"})
            if seen.caption and "door" in seen.caption.text
            else matched
            for seen, matched in zip(observations, found, strict=True)
        ]

    def reflect(self, event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
        said = super().reflect(event, taxonomy)
        if any(seen.caption and "car" in seen.caption.text for seen in event.observations):
            return said.model_copy(update={"second": "undetermined", "why": "who can tell"})
        return said


REASONER = SymbolicReasoner()
REASONERS = st.sampled_from([REASONER, Doubting()])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that holds the rule set as its first revision."""
    with Store(tmp_path_factory.mktemp("deducing") / "store") as opened:
        saved = opened.scenes.save(NewRevision(RULE_SET.scene, SOURCE, "kim", "for a test"))
        assert (saved.ref, saved.rule_set) == (REVISION, RULE_SET)
        yield opened


def second_at(frame: int) -> float:
    return frame / FPS


def deducer(smoothing: Smoothing, reasoner: Reasoner = REASONER) -> Deducer:
    return Deducer(
        reasoner=reasoner,
        context=MatchContext(
            rule_set=RULE_SET, lexicon=LEXICON, clip_start=CLIP_START, as_of=AS_OF
        ),
        revision=REVISION,
        taxonomy=TAXONOMY,
        smoothing=smoothing,
    )


def clip_deps(
    store: Store, seen: Sequence[Observation], smoothing: Smoothing, reasoner: Reasoner
) -> ClipDeps:
    """The graph's context for a clip whose frames are these observations."""
    run_id = f"run-{next(NUMBERS)}"
    spec = RunSpec(
        id=run_id,
        scene=RULE_SET.scene,
        revision=REVISION,
        clips=("clip",),
        captioner="test",
        reasoner="symbolic",
        taxonomy="general",
        smoothing=smoothing,
        as_of=AS_OF,
        store=store.place,
    )
    store.runs.create(spec, [("clip", "clip")])
    store.captions.put(one.caption for one in seen if one.caption)
    frames = seen[-1].until_frame if seen else 0
    clip: Any = SimpleNamespace(
        info=SimpleNamespace(name="clip", fps=FPS, frames=frames),
        times=np.arange(frames) / FPS,
    )
    view: Any = None
    return ClipDeps(
        store=store,
        run_id=run_id,
        clip_number=0,
        clip=clip,
        frames=np.asarray([one.frame_index for one in seen]),
        view=view,
        reasoner=reasoner,
        revision=store.scenes.revision(RULE_SET.scene),
        lexicon=LEXICON,
        taxonomy=TAXONOMY,
        smoothing=smoothing,
        as_of=AS_OF,
        clip_start=CLIP_START,
    )


def by_the_graph(deps: ClipDeps, seen: Sequence[Observation], chunk: int) -> dict[str, list[str]]:
    """Match chunk by chunk as `stages.detect_chunk` does, then run the reduce."""
    for number, start in enumerate(range(0, len(seen), chunk)):
        part = seen[start : start + chunk]
        matched = disturbing.match(deps.reasoner, part, deps.match_context(linked=False))
        traces = [Trace(one, found) for one, found in zip(part, matched, strict=True)]
        deps.store.traces.save_chunk(deps.run_id, deps.clip_number, number, traces, Usage())
    for stage in REDUCE:
        stage(deps)
    return {
        "verdicts": [one.model_dump_json() for one in deps.store.traces.verdicts(deps.run_id, 0)],
        "events": [one.model_dump_json() for one in deps.store.events.of_clip(deps.run_id, 0)],
        "clip": [
            one.verdict.model_dump_json()
            for one in deps.store.runs.outcomes(deps.run_id)
            if one.verdict
        ],
    }


def in_memory(found: Deduction, by: Deducer | None = None) -> dict[str, list[str]]:
    return {
        "verdicts": [one.model_dump_json() for one in found.verdicts],
        "events": [one.model_dump_json() for one in found.events],
        "clip": [by.conclude_clip("clip", found).model_dump_json()] if by else [],
    }


SMOOTHINGS = st.sampled_from(
    [
        Smoothing(method="none"),
        Smoothing(method="none", is_causal=True),
        Smoothing(seconds=0.3),
        Smoothing(method="ema", seconds=0.2),
        Smoothing(method="ema", seconds=0.5, is_causal=True),
        Smoothing(method="majority", seconds=0.3),
        Smoothing(method="majority", seconds=0.3, is_causal=True),
    ]
)


@settings(max_examples=60)
@given(scenes(), SMOOTHINGS, REASONERS, st.integers(1, 40))
def test_the_graph_says_the_same(
    store: Store,
    seen: list[Observation],
    smoothing: Smoothing,
    reasoner: Reasoner,
    chunk: int,
) -> None:
    before = [one.model_dump_json() for one in seen]
    deps = clip_deps(store, seen, smoothing, reasoner)
    by = deducer(smoothing, reasoner)
    found = by.deduce("clip", seen, deps.second_at)
    assert in_memory(found, by) == by_the_graph(deps, seen, chunk)
    assert [one.model_dump_json() for one in seen] == before
    assert len(found.verdicts) == len(found.traces) == len(seen)


def stretch(*said: str) -> list[Observation]:
    """One caption a frame, each with a key of its own; an empty one is a failure."""
    return [
        observe(make_caption(text, key=text), frame=number) if text else failed(number)
        for number, text in enumerate(said)
    ]


FALLING = ["A man walks."] * 6 + ["A man falls down."] * 8 + [""] + ["A man walks."] * 6


@pytest.mark.parametrize("is_causal", [False, True])
def test_it_is_not_about_nothing(store: Store, is_causal: bool) -> None:
    """So that the property above compares alarms, links and reflections, too."""
    smoothing = Smoothing(method="ema", seconds=0.2, is_causal=is_causal)
    deps = clip_deps(store, stretch(*FALLING), smoothing, REASONER)
    by = deducer(smoothing)
    found = by.deduce("clip", stretch(*FALLING), deps.second_at)
    [event] = found.events
    assert event.category == "motion.fall"
    assert event.reflection is not None
    assert {one.outcome for one in found.verdicts} == {"normal", "anomaly", "failed"}
    assert by_the_graph(deps, stretch(*FALLING), 4) == in_memory(found, by)


def staying(frames: int) -> list[Observation]:
    """A figure that stays where it is."""
    caption = make_caption("A figure.", [make_figure(make_box(0.3), speed_ratio=0.1)], key="stay")
    return [observe(caption, frame=number) for number in range(frames)]


def test_measured_figures_are_linked(store: Store) -> None:
    seen = staying(30)
    deps = clip_deps(store, seen, Smoothing(seconds=0.1), REASONER)
    by = deducer(Smoothing(seconds=0.1))
    found = by.deduce("clip", seen, deps.second_at)
    assert [trace.observation.links[0].track for trace in found.traces] == [0] * 30
    assert found.events[0].rules == ("gate.linger",)
    assert by_the_graph(deps, seen, 7) == in_memory(found, by)


def test_a_cleared_event_is_cleared_to_its_last_frame(store: Store) -> None:
    seen = stretch(*["A man walks."] * 6, *["A man is standing, then walks."] * 8, "A man walks.")
    smoothing = Smoothing(method="none")
    deps = clip_deps(store, seen, smoothing, REASONER)
    by = deducer(smoothing)
    found = by.deduce("clip", seen, deps.second_at)
    assert [trace.reason for trace in found.traces[6:14]] == [0.6] * 8
    assert {verdict.outcome for verdict in found.verdicts} == {"normal"}
    assert all("cleared" in verdict.rationale for verdict in found.verdicts[6:14])
    assert by_the_graph(deps, seen, 4) == in_memory(found, by)


def test_evidence_may_lie_as_far_away_as_robust_reasoning_looks(store: Store) -> None:
    """Faint matches may add up to an alarm; what fires beside them is the better evidence."""
    fast, faint = (
        make_caption("", [make_figure(speed_ratio=speed, height_ratio=3.9)], key=f"{speed}")
        for speed in (9.0, 2.94)
    )
    seen = [observe(said, frame=n) for n, said in enumerate([fast, faint])]
    smoothing = Smoothing(method="none")
    deps = clip_deps(store, seen, smoothing, REASONER)
    by = deducer(smoothing)
    found = by.deduce("clip", seen, deps.second_at)
    _, verdict = found.verdicts
    assert verdict.outcome == "anomaly"
    assert [evidence.frame_index for evidence in verdict.evidence] == [0]
    assert by_the_graph(deps, seen, 4) == in_memory(found, by)


def test_matches_may_be_smoothed_in_several_ways() -> None:
    """What is measured on recorded captions: matched once, concluded for each mode."""
    seen, whole = stretch(*FALLING), deducer(Smoothing(seconds=0.2))
    matched = whole.match(seen)
    online = Smoothing(method="ema", seconds=0.2, is_causal=True)
    for smoothing in (Smoothing(seconds=0.2), online):
        once = whole.smoothed_by(smoothing).conclude("clip", matched, second_at)
        assert in_memory(once) == in_memory(deducer(smoothing).deduce("clip", seen, second_at))
    assert whole.match(seen) == matched
    assert whole.smoothing == Smoothing(seconds=0.2)


def test_nothing_is_said_of_nothing() -> None:
    assert deducer(Smoothing()).deduce("clip", [], second_at) == Deduction([], [], [])


@settings(max_examples=60)
@given(scenes(), st.sampled_from(["ema", "majority", "none"]), st.data(), REASONERS)
def test_a_causal_verdict_never_looks_ahead(
    seen: list[Observation], method: str, data: st.DataObject, reasoner: Reasoner
) -> None:
    """Cut after any frame, a clip has the same scores, notes and verdicts as before."""
    smoothing = Smoothing.model_validate({"method": method, "seconds": 0.4, "is_causal": True})
    whole = deducer(smoothing, reasoner).deduce("clip", seen, second_at)
    kept = data.draw(st.integers(0, len(seen)))
    early = deducer(smoothing, reasoner).deduce("clip", seen[:kept], second_at)
    assert early.traces == whole.traces[:kept]
    assert early.verdicts == whole.verdicts[:kept]


def test_a_causal_reflection_changes_its_mind(store: Store) -> None:
    """So that the property above is about reflections, too: cleared, then raised."""
    seen = stretch(
        *["A man walks."] * 3, *["A man is standing, then walks."] * 5, *["A man falls down."] * 9
    )
    smoothing = Smoothing(method="none", is_causal=True)
    deps = clip_deps(store, seen, smoothing, REASONER)
    by = deducer(smoothing)
    found = by.deduce("clip", seen, deps.second_at)
    outcomes = [verdict.outcome for verdict in found.verdicts]
    assert outcomes == ["normal"] * 8 + ["anomaly"] * 9
    assert all("cleared" in verdict.rationale for verdict in found.verdicts[3:8])
    assert by_the_graph(deps, seen, 4) == in_memory(found, by)
