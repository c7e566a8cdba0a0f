"""Budgets, and intervals that hold what they promise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.steps.rates import Budget, count_interval, days_without_event, share_interval


@pytest.mark.parametrize(
    ("text", "a_day"),
    [("1/day", 1), ("0.5/hour", 12), ("2/week", 2 / 7), ("3", 3), (" 1 / day ", 1), ("0/day", 0)],
)
def test_budgets(text: str, a_day: float) -> None:
    budget = Budget.parse(text)
    assert budget.a_day == pytest.approx(a_day)
    assert Budget.parse(str(budget)) == budget


@pytest.mark.parametrize(
    "text", ["", "day", "-1/day", "1/month", "1/day/day", "inf/day", "1e3/day"]
)
def test_what_is_no_budget(text: str) -> None:
    with pytest.raises(ValueError, match=text or ".*"):
        Budget.parse(text)


def poisson(mean: float, most: int) -> float:
    """The chance of at most so many events."""
    return sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(most + 1))


@given(st.integers(0, 200))
def test_the_count_interval_is_exact(count: int) -> None:
    low, high = count_interval(count)
    assert poisson(high, count) == pytest.approx(0.025)
    if count:
        assert 1 - poisson(low, count - 1) == pytest.approx(0.025)
    else:
        assert low == 0


def test_footage_that_carries_a_budget() -> None:
    days = days_without_event(1.0)
    assert days == pytest.approx(3.689, abs=1e-3)
    assert count_interval(0)[1] / days == pytest.approx(1.0)
    assert days_without_event(24.0) == pytest.approx(days / 24)
    assert days_without_event(0.0) == math.inf


@given(st.integers(1, 10_000), st.data())
def test_a_share_lies_in_its_interval(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    low, high = share_interval(part, whole)
    assert 0 <= low <= part / whole + 1e-12 and part / whole - 1e-12 <= high <= 1
    assert low < high
    # Wilson's ends are the shares that lie just 1.96 standard errors from what was seen.
    for end in (low, high):
        error = math.sqrt(end * (1 - end) / whole)
        assert abs(part / whole - end) <= 1.96 * error + 1e-9


def test_no_share_of_nothing() -> None:
    assert share_interval(0, 0) == (0.0, 1.0)
