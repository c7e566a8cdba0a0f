"""Which frames are checked again, with which neighbours, and what the answer does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.base import Checked, Disputed
from ruler.schemas.traces import Trace
from ruler.steps.reasoning import LOT, reason
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
        found = match_of("gate.odd", min(1.0, number / 100), quote(seen, "person"))
        made.append(trace_of(seen, found, match=match, smooth=smooth))
    return made


def run(
    traces: list[Trace], score: float | None = None, *, is_causal: bool = False
) -> tuple[list[Trace], list[Disputed]]:
    """Every check answers `score`, or keeps the prior."""
    asked: list[Disputed] = []

    def check(disputed: Sequence[Disputed]) -> list[Checked]:
        asked.extend(disputed)
        if score is None:
            return [Checked(score=one.prior) for one in disputed]
        return [Checked(score=score, why="because")] * len(disputed)

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

    def check(disputed: Sequence[Disputed]) -> list[Checked]:
        asked.extend(disputed)
        return [Checked(score=one.prior) for one in disputed]

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


def lots(traces: list[Trace], *, is_causal: bool = False) -> list[list[int]]:
    """Which frames are checked together."""
    asked: list[list[int]] = []

    def check(disputed: Sequence[Disputed]) -> list[Checked]:
        asked.append([one.observation.frame_index for one in disputed])
        return [Checked(score=one.prior) for one in disputed]

    done = list(reason(iter(traces), check, rule_set=RULES, is_causal=is_causal))
    assert [t.observation for t in done] == [t.observation for t in traces]
    return asked


def test_frames_are_checked_in_lots_by_their_place_in_the_clip() -> None:
    traces = frames(*[(0.9, 0.9), (0.1, 0.1)] * LOT)
    even = list(range(0, 2 * LOT, 2))
    assert lots(traces) == [even[: LOT // 2], even[LOT // 2 :]]
    # A frame that is not disputed any more moves no other lot.
    calmer = [*frames((0.1, 0.1)), *traces[1:]]
    assert lots(calmer) == [even[1 : LOT // 2], even[LOT // 2 :]]
    assert lots(frames(*[(0.1, 0.1)] * 3)) == []


def test_in_causal_mode_each_frame_is_checked_before_the_next_is_there() -> None:
    traces = frames((0.9, 0.9), (0.9, 0.9), (0.1, 0.1))
    assert lots(traces, is_causal=True) == [[0], [1]]
    taken: list[int] = []

    def stream() -> Iterator[Trace]:
        for trace in traces:
            taken.append(trace.observation.frame_index)
            yield trace

    checks = reason(
        stream(),
        lambda disputed: [Checked(one.prior) for one in disputed],
        rule_set=RULES,
        is_causal=True,
    )
    for number, _ in enumerate(checks):
        assert taken == list(range(number + 1))


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
