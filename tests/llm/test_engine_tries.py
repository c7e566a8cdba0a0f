"""How the engine asks again: after failures, for another form, through an outage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from ruler.llm.engine import Engine
from ruler.llm.options import ChatOptions
from ruler.llm.questions import Completion, Fault, FaultKind, Question
from ruler.llm.retrying import OtherFormError
from ruler.schemas.runs import Usage
from tests.llm.asking import GOOD, JUDGE, ask, kind, one
from tests.llm.fakes import (
    FakeClock,
    ScriptedBackend,
    Step,
    Verdict,
    fails,
    numbered,
    says,
)

# --- retries --------------------------------------------------------------------------------------


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


# --- structured answers ---------------------------------------------------------------------------


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
    assert "wrong" in json.loads(second.text.splitlines()[-1])


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


# --- outages --------------------------------------------------------------------------------------


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
