"""Rules that mean the same: by bounds, phrases, or else by what they state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.rules import Rule
from ruler.steps.meaning import ALIKE, content_key, jaccard, meaning_of, same_meaning
from tests.rules_store.strategies import rules
from tests.support import make_rule

FAST = {"measures": [{"fact": "speed_ratio", "above": 2.0}]}
DOOR = {"look_for": ["standing at the door", "trying the handle", "looking in"]}


def both_ways(a: Rule, b: Rule) -> bool:
    assert same_meaning(a, b) == same_meaning(b, a)
    return same_meaning(a, b)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (FAST, {"measures": [{"fact": "speed_ratio", "above": 2.5}]}, True),
        (FAST, {"measures": [{"fact": "speed_ratio", "above": 2.8}]}, False),
        (FAST, {"measures": [{"fact": "speed_ratio", "below": 2.0}]}, False),
        (FAST, {"measures": [{"fact": "height_ratio", "above": 2.0}]}, False),
        (FAST, {"measures": [{"fact": "speed_ratio", "above": 2.0, "softness": 1}]}, True),
        (FAST, {"measures": [*FAST["measures"], {"fact": "speed_ratio", "above": 1.0}]}, True),
        (FAST, FAST | DOOR, False),
        (FAST, {}, False),
        (DOOR, {"look_for": ["stands by the doors", "TRY the handle", "looking in"]}, True),
        (DOOR, {"look_for": ["standing at the door", "trying the handle", "smoking"]}, False),
        (DOOR, {"look_for": [*DOOR["look_for"], "smoking", "crouching"]}, True),
        ({"look_for": ["car -parked"]}, {"look_for": ["car"]}, False),
        (DOOR, {**DOOR, "kind": "normal"}, False),
        (DOOR, {**DOOR, "when": {"hours": "23:00-05:00"}}, False),
        (DOOR, {**DOOR, "weight": 0.1, "level": "low", "status": "stable"}, True),
        (DOOR, {**DOOR, "statement": "Another text altogether.", "title": "Other"}, True),
        ({"statement": "A man climbs the fence."}, {"statement": "Men climb fences!"}, True),
        ({"statement": "A man climbs the fence."}, {"statement": "A man paints a wall."}, False),
        ({"statement": "A person is at the desk."}, {"statement": "No person is there."}, False),
        ({"statement": "Ein Mann geht im Hof."}, {"statement": "Der Mann geht im Hof"}, True),
        ({"statement": "Of the"}, {"statement": "of the."}, True),
    ],
)
def test_same_meaning(a: dict[str, object], b: dict[str, object], expected: bool) -> None:
    assert both_ways(make_rule("one", **a), make_rule("two", **b)) is expected


def test_a_quarter_is_of_the_larger_bound() -> None:
    def at(bound: float) -> Rule:
        return make_rule(measures=[{"fact": "fall_speed", "above": bound}])

    assert both_ways(at(3.0), at(4.0))
    assert not both_ways(at(2.9), at(4.0))
    assert both_ways(at(0.0), at(0.0))
    assert not both_ways(at(0.0), at(0.1))


def test_what_is_denied_is_not_what_is_said() -> None:
    assert content_key("Nobody is walking.") == {"-walk"}
    assert content_key("People are walking.") == {"people", "walk"}
    assert content_key("more than 3 people") == {"more", "3", "people"}
    assert content_key("") == frozenset()


def test_the_index_of_sets() -> None:
    assert jaccard(set(), set()) == 1.0
    assert jaccard({1, 2, 3}, {1, 2, 4}) == 0.5 < ALIKE
    assert jaccard({1}, set()) == 0.0


@given(rules("yard"), st.data())
def test_a_rule_means_the_same_under_another_name(rule: Rule, data: st.DataObject) -> None:
    other = data.draw(rules("yard"))
    renamed = rule.model_copy(
        update={"id": "yard.renamed", "title": other.title, "origin": other.origin}
    )
    assert same_meaning(rule, renamed)
    assert meaning_of(rule) == meaning_of(renamed)
    both_ways(rule, other)


def test_a_phrase_that_denies_means_something_else() -> None:
    paying = make_rule("a", look_for=["paying", "worker with a helmet"])
    assert not same_meaning(paying, make_rule("b", look_for=["without paying", "no helmet"]))
    assert same_meaning(
        make_rule("a", look_for=["without paying"]), make_rule("b", look_for=["without paying"])
    )
