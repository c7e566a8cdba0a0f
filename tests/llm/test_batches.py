"""The engine over a model in this process."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ruler.llm.budget import Budget
from ruler.llm.engine import Engine
from ruler.llm.questions import Completion, Fault, Question
from ruler.schemas.runs import Usage
from tests.llm.fakes import BatchOf, MemoryCache, Meter, Verdict, numbered, says
from tests.llm.threads import own_threads

GOOD = '{"outcome": "normal", "score": 0.25}'


def echo(question: Question) -> Completion:
    return says(f"about {question.text}")


def test_questions_go_in_batches_and_answers_come_in_order() -> None:
    backend, meter = BatchOf(4, echo), Meter()
    with Engine(backend, on_usage=meter) as engine:
        answers = list(engine.ask(numbered(10)))
    assert [answer.text for answer in answers] == [f"about {n}" for n in range(10)]
    assert [len(batch) for batch in backend.batches] == [4, 4, 2]
    assert meter.total == Usage(model_calls=10, tokens_in=1000, tokens_out=70)
    assert engine.endpoint is None


def test_a_model_is_asked_from_one_thread_whoever_asks() -> None:
    backend = BatchOf(3, echo)
    with Engine(backend) as engine, ThreadPoolExecutor(4) as pool:
        texts = list(
            pool.map(lambda _: [answer.text for answer in engine.ask(numbered(20))], range(4))
        )
    assert texts == [[f"about {n}" for n in range(20)]] * 4
    assert len(backend.threads) == 1
    assert backend.threads != {threading.get_ident()}


def test_a_batch_that_became_smaller_is_heeded() -> None:
    backend = BatchOf(4, echo)

    def shrink(question: Question) -> Completion:
        backend.batch = 2
        return echo(question)

    backend._answer = shrink
    with Engine(backend) as engine:
        list(engine.ask(numbered(16)))
    assert [len(batch) for batch in backend.batches][-3:] == [2, 2, 2]


def test_wrong_forms_of_a_batch_are_asked_for_once_more_as_one_batch() -> None:
    def answer(question: Question) -> Completion:
        is_second = "could not be read" in question.text
        wrong = question.text.startswith(("1", "3")) and not is_second
        return says("no idea" if wrong or question.text.startswith("4") else GOOD)

    backend, meter = BatchOf(8, answer), Meter()
    questions = [Question("Judge.", str(number), schema=Verdict) for number in range(5)]
    with Engine(backend, on_usage=meter) as engine:
        answers = list(engine.ask(questions))
    assert [len(batch) for batch in backend.batches] == [5, 3]
    assert [one.fault.kind if one.fault else None for one in answers] == [None] * 4 + ["unreadable"]
    assert answers[1].usage == Usage(model_calls=2, failed_calls=1, tokens_in=200, tokens_out=14)
    assert (meter.total.model_calls, meter.total.failed_calls) == (8, 4)


def test_a_fault_of_one_question_is_its_own() -> None:
    def answer(question: Question) -> Completion | Fault:
        return Fault("too_long", "too long") if question.text == "1" else echo(question)

    with Engine(BatchOf(4, answer)) as engine:
        answers = list(engine.ask(numbered(3)))
    assert [one.fault.kind if one.fault else None for one in answers] == [None, "too_long", None]
    assert answers[1].usage == Usage(model_calls=1, failed_calls=1)


def test_a_budget_holds_and_costs_nothing_here() -> None:
    budget, backend = Budget(max_calls=5, max_cost_usd=0.01), BatchOf(4, echo)
    with Engine(backend, budget=budget) as engine:
        kinds = [one.fault.kind if one.fault else None for one in engine.ask(numbered(10))]
    assert kinds == [None] * 5 + ["budget"] * 5
    assert sum(map(len, backend.batches)) == budget.spent.model_calls == 5
    assert (budget.spent.cost_usd, budget.spent.unpriced_calls) == (0, 0)


def test_what_is_known_is_not_asked() -> None:
    cache = MemoryCache()
    with Engine(BatchOf(4, echo), cache=cache) as engine:
        list(engine.ask(numbered(10)[::2]))
    backend = BatchOf(4, echo)
    with Engine(backend, cache=cache) as engine:
        answers = list(engine.ask(numbered(10)))
    assert [answer.text for answer in answers] == [f"about {n}" for n in range(10)]
    assert sorted(text for batch in backend.batches for text in batch) == list("13579")


def test_a_model_that_breaks_breaks_the_run_and_frees_its_budget() -> None:
    def answer(question: Question) -> Completion:
        raise RuntimeError("CUDA went away")

    budget = Budget(max_calls=4)
    broken = Engine(BatchOf(4, answer), budget=budget)
    with pytest.raises(RuntimeError, match="CUDA went away"):
        list(broken.ask(numbered(4)))
    broken.close()
    with Engine(BatchOf(4, echo), budget=budget) as engine:
        assert [one.fault for one in engine.ask(numbered(4))] == [None] * 4


def test_a_forgotten_engine_closes_its_model() -> None:
    backend, before = BatchOf(2, echo), own_threads()
    engine = Engine(backend)
    list(engine.ask(numbered(2)))
    del engine
    gc.collect()
    assert backend.is_closed
    assert own_threads() == before
