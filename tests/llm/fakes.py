"""Doubles for the engine's surroundings: time, a served model, a cache."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel

from ruler.llm.questions import BackendError, Completion, Fault, FaultKind, Question
from ruler.schemas.runs import Usage


class Verdict(BaseModel):
    """A structured answer."""

    outcome: str
    score: float


class FakeClock:
    """Time that passes when somebody sleeps, and chance that is always the same."""

    def __init__(self, chance: float = 0.5) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self._chance = chance

    def now(self) -> float:
        return self.seconds

    def today(self) -> dt.datetime:
        return dt.datetime(2026, 11, 21, 12, 0, 0, tzinfo=dt.UTC)

    def chance(self) -> float:
        return self._chance

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


class HastyClock:
    """The machine's time, so many times as fast."""

    def __init__(self, times: float) -> None:
        self._times = times

    def now(self) -> float:
        return time.monotonic() * self._times

    def today(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def chance(self) -> float:
        return 0.5

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._times)


def fails(
    kind: FaultKind, *, retry_after: float | None = None, is_sent: bool = True
) -> BackendError:
    """A failed call."""
    usage = Usage(model_calls=1, failed_calls=1) if is_sent else Usage()
    return BackendError(Fault(kind, f"stub: {kind}"), retry_after=retry_after, usage=usage)


def says(text: str, **fields: str) -> Completion:
    """A completion that took 100 tokens in and 7 out."""
    return Completion(text, usage=Usage(model_calls=1, tokens_in=100, tokens_out=7), **fields)


Step = Completion | BackendError


class ScriptedBackend:
    """A served model that goes through a script, and then answers by echoing the question."""

    name = "stub:model"
    endpoint: str | None = "http://127.0.0.1:1/v1"

    def __init__(
        self, script: Iterable[Step] = (), default: Callable[[Question], Step] | None = None
    ) -> None:
        self.asked: list[Question] = []
        self.is_closed = False
        self.under_way = self.most_at_once = 0
        self._script = list(script)
        self._default = default or (lambda question: says(f"about {question.text}"))

    async def complete(self, question: Question) -> Completion:
        self.asked.append(question)
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await asyncio.sleep(0)
            step = self._script.pop(0) if self._script else self._default(question)
        finally:
            self.under_way -= 1
        if isinstance(step, BackendError):
            raise step
        return step

    async def aclose(self) -> None:
        self.is_closed = True


class BatchOf:
    """A model in this process that answers by a function, so many at a time."""

    name = "local:model"

    def __init__(self, batch: int, answer: Callable[[Question], Completion | Fault]) -> None:
        self.batch = batch
        self.batches: list[list[str]] = []
        self.threads: set[int] = set()
        self.is_closed = False
        self._answer = answer

    def complete(self, questions: Sequence[Question]) -> list[Completion | Fault]:
        self.batches.append([question.text for question in questions])
        self.threads.add(threading.get_ident())
        return [self._answer(question) for question in questions]

    def close(self) -> None:
        self.is_closed = True


class MemoryCache:
    """An `AnswerCache` in memory."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.models: set[str] = set()

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        return {key: self.texts[key] for key in keys if key in self.texts}

    def put(self, key: str, model: str, text: str) -> None:
        self.texts[key] = text
        self.models.add(model)


class Meter:
    """Adds up what is told of costs."""

    def __init__(self) -> None:
        self.total = Usage()
        self.told = 0
        self._lock = threading.Lock()

    def __call__(self, usage: Usage) -> None:
        with self._lock:
            self.total += usage
            self.told += 1


def numbered(count: int) -> list[Question]:
    """Questions 0, 1, 2, ..."""
    return [Question("Say what it is about.", str(number)) for number in range(count)]
