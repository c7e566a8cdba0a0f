"""Changes made of feedback: bounds, phrases, and drafts that approval turns into rules in force."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.matching import measure_strength
from ruler.reasoners.symbolic.vocabulary import Vocabulary
from ruler.schemas.rules import Measure
from ruler.schemas.traces import Trace
from ruler.steps.approving import as_approved
from ruler.steps.feedback import (
    Change,
    Moment,
    bound_for,
    carried,
    covering,
    drafted,
    in_force,
    largest,
)
from ruler.steps.noticing import noticing
from ruler.steps.silencing import silencing
from ruler.text.phrases import find_phrase
from tests.support import (
    make_caption,
    make_figure,
    make_rule,
    make_rules,
    match_of,
    measured_on,
    observe,
    quote,
    trace_of,
)

VALUES = st.floats(0.01, 500).map(lambda value: float(f"{value:.4g}"))
SOFTNESS = st.none() | st.floats(0.01, 5).map(lambda value: float(f"{value:.3g}"))


@given(value=VALUES, softness=SOFTNESS, low=st.floats(0.02, 0.45), is_above=st.booleans())
def test_a_moved_bound_leaves_a_value_no_more_than_its_strength(
    value: float, softness: float | None, low: float, is_above: bool
) -> None:
    side = "above" if is_above else "below"
    old = Measure.model_validate({"fact": "speed_ratio", side: value, "softness": softness})
    moved = bound_for(old, value, low)
    assert measure_strength(moved, value) <= low + 1e-6
    assert (moved.above is None) == (old.above is None)
    assert bound_for(moved, value, low) == moved
    raised = bound_for(old, value, 1 - low)
    assert measure_strength(raised, value) >= 1 - low - 1e-6


@given(st.lists(st.sampled_from(["dog", "car", "man", "hat"]), unique=True), st.data())
def test_phrases_that_cover_stand_in_every_text(phrases: list[str], data: st.DataObject) -> None:
    words = st.lists(st.sampled_from(["dog", "car", "man", "hat", "sky"]), min_size=1)
    texts = data.draw(st.sets(words.map(lambda said: f"A {' and a '.join(said)}."), max_size=4))
    for chosen in covering(phrases, texts):
        assert all(any(find_phrase(text, p) for p in chosen) for text in texts)


RULES = make_rules(
    make_rule("fast", measures=[{"fact": "speed_ratio", "above": 2}]),
    make_rule("standing", look_for=["standing"], weight=0.8),
    make_rule("old", look_for=["old"], status="draft"),
)


def test_drafts_become_the_rules_that_were_tried() -> None:
    changed = make_rule("standing", look_for=["standing -dog"], weight=0.8)
    new = make_rule("new", look_for=["climbing"])
    changes = [Change(changed, "phrase", ""), Change(new, "words", "")]
    proposal = drafted(RULES, changes)
    assert [rule.status for rule in proposal.rules] == ["experimental", "draft", "draft", "draft"]
    assert as_approved(proposal, RULES) == in_force(RULES, changes)


def test_a_draft_is_carried_along_unless_its_rule_has_changed_since() -> None:
    first = drafted(RULES, [Change(make_rule("standing", look_for=["standing up"]), "phrase", "")])
    second = drafted(RULES, [Change(make_rule("fast", look_for=["quick"]), "phrase", "")])
    proposals = [("gate@2", first, RULES), ("gate@3", second, RULES), ("gate@4", first, RULES)]
    assert carried(RULES, proposals) == {"gate.standing": "gate@4", "gate.fast": "gate@3"}
    moved = in_force(RULES, [Change(make_rule("standing", look_for=["staying"]), "phrase", "")])
    assert carried(moved, proposals) == {"gate.fast": "gate@3"}


# False alarms.


def said(text: str, *, frame: int = 3) -> Trace:
    seen = observe(text, frame=frame)
    return trace_of(seen, match_of("gate.standing", 1.0, quote(seen, "standing")))


def phrases_tried(moment: Moment, rule_set: str = "gate.standing") -> list[str]:
    rule = RULES.rule(rule_set)
    assert rule is not None
    tried = silencing(rule, moment, RULES.threshold)
    return [one.rule.exceptions[0].unless for one in tried if one.sort == "exception"]


def test_words_of_the_reason_come_first_and_common_ones_never() -> None:
    elsewhere = {"A tree is there.": 50, "A bird is standing at the gate.": 1}
    moment = Moment(
        "a bird by the tree",
        [said("A small bird is standing at the gate below a tree.")],
        elsewhere=elsewhere,
        alarming={"A bird is standing at the gate.": 1},
        reference="run:r/c",
    )
    tried = phrases_tried(moment)
    assert tried[0] == "bird"
    assert "tree" not in tried and "standing" not in tried
    assert tried.index("small") < tried.index("gate")


def test_an_exception_covers_all_captions_of_the_event() -> None:
    traces = [said("A dog is standing there."), said("A cat is standing there.", frame=4)]
    rule = RULES.rule("gate.standing")
    assert rule is not None
    moment = Moment("dog or cat", traces, reference="run:r/c")
    first = next(silencing(rule, moment, RULES.threshold))
    assert {one.unless for one in first.rule.exceptions} == {"dog", "cat"}
    assert first.rule.tests.quiet == ("run:r/c#3",)


def test_a_word_beside_the_phrase_and_a_lower_weight_are_last_resorts() -> None:
    moment = Moment("odd", [said("A dog is standing there.")], elsewhere={"A dog sleeps there.": 9})
    rule = RULES.rule("gate.standing")
    assert rule is not None
    tried = list(silencing(rule, moment, RULES.threshold))
    assert [one.sort for one in tried] == ["phrase", "weight", "weight"]
    assert tried[0].rule.look_for == ("standing -dog",)
    assert tried[1].frame is None and tried[1].rule.weight * 1.0 < RULES.threshold


def test_a_bound_is_not_moved_out_of_its_facts_range() -> None:
    rule = make_rule("chaos", measures=[{"fact": "motion_disorder", "above": 0.9}])
    seen = observe(make_caption("Some move.", [make_figure(motion_disorder=1.0)]))
    trace = trace_of(seen, match_of(rule, 0.9, measured_on(seen, "motion_disorder", 0)))
    tried = list(silencing(rule, Moment("play", [trace]), 0.5))
    assert {one.sort for one in tried} == {"weight"}


def test_of_two_measures_the_one_that_is_nearer_its_bound_moves() -> None:
    rule = make_rule(
        "both",
        measures=[{"fact": "speed_ratio", "above": 1}, {"fact": "height_ratio", "above": 1.9}],
    )
    seen = observe(make_caption("One runs.", [make_figure(speed_ratio=5.0, height_ratio=2.0)]))
    evidence = [measured_on(seen, fact, 0) for fact in ("speed_ratio", "height_ratio")]
    moment = Moment("fine", [trace_of(seen, match_of(rule, 0.6, *evidence))])
    first = next(silencing(rule, moment, 0.5))
    assert first.rule.measures[0] == rule.measures[0]
    assert first.rule.measures[1].above is not None and first.rule.measures[1].above > 2.0


def test_a_rule_that_does_not_hold_there_is_left_alone() -> None:
    rule = RULES.rule("gate.fast")
    assert rule is not None
    assert list(silencing(rule, Moment("dog", [said("A dog is standing there.")]), 0.5)) == []


# Misses.

USUAL = make_rules(make_rule("usual", kind="normal", look_for=["walking", "dog"]))
KNOWN = Vocabulary(USUAL.rules, ["man"], [])


def test_a_new_rule_is_named_by_the_reason_and_never_takes_an_id() -> None:
    traces = [trace_of(observe("A man is climbing."))]
    moment = Moment("a man climbs", traces, ignored=frozenset({"man"}), reference="run:r/c")
    [first, *_] = noticing(USUAL, moment, KNOWN, ["gate.climbs", "gate.missed-1"])
    assert first.rule.id == "gate.missed-2"
    assert next(noticing(USUAL, moment, KNOWN)).rule.id == "gate.climbs"
    assert first.rule.look_for == ("climbing",)
    odd = Moment("異常", moment.traces, reference="run:r/c")
    assert next(noticing(USUAL, odd, KNOWN)).rule.id == "gate.missed-1"


def test_no_new_rule_looks_for_what_is_normal_or_common() -> None:
    traces = [trace_of(observe("A man is walking with a dog and a rope."))]
    moment = Moment("walking dog rope", traces, elsewhere={"A rope lies there.": 5})
    tried = [phrase for one in noticing(USUAL, moment, KNOWN) for phrase in one.rule.look_for]
    assert not {"walking", "dog", "rope"} & set(tried)


def test_a_measuring_captioners_words_make_no_rule() -> None:
    caption = make_caption("One climbs.", [make_figure(speed_ratio=3.0, direction_degrees=90.0)])
    moment = Moment("climbing", [trace_of(observe(caption))], usual={"speed_ratio": 1.2})
    tried = list(noticing(USUAL, moment, KNOWN))
    assert {one.rule.measures[0].fact for one in tried} == {"speed_ratio"}
    bounds = [one.rule.measures[0].above for one in tried]
    assert all(bound is not None and bound < 3.0 for bound in bounds)


def test_what_is_not_beyond_the_usual_makes_no_rule() -> None:
    seen = observe(make_caption("One walks.", [make_figure(speed_ratio=1.0)]))
    assert largest([trace_of(seen)]) == {"speed_ratio": pytest.approx(1.0)}
    moment = Moment("odd", [trace_of(seen)], usual={"speed_ratio": 1.2})
    assert list(noticing(USUAL, moment, KNOWN)) == []
