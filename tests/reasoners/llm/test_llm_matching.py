"""Matching with a model: code decides what it can, and a model's word counts with its quote."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from ruler.llm.questions import Fault, Question
from ruler.reasoners.base import MatchContext
from ruler.reasoners.llm import LlmReasoner
from ruler.reasoners.llm.interview import BATCH
from ruler.schemas.observations import FigureLink, Observation
from ruler.schemas.verdicts import Matched, WordEvidence, evidence_holds
from tests.conformance.reasoners import walker
from tests.llm.test_fencing import HOSTILE
from tests.reasoners.llm.scripted import (
    COST,
    Script,
    ScriptedAsker,
    claim,
    claims,
    first_of,
    lines,
    on_each,
)
from tests.support import context_of, failed, make_rule, observe

RUNNING = make_rule("running", look_for=["running"], statement="Somebody runs.")
STATED = make_rule("fight", statement="Two people fight.")
FAST = make_rule("fast", measures=[{"fact": "speed_ratio", "above": 2}])
LINGERING = make_rule("lingering", measures=[{"fact": "dwell_seconds", "above": 3}])
JOGGER = make_rule("jogger", kind="normal", overrides=["gate.running"], statement="Joggers run.")
RUNS = "A person is running away."


def matched(
    seen: Observation | str,
    *rules: object,
    script: Script | Mapping[str, Any] | Fault = claims,
    context: MatchContext | None = None,
) -> Matched:
    seen = observe(seen) if isinstance(seen, str) else seen
    context = context or context_of(*rules)  # type: ignore[arg-type]
    [found] = LlmReasoner(ScriptedAsker(Claims=script)).match([seen], context)
    return found


def strengths(found: Matched) -> dict[str, float]:
    return {match.rule_id: match.strength for match in found.matches}


def test_a_yes_with_its_quote_is_a_match() -> None:
    said = claim(1, "yes", "two MEN  fight", 0.7)
    found = matched("Here two men fight.", STATED, script=on_each(said))
    [match] = found.matches
    assert (match.rule_id, match.strength) == (STATED.id, 0.7)
    [evidence] = match.evidence
    assert isinstance(evidence, WordEvidence)
    assert evidence.quote == "two men fight"
    caption = observe("Here two men fight.").caption
    assert caption is not None and evidence_holds(evidence, caption)
    assert found.undetermined is None


@pytest.mark.parametrize("quote", ["", "two men box", "...", "men fi"])
def test_a_yes_without_words_that_are_there_leaves_it_open(quote: str) -> None:
    found = matched("Here two men fight.", STATED, script=on_each(claim(1, "yes", quote)))
    assert found.matches == ()
    assert found.undetermined and STATED.id in found.undetermined


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (claim(1, "no"), {}),
        (claim(1, "yes", "running", 0.6), {RUNNING.id: 0.6}),
        (claim(1, "yes", "running", 0.0), {}),
        (claim(1, "unclear"), {}),
        (None, {RUNNING.id: 1.0}),
    ],
)
def test_the_models_word_replaces_what_the_words_gave(
    said: dict[str, Any] | None, expected: dict[str, float]
) -> None:
    found = matched(RUNS, RUNNING, script=on_each(*([said] if said else [])))
    assert strengths(found) == expected
    assert (found.undetermined is not None) == (said == claim(1, "unclear"))


def test_two_claims_that_differ_cancel_each_other_out() -> None:
    twice = on_each(claim(1, "yes", "running"), claim(1, "no"))
    found = matched(RUNS, RUNNING, script=twice)
    assert found.matches == () and found.undetermined


def test_another_rule_that_fires_decides_what_one_leaves_open() -> None:
    said = on_each(claim(1, "yes", "running"), claim(2, "unclear"))
    found = matched(RUNS, RUNNING, STATED, script=said)
    assert strengths(found) == {RUNNING.id: 0.9}
    assert found.undetermined and STATED.id in found.undetermined


def test_a_faint_match_does_not_make_an_open_frame_look_normal() -> None:
    said = on_each(claim(1, "yes", "running", 0.2), claim(2, "unclear"))
    assert matched(RUNS, RUNNING, STATED, script=said).matches == ()
    found = matched(observe(walker(1.5)), FAST, STATED, script=Fault("timeout", "too slow"))
    assert found == Matched(undetermined="no answer: too slow")


def test_a_fault_is_never_an_empty_match() -> None:
    fault = Fault("unreachable", "nobody answers")
    assert matched("A person walks.", RUNNING, script=fault) == Matched(
        undetermined="no answer: nobody answers"
    )
    out = matched(observe(walker(4.0)), FAST, STATED, script=fault)
    assert strengths(out)[FAST.id] > 0.5
    assert out.undetermined == "no answer: nobody answers"


def test_the_words_of_a_rule_alarm_where_the_model_is_away() -> None:
    found = matched(RUNS, RUNNING, script=Fault("suspended", "it failed too often"))
    assert strengths(found) == {RUNNING.id: 1.0}


@pytest.mark.parametrize(
    "answer",
    [
        {"captions": []},
        {"captions": [{"caption": 2, "claims": []}]},
        {"captions": [{"caption": 0, "claims": []}]},
    ],
)
def test_a_caption_that_the_answer_leaves_out_is_no_normal_one(answer: dict[str, Any]) -> None:
    found = matched("A person walks.", STATED, script=answer)
    assert found.matches == () and found.undetermined


@pytest.mark.parametrize("number", [-1, 0, 2, 99])
def test_rules_that_do_not_exist_are_passed_over(number: int) -> None:
    said = on_each(claim(number, "yes", "walks"))
    assert matched("A person walks.", STATED, script=said) == Matched()


def test_measures_and_gates_are_never_asked_about() -> None:
    asker = ScriptedAsker(Claims=on_each(claim(1, "yes", "figure")))
    night = make_rule("night", statement="At night.", when={"hours": "23:00-05:00"})
    excused = make_rule("ex", statement="X.", exceptions=[{"name": "f", "unless": "figure"}])
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    rules = (FAST, LINGERING, night, excused)
    context = context_of(*rules, clip_start=noon)
    [found] = LlmReasoner(asker).match([observe(walker(4.0))], context)
    assert not asker.asked
    assert set(strengths(found)) == {FAST.id}
    [unknown] = LlmReasoner(asker).match([observe("Nothing.")], context_of(night))
    assert [one.rule_id for one in unknown.not_evaluable] == [night.id]
    assert not asker.asked


def test_a_claim_on_a_rule_whose_gate_is_closed_does_not_count() -> None:
    excused = make_rule("fall", look_for=["falls"], exceptions=[{"name": "dog", "unless": "dog"}])
    asker = ScriptedAsker(Claims=on_each(claim(1, "yes", "falls")))
    seen = [observe("A man falls."), observe("A dog falls.", frame=1)]
    found = LlmReasoner(asker).match(seen, context_of(excused))
    assert len(asker.asked) == 1
    assert [strengths(one) for one in found] == [{excused.id: 0.9}, {}]


def test_new_things_in_the_words_of_a_measuring_captioner_are_not_asked_about() -> None:
    uncovered = make_rule("uncovered", weight=0.3, category="novelty.uncovered")
    usual = make_rule("usual", kind="normal", measures=[{"fact": "speed_ratio", "below": 2}])
    asker = ScriptedAsker()
    [found] = LlmReasoner(asker).match([observe(walker(4.0))], context_of(uncovered, usual))
    assert not asker.asked
    assert set(strengths(found)) == {uncovered.id}
    LlmReasoner(asker).match([observe("A kite.")], context_of(uncovered, usual))
    assert len(asker.asked) == 1


def test_a_few_captions_share_a_question_and_a_text_is_asked_about_once() -> None:
    asker = ScriptedAsker()
    texts = [f"Person {number % 19} is running." for number in range(60)]
    seen = [observe(text, frame=frame) for frame, text in enumerate(texts)]
    found = LlmReasoner(asker).match([*seen, failed(60)], context_of(RUNNING, STATED))
    assert len(asker.asked) == -(-19 // BATCH)
    asked = [one["text"] for question in asker.asked for one in lines(question.text)]
    assert asked == texts[:19]
    assert all(strengths(one) == {RUNNING.id: 0.9} for one in found[:60])
    assert {e.frame_index for one in found for m in one.matches for e in m.evidence} == set(
        range(60)
    )
    assert found[60] == Matched()


def test_the_part_that_all_questions_share_comes_first_and_is_the_same() -> None:
    asker = ScriptedAsker()
    seen = [observe(f"Person {number} runs.", frame=number) for number in range(BATCH + 1)]
    LlmReasoner(asker).match(seen, context_of(RUNNING, STATED, JOGGER))
    first, second = asker.asked
    assert first.system == second.system
    assert "Somebody runs." in first.system and "Joggers run." in first.system
    assert first.text != second.text
    assert not first.jpegs


def test_a_question_that_was_too_long_is_asked_by_caption() -> None:
    def short_sighted(question: Question) -> Mapping[str, Any] | Fault:
        return Fault("cut", "cut off") if len(lines(question.text)) > 1 else claims(question)

    asker = ScriptedAsker(Claims=short_sighted)
    seen = [observe(RUNS), observe("A person walks.", frame=1)]
    found = LlmReasoner(asker).match(seen, context_of(RUNNING))
    assert [strengths(one) for one in found] == [{RUNNING.id: 0.9}, {}]
    assert all(one.undetermined is None for one in found)
    assert len(asker.asked) == 3


def test_other_faults_are_not_asked_again_here() -> None:
    asker = ScriptedAsker(Claims=Fault("invalid", "no form"))
    seen = [observe(RUNS), observe("A person walks.", frame=1)]
    LlmReasoner(asker).match(seen, context_of(RUNNING))
    assert len(asker.asked) == 1


def test_a_normal_rule_suppresses_what_it_overrides_by_the_models_word() -> None:
    both = on_each(claim(1, "yes", "running"), claim(2, "yes", "running", 0.8))
    assert matched(RUNS, RUNNING, JOGGER, script=both) == Matched()
    doubt = on_each(claim(1, "yes", "running"), claim(2, "yes", "running", 0.4))
    assert strengths(matched(RUNS, RUNNING, JOGGER, script=doubt)) == {RUNNING.id: 0.9}
    unclear = on_each(claim(1, "yes", "running"), claim(2, "unclear"))
    found = matched(RUNS, RUNNING, JOGGER, script=unclear)
    assert strengths(found) == {RUNNING.id: 0.9} and found.undetermined is None
    moot = on_each(claim(1, "unclear"), claim(2, "yes", "running"))
    assert matched(RUNS, RUNNING, JOGGER, script=moot) == Matched()


def test_links_are_asked_about_only_where_a_statement_overrides_one() -> None:
    waiting = make_rule("bus", kind="normal", overrides=["gate.lingering"], statement="Bus stop.")
    stay, short = (
        observe(walker(0.1)).model_copy(update={"links": (FigureLink(track=0, dwell_seconds=s),)})
        for s in (9.0, 0.1)
    )
    asker = ScriptedAsker(Claims=on_each(claim(1, "yes", "figure")))
    reasoner = LlmReasoner(asker)
    [plain] = reasoner.match([stay], context_of(LINGERING, STATED, linked=True))
    assert set(strengths(plain)) == {LINGERING.id} and not asker.asked
    [excused] = reasoner.match([stay], context_of(LINGERING, STATED, waiting, linked=True))
    assert excused.matches == () and len(asker.asked) == 1
    reasoner.match([short], context_of(LINGERING, waiting, linked=True))
    assert len(asker.asked) == 1


@pytest.mark.parametrize("said", [text.replace("\ud800", "") for text in HOSTILE])
def test_a_caption_cannot_change_the_question(said: str) -> None:
    asker = ScriptedAsker()
    reasoner = LlmReasoner(asker)
    rules = (RUNNING, make_rule("other", statement=said, title="T"))
    texts = ["A person is running.", f"A person is running. {said}", "A person walks."]
    seen = [observe(text, frame=frame) for frame, text in enumerate(texts)]
    found = reasoner.match(seen, context_of(*rules))
    [question] = asker.asked
    assert [one["text"] for one in lines(question.text)] == texts
    assert len(lines(question.system)) == 2
    plain = ScriptedAsker()
    LlmReasoner(plain).match(
        [observe(f"Text {n}.", frame=n) for n in range(3)],
        context_of(RUNNING, make_rule("other", statement="A.", title="T")),
    )
    for part in ("system", "text"):
        ours, theirs = getattr(question, part), getattr(plain.asked[0], part)
        assert len(ours.splitlines()) == len(theirs.splitlines())
        strip = [line for line in ours.splitlines() if not line.startswith("{")]
        assert strip == [line for line in theirs.splitlines() if not line.startswith("{")]
    assert [RUNNING.id in strengths(one) for one in found] == [True, True, False]


def test_what_it_costs_is_added_up() -> None:
    reasoner = LlmReasoner(ScriptedAsker(Claims=first_of([claims, Fault("timeout", "slow")])))
    assert reasoner.usage.model_calls == 0
    for _ in range(2):
        reasoner.match([observe(RUNS)], context_of(RUNNING))
    assert reasoner.usage == COST + COST


def test_an_asker_that_gives_too_few_answers_leaves_frames_open() -> None:
    class Silent(ScriptedAsker):
        def ask(self, questions: object) -> Any:
            return iter(())

    [found] = LlmReasoner(Silent()).match([observe(RUNS)], context_of(STATED))
    assert found.undetermined
