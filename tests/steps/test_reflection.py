"""What a reflection does to the scores, and which spans and rule it is asked about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.base import EventEvidence
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Outcome, Reflection
from ruler.steps.reflection import (
    Question,
    apply,
    leading_rule,
    questions,
    reflect,
    reflect_span,
)
from ruler.steps.spans import ScoredFrame, Span
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


def timed(scores: Sequence[float | None]) -> list[ScoredFrame]:
    """Ten frames a second."""
    return [(n, n / 10, score) for n, score in enumerate(scores)]


def test_alarms_are_asked_about_and_what_came_near() -> None:
    frames = timed([0.29, 0.3, None, 0.6, 0.29, 0.0])
    assert list(questions(frames, 0.5, is_causal=False)) == [Question(Span(1, 4, 3, 0.6), 1, 4)]
    assert list(questions([(0, 0.0, 0.0)], 0.0, is_causal=False)) == []


def test_a_growing_span_is_asked_about_at_twice_its_samples_and_where_it_rises() -> None:
    frames = timed([0.0, 0.3, 0.4, 0.4, 0.4, 0.5, 0.1, 0.4, 0.7, 0.4, 0.4, *[0.0] * 12, 0.3])
    assert list(questions(frames, 0.5, is_causal=True)) == [
        Question(Span(1, 2, 1, 0.3), 1, 2),
        Question(Span(1, 3, 2, 0.4), 2, 4),
        Question(Span(1, 5, 4, 0.4), 4, 5),
        Question(Span(1, 6, 5, 0.5), 5, 8),  # an alarm
        Question(Span(1, 9, 8, 0.7), 8, 21),  # far above; a second on, it might still be bridged
        Question(Span(23, 24, 1, 0.3), 23, 24),
    ]


@given(st.lists(SCORES, max_size=60), st.floats(0.01, 1))
def test_questions_while_it_grows(scores: list[float | None], threshold: float) -> None:
    frames = timed(scores)
    asked = list(questions(frames, threshold, is_causal=True))
    whole = [one.span for one in questions(frames, threshold, is_causal=False)]
    for one in asked:
        # It ends with the frame from which on its answer counts, and lies in one whole span.
        assert one.span.stop_frame == one.start_frame + 1 <= one.stop_frame
        [span] = [s for s in whole if s.start_frame <= one.start_frame < s.stop_frame]
        assert one.span.start_frame == span.start_frame
        seen = scores[one.span.start_frame : one.span.stop_frame]
        assert one.span.samples == len(seen)
        assert one.span.peak_score == max(score for score in seen if score is not None)
    for before, after in pairwise(asked):
        assert before.stop_frame <= after.start_frame
    for span in whole:
        of_it = [one for one in asked if one.span.start_frame == span.start_frame]
        covered = [n for one in of_it for n in range(one.start_frame, one.stop_frame)]
        assert set(range(span.start_frame, span.stop_frame)) <= set(covered)
        assert len(of_it) <= math.log2(span.samples) + 4
    for cut in range(len(frames)):
        early = list(questions(frames[:cut], threshold, is_causal=True))
        assert [(one.span, one.start_frame) for one in early] == [
            (one.span, one.start_frame) for one in asked if one.start_frame < cut
        ]


class Clearing(SymbolicReasoner):
    """Clears whatever it is asked about."""

    def reflect(self, event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
        return answer("anomaly" if event.peak_score >= event.threshold else "normal", "normal")


@pytest.mark.parametrize(
    ("peak", "is_causal", "second"),
    [
        (0.69, True, "normal"),
        (0.7, True, "anomaly"),
        (0.7, False, "normal"),
        (1.0, True, "anomaly"),
    ],
)
def test_a_part_clears_only_close_calls(peak: float, is_causal: bool, second: Outcome) -> None:
    scores = [peak, peak]
    known = traces(list(scores))
    said = reflect(
        timed(scores),
        lambda start, stop: known[start:stop],
        reasoner=Clearing(),
        rule_set=RULE_SET,
        taxonomy=TAXONOMY,
        is_causal=is_causal,
    )
    assert {(one.first, one.second) for _, one in said} == {("anomaly", second)}


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
