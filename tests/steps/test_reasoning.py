"""Which frames are checked again, with which neighbours, and what the answer does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.base import Checked, Disputed
from ruler.schemas.traces import Trace
from ruler.steps.reasoning import reason
from tests.support import failed, make_rule, make_rules, match_of, observe, quote, trace_of

RULES = make_rules(
    make_rule("odd", weight=0.8),
    make_rule("usual", kind="normal", weight=0.9),
    make_rule("draft", status="draft"),
    make_rule("light", weight=0.1),
)


def frames(*scores: tuple[float | None, float | None]) -> list[Trace]:
    """Traces by (match, smooth), ten a second; the strength of the match tells the frame."""
    made = []
    for number, (match, smooth) in enumerate(scores):
        seen = observe(frame=number)
        found = match_of("gate.odd", number / 100, quote(seen, "person"))
        made.append(trace_of(seen, found, match=match, smooth=smooth))
    return made


def run(
    traces: list[Trace], score: float | None = None, *, is_causal: bool = False
) -> tuple[list[Trace], list[Disputed]]:
    """Every check answers `score`, or keeps the prior."""
    asked: list[Disputed] = []

    def check(disputed: Disputed) -> Checked:
        asked.append(disputed)
        if score is None:
            return Checked(score=disputed.prior)
        return Checked(score=score, why="because")

    return list(reason(iter(traces), check, rule_set=RULES, is_causal=is_causal)), asked


def test_only_disputed_frames_are_checked() -> None:
    traces = frames((0.1, 0.1), (0.9, 0.2), (0.1, 0.5), (0.9, 0.9), (None, None), (0.4, 0.4))
    done, asked = run(traces, 0.7)
    assert [trace.reason for trace in done] == [0.1, 0.7, 0.7, 0.7, None, 0.4]
    assert [one.observation.frame_index for one in asked] == [1, 2, 3]
    assert [one.prior for one in asked] == [0.2, 0.5, 0.9]
    assert all(one.threshold == 0.5 for one in asked)
    assert [trace.notes for trace in done[:2]] == [(), ("because",)]


def test_a_check_is_told_what_each_live_anomaly_rule_weighs() -> None:
    _, [asked] = run(frames((0.9, 0.9)))
    assert asked.weights == {"gate.odd": 0.8, "gate.light": 0.1}


def test_the_threshold_is_the_rule_sets() -> None:
    strict = make_rules(*RULES.rules, threshold=0.8)
    asked: list[Disputed] = []

    def check(disputed: Disputed) -> Checked:
        asked.append(disputed)
        return Checked(score=disputed.prior)

    traces = frames((0.7, 0.7), (0.8, 0.1), (0.1, 0.8))
    list(reason(traces, check, rule_set=strict, is_causal=False))
    assert [one.observation.frame_index for one in asked] == [1, 2]
    assert {one.threshold for one in asked} == {0.8}


@pytest.mark.parametrize("is_causal", [False, True])
def test_neighbours_lie_within_half_a_second(is_causal: bool) -> None:
    traces = frames(*[(0.1, 0.1)] * 8, (0.9, 0.9), *[(0.1, 0.1)] * 8)
    _, [asked] = run(traces, is_causal=is_causal)
    assert [found.matches[0].strength for found in asked.before] == [0.03, 0.04, 0.05, 0.06, 0.07]
    after = [found.matches[0].strength for found in asked.after]
    assert after == ([] if is_causal else [0.09, 0.10, 0.11, 0.12, 0.13])


def test_either_direction() -> None:
    down, _ = run(frames((0.9, 0.9)), 0.1)
    up, _ = run(frames((0.9, 0.3)), 0.8)
    assert (down[0].reason, up[0].reason) == (0.1, 0.8)


@pytest.mark.parametrize(("answer", "kept"), [(1.5, 1.0), (-0.5, 0.0)])
def test_an_answer_out_of_bounds_is_cut(answer: float, kept: float) -> None:
    done, _ = run(frames((0.9, 0.9)), answer)
    assert done[0].reason == kept


def test_a_note_is_said_once() -> None:
    once, _ = run(frames((0.9, 0.9)), 0.7)
    twice, _ = run([replace(once[0], reason=None)], 0.7)
    assert twice[0].notes == ("because",)


@given(st.lists(st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12))
def test_all_else_stays(scores: list[tuple[float, float] | None]) -> None:
    traces = frames(*(pair or (None, None) for pair in scores))
    traces = [
        trace_of(failed(number)) if trace.smooth is None else trace
        for number, trace in enumerate(traces)
    ]
    done, _ = run(traces)
    for before, after in zip(traces, done, strict=True):
        assert after.reason == before.smooth
        assert replace(after, reason=before.reason) == before
