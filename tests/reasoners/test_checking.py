"""Robust reasoning without a model: overturned by lonely frames, raised by unbroken ones."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.base import Checked, Disputed
from ruler.reasoners.symbolic.checking import check
from ruler.schemas.verdicts import Matched
from tests.support import match_of, observe, quote

SEEN = observe("A man runs.")
EVIDENCE = quote(SEEN, "runs")
QUIET = Matched()
WEIGHTS = {"gate.odd": 1.0, "gate.other": 1.0}


def hit(rule: str = "gate.odd", strength: float = 0.9) -> Matched:
    return Matched(matches=(match_of(rule, strength, EVIDENCE),))


def checked(
    prior: float,
    here: Matched,
    before: list[Matched],
    after: list[Matched],
    threshold: float = 0.5,
    weights: Mapping[str, float] = WEIGHTS,
) -> Checked:
    return check(
        Disputed(
            observation=SEEN,
            matched=here,
            prior=prior,
            before=before,
            after=after,
            threshold=threshold,
            weights=weights,
        )
    )


@pytest.mark.parametrize("prior", [0.5, 0.7, 1.0])
@pytest.mark.parametrize("threshold", [0.2, 0.5])
def test_a_lonely_alarm_is_overturned(prior: float, threshold: float) -> None:
    found = checked(prior, hit(), [QUIET] * 2, [QUIET] * 2, threshold)
    assert found.score < threshold
    assert found.why is not None
    assert "overturned" in found.why


def test_an_alarm_in_company_stands() -> None:
    for company in (hit(), hit("gate.odd", 0.5)):
        assert checked(0.8, hit(), [QUIET, company], [QUIET] * 2) == Checked(score=0.8)
    assert checked(0.8, QUIET, [hit()], [QUIET, QUIET, hit()]) == Checked(score=0.8)


def test_another_rule_is_no_company() -> None:
    assert checked(0.8, hit(), [QUIET, hit("gate.other")], [QUIET] * 2).why
    assert checked(0.8, hit(), [QUIET, hit("gate.odd", 0.49)], [QUIET] * 2).why


def test_with_few_neighbours_nothing_is_doubted() -> None:
    assert checked(0.8, hit(), [QUIET] * 2, [QUIET]) == Checked(score=0.8)


def test_an_unbroken_run_is_raised() -> None:
    found = checked(0.3, hit(), [hit()] * 2, [hit()] * 2)
    assert found.score == 0.5
    assert found.why == "raised: gate.odd fires on 5 neighbouring frames without a break"


def test_a_short_run_is_not() -> None:
    assert checked(0.3, hit(), [hit()] * 2, [hit()]) == Checked(score=0.3)


def test_a_broken_run_is_not() -> None:
    assert checked(0.3, hit(), [hit(), QUIET], [hit()] * 2) == Checked(score=0.3)
    assert checked(0.3, hit(), [hit("gate.other")] * 4, []) == Checked(score=0.3)
    assert checked(0.3, QUIET, [hit()] * 4, [hit()] * 4) == Checked(score=0.3)
    # The nearest frames before stand last.
    assert checked(0.3, hit(), [QUIET, *[hit()] * 4], [QUIET]).score == 0.5
    assert checked(0.3, hit(), [*[hit()] * 4, QUIET], [QUIET]).score == 0.3


@pytest.mark.parametrize(
    ("weight", "strength", "threshold", "is_raised"),
    [
        (1.0, 0.9, 0.5, True),
        (0.6, 0.9, 0.5, True),  # 0.54 alone
        (0.5, 1.0, 0.5, True),
        (0.5, 0.9, 0.5, False),
        (0.3, 1.0, 0.5, False),  # news alone is no alarm, however long it lasts
        (0.3, 1.0, 0.3, True),
        (0.9, 0.6, 0.8, False),
    ],
)
def test_only_a_rule_that_alone_would_do_is_raised(
    weight: float, strength: float, threshold: float, is_raised: bool
) -> None:
    run = [hit(strength=strength)] * 5
    found = checked(0.1, run[0], run, run, threshold, {"gate.odd": weight})
    assert found.score == (threshold if is_raised else 0.1)
    assert (found.why is not None) == is_raised


def test_rules_are_not_added_up_to_raise() -> None:
    """Two that last and add up to the threshold are none that alone would."""
    both = Matched(matches=hit().matches + hit("gate.other").matches)
    weights = {"gate.odd": 0.4, "gate.other": 0.4}
    assert checked(0.1, both, [both] * 5, [both] * 5, weights=weights) == Checked(score=0.1)


def test_what_has_no_weight_raises_nothing() -> None:
    """A normal rule, or one that is a draft by now."""
    assert checked(0.3, hit(), [hit()] * 4, [], weights={}) == Checked(score=0.3)


def test_company_may_be_weak() -> None:
    """Faint neighbours of a strong hit are its company: they fire, too."""
    here, around = hit(strength=1.0), [hit(strength=0.5)] * 4
    assert checked(0.3, here, around, [], weights={"gate.odd": 0.6}).score == 0.5


FRAMES = st.sampled_from([QUIET, hit(), hit("gate.other"), hit("gate.odd", 0.3)])
STRETCH = st.lists(FRAMES, max_size=6)
UNITS = st.floats(0, 1)


@given(UNITS, FRAMES, STRETCH, STRETCH, st.floats(0.01, 1), UNITS, UNITS)
def test_only_a_changed_score_has_a_reason(
    prior: float,
    here: Matched,
    before: list[Matched],
    after: list[Matched],
    threshold: float,
    odd: float,
    other: float,
) -> None:
    weights = {"gate.odd": odd, "gate.other": other}
    found = checked(prior, here, before, after, threshold, weights)
    assert 0 <= found.score <= 1
    if found.why is None:
        assert found.score == prior
    elif prior >= threshold:
        assert found.score < threshold
    else:
        assert found.score == threshold
        assert any(weights[m.rule_id] * m.strength >= threshold for m in here.matches)
