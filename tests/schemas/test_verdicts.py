"""Invariants 1 and 3 hold wherever a verdict, a match or an event is built."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ruler.schemas.captions import Caption
from ruler.schemas.observations import FigureLink
from ruler.schemas.verdicts import (
    Event,
    FactEvidence,
    Match,
    StageScores,
    Verdict,
    WordEvidence,
    evidence_holds,
)
from tests.support import (
    REVISION,
    TEXTS,
    captions,
    make_box,
    make_caption,
    make_figure,
    measured_on,
    observe,
    quote,
    verdict_of,
)

SEEN = observe(make_caption("A man runs.", [make_figure(speed_ratio=2.0)], novelty=0.5))
RUNS = quote(SEEN, "runs")


def test_an_anomaly_has_rule_and_evidence() -> None:
    assert verdict_of(0).outcome == "anomaly"
    for missing in ({"rules": ()}, {"evidence": ()}):
        with pytest.raises(ValidationError, match="at least one rule and its evidence"):
            Verdict.model_validate(verdict_of(0).model_dump() | missing)


def test_a_verdict_names_its_revision() -> None:
    fields = verdict_of(0).model_dump()
    del fields["revision"]
    with pytest.raises(ValidationError, match="revision"):
        Verdict.model_validate(fields)


@pytest.mark.parametrize("outcome", ["failed", "undetermined"])
def test_what_is_not_decided_has_a_reason(outcome: str) -> None:
    fields = verdict_of(0, 0.0).model_dump() | {"outcome": outcome, "stages": None}
    for reason in (None, ""):
        with pytest.raises(ValidationError, match="needs its reason"):
            Verdict.model_validate(fields | {"reason": reason})
    assert Verdict.model_validate(fields | {"reason": "damaged"}).outcome == outcome


@pytest.mark.parametrize("score", [0.0, 0.9])
def test_what_is_decided_has_its_stages(score: float) -> None:
    with pytest.raises(ValidationError, match="needs the scores of its stages"):
        Verdict.model_validate(verdict_of(0, score).model_dump() | {"stages": None})


@pytest.mark.parametrize("score", [-1e-9, 1 + 1e-9, math.nan, math.inf])
def test_a_score_lies_between_0_and_1(score: float) -> None:
    with pytest.raises(ValidationError):
        Verdict.model_validate(verdict_of(0).model_dump() | {"score": score})
    with pytest.raises(ValidationError):
        Match(rule_id="gate.odd", strength=score, evidence=(RUNS,))
    with pytest.raises(ValidationError):
        StageScores(match=score, smooth=0, reason=0, reflect=0)


def test_verdicts_are_frozen_and_refuse_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        verdict_of(0).score = 0.0
    with pytest.raises(ValidationError, match="Extra inputs"):
        verdict_of(0, confidence=1)
    with pytest.raises(ValidationError):
        verdict_of(0, until_frame=0)
    with pytest.raises(ValidationError):
        verdict_of(0, outcome="unknown")


def test_a_match_has_evidence() -> None:
    with pytest.raises(ValidationError):
        Match(rule_id="gate.odd", strength=0.5, evidence=())


def test_an_event_has_rule_evidence_and_key_frame() -> None:
    event: dict[str, Any] = {
        "id": "clip#1",
        "clip": "clip",
        "start_frame": 5,
        "stop_frame": 8,
        "start_seconds": 0.5,
        "stop_seconds": 0.8,
        "key_frame": 7,
        "key_seconds": 0.7,
        "peak_score": 0.9,
        "category": None,
        "level": "low",
        "title": "Odd",
        "rationale": "odd",
        "rules": ["gate.odd"],
        "revision": REVISION,
        "evidence": [RUNS],
    }
    assert Event.model_validate(event).key_frame == 7
    for wrong in ({"rules": []}, {"evidence": []}, {"key_frame": 8}, {"key_frame": 4}):
        with pytest.raises(ValidationError):
            Event.model_validate(event | wrong)


def test_a_quote_is_as_long_as_its_span() -> None:
    for wrong in ({"stop": RUNS.stop + 1}, {"start": RUNS.start + 1}, {"quote": "run"}):
        with pytest.raises(ValidationError):
            WordEvidence.model_validate(RUNS.model_dump() | wrong)
    with pytest.raises(ValidationError):
        WordEvidence(caption="c", frame_index=0, start=3, stop=3, quote="")


@given(TEXTS, st.data())
def test_exactly_the_words_that_stand_there_hold(text: str, data: st.DataObject) -> None:
    caption = make_caption(text + "!")
    start = data.draw(st.integers(0, len(caption.text) - 1))
    stop = data.draw(st.integers(start + 1, len(caption.text)))
    said = caption.text[start:stop]
    true = WordEvidence(caption=caption.sha256, frame_index=0, start=start, stop=stop, quote=said)
    assert evidence_holds(true, caption)
    forged = data.draw(st.text(min_size=stop - start, max_size=stop - start))
    assert evidence_holds(true.model_copy(update={"quote": forged}), caption) == (forged == said)
    place = data.draw(st.integers(0, len(caption.text) + 3))
    moved = true.model_copy(update={"start": place, "stop": place + len(said)})
    assert evidence_holds(moved, caption) == caption.text.startswith(said, place)
    other = make_caption(text + "!?")
    assert not evidence_holds(true, other)


@given(captions(), st.data())
def test_exactly_the_facts_that_were_measured_hold(caption: Caption, data: st.DataObject) -> None:
    seen = observe(caption)
    truths = [measured_on(seen, fact) for fact in caption.facts]
    truths += [
        measured_on(seen, fact, place)
        for place, figure in enumerate(caption.figures)
        for fact in figure.facts
    ]
    true = data.draw(st.sampled_from(truths))
    assert evidence_holds(true, caption)
    value = data.draw(st.floats(0, 8))
    forged = true.model_copy(update={"value": value})
    assert evidence_holds(forged, caption) == (value == true.value)
    figure = data.draw(st.none() | st.integers(-2, 4))
    moved = true.model_copy(update={"figure": figure, "box": None})
    if figure is None:
        facts = caption.facts
    elif 0 <= figure < len(caption.figures):
        facts = caption.figures[figure].facts
    else:
        facts = {}
    assert evidence_holds(moved, caption) == (facts.get(true.fact) == true.value)
    assert not evidence_holds(true, make_caption("Nothing."))


@pytest.mark.parametrize(
    "change",
    [
        {"fact": "fall_speed"},
        {"fact": "mood"},
        {"figure": 1},
        {"figure": -1},
        {"figure": None},
        {"box": make_box(0.3)},
    ],
)
def test_a_forged_fact_does_not_hold(change: dict[str, Any]) -> None:
    """A fact that the captioner did not measure on the figure is as forged as a wrong value."""
    assert SEEN.caption is not None
    true = measured_on(SEEN, "speed_ratio", 0)
    assert evidence_holds(true, SEEN.caption)
    assert not evidence_holds(true.model_copy(update=change), SEEN.caption)


def test_a_linked_fact_holds_by_its_link() -> None:
    assert SEEN.caption is not None
    dwell = FactEvidence(
        caption=SEEN.caption.sha256, frame_index=0, fact="dwell_seconds", value=4.5, figure=0
    )
    link = FigureLink(track=0, dwell_seconds=4.5)
    assert evidence_holds(dwell, SEEN.caption)
    assert evidence_holds(dwell, SEEN.caption, [link])
    assert not evidence_holds(dwell, SEEN.caption, [])
    assert not evidence_holds(dwell.model_copy(update={"value": 99.0}), SEEN.caption, [link])
    assert not evidence_holds(dwell.model_copy(update={"figure": None}), SEEN.caption, [link])
