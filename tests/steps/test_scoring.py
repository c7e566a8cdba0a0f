"""The noisy-or: bounded, monotone, silent on nothing, and blind to order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.verdicts import Match, Matched, NotEvaluable
from ruler.steps.scoring import first_score, frame_score, joined, ranked, weights_of
from tests.support import failed, make_rule, match_of, observe, quote

EVIDENCE = quote(observe(), "person")
UNITS = st.floats(0, 1)
RULES = [f"gate.r{number}" for number in range(6)]
WEIGHTS = st.fixed_dictionaries(dict.fromkeys(RULES, UNITS))
MATCHES = st.lists(
    st.builds(match_of, st.sampled_from(RULES), UNITS, st.just(EVIDENCE)),
    unique_by=lambda match: match.rule_id,
)


def test_by_hand() -> None:
    matches = [match_of("gate.r0", 0.5, EVIDENCE), match_of("gate.r1", 1.0, EVIDENCE)]
    assert frame_score(matches, {"gate.r0": 0.8, "gate.r1": 0.5}) == pytest.approx(0.7)
    assert frame_score(matches, {"gate.r0": 0.8}) == pytest.approx(0.4)
    assert frame_score([], {"gate.r0": 0.8}) == 0
    assert frame_score(matches, {}) == 0


@given(MATCHES, WEIGHTS, st.randoms())
def test_bounded_and_blind_to_order(
    matches: list[Match], weights: dict[str, float], random: object
) -> None:
    score = frame_score(matches, weights)
    assert 0 <= score <= 1
    strongest = max((weights[m.rule_id] * m.strength for m in matches), default=0)
    assert score >= strongest - 1e-8
    assert score <= sum(weights[m.rule_id] * m.strength for m in matches) + 1e-8
    random.shuffle(matches)  # type: ignore[attr-defined]
    assert frame_score(matches, weights) == pytest.approx(score, abs=1e-8)


@given(MATCHES.filter(bool), WEIGHTS, st.data())
def test_monotone_in_each_strength(
    matches: list[Match], weights: dict[str, float], data: st.DataObject
) -> None:
    before = frame_score(matches, weights)
    position = data.draw(st.integers(0, len(matches) - 1))
    stronger = data.draw(st.floats(matches[position].strength, 1))
    matches[position] = matches[position].model_copy(update={"strength": stronger})
    assert frame_score(matches, weights) >= before
    assert frame_score(matches[:position] + matches[position + 1 :], weights) <= before + 1e-8


@given(MATCHES, WEIGHTS, st.none() | st.just("the model was unsure"))
def test_a_failure_has_no_score(
    matches: list[Match], weights: dict[str, float], open_: str | None
) -> None:
    found = Matched(matches=tuple(matches), undetermined=open_)
    assert first_score(failed(), found, weights) is None


@pytest.mark.parametrize(
    ("strengths", "undetermined", "score"),
    [
        ([], None, 0.0),
        ([0.3], None, 0.3),
        ([0.9], "unsure", 0.9),
        ([0.5], "unsure", 0.5),
        # A faint match beside an open question decides nothing.
        ([0.49], "unsure", None),
        ([0.3, 0.4], "unsure", None),
        ([], "unsure", None),
    ],
)
def test_what_a_model_left_open_is_not_normal(
    strengths: list[float], undetermined: str | None, score: float | None
) -> None:
    matches = [match_of(RULES[n], strength, EVIDENCE) for n, strength in enumerate(strengths)]
    found = Matched(matches=tuple(matches), undetermined=undetermined)
    assert first_score(observe(), found, dict.fromkeys(RULES, 1.0)) == score


def test_only_anomaly_rules_weigh() -> None:
    rules = [make_rule("a", weight=0.3), make_rule("b", kind="normal")]
    assert weights_of(rules) == {"gate.a": 0.3}


def test_passes_are_joined() -> None:
    unknown = NotEvaluable(rule_id="gate.r3", reason="no clock")
    first = Matched(matches=(match_of("gate.r0", 0.5, EVIDENCE),), not_evaluable=(unknown,))
    second = Matched(matches=(match_of("gate.r1", 0.6, EVIDENCE),), undetermined="unclear")
    both = joined(first, second)
    assert [match.rule_id for match in both.matches] == ["gate.r0", "gate.r1"]
    assert both.not_evaluable == (unknown,)
    assert both.undetermined == "unclear"
    assert joined(Matched(), Matched()) == Matched()


def test_a_rule_counts_once_over_both_passes() -> None:
    weak, strong = (match_of("gate.r0", strength, EVIDENCE) for strength in (0.5, 0.6))
    for pair in ((weak, strong), (strong, weak)):
        both = joined(*(Matched(matches=(match,)) for match in pair))
        assert both.matches == (strong,)


@given(MATCHES, WEIGHTS)
def test_ranked_by_weight(matches: list[Match], weights: dict[str, float]) -> None:
    order = ranked(Matched(matches=tuple(matches)), weights)
    gains = [weights[match.rule_id] * match.strength for match in order]
    assert gains == sorted(gains, reverse=True)
    assert {m.rule_id for m in order} == {m.rule_id for m in matches if weights[m.rule_id] > 0}
    assert order == ranked(Matched(matches=tuple(matches[::-1])), weights)


@given(MATCHES, MATCHES, st.none() | st.just("no answer"))
def test_two_passes_join_to_what_each_found(
    one: list[Match], other: list[Match], why: str | None
) -> None:
    first, second = Matched(matches=tuple(one)), Matched(matches=tuple(other), undetermined=why)
    both = joined(first, second)
    strongest: dict[str, float] = {}
    for match in (*one, *other):
        strongest[match.rule_id] = max(match.strength, strongest.get(match.rule_id, 0.0))
    assert {match.rule_id: match.strength for match in both.matches} == strongest
    assert both.undetermined == why
    assert joined(first, Matched()) == joined(Matched(), first) == first
