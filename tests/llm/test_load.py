"""The engine under load: what it was built for, over real sockets.

A reading of `calls per second` on an idle machine:

    python -m pytest tests/llm/test_load.py -k sixteen -s
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ruler.llm.chat import ChatBackend
from ruler.llm.engine import Engine
from ruler.llm.options import ChatOptions
from ruler.llm.questions import Answer as Answered
from ruler.llm.questions import Question
from tests.llm.fakes import HastyClock, MemoryCache, Meter, Verdict
from tests.stubs.openai_server import Answer, OpenAIStub, Request, completion, error, words

ROOT = Path(__file__).resolve().parents[2]

PASSING = {
    "late": Answer(delay=60),
    "429": error(429, retry_after="2"),
    "429 until a date": error(429, retry_after="Wed, 01 Jan 2020 00:00:00 GMT"),
    "500": error(500),
    "dropped": Answer(is_dropped=True),
}
"""Failures of a first call; the second works."""

LASTING = {
    "cut": (completion("A person wal", finish="length"), "cut"),
    "refusal": (completion(None, refusal="I will not."), "refused"),
    "refusal in words": (completion("I'm sorry, but I can't help with that."), "refused"),
    "empty": (completion(""), "empty"),
    "filtered": (completion("", finish="content_filter"), "withheld"),
    "no completion": (Answer(b'{"object": "list", "data": []}'), "not_a_completion"),
    "no JSON": (Answer(b"<html>Bad gateway</html>"), "not_a_completion"),
    "bad request": (error(400, "this picture is odd"), "bad_request"),
    "too long": (error(400, "maximum context length is 5 tokens"), "too_long"),
    "denied": (error(403, "not this one"), "denied"),
    "no such model": (error(404, "not today"), "unknown_model"),
}
"""Failures of every call to a question, and the fault that each must have."""

MISFORMED = {
    "wrong schema": (completion('{"outcome": "normal"}'), "invalid"),
    "garbage": (completion("{{{]] outcome, surely"), "unreadable"),
}
"""Answers that miss the form asked for."""

KINDS = [*PASSING, *LASTING, *MISFORMED, *(f"{name} once" for name in MISFORMED)]


def kind_of(number: int) -> str | None:
    """What goes wrong with a question: something with three of ten."""
    turn, place = divmod(number, 10)
    if place not in (1, 4, 7):
        return None
    kind = KINDS[(3 * turn + (1, 4, 7).index(place)) % len(KINDS)]
    return "dropped" if kind == "late" and number >= 600 else kind  # each takes its time


def question(number: int) -> Question:
    """Structured where a form can go wrong, and for every fifth."""
    kind = kind_of(number) or ""
    is_form = number % 5 == 0 or any(name in kind for name in MISFORMED)
    return Question("Say.", f"question {number}.", schema=Verdict if is_form else None)


def right(number: int) -> str:
    form = question(number).schema
    return json.dumps({"outcome": "normal", "score": number}) if form else f"About {number}."


class Faulty:
    """Answers rightly, but for what `kind_of` says; keeps count."""

    def __init__(self) -> None:
        self.tries: Counter[int] = Counter()
        self.faulty = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Answer:
        number = int(words(request).split("question ")[1].split(".")[0])
        with self._lock:
            self.tries[number] += 1
            answer = self._wrong(kind_of(number) or "", self.tries[number] == 1)
            self.faulty += answer is not None
        return answer or completion(right(number), tokens=number % 50 + 1)

    def _wrong(self, kind: str, is_first: bool) -> Answer | None:
        if kind in PASSING:
            return PASSING[kind] if is_first else None
        if kind in LASTING:
            return LASTING[kind][0]
        if kind in MISFORMED:
            return MISFORMED[kind][0]
        if kind.endswith(" once") and is_first:
            return MISFORMED[kind.removesuffix(" once")][0]
        return None


def check(number: int, answer: Answered) -> None:
    """An answer is right, or names its fault."""
    kind = kind_of(number) or ""
    expected = {**LASTING, **MISFORMED}.get(kind, (None, None))[1]
    found = answer.fault.kind if answer.fault else None
    assert found == expected, (number, kind, answer)
    if expected is None:
        assert answer.text == right(number), (number, kind, answer)
        if question(number).schema:
            assert answer.value == Verdict(outcome="normal", score=number)


@pytest.mark.slow
def test_of_two_thousand_questions_with_three_in_ten_failing_each_is_right_or_says_why() -> None:
    faulty, meter = Faulty(), Meter()
    with OpenAIStub(default=faulty) as stub:
        options = ChatOptions(
            base_url=stub.url, concurrency=16, timeout_seconds=3.0, patience_seconds=1000
        )
        backend = ChatBackend("openai:stub", options)
        with Engine(backend, options, on_usage=meter, clock=HastyClock(100)) as engine:
            check(0, next(engine.ask([question(0)])))

            def work(start: int) -> None:
                mine = range(start, 2000, 4)
                for number, answer in zip(mine, engine.ask(map(question, mine)), strict=True):
                    check(number, answer)

            with ThreadPoolExecutor(4) as pool:
                list(pool.map(work, range(4)))
    assert {kind_of(number) for number in range(2000)} == {None, *KINDS}
    assert len({number for number in range(2000) if kind_of(number)}) == 600
    assert meter.told == 2001
    total = meter.total
    assert total.model_calls == stub.calls == sum(faulty.tries.values())
    assert (total.tokens_in, total.tokens_out) == (stub.tokens_in, stub.tokens_out)
    assert total.failed_calls == faulty.faulty
    assert stub.most_at_once <= 16 + 30  # the late ones hang on the server's side


def test_an_outage_is_waited_for_and_costs_no_question() -> None:
    began = time.monotonic()

    def down_for_a_while(request: Request) -> Answer:
        is_down = 0.2 <= time.monotonic() - began < 0.6  # twenty seconds at fifty times the speed
        return Answer(is_dropped=True) if is_down else completion("fine")

    with OpenAIStub(default=down_for_a_while, delay=0.005) as stub:
        options = ChatOptions(base_url=stub.url, concurrency=8, patience_seconds=600)
        backend = ChatBackend("openai:stub", options)
        with Engine(backend, options, clock=HastyClock(50)) as engine:
            began = time.monotonic()
            kinds = Counter(
                answer.fault.kind if answer.fault else None
                for answer in engine.ask(Question("Say.", str(n)) for n in range(300))
            )
    assert time.monotonic() - began > 0.6
    assert kinds == {None: 300}
    assert stub.calls < 300 + 50


def test_a_killed_run_pays_for_no_answer_twice() -> None:
    cache, questions = MemoryCache(), [Question("Say.", str(n)) for n in range(300)]
    with OpenAIStub(delay=0.002) as stub:
        options = ChatOptions(base_url=stub.url, concurrency=16)

        def engine() -> Engine:
            return Engine(ChatBackend("openai:stub", options), options, cache=cache)

        with engine() as first:
            answers: Iterator[Answered] = first.ask(questions)
            for _ in range(100):
                next(answers)
        paid, kept = stub.calls, len(cache.texts)
        assert 100 <= kept <= paid < 300
        with engine() as second:
            assert [answer.fault for answer in second.ask(questions)] == [None] * 300
        assert stub.calls - paid == 300 - kept
        with engine() as third:
            list(third.ask(questions))
        assert stub.calls - paid == 300 - kept


@pytest.mark.slow
def test_a_thousand_calls_sixteen_at_once_take_little_longer_than_they_must() -> None:
    command = [sys.executable, "-m", "tests.stubs.openai_server", "0.1", "16"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as server:  # type: ignore[call-overload]
        url = server.stdout.readline().strip()
        options = ChatOptions(base_url=url, concurrency=16)
        with Engine(ChatBackend("openai:stub", options), options) as engine:
            list(engine.ask([Question("Say.", "first")] * 16))
            began, worked = time.perf_counter(), time.process_time()
            answers = list(engine.ask(Question("Say.", str(n)) for n in range(1000)))
            wall, cpu = time.perf_counter() - began, time.process_time() - worked
        counted, _ = server.communicate()
    assert [answer.fault for answer in answers] == [None] * 1000
    assert counted.split() == ["1016", "101600", "7112", "16"]
    ratio = wall / (1000 * 0.1 / 16)
    print(f"\n1000 calls in {wall:.2f} s, {ratio:.2f} of the least; CPU {cpu:.2f} ms a call")
    assert ratio < 3  # 1.15 on an idle machine; tests run on busy ones
