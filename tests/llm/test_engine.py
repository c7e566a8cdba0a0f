"""The engine over a served model that does as it is told."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ruler.errors import InputError
from ruler.llm.engine import Engine
from ruler.llm.failures import FinalError
from ruler.llm.options import ChatOptions
from ruler.llm.questions import Completion, Fault, FaultKind, Question
from ruler.schemas.runs import Usage
from tests.llm.asking import ask, kind, one
from tests.llm.fakes import (
    FakeClock,
    MemoryCache,
    Meter,
    ScriptedBackend,
    Step,
    fails,
    numbered,
    says,
)
from tests.llm.threads import own_threads

# --- order and bounds -----------------------------------------------------------------------------


def test_answers_come_in_order_with_what_each_cost() -> None:
    answers, _ = ask([], numbered(50), options={"concurrency": 8})
    assert [answer.text for answer in answers] == [f"about {n}" for n in range(50)]
    assert {answer.usage for answer in answers} == {
        Usage(model_calls=1, tokens_in=100, tokens_out=7)
    }


def test_no_more_questions_are_taken_than_twice_the_limit() -> None:
    taken = 0

    def stream() -> Iterator[Question]:
        nonlocal taken
        for question in numbered(100):
            taken += 1
            yield question

    with Engine(ScriptedBackend(), ChatOptions(concurrency=3), clock=FakeClock()) as engine:
        for given, _ in enumerate(engine.ask(stream()), start=1):
            assert taken <= given - 1 + 6
    assert taken == 100


def test_threads_share_the_limit_and_get_their_own_answers() -> None:
    backend = ScriptedBackend()
    with Engine(backend, ChatOptions(concurrency=4), clock=FakeClock()) as engine:

        def work(start: int) -> list[str]:
            mine = [Question("Say.", str(number)) for number in range(start, start + 50)]
            return [answer.text for answer in engine.ask(mine)]

        with ThreadPoolExecutor(6) as pool:
            texts = list(pool.map(work, range(0, 300, 50)))
    assert [text for mine in texts for text in mine] == [f"about {n}" for n in range(300)]
    assert 1 < backend.most_at_once <= 4


def test_no_questions_need_no_thread() -> None:
    before = own_threads()
    with Engine(ScriptedBackend()) as engine:
        assert list(engine.ask([])) == []
        assert own_threads() == before


def test_an_engine_that_is_closed_or_forgotten_leaves_no_thread() -> None:
    before = own_threads()
    backend = ScriptedBackend()
    engine = Engine(backend)
    list(engine.ask(numbered(3)))
    assert own_threads() == before + 1
    del engine
    gc.collect()
    assert own_threads() == before
    assert backend.is_closed


def test_a_closed_engine_says_so() -> None:
    engine = Engine(ScriptedBackend())
    engine.close()
    engine.close()
    with pytest.raises(RuntimeError, match="is closed"):
        list(engine.ask(numbered(1)))


def test_giving_up_cancels_what_is_under_way_and_counts_it() -> None:
    meter, sent, given_up = Meter(), threading.Event(), threading.Event()

    class Hanging(ScriptedBackend):
        async def complete(self, question: Question) -> Completion:
            if question.text == "0":
                return says("first")
            sent.set()
            try:
                await asyncio.Event().wait()
            finally:
                given_up.set()
            raise AssertionError

    with Engine(Hanging(), ChatOptions(concurrency=2), on_usage=meter) as engine:
        answers = engine.ask(numbered(4))
        assert next(answers).text == "first"
        sent.wait()
        assert not given_up.is_set()
        answers.close()  # type: ignore[attr-defined]
        assert given_up.wait(10)
    assert meter.total == Usage(
        model_calls=meter.total.model_calls,
        failed_calls=meter.total.model_calls - 1,
        tokens_in=100,
        tokens_out=7,
    )
    assert meter.total.model_calls >= 2


# --- what cannot be used --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        (says(""), "empty"),
        (says("A person wal", finish="length"), "cut"),
        (says("", finish="content_filter"), "withheld"),
        (says("", refusal="No."), "refused"),
        (says("I'm sorry, I can't help with that."), "refused"),
    ],
)
def test_an_answer_that_cannot_be_used_is_a_fault_and_not_asked_again(
    completion: Completion, expected: FaultKind
) -> None:
    answer = one([completion])
    assert kind(answer) == expected
    assert answer.text == completion.text
    assert answer.usage == Usage(model_calls=1, failed_calls=1, tokens_in=100, tokens_out=7)


@pytest.mark.parametrize(
    "expected", ["bad_request", "too_long", "not_a_completion", "forbidden", "denied"]
)
def test_a_failure_that_stays_is_not_retried(expected: FaultKind) -> None:
    answer = one([fails(expected)])
    assert kind(answer) == expected
    assert answer.usage == Usage(model_calls=1, failed_calls=1)


# --- configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [fails("denied"), fails("unknown_model")])
def test_what_the_user_must_mend_stops_the_first_call(error: Any) -> None:
    with pytest.raises(InputError, match=f"stub: {error.fault.kind}"):
        ask([error], numbered(5))


def test_later_it_is_one_questions_fault() -> None:
    for error in (fails("denied"), FinalError(Fault("rate_limited", "out of credit"))):
        answer = one([error])
        assert answer.fault == error.fault
        assert answer.usage.model_calls == 1


def test_a_final_failure_stops_the_first_call_too() -> None:
    with pytest.raises(InputError, match="out of credit"):
        ask([FinalError(Fault("rate_limited", "out of credit"))], numbered(2))


def test_a_server_that_is_not_there_stops_the_run_after_its_retries() -> None:
    clock, meter = FakeClock(), Meter()
    script: list[Step] = [fails("unreachable", is_sent=False) for _ in range(99)]
    with pytest.raises(InputError, match="is it running, and is the address right"):
        ask(script, numbered(30), options={"concurrency": 8}, clock=clock, on_usage=meter)
    assert sum(clock.slept) < 30
    assert meter.total == Usage()


def test_nothing_is_kept_or_told_on_the_loop_and_never_more_is_unkept_than_may_be_asked() -> None:
    threads: set[str] = set()
    unkept = most_unkept = 0

    class Counting(ScriptedBackend):
        async def complete(self, question: Question) -> Completion:
            nonlocal unkept, most_unkept
            unkept += 1
            most_unkept = max(most_unkept, unkept)
            return await super().complete(question)

    class Slow(MemoryCache):
        def put(self, key: str, model: str, text: str) -> None:
            nonlocal unkept
            time.sleep(0.005)
            threads.add(threading.current_thread().name)
            super().put(key, model, text)
            unkept -= 1

    def told(_: Usage) -> None:
        threads.add(threading.current_thread().name)

    cache = Slow()
    options = ChatOptions(concurrency=3)
    with Engine(Counting(), options, cache=cache, on_usage=told, clock=FakeClock()) as engine:
        assert [answer.fault for answer in engine.ask(numbered(20))] == [None] * 20
    assert len(cache.texts) == 20
    assert most_unkept <= 3
    assert len(threads) == 1 and "ruler-asking" not in threads
