"""From what the batches agree on to rules: ranges, vocabularies, concepts, and news."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from ruler.reasoners.symbolic.proposing import HELD, fact_ranges, held
from ruler.reasoners.symbolic.watches import WATCHES, watched
from ruler.reasoners.symbolic.writing import bound_of
from ruler.schemas.induction import Checkup, FactRange
from ruler.steps.inducing import check_rules
from tests.reasoners.learned import (
    FACTS,
    LEXICON,
    REASONER,
    USUAL,
    WORDS,
    learn,
    learn_facts,
    matches,
    measured,
)
from tests.support import references


def test_a_range_becomes_a_pair_of_rules() -> None:
    rules = learn_facts()
    normal, fast = rules["gate.usual-speed"], rules["gate.fast"]
    assert (normal.kind, fast.kind) == ("normal", "anomaly")
    [below], [above] = normal.measures, fast.measures
    assert below.below == above.above
    assert above.above is not None
    assert 1.18 <= above.above <= 1.4
    assert fast.origin.votes == "3/3"
    assert fast.origin.references[0].split("#")[0] in "abc"
    assert f"{above.above:.2g}" in fast.statement
    assert {rule_id for rule_id in rules if "fight" in rule_id or "disorder" in rule_id} == set()


def test_words_become_a_vocabulary() -> None:
    rules = learn({"a": USUAL, "b": USUAL}, WORDS)
    things, doings = rules["gate.usual-things"], rules["gate.usual-doings"]
    assert set(things.look_for) == {"red", "wall", "red wall", "bench", "wall and a bench"}
    assert set(doings.look_for) == {"walking", "sitting"}
    assert (things.kind, doings.kind) == ("normal", "normal")
    assert (things.subject, doings.subject) == ("environment", "human_activity")
    assert "gate.seldom-things" not in rules


def test_every_concept_becomes_a_rule_with_its_tests() -> None:
    """What the references show is left to verification, which weighs it."""
    rules = learn({"a": USUAL, "b": USUAL}, WORDS)
    concepts = {f"gate.concept-{key}": concept for key, concept in LEXICON.concepts.items()}
    assert concepts.keys() == {rule_id for rule_id in rules if "concept" in rule_id}
    for rule_id, concept in concepts.items():
        rule = rules[rule_id]
        assert (rule.kind, rule.weight, rule.look_for) == (
            "anomaly",
            concept.prior,
            concept.phrases,
        )
        assert (rule.category, rule.level) == (concept.category, concept.level)
        assert rule.tests == concept.tests
    assert rules["gate.concept-walking"].origin.votes == "2/2"
    assert rules["gate.concept-running"].origin.votes == "0/2"


def test_a_weakened_rule_keeps_its_reason() -> None:
    why = "fires on 20.0% of normal references that it was made without"
    checkup = Checkup(rule_id="gate.concept-walking", action="weakened", factor=0.6, why=why)
    plain = learn({"a": USUAL, "b": USUAL}, WORDS)
    rules = learn({"a": USUAL, "b": USUAL}, WORDS, {checkup.rule_id: checkup})
    weak = rules.pop(checkup.rule_id)
    assert weak.weight == pytest.approx(0.9 * 0.6)
    assert weak.origin.note == why
    strong = plain.pop(checkup.rule_id)
    assert weak == strong.model_copy(update={"weight": weak.weight, "origin": weak.origin})
    assert rules == plain


def test_a_dropped_rule_of_words_leaves_the_others() -> None:
    checkup = Checkup(rule_id="gate.concept-walking", action="dropped", why="too noisy")
    plain = learn({"a": USUAL, "b": USUAL}, WORDS)
    rules = learn({"a": USUAL, "b": USUAL}, WORDS, {checkup.rule_id: checkup})
    assert plain.keys() - rules.keys() == {checkup.rule_id}
    assert rules == {key: rule for key, rule in plain.items() if key != checkup.rule_id}


def test_normal_rules_come_first_in_a_fixed_order() -> None:
    kinds = [rule.kind for rule in learn({"a": USUAL, "b": USUAL}, WORDS).values()]
    assert kinds == sorted(kinds, key=["normal", "anomaly"].index)
    again = learn({"a": USUAL, "b": USUAL}, WORDS)
    assert list(again) == list(learn({"a": USUAL, "b": USUAL}, WORDS))


def test_news_is_named_by_what_was_learned() -> None:
    both = learn({"a": USUAL, "b": USUAL}, WORDS)
    assert both["gate.uncovered"].subject == "environment"
    assert both["gate.uncovered-doings"].subject == "human_activity"
    things = learn({"a": ["A red wall."], "b": ["A red wall."]}, WORDS)
    assert "gate.uncovered" in things
    assert "gate.uncovered-doings" not in things
    assert "gate.uncovered-doings" not in learn_facts()


def test_an_endless_word_is_cut() -> None:
    said = ["A wall and " + "o" * 500 + "h."]
    rules = learn({"a": said, "b": said}, WORDS)
    assert all(len(phrase) <= 60 for phrase in rules["gate.usual-things"].look_for)
    assert "wall" in rules["gate.usual-things"].look_for


def test_a_pair_is_dropped_together() -> None:
    """Else the range that proved wrong would go on firing, as novelty."""
    usual = [measured(1.0)] * 5
    checkups = {"gate.fast": Checkup(rule_id="gate.fast", action="dropped", why="noisy")}
    rules = learn({"a": usual, "b": usual}, FACTS, checkups)
    assert not {"gate.fast", "gate.usual-speed"} & set(rules)
    assert matches(rules, measured(9.0)) == {}


def test_a_reference_unlike_the_others_sets_the_bound_and_the_rule_says_so() -> None:
    clips = {"a": [measured(1.0)] * 10, "b": [measured(2.5)] * 10}
    seen = {clip: references(said, clip) for clip, said in clips.items()}
    proposals = [REASONER.propose(clip, part, FACTS) for clip, part in seen.items()]
    checkups = check_rules(proposals, seen, REASONER, FACTS, as_of=dt.date(2026, 3, 1))
    assert checkups["gate.fast"].action == "raised"
    rules = learn(clips, FACTS, checkups)
    for rule_id in ("gate.fast", "gate.usual-speed"):
        assert rules[rule_id].origin.note == checkups["gate.fast"].why
    assert all(m.strength < 0.5 for m in matches(rules, measured(2.5)).values())


def spread(fact: str, *, middle: float, upper: float, levels: Sequence[float] = ()) -> FactRange:
    """A range whose median and 0.95 quantile are these; its largest value is twice the upper."""
    values = [middle] * 95 + [upper] * 5 + [2 * upper]
    return FactRange(fact=fact, frames=9, quantiles=tuple(values), levels=tuple(levels))


APART = {"speed_ratio": 1.0 / 1.645, "fill_ratio": 1.0}
"""How far clips are believed to lie apart where median and upper quantile are 1 apart."""


@pytest.mark.parametrize("fact", list(APART))
@pytest.mark.parametrize(
    "levels", [[2.9], [2.5, 2.9], [2.0, 2.2, 4.4], [2.0, 2.1, 2.2, 2.3, 2.2, 2.1, 2.0, 4.0]]
)
def test_few_references_make_a_wide_bound(fact: str, levels: list[float]) -> None:
    """The upper prediction limit of Student's t, with three clips' worth of prior."""
    [watch] = [watch for watch in WATCHES if watch.fact == fact]
    clips = len(levels)
    found, softness = bound_of(watch, spread(fact, middle=2.0, upper=3.0, levels=levels), clips)
    freedom = 3 + clips - 1
    variance = (3 * APART[fact] ** 2 + clips * float(np.var(levels))) / freedom
    reach = float(t.ppf(0.9, freedom)) * np.sqrt(variance * (1 + 1 / clips))
    assert found == pytest.approx(max(*levels, np.mean(levels) + reach), abs=2e-3)
    assert softness == pytest.approx((found - 2.0) / 4, abs=1e-3)


@given(st.lists(st.floats(1.3, 9), min_size=9, max_size=40))
def test_of_many_references_the_highest_is_the_bound(levels: list[float]) -> None:
    [watch] = [watch for watch in WATCHES if watch.fact == "speed_ratio"]
    found, _ = bound_of(
        watch, spread("speed_ratio", middle=2.0, upper=3.0, levels=levels), len(levels)
    )
    assert found == pytest.approx(max(levels), abs=1e-3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0, 1))
def test_a_bound_lies_beyond_every_level_and_within_the_range(
    levels: list[float], middle: float
) -> None:
    """A share cannot exceed 1, so a bound at 1 would never be passed."""
    [watch] = [watch for watch in WATCHES if watch.fact == "motion_disorder"]
    disorder = spread("motion_disorder", middle=middle, upper=1.0, levels=levels)
    found, _ = bound_of(watch, disorder, len(levels))
    assert max(*levels, watch.floor) - 1e-3 <= found <= 1.0
    assert found < 1.0 or max(levels) > 0.999


@given(st.lists(st.floats(0, 9), min_size=1, max_size=40))
def test_what_is_held_was_reached_on_half_of_nine_in_a_row(values: list[float]) -> None:
    level = held(values)
    assert min(values) <= level <= max(values)
    part = min(len(values), HELD)
    runs = [values[at : at + part] for at in range(len(values) - part + 1)]
    assert any(2 * sum(value >= level for value in run) >= part for run in runs)
    assert all(2 * sum(value > level for value in run) <= part for run in runs)


def test_a_moment_is_not_held() -> None:
    assert held([1.0] * 20 + [9.0] * 4 + [1.0] * 20) == 1.0
    assert held([1.0] * 20 + [9.0] * 5 + [1.0] * 20) == 9.0


def test_each_clip_has_a_level() -> None:
    said = [*references([measured(2.0)] * 9, "b"), *references([measured(1.0)] * 9, "a")]
    [found] = [one for one in fact_ranges(said, ["speed_ratio"]) if one.fact == "speed_ratio"]
    assert found.levels == (2.0, 1.0)


def test_a_bound_has_a_floor_and_a_duration_its_margin() -> None:
    by_fact = {watch.fact: watch for watch in WATCHES}
    still = spread("speed_ratio", middle=0.1, upper=0.2)
    bound, softness = bound_of(by_fact["speed_ratio"], still, 5)
    assert bound == by_fact["speed_ratio"].floor
    assert softness == pytest.approx((bound - 0.1) / 4, abs=1e-4)
    stay = spread("dwell_seconds", middle=5.0, upper=20.0)
    assert bound_of(by_fact["dwell_seconds"], stay, 5) == (60.0, 6.0)
    # Seen for a minute in ten: known. In one of a minute and a bit: it was cut off.
    longest = stay.quantile(1.0)
    assert bound_of(by_fact["dwell_seconds"], stay, 5, 10 * longest) == (60.0, 6.0)
    assert bound_of(by_fact["dwell_seconds"], stay, 5, 1.5 * longest)[0] == 3 * longest


def test_what_is_relative_to_a_place_does_not_carry_over_to_other_cameras() -> None:
    one = {watch.fact for watch in watched("street")}
    many = {watch.fact for watch in watched("street", "many")}
    assert one - many == {"speed_ratio", "fill_ratio", "left_seconds", "taken_seconds"}
    assert "motion_disorder" in many
