"""Robust reasoning without a model: overturned by lonely frames, raised by unbroken ones."""

from __future__ import annotations

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


def hit(rule: str = "gate.odd", strength: float = 0.9) -> Matched:
    return Matched(matches=(match_of(rule, strength, EVIDENCE),))


def checked(
    prior: float,
    here: Matched,
    before: list[Matched],
    after: list[Matched],
    threshold: float = 0.5,
) -> Checked:
    return check(
        Disputed(
            observation=SEEN,
            matched=here,
            prior=prior,
            before=before,
            after=after,
            threshold=threshold,
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


def test_a_broken_run_is_not() -> None:
    assert checked(0.3, hit(), [hit(), QUIET], [hit()] * 2) == Checked(score=0.3)
    assert checked(0.3, hit(), [hit("gate.other")] * 4, []) == Checked(score=0.3)
    assert checked(0.3, QUIET, [hit()] * 4, [hit()] * 4) == Checked(score=0.3)
    # The nearest frames before stand last.
    assert checked(0.3, hit(), [QUIET, *[hit()] * 4], [QUIET]).score == 0.5
    assert checked(0.3, hit(), [*[hit()] * 4, QUIET], [QUIET]).score == 0.3


FRAMES = st.sampled_from([QUIET, hit(), hit("gate.other"), hit("gate.odd", 0.3)])
STRETCH = st.lists(FRAMES, max_size=6)


@given(st.floats(0, 1), FRAMES, STRETCH, STRETCH, st.floats(0.01, 1))
def test_only_a_changed_score_has_a_reason(
    prior: float, here: Matched, before: list[Matched], after: list[Matched], threshold: float
) -> None:
    found = checked(prior, here, before, after, threshold)
    assert 0 <= found.score <= 1
    if found.why is None:
        assert found.score == prior
    elif prior >= threshold:
        assert found.score < threshold
    else:
        assert found.score == threshold
