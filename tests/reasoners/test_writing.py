"""From what the batches agree on to rules: ranges, vocabularies, concepts, and news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from ruler.reasoners.symbolic.watches import WATCHES, watched
from ruler.reasoners.symbolic.writing import bound_of
from ruler.schemas.induction import Checkup, FactRange
from ruler.schemas.rules import Rule
from ruler.steps.verification import verify
from ruler.steps.voting import aggregate
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
from tests.support import context_of, references


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


def test_verification_widens_what_was_too_narrow() -> None:
    clips = {"a": [measured(1.0)] * 10, "b": [measured(1.5)] * 10}
    proposals = {c: REASONER.propose(c, references(said, c), FACTS) for c, said in clips.items()}

    def write_without(batch: str, checkups: Mapping[str, Checkup]) -> Sequence[Rule]:
        others = aggregate([p for name, p in proposals.items() if name != batch])
        return REASONER.write_rules(others, FACTS, checkups)

    def match_on(batch: str, rules: Sequence[Rule]) -> list[object]:
        seen = [one.observation for one in references(clips[batch], batch)]
        return list(REASONER.match(seen, context_of(*rules)))

    checkups = verify(list(clips), write_without, match_on)  # type: ignore[arg-type]
    assert checkups["gate.fast"].action == "widened"
    rules = learn(clips, FACTS, checkups)
    assert rules["gate.fast"].origin.note == checkups["gate.fast"].why
    assert all(m.strength < 0.5 for m in matches(rules, measured(1.5)).values())


def spread(fact: str, *, middle: float, upper: float) -> FactRange:
    """A range whose median and 0.95 quantile are these; its largest value is twice the upper."""
    values = [middle] * 95 + [upper] * 5 + [2 * upper]
    return FactRange(fact=fact, frames=9, quantiles=tuple(values))


BOUNDS = [
    # A primary fact: 2 spreads from one clip, 1 a clip from two to four, none from more.
    ("speed_ratio", 1, 3.0 + 2 * 1.0),
    ("speed_ratio", 2, 3.0 + 1.0 / 2),
    ("speed_ratio", 4, 3.0 + 1.0 / 4),
    ("speed_ratio", 5, 3.0),
    # A secondary one: 6 spreads over the number of clips, however many.
    ("fill_ratio", 1, 3.0 + 6 * 1.0),
    ("fill_ratio", 10, 3.0 + 0.6),
]


@pytest.mark.parametrize(("fact", "clips", "bound"), BOUNDS)
def test_few_references_move_a_bound_up(fact: str, clips: int, bound: float) -> None:
    [watch] = [watch for watch in WATCHES if watch.fact == fact]
    found, softness = bound_of(watch, spread(fact, middle=2.0, upper=3.0), clips)
    assert found == pytest.approx(bound)
    assert softness == pytest.approx(1.0 / 4)


def test_a_bound_has_a_floor_and_a_duration_its_margin() -> None:
    by_fact = {watch.fact: watch for watch in WATCHES}
    still = spread("speed_ratio", middle=0.1, upper=0.2)
    bound, softness = bound_of(by_fact["speed_ratio"], still, 5)
    assert bound == by_fact["speed_ratio"].floor
    assert softness == pytest.approx(0.1 / 4)
    stay = spread("dwell_seconds", middle=5.0, upper=20.0)
    assert bound_of(by_fact["dwell_seconds"], stay, 5) == (60.0, 6.0)
    # Seen for a minute in ten: known. In one of a minute and a bit: it was cut off.
    longest = stay.quantile(1.0)
    assert bound_of(by_fact["dwell_seconds"], stay, 5, 10 * longest) == (60.0, 6.0)
    assert bound_of(by_fact["dwell_seconds"], stay, 5, 1.5 * longest)[0] == 3 * longest


def test_a_widened_bound_is_that_much_wider() -> None:
    usual = [measured(1.0 + n / 10) for n in range(10)]
    checkup = Checkup(rule_id="gate.fast", action="widened", factor=1.21, why="too noisy")
    [plain] = learn({"a": usual, "b": usual}, FACTS)["gate.fast"].measures
    wide = learn({"a": usual, "b": usual}, FACTS, {"gate.fast": checkup})
    assert plain.above is not None
    for rule_id in ("gate.fast", "gate.usual-speed"):
        [measure] = wide[rule_id].measures
        assert (measure.above or measure.below) == pytest.approx(plain.above * 1.21, abs=1e-3)
        assert wide[rule_id].origin.note == "too noisy"
    assert wide["gate.fast"].weight == 1.0


def test_what_is_relative_to_a_place_does_not_carry_over_to_other_cameras() -> None:
    one = {watch.fact for watch in watched("street")}
    many = {watch.fact for watch in watched("street", "many")}
    assert one - many == {"speed_ratio", "fill_ratio"}
    assert "motion_disorder" in many


def test_a_raised_bound_lies_beyond_every_reference() -> None:
    usual = [measured(1.0)] * 30 + [measured(4.0)]
    checkups = {"gate.fast": Checkup(rule_id="gate.fast", action="raised", why="one is unlike")}
    rules = learn({"a": usual, "b": usual}, FACTS, checkups)
    [above] = rules["gate.fast"].measures
    assert above.above == pytest.approx(4.4)
    assert rules["gate.fast"].origin.note == "one is unlike"
