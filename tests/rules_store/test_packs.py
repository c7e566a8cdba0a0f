"""The starter packs: whole, tested, consistent, and renamed for a scene without other changes."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.errors import FileProblems, UnknownNameError
from ruler.jobs.linting import lint_source
from ruler.jobs.rule_tests import run_rule_tests
from ruler.schemas.rules import NAME_PATTERN
from rules_store.packs import Pack, builtin_packs, load_pack, renamed
from rules_store.rule_files import parse_rules
from rules_store.taxonomy_files import load_taxonomy

DAY = dt.date(2030, 1, 1)
PACKS = ("front-door", "living-room", "parking", "shop-floor", "walkway")


@pytest.fixture(params=PACKS)
def pack(request: pytest.FixtureRequest) -> Pack:
    return load_pack(request.param)


def test_the_packs_that_ship() -> None:
    assert builtin_packs() == PACKS


def test_an_unknown_pack_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="did you mean `walkway`"):
        load_pack("walkways")
    with pytest.raises(UnknownNameError, match=", ".join(PACKS)):
        load_pack("../taxonomies/general")


def test_a_pack_says_what_it_is_and_holds(pack: Pack) -> None:
    rules = pack.rule_set.rules
    assert pack.title and not pack.title.endswith(".") and pack.description.endswith(".")
    assert 8 <= len(rules) <= 12
    kinds = Counter(rule.kind for rule in rules)
    assert kinds["normal"] >= 2 and kinds["anomaly"] >= 6
    assert {rule.subject for rule in rules} == {"human_activity", "environment"}
    assert any(rule.measures for rule in rules)
    assert any(rule.when.hours for rule in rules) and any(rule.exceptions for rule in rules)
    items = {item.id: item for item in load_taxonomy("general").items}
    for rule in rules:
        assert rule.category in items, rule.id
        assert (items[rule.category].kind == "normal") <= (rule.kind == "normal"), rule.id
        assert len(rule.tests.fire) >= 2 and len(rule.tests.quiet) >= 2, rule.id


def test_overrides_lead_to_anomaly_rules(pack: Pack) -> None:
    targets = [target for rule in pack.rule_set.rules for target in rule.overrides]
    assert targets
    for target in targets:
        found = pack.rule_set.rule(target)
        assert found is not None and found.kind == "anomaly", target


def test_the_tests_of_a_pack_pass(pack: Pack) -> None:
    ended = run_rule_tests(pack.source, None, name=pack.file, as_of=DAY)
    wrong = [(one.rule_id, one.entry, one.state) for one in ended.outcomes]
    assert [one for one in wrong if one[2] not in ("passed", "todo")] == []
    assert ended.untested == []
    denied = re.compile(r"\b(no|not|nobody|nothing|without)\b", re.IGNORECASE)
    accused = [rule for rule in pack.rule_set.rules if rule.look_for and rule.kind == "anomaly"]
    assert [r.id for r in accused if not any(map(denied.search, r.tests.quiet))] == []


def test_lint_has_nothing_to_say(pack: Pack) -> None:
    found = lint_source(pack.source, file=pack.file, as_of=DAY)
    assert [(one.place, one.code, one.message) for one in found] == []


def test_a_rule_of_a_pack_can_alarm_alone(pack: Pack) -> None:
    accusing = [rule for rule in pack.rule_set.rules if rule.kind == "anomaly"]
    assert all(rule.weight >= pack.rule_set.threshold for rule in accusing)


@settings(max_examples=6, deadline=None)
@given(scene=st.from_regex(NAME_PATTERN.rstrip("$") + r"\Z"), name=st.sampled_from(PACKS))
def test_renaming_changes_names_alone(scene: str, name: str) -> None:
    scene = scene[:80]
    source = load_pack(name).source
    text = renamed(source, scene)
    here, there = parse_rules(source), parse_rules(text, scene=scene)
    assert [rule.id for rule in there.rules] == [
        scene + rule.id.removeprefix(name) for rule in here.rules
    ]
    lines = list(zip(source.split("\n"), text.split("\n"), strict=True))
    changed = [old for old, new in lines if old != new]
    assert all(re.match(r"scene: |  - id: |    overrides: ", old) for old in changed)
    assert renamed(text, name) == source


def test_renaming_knows_every_way_an_id_is_written() -> None:
    source = (
        "schema: ruler/rules/v1\nscene: 'a'\nrules:\n"
        '- {id: "a.x", title: X, kind: anomaly, statement: a.x is a, category: a.x}\n'
        "- id: a.y # a.y\n  title: Y\n  kind: normal\n  statement: Y\n  overrides:\n  - a.x\n"
        "  - ab.x\n"
        "- {id: a.z, title: Z, kind: anomaly, statement: Z, status: draft, replaces: a.x}\n"
    )
    text = renamed(source, "no")
    assert parse_rules(text).scene == "no"
    assert [rule.id for rule in parse_rules(text).rules] == ["no.x", "no.y", "no.z"]
    assert parse_rules(text).rules[1].overrides == ("no.x", "ab.x")
    assert parse_rules(text).rules[2].replaces == "no.x"
    assert "category: a.x" in text and "statement: a.x is a" in text and "# a.y" in text


def test_no_scene_is_called_so() -> None:
    with pytest.raises(FileProblems, match="must be a name"):
        renamed(load_pack("walkway").source, "../Yard")
