"""Runs of anomalous frames become events."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.verdicts import Event, Reflection, StageScores, Verdict
from ruler.steps.eventing import find_events
from tests.support import make_rule, observe, quote, verdict_of

RULES = {
    rule.id: rule
    for rule in (
        make_rule("odd", level="low", category="motion.odd", title="Odd"),
        make_rule("fast", level="high", title="Fast"),
    )
}


def events_of(verdicts: Iterable[Verdict], reflection: Reflection | None = None) -> list[Event]:
    return list(
        find_events(
            iter(verdicts),
            RULES,
            second_at=lambda frame: frame / 10,
            reflection_at=lambda _: reflection,
        )
    )


def test_one_run_one_event() -> None:
    scores = [0.1, 0.6, 0.9, 0.7, 0.1]
    [event] = events_of(verdict_of(frame, score) for frame, score in enumerate(scores))
    assert (event.id, event.clip) == ("clip#1", "clip")
    assert (event.start_frame, event.stop_frame) == (1, 4)
    assert (event.start_seconds, event.stop_seconds) == pytest.approx((0.1, 0.4))
    assert (event.key_frame, event.peak_score) == (2, 0.9)
    assert (event.title, event.level, event.category) == ("Odd", "low", "motion.odd")
    assert event.rules == ("gate.odd",)
    assert event.revision.revision == 3
    assert [evidence.frame_index for evidence in event.evidence] == [2]


def test_a_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    frames = [verdict_of(frame, 0.9 if frame in (0, 10, 21) else 0.0) for frame in range(25)]
    assert [(e.start_frame, e.stop_frame) for e in events_of(frames)] == [(0, 11), (21, 22)]
    assert [event.id for event in events_of(frames)] == ["clip#1", "clip#2"]
    alone = [frame for frame in frames if frame.outcome == "anomaly"]
    assert len(events_of(alone)) == 2


@pytest.mark.parametrize("outcome", ["failed", "undetermined"])
def test_what_is_not_decided_is_no_event(outcome: str) -> None:
    unknown = verdict_of(0, 0.0, outcome=outcome, reason="why")
    assert events_of([unknown, unknown]) == []
    [event] = events_of([verdict_of(0), verdict_of(1, 0.0, outcome=outcome, reason="why")])
    assert event.stop_frame == 1


def test_the_rule_of_most_frames_leads() -> None:
    frames = [
        verdict_of(0, rules=["gate.odd", "gate.fast"]),
        verdict_of(1, rules=["gate.fast"]),
    ]
    [event] = events_of(frames)
    assert event.rules == ("gate.fast", "gate.odd")
    assert (event.title, event.level, event.category) == ("Fast", "high", None)


def test_the_key_frame_shows_its_own_evidence() -> None:
    elsewhere = quote(observe(frame=0), "person")
    frames = [verdict_of(0, 0.6), verdict_of(1, 0.9, evidence=[elsewhere])]
    [event] = events_of(frames)
    assert event.key_frame == 0
    assert event.evidence[0].frame_index == 0


def test_of_equal_frames_the_clearest_match_is_key() -> None:
    def stages(match: float) -> StageScores:
        return StageScores(match=match, smooth=1, reason=1, reflect=1)

    frames = [verdict_of(frame, stages=stages(match)) for frame, match in enumerate([0.6, 0.9])]
    assert events_of(frames)[0].key_frame == 1


def test_reflection_names_it_and_may_make_it_graver() -> None:
    named = Reflection(
        first="anomaly", second="anomaly", category="motion.chase", level="critical", why="named"
    )
    [event] = events_of([verdict_of(0)], named)
    assert (event.category, event.level, event.reflection) == ("motion.chase", "critical", named)
    milder = named.model_copy(update={"level": "info", "category": None})
    [event] = events_of([verdict_of(0)], milder)
    assert (event.category, event.level) == ("motion.odd", "low")


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from([0.0, 0.6, 0.9])), max_size=30))
def test_every_anomaly_is_in_exactly_one_event(drawn: list[tuple[int, float]]) -> None:
    frames, at = [], 0
    for step, score in drawn:
        at += step
        frames.append(verdict_of(at, score))
    events = events_of(frames)
    for frame in frames:
        holding = [e for e in events if e.start_frame <= frame.frame_index < e.stop_frame]
        assert len(holding) == 1 if frame.outcome == "anomaly" else len(holding) <= 1
    for before, after in pairwise(events):
        assert before.stop_frame <= after.start_frame
        assert after.start_seconds - before.stop_seconds > 0.9 - 1e-6
