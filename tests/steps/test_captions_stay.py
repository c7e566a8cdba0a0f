"""Invariant 2: a caption is byte-identical before and after every step, whatever it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.induction import Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule
from ruler.schemas.runs import Smoothing
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Verdict, evidence_holds
from ruler.steps import reasoning, reflection, scoring
from ruler.steps.batching import linked
from ruler.steps.eventing import find_events
from ruler.steps.judging import Judge
from ruler.steps.linking import Carry, link
from ruler.steps.smoothing import smooth
from ruler.steps.voting import aggregate
from tests.support import (
    MEASURED,
    REVISION,
    SENTENCES,
    TEXTS,
    context_of,
    lexicon,
    make_brief,
    make_concept,
    make_rule,
    make_rules,
    observations,
    observe,
)

REASONER = SymbolicReasoner()
LEXICON = lexicon(falling=make_concept("falling down", category="motion.fall"))
TAXONOMY = Taxonomy.model_validate(
    {
        "id": "test",
        "categories": {
            "motion": {
                "title": "Motion",
                "items": [
                    {
                        "id": "motion.fall",
                        "kind": "abnormal",
                        "title": "Fall",
                        "level": "high",
                        "statement": "Someone falls.",
                        "look_for": ["falling"],
                    },
                    {
                        "id": "motion.walk",
                        "kind": "normal",
                        "title": "Walk",
                        "statement": "Someone walks.",
                        "look_for": ["walking"],
                    },
                ],
            }
        },
    }
)
RULES: tuple[Rule, ...] = (
    make_rule("falling", look_for=["falling down"], category="motion.fall"),
    make_rule("fast", measures=[{"fact": "speed_ratio", "above": 3}], weight=0.8),
    make_rule("linger", measures=[{"fact": "dwell_seconds", "above": 0.2}], weight=0.7),
    make_rule("standing", look_for=["standing"], weight=0.6),
    make_rule("dog", kind="normal", look_for=["dog"], overrides=["gate.standing"]),
    make_rule("usual", kind="normal", look_for=["man", "walk"]),
    make_rule("uncovered", weight=0.6),
)
RULE_SET = make_rules(*RULES)


def detect(seen: Sequence[Observation], smoothing: Smoothing) -> list[Verdict]:
    """All reduce steps in memory, as the deduction graph wires them."""
    weights = scoring.weights_of(RULE_SET.live)
    matched = REASONER.match(seen, context_of(*RULES, words=LEXICON))

    def linked_traces() -> Iterator[Trace]:
        carry = Carry()
        for one, first in zip(seen, matched, strict=True):
            carry, observation = link(carry, one)
            [more] = REASONER.match([observation], context_of(*RULES, linked=True))
            both = scoring.joined(first, more)
            score = None if one.failure else scoring.frame_score(both.matches, weights)
            yield Trace(observation=observation, matched=both, match=score)

    traces = list(linked_traces())
    smoothed = list(smooth([(t.time_seconds, t.match) for t in traces], smoothing))
    traces = [replace(t, smooth=score) for t, score in zip(traces, smoothed, strict=True)]
    causal = smoothing.is_causal
    traces = list(reasoning.reason(traces, REASONER.check, threshold=0.5, is_causal=causal))
    frames = [(t.observation.frame_index, t.time_seconds, t.reason) for t in traces]
    traces = [replace(t, reflect=t.reason) for t in traces]
    for span in reflection.candidates(frames, 0.5):
        inside = slice(span.start_frame, span.stop_frame)
        said = reflection.reflect_span(
            traces[inside], span, reasoner=REASONER, rule_set=RULE_SET, taxonomy=TAXONOMY
        )
        traces[inside] = reflection.apply(traces[inside], said, 0.5)
    judge = Judge("clip", REVISION, RULE_SET.live, 0.5)
    return [judge.judge(trace, traces) for trace in traces]


SMOOTHINGS = st.sampled_from(
    [
        Smoothing(method="none"),
        Smoothing(seconds=0.2),
        Smoothing(method="ema", seconds=0.2, is_causal=True),
        Smoothing(method="majority", seconds=0.2),
    ]
)


@settings(max_examples=60)
@given(observations(SENTENCES | TEXTS), SMOOTHINGS)
def test_detection(seen: list[Observation], smoothing: Smoothing) -> None:
    before = [one.model_dump_json() for one in seen]
    hashes = [one.caption.sha256 for one in seen if one.caption]
    verdicts = detect(seen, smoothing)
    list(
        find_events(
            verdicts,
            {rule.id: rule for rule in RULES},
            second_at=lambda frame: frame / 10,
            reflection_at=lambda _: None,
        )
    )
    assert [one.model_dump_json() for one in seen] == before
    again = [Observation.model_validate_json(text) for text in before]
    assert [one.caption.sha256 for one in again if one.caption] == hashes
    assert [v.model_dump_json() for v in detect(again, smoothing)] == [
        v.model_dump_json() for v in verdicts
    ]
    for one, verdict in zip(seen, verdicts, strict=True):
        assert (verdict.outcome == "failed") == (one.failure is not None)
        if verdict.outcome == "anomaly":
            assert verdict.rules
            assert verdict.evidence
        for evidence in verdict.evidence:
            [caption] = [s.caption for s in seen if s.frame_index == evidence.frame_index]
            assert caption is not None
            assert evidence_holds(evidence, caption)


@settings(max_examples=40)
@given(st.lists(observations(SENTENCES | TEXTS, least=1), min_size=1, max_size=3), st.booleans())
def test_induction(clips: list[list[Observation]], is_measured: bool) -> None:
    before = [[one.model_dump_json() for one in seen] for seen in clips]
    brief = make_brief(LEXICON, TAXONOMY, measured=MEASURED if is_measured else ())
    proposals = [
        REASONER.propose(
            str(number),
            linked("c", [Reference(clip="c", observation=one) for one in seen]),
            brief,
        )
        for number, seen in enumerate(clips)
    ]
    rules = REASONER.write_rules(aggregate(proposals), brief, {})
    assert make_rules(*rules).live == rules
    assert [[one.model_dump_json() for one in seen] for seen in clips] == before


def test_detection_finds_something() -> None:
    """So that the properties above are not about nothing."""
    seen = [observe("A man falls down.", frame=frame) for frame in range(6)]
    verdicts = detect(seen, Smoothing(seconds=0.2))
    assert {verdict.outcome for verdict in verdicts} == {"anomaly"}
    assert {verdict.rules[0] for verdict in verdicts} == {"gate.falling"}
