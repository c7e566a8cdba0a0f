"""One call to a served model, with all care of transport around it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ruler.errors import InputError
from ruler.llm.breaker import Breaker
from ruler.llm.budget import Budget
from ruler.llm.clock import Clock
from ruler.llm.failures import FinalError, sentence
from ruler.llm.limiter import Limiter
from ruler.llm.options import ChatOptions
from ruler.llm.pricing import Tariff
from ruler.llm.questions import Backend, BackendError, Completion, Fault, Question
from ruler.llm.retrying import Patience, Tries
from ruler.schemas.runs import Usage

_Made = TypeVar("_Made")


class Line:
    """A served model behind a limit on calls at once, a breaker, a budget and retries.

    All questions of an engine share one, on one event loop.
    """

    def __init__(
        self,
        backend: Backend,
        options: ChatOptions,
        *,
        budget: Budget,
        tariff: Tariff,
        clock: Clock,
    ) -> None:
        self._backend = backend
        self._options = options
        self._budget = budget
        self._tariff = tariff
        self._limiter = Limiter(options.concurrency)
        self._breaker = Breaker(clock, options.patience_seconds)
        self._patience = Patience(options, self._breaker, clock)
        self._has_answered = False

    async def call(
        self, question: Question, tries: Tries, use: Callable[[Completion], Awaitable[_Made]]
    ) -> _Made | Fault:
        """Ask until there is an answer, or no further try is worth it; costs go into `tries`.

        What `use` makes of the answer is returned. The call keeps its place meanwhile: where
        answers cannot be kept as fast as they come, no more of them are paid for.

        Raises:
            InputError: the endpoint never gave an answer, and the user must mend something first
                (the key, the model's name, the address): no other question would fare better.
        """
        tries.failed = tries.misformed = 0
        try:
            return await self._patience.loop(tries)(self._attempt, question, tries, use)
        except BackendError as error:
            self._raise_if_never(error)
            return error.fault

    async def _attempt(
        self, question: Question, tries: Tries, use: Callable[[Completion], Awaitable[_Made]]
    ) -> _Made:
        async with self._limiter.place():
            self._budget.reserve()
            spent = Usage()
            try:
                async with self._breaker.passage() as passage:
                    spent = Usage(model_calls=1, failed_calls=1)  # as it stays where it is cut off
                    try:
                        completion = await self._complete(question)
                    except BackendError as error:
                        spent = self._failed(error)
                        tries.note(error, is_probe=passage.is_probe)
                        raise
                    spent = self._tariff.priced(completion.usage)
            finally:
                shown = spent.model_calls * len(question.jpegs)
                spent = spent.model_copy(update={"images": shown})
                self._budget.settle(spent)
                tries.spend(spent)
            self._has_answered = True
            return await use(completion)

    async def _complete(self, question: Question) -> Completion:
        limit = self._options.timeout_seconds
        try:
            async with asyncio.timeout(limit):
                return await self._backend.complete(question)
        except TimeoutError as error:
            said = f"no answer in time ({limit:g} s)"
            raise BackendError(
                sentence(self._backend.name, self._options, "timeout", said)
            ) from error

    def _failed(self, error: BackendError) -> Usage:
        """What a failed call cost: one that was refused costs nothing, one that was given up may
        have cost something that nobody will tell."""
        tokens = error.usage.tokens_in + error.usage.tokens_out
        may_cost = tokens or error.fault.kind in ("timeout", "unreachable")
        return self._tariff.priced(error.usage) if may_cost else error.usage

    def _raise_if_never(self, error: BackendError) -> None:
        if self._has_answered:
            return
        if isinstance(error, FinalError) or error.fault.kind in ("denied", "unknown_model"):
            raise InputError(error.fault.said) from error
        if not self._breaker.was_reached and error.fault.kind in ("unreachable", "suspended"):
            raise InputError(
                f"{error.fault.said}; is it running, and is the address right?"
            ) from error
