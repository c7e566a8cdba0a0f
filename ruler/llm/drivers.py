"""How questions get to a model: one by one over the network, or in batches in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from ruler.llm.budget import Budget
from ruler.llm.calling import Line
from ruler.llm.desk import Asked, Desk
from ruler.llm.judging import judge
from ruler.llm.loops import LoopThread
from ruler.llm.questions import Answer, BackendError, BatchBackend, Completion, Fault, Question
from ruler.llm.retrying import Tries
from ruler.llm.tracing import Tracing
from ruler.llm.wording import ask_again
from ruler.schemas.runs import Usage

ASKED_AGAIN = frozenset({"unreadable", "invalid"})
"""Faults of form, which a model may mend when it is told: once, apart from retries."""


class Pending(Protocol):
    """An answer that is there or will be."""

    def done(self) -> bool:
        """Whether `result` returns at once."""

    def result(self) -> Answer:
        """Wait for it."""

    def cancel(self) -> object:
        """Nobody wants it any more."""


@dataclass(frozen=True)
class Known:
    """An answer that was known before asking."""

    answer: Answer

    def done(self) -> bool:
        """It is."""
        return True

    def result(self) -> Answer:
        """At once."""
        return self.answer

    def cancel(self) -> None:
        """Nothing is under way."""


@dataclass
class Batch:
    """A batch under way; `wanted` counts the answers that somebody still waits for."""

    answers: Future[list[Answer]]
    wanted: int


@dataclass(frozen=True)
class Share:
    """One answer of a batch."""

    batch: Batch
    index: int

    def done(self) -> bool:
        """Whether the batch is done."""
        return self.batch.answers.done()

    def result(self) -> Answer:
        """Wait for the batch."""
        return self.batch.answers.result()[self.index]

    def cancel(self) -> None:
        """Drop the batch, if nobody wants any of it and it has not begun."""
        self.batch.wanted -= 1
        if not self.batch.wanted:
            self.batch.answers.cancel()


class Driver(Protocol):
    """What an engine hands its questions to."""

    @property
    def at_once(self) -> int:
        """How many questions it can make use of at a time."""

    def submit(self, asked: Sequence[Asked]) -> Sequence[Pending]:
        """Begin to answer, in order."""

    def close(self) -> None:
        """End all threads; nothing is answered any more."""


class Served:
    """Asks a served model, many questions at once on one loop.

    Answers are kept, and costs told, in a thread of their own: the loop waits for no disk.

    Args:
        line: The model.
        desk: Where answers are kept, and costs are told.
        tracing: Where spans go.
        closing: Closes the model's connections.
        at_once: How many questions may be under way.
    """

    def __init__(
        self,
        line: Line,
        desk: Desk,
        tracing: Tracing,
        closing: Callable[[], Awaitable[None]] | None,
        at_once: int,
    ) -> None:
        self.at_once = at_once
        self._line = line
        self._desk = desk
        self._tracing = tracing
        self._closing = closing
        self._thread = LoopThread("ruler-asking", self._close)
        self._clerk = ThreadPoolExecutor(1, thread_name_prefix="ruler-keeping")

    def submit(self, asked: Sequence[Asked]) -> Sequence[Future[Answer]]:
        """Begin to answer each."""
        return [self._thread.submit(self._answer(one)) for one in asked]

    def close(self) -> None:
        """End the threads and the connections; what was told until then is written down."""
        self._thread.stop()

    async def _answer(self, asked: Asked) -> Answer:
        tries = Tries()
        try:
            with self._tracing.span(asked.question) as record:
                answer = await self._ask(asked, tries)
                record(answer)
            return answer
        finally:
            if self._desk.tells:  # shielded: a question that is given up is counted all the same
                await asyncio.shield(self._written(self._desk.tell, tries.usage))

    async def _ask(self, asked: Asked, tries: Tries) -> Answer:
        answer = await self._once(asked, asked.question, tries)
        if answer.fault and answer.fault.kind in ASKED_AGAIN:
            again = ask_again(asked.question, answer.fault)
            second = await self._once(asked, again, tries)
            answer = replace(second, text=second.text or answer.text)
        return replace(answer, usage=tries.usage)

    async def _once(self, asked: Asked, question: Question, tries: Tries) -> Answer:
        async def use(completion: Completion) -> Answer:
            answer = judge(question, completion)
            if answer.fault:
                tries.spend(Usage(failed_calls=1))
            elif self._desk.keeps:
                await self._written(self._desk.keep, asked, answer)
            return answer

        said = await self._line.call(question, tries, use)
        return Answer(fault=said) if isinstance(said, Fault) else said

    async def _close(self) -> None:
        """All questions have ended, so that nobody has anything left to write."""
        self._clerk.shutdown(wait=False)
        if self._closing is not None:
            await self._closing()

    def _written(self, write: Callable[..., None], *values: object) -> Awaitable[None]:
        """Done in the writing thread; one at a time, in order."""
        return asyncio.get_running_loop().run_in_executor(self._clerk, write, *values)


class Batched:
    """Asks a model in this process, a batch at a time, always from the same thread.

    The caller prepares the next batch meanwhile. A call is one question here, too: a batch of
    eight counts as eight.
    """

    def __init__(self, backend: BatchBackend, desk: Desk, tracing: Tracing, budget: Budget) -> None:
        self._backend = backend
        self._desk = desk
        self._tracing = tracing
        self._budget = budget
        self._thread = LoopThread("ruler-batches", self._close_backend)

    @property
    def at_once(self) -> int:
        """The size of a batch; a back-end may lower it (memory)."""
        return self._backend.batch

    def submit(self, asked: Sequence[Asked]) -> Sequence[Share]:
        """Begin to answer all of them, as one batch."""
        batch = Batch(self._thread.submit(self._answer(asked)), len(asked))
        return [Share(batch, index) for index in range(len(asked))]

    def close(self) -> None:
        """End the thread, after the batch under way."""
        self._thread.stop()

    async def _close_backend(self) -> None:
        close = getattr(self._backend, "close", None)
        if close is not None:
            close()

    async def _answer(self, asked: Sequence[Asked]) -> list[Answer]:
        began = time.time_ns()
        questions = [one.question for one in asked]
        answers = self._once(questions)
        wrong = [
            n for n, a in enumerate(answers) if a.fault is not None and a.fault.kind in ASKED_AGAIN
        ]
        again = [ask_again(questions[n], fault) for n in wrong if (fault := answers[n].fault)]
        for n, second in zip(wrong, self._once(again), strict=True):
            first = answers[n]
            usage = first.usage + second.usage
            answers[n] = replace(second, text=second.text or first.text, usage=usage)
        for one, answer in zip(asked, answers, strict=True):
            with self._tracing.span(one.question, began) as record:
                record(answer)
            self._desk.tell(answer.usage)
            self._desk.keep(one, answer)
        return answers

    def _once(self, questions: Sequence[Question]) -> list[Answer]:
        """Ask those that the budget allows, as one batch, and judge what came."""
        answers = [self._reserved() for _ in questions]
        allowed = [n for n, answer in enumerate(answers) if answer.fault is None]
        try:
            said = self._backend.complete([questions[n] for n in allowed]) if allowed else []
            for n, one in zip(allowed, said, strict=True):
                answers[n] = self._judged(questions[n], one)
        finally:
            for n in allowed:
                self._budget.settle(answers[n].usage)
        return answers

    def _reserved(self) -> Answer:
        try:
            self._budget.reserve()
        except BackendError as error:
            return Answer(fault=error.fault)
        return Answer()

    def _judged(self, question: Question, said: Completion | Fault) -> Answer:
        answer = judge(question, said)
        told = said.usage if isinstance(said, Completion) else Usage()
        usage = told.model_copy(
            update={
                "model_calls": 1,
                "failed_calls": 0 if answer.fault is None else 1,
                "images": len(question.jpegs),
            }
        )
        return replace(answer, usage=usage)
