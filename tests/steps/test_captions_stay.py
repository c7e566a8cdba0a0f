"""Invariant 2: a caption is byte-identical before and after every step, whatever it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.reasoners.base import EventEvidence, MatchContext
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.induction import Reference
from ruler.schemas.observations import Observation
from ruler.schemas.runs import Smoothing
from ruler.schemas.verdicts import evidence_holds
from ruler.steps.batching import linked
from ruler.steps.deducing import Deducer, Deduction
from ruler.steps.inducing import induce_rules
from ruler.text.analysis import analyse, content_tokens
from ruler.text.phrases import PhraseIndex
from tests.steps.yard import LEXICON, RULE_SET, RULES, TAXONOMY, scenes
from tests.support import (
    MEASURED,
    REVISION,
    SENTENCES,
    TEXTS,
    context_of,
    make_brief,
    make_rules,
    observations,
    observe,
)

REASONER = SymbolicReasoner()
AS_OF = dt.date(2026, 3, 1)


def detect(seen: Sequence[Observation], smoothing: Smoothing) -> Deduction:
    """All stages of deduction, in memory (the graph's say the same: test_deducing.py)."""
    context = MatchContext(rule_set=RULE_SET, lexicon=LEXICON, clip_start=None, as_of=AS_OF)
    deducer = Deducer(REASONER, context, REVISION, TAXONOMY, smoothing)
    return deducer.deduce("clip", seen, lambda frame: frame / 10)


SMOOTHINGS = st.sampled_from(
    [
        Smoothing(method="none"),
        Smoothing(seconds=0.2),
        Smoothing(method="ema", seconds=0.2, is_causal=True),
        Smoothing(method="majority", seconds=0.2),
    ]
)


@settings(max_examples=60)
@given(observations(SENTENCES | TEXTS) | scenes(), SMOOTHINGS)
def test_detection(seen: list[Observation], smoothing: Smoothing) -> None:
    before = [one.model_dump_json() for one in seen]
    hashes = [one.caption.sha256 for one in seen if one.caption]
    found = detect(seen, smoothing)
    assert [one.model_dump_json() for one in seen] == before
    again = [Observation.model_validate_json(text) for text in before]
    assert [one.caption.sha256 for one in again if one.caption] == hashes
    verdicts = [verdict.model_dump_json() for verdict in found.verdicts]
    assert [v.model_dump_json() for v in detect(again, smoothing).verdicts] == verdicts
    # What comes out of the last stage holds the captions that went into the first.
    for one, trace in zip(seen, found.traces, strict=True):
        assert trace.observation.caption is one.caption
    for one, verdict in zip(seen, found.verdicts, strict=True):
        assert (verdict.outcome == "failed") == (one.failure is not None)
        if verdict.outcome == "anomaly":
            assert verdict.rules
            assert verdict.evidence
        for evidence in verdict.evidence:
            [caption] = [s.caption for s in seen if s.frame_index == evidence.frame_index]
            assert caption is not None
            assert evidence_holds(evidence, caption)


def match(seen: Sequence[Observation]) -> object:
    return [
        REASONER.match(seen, context_of(*RULES, linked=linked, words=LEXICON))
        for linked in (False, True)
    ]


def propose(seen: Sequence[Observation]) -> object:
    given_ = [Reference(clip="clip", observation=one) for one in seen]
    if not given_:  # no batch is empty
        return []
    briefs = [make_brief(LEXICON, measured=measured) for measured in ((), MEASURED)]
    return [REASONER.propose("clip", given_, brief) for brief in briefs]


def reflect(seen: Sequence[Observation]) -> object:
    event = EventEvidence(
        observations=seen, matched=[], peak_score=0.9, threshold=0.5, rule=RULES[0]
    )
    return REASONER.reflect(event, TAXONOMY)


def read(seen: Sequence[Observation]) -> object:
    index = PhraseIndex([rule.look_for for rule in RULES])
    texts = [one.caption.text for one in seen if one.caption]
    return [(analyse(text), content_tokens(text), index.find(text)) for text in texts]


@pytest.mark.parametrize("step", [match, propose, reflect, read])
@settings(max_examples=40)
@given(observations(SENTENCES | TEXTS) | scenes())
def test_each_step_alone(
    step: Callable[[Sequence[Observation]], object], seen: list[Observation]
) -> None:
    before = [one.model_dump_json() for one in seen]
    first = step(seen)
    assert [one.model_dump_json() for one in seen] == before
    # The same captions, read from their bytes, say the same: nothing hangs on the object.
    assert step([Observation.model_validate_json(text) for text in before]) == first
    assert step(seen) == first


@settings(max_examples=40)
@given(st.lists(observations(SENTENCES | TEXTS, least=1), min_size=1, max_size=3), st.booleans())
def test_induction(clips: list[list[Observation]], is_measured: bool) -> None:
    before = [[one.model_dump_json() for one in seen] for seen in clips]
    brief = make_brief(LEXICON, TAXONOMY, measured=MEASURED if is_measured else ())
    references = {
        f"c{number}": linked(
            f"c{number}", [Reference(clip=f"c{number}", observation=one) for one in seen]
        )
        for number, seen in enumerate(clips)
    }
    rule_set = induce_rules(references, REASONER, brief, as_of=AS_OF)
    assert make_rules(*rule_set.rules).live == rule_set.rules
    assert induce_rules(references, REASONER, brief, as_of=AS_OF) == rule_set
    assert [[one.model_dump_json() for one in seen] for seen in clips] == before


def test_detection_finds_something() -> None:
    """So that the properties above are not about nothing."""
    seen = [observe("A man falls down.", frame=frame) for frame in range(6)]
    found = detect(seen, Smoothing(seconds=0.2))
    assert {verdict.outcome for verdict in found.verdicts} == {"anomaly"}
    assert {verdict.rules[0] for verdict in found.verdicts} == {"gate.falling"}
    assert len(found.events) == 1
