"""Verdicts: a failure is never normal, an anomaly always has its grounds, a forgery is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.rules import Rule
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Evidence, Match, Matched, evidence_holds
from ruler.steps.judging import Judge
from tests.support import (
    REVISION,
    failed,
    make_box,
    make_caption,
    make_figure,
    make_rule,
    match_of,
    measured_on,
    observe,
    quote,
    trace_of,
)

RUNNING = make_rule("running", title="Someone runs")
FAST = make_rule("fast", title="Too fast", measures=[{"fact": "speed_ratio", "above": 2.0}])
FAINT = make_rule("faint", weight=0.1)
OFF = make_rule("off", weight=0.0)
NORMAL = make_rule("walking", kind="normal")
RULES = (RUNNING, FAST, FAINT, OFF, NORMAL)
JUDGE = Judge("clip", REVISION, RULES, 0.5)
SEEN = observe(make_caption("A person runs.", [make_figure(speed_ratio=3.0)]), frame=4)
SAID = match_of(RUNNING, 0.9, quote(SEEN, "runs"))
MEASURED = match_of(FAST, 0.8, measured_on(SEEN, "speed_ratio", 0))


def test_a_failure_is_never_normal() -> None:
    for score in (None, 0.0, 1.0):
        verdict = JUDGE.judge(trace_of(failed(3), score=score), [])
        assert verdict.outcome == "failed"
        assert verdict.reason == "the frame is damaged"
        assert verdict.caption is None


def test_no_score_is_undetermined() -> None:
    trace = Trace(observation=SEEN, matched=Matched(undetermined="the model was unsure"))
    verdict = JUDGE.judge(trace, [trace])
    assert (verdict.outcome, verdict.reason) == ("undetermined", "the model was unsure")
    assert JUDGE.judge(trace_of(SEEN), []).outcome == "undetermined"


def test_a_score_that_was_lost_on_the_way_says_where() -> None:
    lost = trace_of(SEEN, SAID, match=0.9, smooth=0.9, reason=0.9).noted("reflection failed")
    verdict = JUDGE.judge(lost, [lost])
    assert (verdict.outcome, verdict.reason) == ("undetermined", "reflection failed")
    both = lost.noted("and again")
    assert JUDGE.judge(both, []).reason == "reflection failed; and again"


def test_an_anomaly_says_why() -> None:
    trace = trace_of(SEEN, MEASURED, SAID, score=0.98).noted("raised: again and again")
    verdict = JUDGE.judge(trace, [trace])
    assert verdict.outcome == "anomaly"
    assert verdict.rules == (RUNNING.id, FAST.id)
    assert verdict.evidence == (*SAID.evidence, *MEASURED.evidence)
    assert verdict.revision == REVISION
    assert SEEN.caption is not None
    assert verdict.caption == SEEN.caption.sha256
    assert (verdict.frame_index, verdict.until_frame) == (4, 5)
    for part in ('the caption says "runs"', "gate.running", "above 2", "raised: again"):
        assert part in verdict.rationale


def test_below_the_threshold_is_normal() -> None:
    verdict = JUDGE.judge(trace_of(SEEN, SAID, score=0.4999), [])
    assert verdict.outcome == "normal"
    assert verdict.rules == (RUNNING.id,)
    assert JUDGE.judge(trace_of(SEEN, SAID, score=0.5), []).outcome == "anomaly"


FORGERIES: list[Evidence] = [
    SAID.evidence[0].model_copy(update={"quote": "fall"}),
    SAID.evidence[0].model_copy(update={"start": 0, "stop": 4}),
    SAID.evidence[0].model_copy(update={"caption": "0" * 64}),
    SAID.evidence[0].model_copy(update={"frame_index": 5}),
    MEASURED.evidence[0].model_copy(update={"value": 9.0}),
    MEASURED.evidence[0].model_copy(update={"figure": 1}),
    MEASURED.evidence[0].model_copy(update={"box": make_box(0.4)}),
    MEASURED.evidence[0].model_copy(update={"fact": "fall_speed"}),
    MEASURED.evidence[0].model_copy(update={"fact": "dwell_seconds"}),
    MEASURED.evidence[0].model_copy(update={"fact": "mood"}),
]


@pytest.mark.parametrize("forged", FORGERIES)
def test_a_forgery_raises_no_alarm(forged: Evidence) -> None:
    rule = RUNNING if forged.kind == "words" else FAST
    for evidence in ((forged,), (quote(SEEN, "person"), forged)):
        trace = trace_of(SEEN, match_of(rule, 1.0, *evidence), score=1.0)
        verdict = JUDGE.judge(trace, [trace])
        assert verdict.outcome == "undetermined"
        assert verdict.evidence == ()
        assert verdict.reason


@pytest.mark.parametrize("rule", [OFF, NORMAL])
def test_only_rules_with_weight_are_grounds(rule: Rule) -> None:
    trace = trace_of(SEEN, match_of(rule, 1.0, quote(SEEN, "runs")), score=1.0)
    assert JUDGE.judge(trace, [trace]).outcome == "undetermined"


def test_an_unknown_rule_is_no_ground() -> None:
    trace = trace_of(SEEN, match_of("gate.gone", 1.0, quote(SEEN, "runs")), score=1.0)
    assert JUDGE.judge(trace, [trace]).outcome == "undetermined"


def test_evidence_may_come_from_the_support() -> None:
    quiet = trace_of(observe("A person walks.", frame=5), score=0.6)
    near, far = (
        trace_of(one, match_of(RUNNING, 0.9, quote(one, "runs")), score=0.6)
        for one in (observe("One runs.", frame=6), observe("Nobody. One runs.", frame=8))
    )
    verdict = JUDGE.judge(quiet, [quiet, far, near])
    assert verdict.outcome == "anomaly"
    assert [evidence.frame_index for evidence in verdict.evidence] == [6]
    assert JUDGE.judge(quiet, [quiet]).outcome == "undetermined"
    assert JUDGE.judge(quiet, [quiet, trace_of(failed(6), SAID)]).outcome == "undetermined"


def test_own_evidence_that_fires_goes_first() -> None:
    own = match_of(FAINT, 0.6, quote(SEEN, "person"))
    other = trace_of(observe("One runs.", frame=5), score=1.0)
    other = trace_of(
        other.observation, match_of(RUNNING, 1.0, quote(other.observation, "runs")), score=1.0
    )
    assert JUDGE.judge(trace_of(SEEN, own, score=1.0), [other]).rules == (FAINT.id,)
    weak = match_of(FAINT, 0.4, quote(SEEN, "person"))
    trace = trace_of(SEEN, weak, score=1.0)
    assert JUDGE.judge(trace, [trace, other]).rules == (RUNNING.id,)
    assert JUDGE.judge(trace, [trace]).rules == (FAINT.id,)


SCORES = st.none() | st.floats(0, 1)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """A frame as a careless reasoner leaves it: some matches are true, some forged."""
    frame = draw(st.integers(0, 4))
    if draw(st.booleans()):
        seen = failed(frame)
    else:
        words = draw(st.sampled_from(["A person runs.", "One runs and falls.", "It runs."]))
        seen = observe(make_caption(words, [make_figure(speed_ratio=3.0)]), frame=frame)
    possible: list[Match] = [SAID, MEASURED]
    possible += [match_of(RUNNING, 0.7, forged) for forged in FORGERIES]
    if seen.caption:
        possible += [
            match_of(draw(st.sampled_from(RULES)), draw(st.floats(0, 1)), quote(seen, "runs")),
            match_of(FAST, draw(st.floats(0, 1)), measured_on(seen, "speed_ratio", 0)),
        ]
    matches = draw(st.lists(st.sampled_from(possible), max_size=3))
    return trace_of(seen, *matches, score=draw(SCORES))


@given(traces(), st.lists(traces(), max_size=4))
def test_every_verdict_keeps_the_invariants(trace: Trace, around: list[Trace]) -> None:
    support = [trace, *around]
    before = [one.observation.model_dump_json() for one in support]
    verdict = JUDGE.judge(trace, support)
    assert [one.observation.model_dump_json() for one in support] == before
    assert (verdict.outcome == "failed") == (trace.observation.failure is not None)
    if trace.observation.failure is None:
        assert (verdict.outcome == "undetermined") >= (trace.reflect is None)
        assert (verdict.outcome == "normal") == (
            trace.reflect is not None and trace.reflect < JUDGE.threshold
        )
    if verdict.outcome == "anomaly":
        assert verdict.rules
        assert verdict.revision == REVISION
        assert set(verdict.rules) <= {RUNNING.id, FAST.id, FAINT.id}
        for evidence in verdict.evidence:
            assert any(
                evidence.frame_index == one.observation.frame_index
                and one.observation.caption is not None
                and evidence_holds(evidence, one.observation.caption)
                for one in support
            )
