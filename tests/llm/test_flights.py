"""The same question from several at the same moment is paid once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ruler.llm.chat import ChatBackend
from ruler.llm.engine import Engine
from ruler.llm.options import ChatOptions
from ruler.llm.questions import Answer, Completion, Question
from ruler.schemas.runs import Usage
from tests.llm.fakes import (
    BatchOf,
    FakeClock,
    MemoryCache,
    Meter,
    ScriptedBackend,
    fails,
    numbered,
    says,
)
from tests.stubs.openai_server import OpenAIStub

PAID = Usage(model_calls=1, tokens_in=100, tokens_out=7)
HAD = Usage(answers_cached=1)


def summed(answers: list[Answer]) -> Usage:
    total = Usage()
    for answer in answers:
        total += answer.usage
    return total


@pytest.mark.parametrize("workers", [2, 8])
def test_workers_with_the_same_questions_pay_once(workers: int) -> None:
    meter, ready = Meter(), threading.Barrier(workers)
    with OpenAIStub(delay=0.02) as stub:
        options = ChatOptions(base_url=stub.url, concurrency=4)
        backend = ChatBackend("openai:stub", options)
        with Engine(backend, options, cache=MemoryCache(), on_usage=meter) as engine:

            def work(_: int) -> list[Answer]:
                ready.wait()
                return list(engine.ask(numbered(20)))

            with ThreadPoolExecutor(workers) as pool:
                found = list(pool.map(work, range(workers)))
        assert stub.calls == 20
    everything = [answer for answers in found for answer in answers]
    assert len(everything) == 20 * workers and all(answer.text for answer in everything)
    assert summed(everything) == meter.total
    assert meter.total.model_calls == 20
    assert meter.total.answers_cached == 20 * (workers - 1)
    assert (meter.total.tokens_in, meter.total.tokens_out) == (stub.tokens_in, stub.tokens_out)


def test_one_who_asks_the_same_twice_pays_once() -> None:
    backend = ScriptedBackend()
    with Engine(backend, cache=MemoryCache(), clock=FakeClock()) as engine:
        answers = list(engine.ask([Question("Say.", "it")] * 5))
    assert len(backend.asked) == 1
    assert [answer.text for answer in answers] == ["about it"] * 5
    assert summed(answers) == PAID + Usage(answers_cached=4)


def test_a_failure_is_shared_while_it_is_under_way_and_asked_anew_afterwards() -> None:
    backend = ScriptedBackend([says("fine"), fails("bad_request"), says("well")])
    same = Question("Say.", "it")
    with Engine(backend, cache=MemoryCache(), clock=FakeClock()) as engine:
        list(engine.ask(numbered(1)))
        first = list(engine.ask([same] * 3))
        assert [answer.fault and answer.fault.kind for answer in first] == ["bad_request"] * 3
        assert summed(first) == Usage(model_calls=1, failed_calls=1)
        assert [answer.text for answer in engine.ask([same])] == ["well"]
    assert len(backend.asked) == 3


class Held(ScriptedBackend):
    """Answers what is not "held" at once, and that when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.sent, self.given_up = threading.Event(), threading.Event()
        self.go = threading.Event()

    async def complete(self, question: Question) -> Completion:
        if question.text == "held":
            self.sent.set()
            try:
                while not self.go.is_set():
                    await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                self.given_up.set()
                raise
        return await super().complete(question)


def begun(engine: Engine, backend: Held) -> Iterator[Answer]:
    """Asked about what is held, and something else before, whose answer is there."""
    answers = iter(engine.ask([Question("Say.", "other"), Question("Say.", "held")]))
    next(answers)
    assert backend.sent.wait(10)
    return answers


def test_a_call_ends_with_the_last_who_waits_for_it() -> None:
    backend = Held()
    with Engine(backend, ChatOptions(concurrency=2), cache=MemoryCache()) as engine:
        one, other = begun(engine, backend), begun(engine, backend)
        one.close()  # type: ignore[attr-defined]
        assert not backend.given_up.wait(0.05)
        other.close()  # type: ignore[attr-defined]
        assert backend.given_up.wait(10)
        # Nobody joins what was given up.
        backend.go.set()
        assert [answer.text for answer in engine.ask([Question("Say.", "held")])] == ["about held"]


def test_who_waits_on_gets_the_answer_with_its_cost() -> None:
    backend, meter = Held(), Meter()
    with Engine(backend, ChatOptions(concurrency=2), cache=MemoryCache(), on_usage=meter) as engine:
        one, other = begun(engine, backend), begun(engine, backend)
        one.close()  # type: ignore[attr-defined]
        backend.go.set()
        assert [(answer.text, answer.usage) for answer in other] == [("about held", PAID)]
    assert meter.total == PAID + PAID + HAD


def test_models_in_this_process_are_asked_once_too_and_a_batch_serves_who_waits_on() -> None:
    go = threading.Event()

    def answer(question: Question) -> Completion:
        assert go.wait(10)
        return says(f"about {question.text}")

    model = BatchOf(2, answer)
    ask = Question
    with Engine(model, cache=MemoryCache()) as engine:
        first = engine.ask([ask("Say.", "0"), ask("Say.", "1")])
        second = engine.ask([ask("Say.", "1"), ask("Say.", "2")])
        with ThreadPoolExecutor(2) as pool:
            found = [pool.submit(list, one) for one in (first, second)]
            go.set()
            texts = [[one.text for one in each.result()] for each in found]
    assert texts == [["about 0", "about 1"], ["about 1", "about 2"]]
    assert sorted(text for batch in model.batches for text in batch) == ["0", "1", "2"]


def test_without_a_place_to_keep_answers_each_question_is_asked() -> None:
    backend = ScriptedBackend()
    with Engine(backend, clock=FakeClock()) as engine:
        assert len(list(engine.ask([Question("Say.", "it")] * 3))) == 3
    assert len(backend.asked) == 3
