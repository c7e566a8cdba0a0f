"""What the engine pays, counts and keeps."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from ruler.errors import StoreError
from ruler.llm.budget import Budget
from ruler.llm.engine import Engine
from ruler.llm.options import ChatOptions
from ruler.llm.pricing import ListPrice
from ruler.llm.questions import Completion, Question
from ruler.schemas.runs import Usage
from tests.llm.asking import GOOD, JUDGE, ask, kind, one
from tests.llm.fakes import (
    MemoryCache,
    Meter,
    ScriptedBackend,
    Step,
    Verdict,
    fails,
    numbered,
    says,
)

# --- budget ---------------------------------------------------------------------------------------


def test_no_call_is_made_over_the_budget() -> None:
    budget = Budget(max_calls=25)
    answers, backend = ask([], numbered(100), options={"concurrency": 16}, budget=budget)
    assert len(backend.asked) == budget.spent.model_calls == 25
    assert [kind(answer) for answer in answers].count("budget") == 75
    assert [kind(answer) for answer in answers][:25] == [None] * 25


def test_retries_and_second_askings_are_paid_from_the_budget() -> None:
    assert kind(one([fails("server"), says(GOOD)], budget=Budget(max_calls=2))) == "budget"
    answer = one([says("no idea"), says(GOOD)], budget=Budget(max_calls=2))
    assert (kind(answer), answer.text) == ("budget", "no idea")
    assert kind(one([says("no idea"), says(GOOD)], budget=Budget(max_calls=3))) is None


def test_a_token_budget_is_overshot_by_what_is_under_way_and_no_more() -> None:
    budget = Budget(max_tokens=1000)
    _, backend = ask([], numbered(100), options={"concurrency": 4}, budget=budget)
    assert 10 <= len(backend.asked) <= 10 + 3
    assert budget.spent.tokens_in + budget.spent.tokens_out >= 1000


def test_calls_are_priced_and_failed_ones_too_where_they_may_cost() -> None:
    tariff, meter = ListPrice("openai", "gpt-4o-mini", None), Meter()
    script: list[Step] = [fails("timeout"), fails("server"), says("fine")]
    ask(script, numbered(1), tariff=tariff, on_usage=meter)
    assert meter.total.model_calls == 3
    assert meter.total.unpriced_calls == 1  # the timeout: nobody says what it cost
    assert meter.total.cost_usd == pytest.approx((100 * 0.15 + 7 * 0.6) / 1e6)


def test_pictures_are_counted_by_the_call() -> None:
    meter = Meter()
    question = Question("Describe.", jpegs=(b"one", b"two"))
    ask([fails("server"), says("fine")], [question], on_usage=meter)
    assert (meter.total.model_calls, meter.total.images) == (2, 4)


# --- cache, recording, usage ----------------------------------------------------------------------


def test_an_answer_that_was_kept_is_not_paid_again() -> None:
    cache, meter = MemoryCache(), Meter()
    first, _ = ask([], numbered(20), cache=cache)
    again, backend = ask([], numbered(20), cache=cache, on_usage=meter)
    assert [answer.text for answer in again] == [answer.text for answer in first]
    assert backend.asked == []
    assert meter.total == Usage(answers_cached=20)
    assert cache.models == {"stub:model"}


def test_half_known_questions_are_answered_in_order() -> None:
    cache = MemoryCache()
    ask([], numbered(40)[::3], cache=cache, options={"concurrency": 5})
    answers, backend = ask([], numbered(40), cache=cache, options={"concurrency": 5})
    assert [answer.text for answer in answers] == [f"about {n}" for n in range(40)]
    assert len(backend.asked) == 40 - 14


def test_another_model_or_setting_is_asked_anew() -> None:
    cache = MemoryCache()
    ask([], numbered(1), cache=cache)
    for changed in ({"temperature": 0.5}, {"max_tokens": 7}):
        _, backend = ask([], numbered(1), cache=cache, options=changed)
        assert len(backend.asked) == 1


def test_a_kept_answer_is_read_again_and_asked_anew_where_it_fits_no_more() -> None:
    cache = MemoryCache()
    ask([says(GOOD)], [JUDGE], cache=cache)
    answers, backend = ask([], [JUDGE], cache=cache)
    assert (answers[0].value, backend.asked) == (Verdict(outcome="normal", score=0.25), [])
    cache.texts = dict.fromkeys(cache.texts, "no idea")
    answers, backend = ask([says(GOOD)], [JUDGE], cache=cache)
    assert (kind(answers[0]), len(backend.asked)) == (None, 1)


def test_the_text_of_the_second_asking_is_kept_under_the_first_question() -> None:
    cache = MemoryCache()
    ask([says("no idea"), says(GOOD)], [JUDGE], cache=cache)
    assert list(cache.texts.values()) == [GOOD]
    answers, backend = ask([], [JUDGE], cache=cache)
    assert (kind(answers[0]), backend.asked) == (None, [])


def test_faults_are_never_kept() -> None:
    cache = MemoryCache()
    script: list[Step] = [says("fine"), says(""), fails("bad_request"), says("", refusal="No.")]
    ask(script, numbered(4), cache=cache)
    assert list(cache.texts.values()) == ["fine"]


def test_answers_are_kept_as_they_arrive_and_not_as_they_are_taken() -> None:
    cache, kept = MemoryCache(), threading.Event()

    class Slow(ScriptedBackend):
        async def complete(self, question: Question) -> Completion:
            if question.text == "0":
                await asyncio.to_thread(kept.wait, 10)
            return await super().complete(question)

    class Telling(MemoryCache):
        def put(self, key: str, model: str, text: str) -> None:
            cache.put(key, model, text)
            if len(cache.texts) == 3:
                kept.set()

    with Engine(Slow(), ChatOptions(concurrency=4), cache=Telling()) as engine:
        assert next(engine.ask(numbered(4))).text == "about 0"
    assert kept.is_set()


def test_answers_are_kept_one_at_a_time_and_off_the_loop() -> None:
    writers: list[int] = []
    writing = threading.Lock()

    class Careful(MemoryCache):
        def put(self, key: str, model: str, text: str) -> None:
            assert writing.acquire(blocking=False)
            time.sleep(0.002)
            writers.append(threading.get_ident())
            writing.release()

    backend = ScriptedBackend()
    with Engine(backend, ChatOptions(concurrency=8), cache=Careful()) as engine:
        assert [answer.fault for answer in engine.ask(numbered(30))] == [None] * 30
    assert len(writers) == 30
    assert threading.get_ident() not in writers


def test_a_store_that_fails_is_no_fault_of_the_model() -> None:
    class Broken(MemoryCache):
        def put(self, key: str, model: str, text: str) -> None:
            raise StoreError("the disk is full")

    meter = Meter()
    with pytest.raises(StoreError, match="disk is full"):
        ask([], numbered(1), cache=Broken(), on_usage=meter)
    assert meter.total.model_calls == 1


def test_found_answers_are_recorded_too() -> None:
    class Recorded:
        def __init__(self) -> None:
            self.lines: list[tuple[str, str, str]] = []

        def put(self, key: str, model: str, text: str) -> None:
            self.lines.append((key, model, text))

    cache, first, second = MemoryCache(), Recorded(), Recorded()
    ask([says("a"), says("")], numbered(2), cache=cache, recorder=first)
    ask([says("b")], numbered(2), cache=cache, recorder=second)
    assert [line[1:] for line in first.lines] == [("stub:model", "a")]
    assert [line[2] for line in second.lines] == ["a", "b"]
    assert second.lines[0] == first.lines[0]


def test_usage_is_told_once_a_question_however_it_ends() -> None:
    meter = Meter()
    script: list[Step] = [says("fine"), says(""), fails("bad_request"), fails("server"), says("x")]
    answers, _ = ask(script, numbered(4), on_usage=meter)
    assert meter.told == 4
    total = Usage()
    for answer in answers:
        total += answer.usage
    assert meter.total == total
    assert (total.model_calls, total.failed_calls) == (5, 3)
