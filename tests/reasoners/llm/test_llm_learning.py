"""Proposing and writing with a model: what it imagines does not count, and it is asked little."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from prompts.loader import load
from ruler.errors import ModelError
from ruler.llm.parsing import parse
from ruler.llm.questions import Fault, Question
from ruler.reasoners.llm import LlmReasoner
from ruler.reasoners.llm.answers import (
    Claims,
    ClipJudged,
    ClipReflected,
    Contrasts,
    Groups,
    ItemRules,
    Learned,
    Normality,
    Rechecks,
    Reflected,
)
from ruler.reasoners.llm.interview import PROMPTS
from ruler.reasoners.symbolic.writing import NEWS_WEIGHT
from ruler.schemas.induction import Checkup, Consensus, Proposal
from ruler.schemas.rules import Rule, RuleSet
from ruler.schemas.taxonomy import Taxonomy
from ruler.steps.inducing import induce_rules
from ruler.steps.voting import aggregate
from tests.conformance.reasoners import TAXONOMY, ReasonerConformance
from tests.llm.test_fencing import HOSTILE
from tests.reasoners.llm.scripted import Script, ScriptedAsker, contrasts, lines
from tests.support import MEASURED, SCENE, make_brief, references

BRIEF = make_brief(taxonomy=TAXONOMY)
SAID = ("A man walks.", "A man jumps.", "A man walks.", "A dog stands on the path.")


def learned(title: str, quote: str, *look_for: str) -> dict[str, Any]:
    return {"title": title, "statement": f"{title}.", "look_for": list(look_for), "quote": quote}


def proposed(*said: str, script: Script | Mapping[str, Any]) -> Proposal:
    reasoner = LlmReasoner(ScriptedAsker(Normality=script))
    return reasoner.propose("a", references(said or SAID), BRIEF)


def test_a_proposal_is_rules_with_their_origin() -> None:
    asker = ScriptedAsker()
    proposal = LlmReasoner(asker).propose("a", references(SAID, "c1"), BRIEF)
    assert len(asker.asked) == 1
    assert [one["text"] for one in lines(asker.asked[0].text)] == [SAID[0], SAID[1], SAID[3]]
    by_id = {rule.id: rule for rule in proposal.rules}
    assert set(by_id) == {
        f"gate.normal-{slug}" for slug in ("walk", "stand", "jump", "dog", "path")
    }
    jumps, dog = by_id["gate.normal-jump"], by_id["gate.normal-dog"]
    assert (jumps.kind, jumps.level, jumps.subject) == ("normal", "info", "human_activity")
    assert dog.subject == "environment"
    assert jumps.origin.references == ("c1#1",)
    assert jumps.origin.model == "fake:reader"
    assert jumps.origin.prompt and jumps.origin.prompt.startswith("propose_normal@1+")
    assert jumps.look_for == ("jumping",)


def test_what_no_caption_says_is_not_proposed() -> None:
    answer = {
        "human_activities": [
            learned("Walking", "A man walks", "walking", "marching", "man"),
            learned("Flying", "A man flies", "flying"),
            learned("Walks", "walks"),
        ],
        "environment": [learned("Sun", "")],
    }
    [rule] = proposed(script=answer).rules
    assert (rule.id, rule.title, rule.look_for) == (
        "gate.normal-walk",
        "Walking",
        ("walking", "man"),
    )


def test_many_captions_are_thinned_evenly() -> None:
    asker = ScriptedAsker()
    LlmReasoner(asker).propose("a", references(f"Man {n} walks." for n in range(100)), BRIEF)
    shown = [one["text"] for one in lines(asker.asked[0].text)]
    assert len(shown) == 40
    assert shown[:3] == ["Man 0 walks.", "Man 2 walks.", "Man 5 walks."]


def test_nothing_to_show_is_not_asked_about() -> None:
    asker = ScriptedAsker()
    proposal = LlmReasoner(asker).propose("a", references(["", " "]), BRIEF)
    assert not asker.asked and proposal.rules == () and proposal.captions == 2


@pytest.mark.parametrize("schema", ["Normality", "Groups", "Contrasts"])
def test_a_fault_while_learning_ends_it_with_a_sentence(schema: str) -> None:
    reasoner = LlmReasoner(ScriptedAsker(**{schema: Fault("rate_limited", "out of credit")}))
    with pytest.raises(ModelError, match=r"fake:reader.*out of credit"):
        induce(reasoner)


def test_batches_that_agree_on_nothing_end_it() -> None:
    empty = {"human_activities": [], "environment": []}
    with pytest.raises(ModelError, match="agree on nothing"):
        induce(LlmReasoner(ScriptedAsker(Normality=empty)))


def induce(reasoner: LlmReasoner, batches: int = 4) -> RuleSet:
    clips = {f"c{number}": references(SAID, f"c{number}") for number in range(batches)}
    return induce_rules(clips, reasoner, BRIEF, as_of=dt.date(2026, 3, 1))


def test_an_induction_asks_few_different_questions() -> None:
    asker = ScriptedAsker()
    rule_set = induce(LlmReasoner(asker), batches=8)
    normal = [rule for rule in rule_set.rules if rule.kind == "normal"]
    assert len(normal) == 5

    def different(schema: type) -> int:
        return len({(one.system, one.text) for one in asker.asked_for(schema)})

    # All batches have the same captions, so they make the same question.
    assert different(Normality) == 1
    assert different(Groups) == 1
    assert different(Contrasts) == len(normal)
    assert different(Claims) == 1


def test_leaving_a_batch_out_keeps_the_contrasts() -> None:
    said = {"a": SAID, "b": SAID, "c": ("A man walks.", "A car stands.")}
    asker = ScriptedAsker()
    reasoner = LlmReasoner(asker)
    proposals = [reasoner.propose(name, references(texts), BRIEF) for name, texts in said.items()]
    everything = reasoner.write_rules(aggregate(proposals), BRIEF, {})
    before = {one.text for one in asker.asked_for(Contrasts)}
    without = reasoner.write_rules(aggregate(proposals[:2]), BRIEF, {})
    assert {one.text for one in asker.asked_for(Contrasts)} == before
    assert anomalies(without) == anomalies(everything)


def anomalies(rules: tuple[Rule, ...]) -> set[str]:
    return {rule.id for rule in rules if rule.kind == "anomaly"}


def consensus(*said: str) -> Consensus:
    reasoner = LlmReasoner(ScriptedAsker())
    return aggregate([reasoner.propose(name, references(said or SAID), BRIEF) for name in "ab"])


def test_anomaly_rules_are_made_by_contrast() -> None:
    rules = LlmReasoner(ScriptedAsker()).write_rules(consensus(), BRIEF, {})
    by_id = {rule.id: rule for rule in rules}
    running = by_id["gate.odd-run"]
    assert running.look_for == ("running", "sprinting")
    assert (running.level, running.category) == ("high", "motion.fast")
    assert running.origin.votes == "2/2"
    assert running.origin.prompt and running.origin.prompt.startswith("contrast_anomaly@1+")
    assert by_id["gate.uncovered"].weight == NEWS_WEIGHT
    kinds = [rule.kind for rule in rules]
    assert kinds == sorted(kinds, reverse=True)
    assert by_id["gate.normal-walk"].origin.votes == "2/2"


def contrast(title: str, *look_for: str, **more: str) -> dict[str, Any]:
    return {
        "title": title,
        "statement": f"{title}.",
        "look_for": list(look_for),
        "subject": "human_activity",
        "category": "",
        "level": "low",
    } | more


def test_what_is_normal_is_no_contrast() -> None:
    answer = {
        "rules": [
            contrast("Jumping", "crouching"),
            contrast("Resting", "jumping"),
            contrast("Moving", "walking", "crawling"),
            contrast("Biting", category="no.such"),
        ]
    }
    rules = LlmReasoner(ScriptedAsker(Contrasts=answer)).write_rules(consensus(), BRIEF, {})
    found = {rule.id: rule for rule in rules if rule.id.startswith("gate.odd-")}
    assert set(found) == {"gate.odd-move", "gate.odd-bite"}
    assert found["gate.odd-move"].look_for == ("crawling",)
    assert found["gate.odd-bite"].category is None


def test_the_same_contrast_of_several_rules_is_one_rule() -> None:
    def by_rule(question: Question) -> Mapping[str, Any]:
        [rule] = lines(question.text)
        return {"rules": [contrast("Running", f"running from {rule['title'].lower()}")]}

    rules = LlmReasoner(ScriptedAsker(Contrasts=by_rule)).write_rules(
        consensus("A man walks.", "A man jumps."), BRIEF, {}
    )
    [running] = [rule for rule in rules if rule.id.startswith("gate.odd-")]
    assert running.look_for == ("running from jumping", "running from walking")


@pytest.mark.parametrize(
    ("groups", "gone"),
    [
        ([], set()),
        ([(5, [2, 4])], {"Jumping", "Standing"}),
        ([(5, [5, 0, 9, -1])], set()),
        ([(9, [1])], set()),
        ([(5, [2]), (2, [4])], {"Jumping"}),
        ([(5, [2]), (4, [5])], {"Jumping"}),
        ([(5, [2]), (4, [2])], {"Jumping"}),
    ],
)
def test_rules_that_say_the_same_are_merged(
    groups: list[tuple[int, list[int]]], gone: set[str]
) -> None:
    asker = ScriptedAsker(Groups={"groups": [{"keep": k, "merge": m} for k, m in groups]})
    rules = LlmReasoner(asker).write_rules(consensus(), BRIEF, {})
    shown = [one["title"] for one in lines(asker.asked_for(Groups)[0].text)]
    assert shown == ["Dog", "Jumping", "Path", "Standing", "Walking"]
    normal = {rule.title: rule for rule in rules if rule.kind == "normal"}
    assert set(normal) == set(shown) - gone
    taken_over = {title.lower() for title in gone}
    assert set(normal["Walking"].look_for) == {"walking"} | taken_over


def test_checkups_are_kept_to() -> None:
    reasoner = LlmReasoner(ScriptedAsker())
    checkups = {
        "gate.odd-run": Checkup(rule_id="gate.odd-run", action="dropped", why="noisy"),
        "gate.odd-fall": Checkup(
            rule_id="gate.odd-fall", action="weakened", factor=0.5, why="fires on 25%"
        ),
    }
    by_id = {rule.id: rule for rule in reasoner.write_rules(consensus(), BRIEF, checkups)}
    assert "gate.odd-run" not in by_id
    assert by_id["gate.odd-fall"].weight == 0.5
    assert by_id["gate.odd-fall"].origin.note == "fires on 25%"


def test_a_measuring_captioner_needs_no_model() -> None:
    asker = ScriptedAsker()
    reasoner = LlmReasoner(asker)
    brief = make_brief(taxonomy=TAXONOMY, measured=MEASURED)
    seen = ReasonerConformance.facts("a")
    proposal = reasoner.propose("a", seen, brief)
    rules = reasoner.write_rules(aggregate([proposal]), brief, {})
    assert proposal.ranges and not proposal.rules
    assert any(rule.measures for rule in rules)
    assert not asker.asked


@pytest.mark.parametrize("said", [text.replace("\ud800", "") for text in HOSTILE])
def test_data_stay_data_in_every_question(said: str) -> None:
    asker, plain = ScriptedAsker(), ScriptedAsker()
    for one, text in ((asker, said), (plain, "harmless")):
        reasoner = LlmReasoner(one)
        walks = {"text": f"A man walks. {text}"}
        proposal = reasoner.propose("a", references([walks["text"]]), BRIEF)
        rules = [
            rule.model_copy(update={"statement": f"S {text}"[:400], "title": f"T {text}"[:60]})
            for rule in (*proposal.rules, *proposal.rules)
        ]
        agreed = Consensus(batches=1, clips=1, captions=1, rules=tuple(rules))
        reasoner.write_rules(agreed, make_brief(taxonomy=hostile_taxonomy(text)), {})
        reasoner.taxonomy_rules(make_brief(taxonomy=hostile_taxonomy(text)))
    assert len(asker.asked) == len(plain.asked)
    for ours, theirs in zip(asker.asked, plain.asked, strict=True):
        for one, other in ((ours.system, theirs.system), (ours.text, theirs.text)):
            assert without_data(one) == without_data(other)


def without_data(text: str) -> list[str]:
    return ["{" if line.startswith("{") else line for line in text.splitlines()]


def hostile_taxonomy(text: str) -> Taxonomy:
    items = [
        {
            "id": f"odd.{kind}",
            "kind": kind,
            "title": f"T {text}",
            "statement": f"S {text}",
            "look_for": ["a phrase"],
        }
        for kind in ("normal", "abnormal")
    ]
    return Taxonomy.model_validate(
        {"id": "hostile", "categories": {"odd": {"title": f"C {text}", "items": items}}}
    )


def test_a_taxonomy_becomes_one_rule_an_item() -> None:
    asker = ScriptedAsker()
    rules = LlmReasoner(asker).taxonomy_rules(BRIEF)
    walking, fast = rules
    assert len(asker.asked) == len(TAXONOMY.categories)
    assert (walking.id, walking.kind, walking.level) == ("gate.motion.walking", "normal", "info")
    assert (fast.id, fast.kind, fast.category) == ("gate.motion.fast", "anomaly", "motion.fast")
    assert fast.title == "Running here" and fast.look_for == ("running", "something else")
    assert fast.origin.by == "taxonomy" and fast.origin.model == "fake:reader"
    assert RuleSet(scene=SCENE, rules=rules)


def test_items_that_the_model_leaves_out_keep_their_own_words() -> None:
    answer = {"rules": [{"item": "no.such", "title": "X", "statement": "X", "look_for": []}]}
    rules = LlmReasoner(ScriptedAsker(ItemRules=answer)).taxonomy_rules(BRIEF)
    assert [(rule.title, rule.origin.model) for rule in rules] == [
        ("Walking", None),
        ("Running", None),
    ]
    with pytest.raises(ModelError, match="slow"):
        LlmReasoner(ScriptedAsker(ItemRules=Fault("timeout", "slow"))).taxonomy_rules(BRIEF)


def test_conditions_tests_and_subject_stay_the_taxonomys() -> None:
    item = {
        "id": "yard.climb",
        "kind": "abnormal",
        "title": "Child climbs",
        "level": "high",
        "subject": "environment",
        "statement": "A child climbs.",
        "look_for": ["climbing"],
        "unless": ["adult"],
        "only_if": ["child"],
        "tests": {"fire": ["A child climbs."], "quiet": ["A child is scaling a fish."]},
    }
    taxonomy = Taxonomy.model_validate(
        {"id": "mine", "categories": {"yard": {"title": "Yard", "items": [item]}}}
    )
    worded = {
        "item": "yard.climb",
        "title": "Climbing",
        "statement": "A child is high up.",
        "look_for": ["climbing", "clambering", "scaling"],
        "subject": "human_activity",
    }
    asker = ScriptedAsker(ItemRules={"rules": [worded]})
    reasoner = LlmReasoner(asker)
    (rule,) = reasoner.taxonomy_rules(make_brief(taxonomy=taxonomy))
    # "scaling" stands in a sentence that must stay quiet, so it is left out.
    assert rule.look_for == ("climbing child", "clambering child")
    assert [one.unless for one in rule.exceptions] == ["adult"]
    assert rule.statement == "A child is high up. Only where this is seen: child."
    assert (rule.title, rule.level, rule.subject) == ("Climbing", "high", "environment")
    assert rule.tests.fire == ("A child climbs.",)
    assert rule.origin.model == "fake:reader"
    assert reasoner.usage.model_calls == len(asker.asked) == 1


FORMS = (
    Normality,
    Groups,
    Contrasts,
    Claims,
    Rechecks,
    Reflected,
    ItemRules,
    ClipJudged,
    ClipReflected,
)
FORM_PROMPTS = (
    "propose_normal",
    "aggregate_rules",
    "contrast_anomaly",
    "match_captions",
    "check_again",
    "reflect_event",
    "rules_from_taxonomy",
    "judge_clip",
    "reflect_clip",
)


@pytest.mark.parametrize("form", FORMS)
def test_forms_suit_servers_that_enforce_them(form: type[Learned]) -> None:
    schema = form.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    for part in parts:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
        assert not any("default" in one for one in part["properties"].values())
    assert "maxLength" not in str(schema) and "maxItems" not in str(schema)


def test_texts_and_lists_are_bounded_after_parsing() -> None:
    one = Learned.model_validate(
        {
            "title": "word " * 60,
            "statement": "A  long\nstatement. " * 60,
            "look_for": ["", "  ", "x" * 90, "+on a -bicycle.", "on a bicycle", "...", "run"] * 4,
            "quote": "q" * 900,
        }
    )
    assert len(one.title) <= 80 and len(one.statement) <= 400 and len(one.quote) == 400
    assert one.statement.startswith("A long statement.") and one.statement.endswith(" ...")
    assert one.look_for == ["on a bicycle", "run"]
    many = [learned("Walking", "walks")] * 50
    answer = Normality.model_validate({"human_activities": many, "environment": []})
    assert len(answer.human_activities) == 16


def test_contrasts_do_not_depend_on_the_other_rules() -> None:
    asker = ScriptedAsker(Contrasts=contrasts)
    reasoner = LlmReasoner(asker)
    reasoner.write_rules(consensus("A man walks."), BRIEF, {})
    [alone] = asker.asked_for(Contrasts)
    reasoner.write_rules(consensus(), BRIEF, {})
    assert alone in asker.asked_for(Contrasts)[1:]


@pytest.mark.parametrize(("name", "form"), list(zip(FORM_PROMPTS, FORMS, strict=True)))
def test_prompts_are_parted_and_show_the_form_they_ask_for(
    name: str, form: type[BaseModel]
) -> None:
    prompt = load(name)
    shared, own = prompt.render_parts(**dict.fromkeys(prompt.variables, "low"))
    assert own
    [shown] = [line for line in shared.splitlines() if line.startswith("{")]
    answer = parse(shown, form)
    assert isinstance(answer, form)
    assert set(json.loads(shown)) == set(form.model_fields)


def test_every_prompt_of_the_reasoner_has_its_form() -> None:
    assert set(FORM_PROMPTS) == set(PROMPTS)
