"""Rules as AnomalyRuler's authors publish them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruler.errors import FileProblems
from ruler.schemas.rules import RuleSet
from ruler.text.phrases import find_any
from rules_store.anomalyruler_files import parse_anomalyruler
from rules_store.rule_files import dump_rules, parse_rules
from rules_store.taxonomy_files import load_lexicon

PUBLISHED = """\
**Anomaly Human Activities:**
1. Riding a bicycle or scooter, skateboarding
2. Moving against the flow
3. Riding a bicycle or unicycle

**Rules for Anomaly Environmental Objects:**
1. Unusual objects near the building

**Normal Human Activities:**
1) Walking alone or with another person

**Rules for Normal Non-Human Objects:**
- Trees along the street, plants
"""


def parsed(source: str = PUBLISHED) -> RuleSet:
    return parse_anomalyruler(source, scene="walk", lexicon=load_lexicon(), file="rules.txt")


def test_headings_give_kind_and_subject() -> None:
    rules = parsed().rules
    assert [(rule.kind, rule.subject) for rule in rules] == [
        ("anomaly", "human_activity"),
        ("anomaly", "human_activity"),
        ("anomaly", "human_activity"),
        ("anomaly", "environment"),
        ("normal", "human_activity"),
        ("normal", "environment"),
    ]
    assert rules[0].statement == "Riding a bicycle or scooter, skateboarding"
    assert {rule.origin.by for rule in rules} == {"imported"}


def test_ids_are_the_scenes_and_stay_apart() -> None:
    ids = [rule.id for rule in parsed().rules]
    assert len(set(ids)) == len(ids)
    assert all(rule_id.startswith("walk.") for rule_id in ids)


@pytest.mark.parametrize(
    ("number", "caption", "fires"),
    [
        (0, "A man rides a bicycle.", True),
        (0, "A boy is skateboarding.", True),
        (0, "A man is walking.", False),
        (2, "A clown is riding a unicycle.", True),
        (3, "A man walks past the building.", False),
    ],
)
def test_what_is_looked_for(number: int, caption: str, fires: bool) -> None:
    found = find_any(caption, parsed().rules[number].look_for)
    assert (found is not None and found.strength >= 0.5) == fires


def test_normal_statements_become_vocabulary() -> None:
    walking, trees = parsed().rules[-2:]
    assert "walking alone" in walking.look_for
    assert trees.look_for == ("trees along the street", "plants")


def test_what_is_read_can_be_written_and_read_again() -> None:
    rules = parsed()
    assert parse_rules(dump_rules(rules)) == rules


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("1. Running\n", 1, "under no heading"),
        ("**Anomaly Human Activities:**\n1. Running\nand more\n", 3, "neither a heading"),
        ("", 0, "no rule"),
        ("**Normal Human Activities:**\n", 0, "no rule"),
    ],
)
def test_what_is_no_rule_is_named(source: str, line: int, said: str) -> None:
    with pytest.raises(FileProblems) as caught:
        parsed(source)
    assert [problem.line for problem in caught.value.problems] == [line]
    assert said in str(caught.value)


@pytest.mark.footage
@pytest.mark.parametrize("name", ["ped2", "avenue", "SHTech", "UBNormal"])
def test_published_rules_are_read(shared: Path, name: str) -> None:
    source = (shared / "data" / "captions" / f"rules_{name}.txt").read_text()
    rules = parsed(source).rules
    numbered = [line for line in source.splitlines() if line[:1].isdigit()]
    assert [rule.statement for rule in rules] == [
        line.split(". ", 1)[1].strip() for line in numbered
    ]
    riding = [r for r in rules if r.kind == "anomaly" and find_any("riding a bicycle", r.look_for)]
    assert riding
