"""The engine over a served model that does as it is told."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ruler.errors import InputError, StoreError
from ruler.llm.budget import Budget
from ruler.llm.engine import Engine
from ruler.llm.failures import FinalError
from ruler.llm.options import ChatOptions
from ruler.llm.pricing import ListPrice
from ruler.llm.questions import Answer, Completion, Fault, FaultKind, Question
from ruler.llm.retrying import OtherFormError
from ruler.schemas.runs import Usage
from tests.llm.fakes import (
    FakeClock,
    MemoryCache,
    Meter,
    ScriptedBackend,
    Step,
    Verdict,
    fails,
    numbered,
    says,
)

JUDGE = Question("Judge.", "Caption 7", schema=Verdict)
GOOD = '{"outcome": "normal", "score": 0.25}'


def ask(
    script: list[Step], questions: list[Question], **given: Any
) -> tuple[list[Answer], ScriptedBackend]:
    backend = ScriptedBackend(script)
    options = ChatOptions.of({"concurrency": 1} | given.pop("options", {}))
    clock = given.pop("clock", FakeClock())
    with Engine(backend, options, clock=clock, **given) as engine:
        return list(engine.ask(questions)), backend


def one(script: list[Step], question: Question = JUDGE, **given: Any) -> Answer:
    """The answer to a question that comes after another one was answered."""
    before = Question("First.", "warm")
    answers, _ = ask([says("fine"), *script], [before, question], **given)
    return answers[1]


def kind(answer: Answer) -> FaultKind | None:
    return answer.fault.kind if answer.fault else None


# --- order and bounds ------------------------------------------------------------------------------


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
    before = threading.active_count()
    with Engine(ScriptedBackend()) as engine:
        assert list(engine.ask([])) == []
        assert threading.active_count() == before


def test_an_engine_that_is_closed_or_forgotten_leaves_no_thread() -> None:
    before = threading.active_count()
    backend = ScriptedBackend()
    engine = Engine(backend)
    list(engine.ask(numbered(3)))
    assert threading.active_count() == before + 1
    del engine
    gc.collect()
    assert threading.active_count() == before
    assert backend.is_closed


def test_a_closed_engine_says_so() -> None:
    engine = Engine(ScriptedBackend())
    engine.close()
    engine.close()
    with pytest.raises(RuntimeError, match="is closed"):
        list(engine.ask(numbered(1)))


def test_giving_up_cancels_what_is_under_way_and_counts_it() -> None:
    meter, sent = Meter(), threading.Event()

    class Hanging(ScriptedBackend):
        async def complete(self, question: Question) -> Completion:
            if question.text == "0":
                return says("first")
            sent.set()
            await asyncio.Event().wait()
            raise AssertionError

    with Engine(Hanging(), ChatOptions(concurrency=2), on_usage=meter) as engine:
        answers = engine.ask(numbered(4))
        assert next(answers).text == "first"
        sent.wait()
        answers.close()  # type: ignore[attr-defined]
    assert meter.total == Usage(
        model_calls=meter.total.model_calls,
        failed_calls=meter.total.model_calls - 1,
        tokens_in=100,
        tokens_out=7,
    )
    assert meter.total.model_calls >= 2


# --- what cannot be used -----------------------------------------------------------------------------


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


# --- retries -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passing", ["unreachable", "timeout", "rate_limited", "server"])
def test_a_failure_that_may_pass_is_retried(passing: FaultKind) -> None:
    answer = one([fails(passing), fails(passing), says(GOOD)])
    assert answer.value == Verdict(outcome="normal", score=0.25)
    assert answer.usage == Usage(model_calls=3, failed_calls=2, tokens_in=100, tokens_out=7)


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_retries_as_often_as_it_is_told(retries: int) -> None:
    answer = one([fails("server")] * 9, options={"retries": retries})
    assert kind(answer) == "server"
    assert answer.usage.model_calls == answer.usage.failed_calls == retries + 1


def test_waits_grow_by_doubling_and_are_drawn_by_chance() -> None:
    clock = FakeClock(chance=0.5)
    one([fails("server")] * 3 + [says(GOOD)], clock=clock)
    assert clock.slept == pytest.approx([0.5, 1.0, 2.0])
    clock = FakeClock(chance=0.1)
    one([fails("server")] * 3 + [says(GOOD)], clock=clock)
    assert clock.slept == pytest.approx([0.1, 0.2, 0.4])


@pytest.mark.parametrize(("asked", "waited"), [(7, 7), (0.01, 0.5), (3600, 60)])
def test_the_endpoint_is_heard_on_how_long_to_wait_within_patience(
    asked: float, waited: float
) -> None:
    clock = FakeClock()
    answer = one([fails("rate_limited", retry_after=asked), says(GOOD)], clock=clock)
    assert kind(answer) is None
    assert clock.slept == pytest.approx([waited])


def test_a_call_that_takes_too_long_in_total_is_given_up() -> None:
    class Trickling(ScriptedBackend):
        async def complete(self, question: Question) -> Completion:
            for _ in range(1000):
                await asyncio.sleep(0.01)
            return says("late")

    options = ChatOptions(timeout_seconds=0.05, retries=1)
    with Engine(Trickling(), options, clock=FakeClock()) as engine:
        (answer,) = engine.ask(numbered(1))
    assert kind(answer) == "timeout"
    assert answer.fault is not None
    assert "no answer in time (0.05 s)" in answer.fault.said
    assert answer.usage == Usage(model_calls=2, failed_calls=2)


def test_another_form_is_tried_at_once_and_costs_no_retry() -> None:
    clock = FakeClock()
    refused = OtherFormError(Fault("bad_request", "no schemas"))
    answer = one([refused, refused, says(GOOD)], options={"retries": 0}, clock=clock)
    assert kind(answer) is None
    assert answer.usage.model_calls == 3
    assert sum(clock.slept) == 0
    assert kind(one([refused] * 9)) == "bad_request"


# --- structured answers ----------------------------------------------------------------------------------


def test_a_wrong_form_is_asked_for_once_more_with_what_was_wrong() -> None:
    answers, backend = ask([says('{"outcome": "normal"}'), says(GOOD)], [JUDGE])
    assert answers[0].value == Verdict(outcome="normal", score=0.25)
    assert answers[0].text == GOOD
    assert answers[0].usage == Usage(model_calls=2, failed_calls=1, tokens_in=200, tokens_out=14)
    first, second = backend.asked
    assert first == JUDGE
    assert second.system == JUDGE.system
    assert second.text.startswith("Caption 7\n\n")
    assert "score" in second.text
    assert second.text.endswith("```")


@pytest.mark.parametrize(
    ("text", "expected"), [("no idea", "unreadable"), ('{"outcome": 1, "score": {}}', "invalid")]
)
def test_a_form_that_stays_wrong_is_a_fault(text: str, expected: FaultKind) -> None:
    answers, backend = ask([says(text)] * 9, [JUDGE])
    assert kind(answers[0]) == expected
    assert answers[0].text == text
    assert answers[0].usage.failed_calls == len(backend.asked) == 2


def test_retries_and_the_second_asking_are_counted_apart() -> None:
    script: list[Step] = [fails("server"), says("no idea"), fails("server"), says(GOOD)]
    answer = one(script, options={"retries": 1})
    assert answer.value == Verdict(outcome="normal", score=0.25)
    assert (answer.usage.model_calls, answer.usage.failed_calls) == (4, 3)


def test_what_was_said_stays_where_the_second_asking_fails() -> None:
    answer = one([says("no idea"), fails("bad_request")])
    assert (kind(answer), answer.text) == ("bad_request", "no idea")


# --- configuration ---------------------------------------------------------------------------------------


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


# --- outages ---------------------------------------------------------------------------------------------


class Outage(ScriptedBackend):
    """Down in a span of a clock's time."""

    def __init__(self, clock: FakeClock, start: float, stop: float) -> None:
        super().__init__()
        self._clock, self._start, self._stop = clock, clock.now() + start, clock.now() + stop

    async def complete(self, question: Question) -> Completion:
        self._clock.seconds += 0.1
        if self._start <= self._clock.now() < self._stop:
            self.asked.append(question)
            raise fails("unreachable", is_sent=False)
        return await super().complete(question)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_an_outage_of_twenty_seconds_costs_no_frame(concurrency: int) -> None:
    clock = FakeClock()
    backend = Outage(clock, 5, 25)
    with Engine(backend, ChatOptions(concurrency=concurrency), clock=clock) as engine:
        answers = list(engine.ask(numbered(200)))
    assert [answer.text for answer in answers] == [f"about {n}" for n in range(200)]
    assert len(backend.asked) < 200 + 8 + 10  # hardly anybody asked while it was down


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_server_that_dies_does_not_cost_minutes_a_frame(concurrency: int) -> None:
    clock = FakeClock()
    backend = Outage(clock, 5, 10**9)
    began = clock.now()
    with Engine(backend, ChatOptions(concurrency=concurrency), clock=clock) as engine:
        answers = list(engine.ask(numbered(2000)))
    kinds = [kind(answer) for answer in answers]
    worked = kinds.index(next(found for found in kinds if found))
    assert worked >= 40
    assert set(kinds[worked:]) <= {"suspended", "unreachable"}
    assert kinds.count("suspended") > 1900
    assert clock.now() - began < 5 + 60 + 60


def test_an_outage_that_ends_later_costs_only_the_frames_within() -> None:
    clock = FakeClock()
    backend = Outage(clock, 5, 300)

    def live() -> Iterator[Question]:
        for question in numbered(500):
            clock.seconds += 1.0
            yield question

    with Engine(backend, ChatOptions(concurrency=1), clock=clock) as engine:
        kinds = [kind(answer) for answer in engine.ask(live())]
    assert kinds[:4] == [None] * 4
    assert 150 < kinds.count("suspended") < 260
    assert len(set(kinds[-150:])) == 1


# --- budget ----------------------------------------------------------------------------------------------


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


# --- cache, recording, usage -------------------------------------------------------------------------------


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
