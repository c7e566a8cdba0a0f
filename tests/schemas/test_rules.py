"""What a rule and a rule set may hold."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from pydantic import ValidationError

from ruler.schemas.rules import Measure, Origin, RevisionRef, Rule, RuleException, RuleSet, When
from tests.support import make_rule, make_rules


def test_rules_are_frozen_and_refuse_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_rule().weight = 0.1
    with pytest.raises(ValidationError, match="Extra inputs"):
        make_rule(colour="red")


@pytest.mark.parametrize(
    "field",
    [
        {"id": "gate"},
        {"id": "Gate.odd"},
        {"id": "gate.odd\n"},
        {"id": "gate.../odd"},
        {"id": "gate." + "a" * 160},
        {"title": ""},
        {"statement": ""},
        {"kind": "strange"},
        {"level": "extreme"},
        {"status": "live"},
        {"category": "motion"},
        {"look_for": [""]},
        {"look_for": ["a" * 201]},
        {"weight": 1.01},
        {"weight": -0.01},
        {"weight": math.nan},
    ],
)
def test_what_a_rule_may_not_be(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_rule(**field)


def test_only_a_normal_rule_overrides() -> None:
    with pytest.raises(ValidationError, match="only a normal rule"):
        make_rule(overrides=["gate.other"])
    assert make_rule(kind="normal", overrides=["gate.other"]).overrides == ("gate.other",)


@pytest.mark.parametrize(
    ("bound", "complaint"),
    [
        ({"fact": "pace", "above": 1}, "unknown fact 'pace'"),
        ({"fact": "speed_ratio"}, "needs `above` or `below`"),
        ({"fact": "speed_ratio", "above": 2, "below": 2}, "must be smaller"),
        ({"fact": "speed_ratio", "above": 3, "below": 2}, "must be smaller"),
        ({"fact": "speed_ratio", "above": 1, "softness": 0}, "greater than 0"),
        ({"fact": "speed_ratio", "above": math.nan}, "finite"),
        ({"fact": "speed_ratio", "above": math.inf}, "finite"),
    ],
)
def test_what_a_measure_may_not_be(bound: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Measure.model_validate(bound)


@pytest.mark.parametrize(
    "hours", ["", "24:00-05:00", "5:00-06:00", "23:00", "23:00-05:60", " 23:00-05:00", "noon"]
)
def test_hours_are_clock_times(hours: str) -> None:
    with pytest.raises(ValidationError, match="23:00-05:00"):
        When(hours=hours)


def test_hours_are_a_span() -> None:
    assert When(hours="23:00-05:30").hour_span() == (dt.time(23), dt.time(5, 30))
    assert When().hour_span() is None


def test_a_gate_that_is_not_given_is_open() -> None:
    assert When().is_open
    for gate in (
        {"hours": "10:00-11:00"},
        {"weekdays": ["mon"]},
        {"zones": ["lawn"]},
        {"presence": ["anyone"]},
    ):
        assert not When.model_validate(gate).is_open
    with pytest.raises(ValidationError):
        When.model_validate({"weekdays": ["monday"]})


def test_votes_are_a_share() -> None:
    assert Origin(votes="7/10").votes == "7/10"
    for votes in ("7", "7/10 ", "most"):
        with pytest.raises(ValidationError):
            Origin(votes=votes)


def test_an_exception_says_unless_what() -> None:
    with pytest.raises(ValidationError):
        RuleException.model_validate({"name": "courier"})


def test_ids_are_unique() -> None:
    with pytest.raises(ValidationError, match=r"'gate\.odd' stands twice"):
        make_rules(make_rule(), make_rule(kind="normal"))


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan])
def test_the_threshold_is_a_score(threshold: float) -> None:
    with pytest.raises(ValidationError):
        make_rules(threshold=threshold)


@pytest.mark.parametrize("scene", ["", "Gate", "../gate", "a" * 81, "-gate", "gate\n"])
def test_scenes_have_plain_names(scene: str) -> None:
    with pytest.raises(ValidationError):
        RuleSet(scene=scene)


def test_drafts_and_deprecated_rules_do_not_live() -> None:
    statuses = ("draft", "experimental", "stable", "deprecated")
    rules = make_rules(*(make_rule(status, status=status) for status in statuses))
    assert [rule.status for rule in rules.live] == ["experimental", "stable"]
    assert rules.rule("gate.draft") == rules.rules[0]
    assert rules.rule("gate.nothing") is None


def test_a_rule_is_linked_by_what_it_measures() -> None:
    assert make_rule(measures=[{"fact": "dwell_seconds", "above": 8}]).is_linked
    assert not make_rule(measures=[{"fact": "speed_ratio", "above": 8}]).is_linked
    assert not make_rule(look_for=["dwelling"]).is_linked


def test_a_revision_is_named_for_ever() -> None:
    assert str(RevisionRef(scene="gate", revision=2, sha256="0" * 64)) == "gate@2"
    for wrong in ({"revision": 0}, {"sha256": "0" * 63}):
        with pytest.raises(ValidationError):
            RevisionRef.model_validate({"scene": "gate", "revision": 2, "sha256": "0" * 64} | wrong)


def test_rules_come_back_from_json() -> None:
    rule = make_rule(
        measures=[{"fact": "speed_ratio", "above": 2}],
        when={"hours": "23:00-05:00", "weekdays": ["sat"]},
        exceptions=[{"name": "courier", "unless": "parcel", "until": "2027-01-31"}],
    )
    assert Rule.model_validate_json(rule.model_dump_json()) == rule
