"""Budgets hold, however many ask at once."""

from __future__ import annotations

import threading

import pytest

from ruler.llm.budget import Budget
from ruler.llm.questions import BackendError
from ruler.schemas.runs import Usage


def refused(budget: Budget) -> str:
    with pytest.raises(BackendError) as caught:
        budget.reserve()
    assert caught.value.fault.kind == "budget"
    assert caught.value.usage == Usage()
    return caught.value.fault.said


def test_without_limits_everything_goes() -> None:
    budget = Budget()
    for _ in range(100):
        budget.reserve()
        budget.settle(Usage(model_calls=1, tokens_in=10**9, cost_usd=10**6))
    assert budget.spent.model_calls == 100


def test_calls_are_counted_before_they_are_made() -> None:
    budget = Budget(max_calls=2)
    budget.reserve()
    budget.reserve()
    assert refused(budget) == (
        "not asked: the budget of 2 model calls is used up; raise max_calls and run again, "
        "what was answered is not paid twice"
    )


def test_a_call_that_was_not_sent_is_given_back() -> None:
    budget = Budget(max_calls=1)
    budget.reserve()
    budget.settle(Usage())
    budget.reserve()
    budget.settle(Usage(model_calls=1, failed_calls=1))
    refused(budget)


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(max_tokens=150), "150 tokens is used up; raise max_tokens"),
        (Budget(max_cost_usd=0.005), "0.005 US dollars is used up; raise max_cost_usd"),
        (Budget(max_calls=0), "0 model calls"),
    ],
)
def test_tokens_and_cost_end_it_once_they_are_known(budget: Budget, limit: str) -> None:
    if budget.max_calls is None:
        budget.reserve()
        budget.reserve()  # under way together: the second may go over the limit
        budget.settle(Usage(model_calls=1, tokens_in=100, tokens_out=50, cost_usd=0.005))
    assert limit in refused(budget)


def test_threads_cannot_overshoot_calls() -> None:
    budget, made = Budget(max_calls=100), []

    def work() -> None:
        for _ in range(50):
            try:
                budget.reserve()
            except BackendError:
                return
            made.append(1)
            budget.settle(Usage(model_calls=1))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == budget.spent.model_calls == 100
