"""What a reflection does to the scores, and which spans and rule it is asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.base import EventEvidence
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Outcome, Reflection
from ruler.steps.reflection import apply, candidates, leading_rule, reflect_span
from ruler.steps.spans import Span
from tests.support import failed, make_rule, make_rules, match_of, observe, quote, trace_of

TAXONOMY = Taxonomy(id="test", categories={})
SCORES = st.none() | st.floats(0, 1)


def answer(first: Outcome, second: Outcome) -> Reflection:
    return Reflection(first=first, second=second, why="because")


def traces(scores: list[float | None]) -> list[Trace]:
    return [
        trace_of(failed(n) if score is None else observe(frame=n), reason=score)
        for n, score in enumerate(scores)
    ]


def after(scores: list[float | None], said: Reflection, threshold: float = 0.5) -> list[Trace]:
    return list(apply(iter(traces(scores)), said, threshold))


@given(st.lists(SCORES, max_size=8), st.floats(0.01, 1))
def test_cleared_frames_fall_below(scores: list[float | None], threshold: float) -> None:
    for trace in after(scores, answer("anomaly", "normal"), threshold):
        assert (trace.reflect is None) == (trace.reason is None)
        if trace.reflect is not None and trace.reason is not None:
            assert trace.reflect < threshold
            assert trace.reflect <= trace.reason
            assert trace.notes == ("because",)


@given(st.lists(SCORES, max_size=8), st.floats(0.01, 1))
def test_raised_frames_reach_the_threshold_where_they_came_near(
    scores: list[float | None], threshold: float
) -> None:
    for trace in after(scores, answer("normal", "anomaly"), threshold):
        assert (trace.reflect is None) == (trace.reason is None)
        if trace.reflect is not None and trace.reason is not None:
            near = trace.reason >= 0.6 * threshold
            assert trace.reflect == (max(trace.reason, threshold) if near else trace.reason)


@given(st.lists(SCORES, max_size=8), st.floats(0.01, 1), st.sampled_from(["anomaly", "normal"]))
def test_a_span_that_cannot_be_told_is_neither_cleared_nor_an_alarm(
    scores: list[float | None], threshold: float, first: Outcome
) -> None:
    for trace in after(scores, answer(first, "undetermined"), threshold):
        if trace.reason is None:
            continue
        near = trace.reason >= 0.6 * threshold
        assert trace.reflect == (None if near else trace.reason)
        assert trace.reflect is None or trace.reflect < threshold
        assert trace.notes == ("because",)


@given(st.lists(SCORES, max_size=8), st.sampled_from(["anomaly", "normal"]))
def test_a_confirmed_span_stays(scores: list[float | None], outcome: Outcome) -> None:
    for trace in after(scores, answer(outcome, outcome)):
        assert trace.reflect == trace.reason
        assert trace.notes == ()


@given(st.lists(st.floats(0, 1), max_size=8), st.booleans())
def test_order_within_a_span_stays(scores: list[float], is_cleared: bool) -> None:
    said = answer("anomaly", "normal") if is_cleared else answer("normal", "anomaly")
    moved = [trace.reflect for trace in after(sorted(scores), said)]
    assert moved == sorted(score for score in moved if score is not None)


def test_candidates_are_alarms_and_what_came_near() -> None:
    scores = [0.29, 0.3, None, 0.6, 0.29, 0.0]
    frames = [(n, n / 10, score) for n, score in enumerate(scores)]
    assert list(candidates(frames, 0.5)) == [Span(1, 4, 3, 0.6)]
    assert list(candidates([(0, 0.0, 0.0)], 0.0)) == []


ODD, FAST = make_rule("odd", weight=0.5), make_rule("fast", weight=1.0)
RULE_SET = make_rules(ODD, FAST, make_rule("draft", status="draft"), make_rule("n", kind="normal"))


def hit(frame: int, *found: tuple[str, float]) -> Trace:
    seen = observe(frame=frame)
    evidence = quote(seen, "person")
    return trace_of(seen, *(match_of(rule, strength, evidence) for rule, strength in found))


@pytest.mark.parametrize(
    ("found", "leader"),
    [
        ([], None),
        ([("gate.odd", 1.0), ("gate.fast", 0.4)], "gate.odd"),
        ([("gate.odd", 1.0), ("gate.fast", 0.6)], "gate.fast"),
        ([("gate.odd", 1.0), ("gate.fast", 0.5)], "gate.fast"),
        ([("gate.draft", 1.0), ("gate.n", 1.0), ("gate.gone", 1.0)], None),
    ],
)
def test_the_leading_rule_weighs_most(found: list[tuple[str, float]], leader: str | None) -> None:
    rule = leading_rule([hit(0, *found), hit(1)], RULE_SET)
    assert (rule.id if rule else None) == leader


def test_a_span_is_thinned_evenly() -> None:
    class Listening(SymbolicReasoner):
        def reflect(self, event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
            heard.append(event)
            return super().reflect(event, taxonomy)

    heard: list[EventEvidence] = []
    long = [replace(hit(n, ("gate.odd", 1.0)), reason=0.6) for n in range(500)]
    span = Span(0, 500, 500, 0.6)
    said = reflect_span(
        iter(long), span, reasoner=Listening(), rule_set=RULE_SET, taxonomy=TAXONOMY
    )
    assert (said.first, said.second) == ("anomaly", "anomaly")
    [event] = heard
    kept = [seen.frame_index for seen in event.observations]
    assert len(kept) <= 240
    assert kept == list(range(0, 500, kept[1]))
    assert len(event.matched) == len(event.observations)
    assert (event.peak_score, event.threshold, event.rule) == (0.6, 0.5, ODD)
