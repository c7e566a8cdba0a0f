"""The engine: everything between a question and an answer.

    question -> under way already? -> cache
             -> [ place -> budget -> breaker -> call ] repeated -> judge -> parse
             -> once more with what was wrong -> cache, recording -> answer

A served model (`Backend`) is asked on one event loop in one thread, a model in this process
(`BatchBackend`) in batches in one thread; either thread starts with the first question. Each
module beside this one does one step and says how.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import cast

from ruler.llm.budget import Budget
from ruler.llm.calling import Line
from ruler.llm.clock import Clock, SystemClock
from ruler.llm.desk import Desk, Recorder
from ruler.llm.drivers import Batched, Driver, Pending, Served
from ruler.llm.flights import Flights
from ruler.llm.options import ChatOptions
from ruler.llm.pricing import Free, Tariff
from ruler.llm.questions import Answer, AnswerCache, Backend, BatchBackend, Question
from ruler.llm.tracing import Tracing
from ruler.schemas.runs import Usage


class Engine:
    """An `Asker` over a back-end; safe to share by threads.

    Its threads end with `close`, with the `with` block, or when the engine is forgotten.

    Args:
        backend: What answers.
        options: How it is asked; the defaults where None.
        tariff: What its calls cost; nothing where None.
        budget: What may be spent; share one among the engines of a run. No limit where None.
        cache: Where usable answers are looked up and kept, or None.
        recorder: Where usable answers are recorded, or None.
        on_usage: Told what each question cost as it ends, however it ends; from any thread.
        clock: Time and chance; the machine's where None.
    """

    def __init__(
        self,
        backend: Backend | BatchBackend,
        options: ChatOptions | None = None,
        *,
        tariff: Tariff | None = None,
        budget: Budget | None = None,
        cache: AnswerCache | None = None,
        recorder: Recorder | None = None,
        on_usage: Callable[[Usage], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        options = options or ChatOptions()
        budget = budget or Budget()
        self.name = backend.name
        self.endpoint: str | None = getattr(backend, "endpoint", None)
        self._desk = Desk(
            model=self.name,
            endpoint=self.endpoint,
            options=options,
            cache=cache,
            recorder=recorder,
            on_usage=on_usage,
        )
        self._flights = Flights(self._desk)
        tracing = Tracing(self.name, options)
        self._driver: Driver
        if hasattr(backend, "batch"):
            self._driver = Batched(cast(BatchBackend, backend), self._desk, tracing, budget)
        else:
            line = Line(
                backend,
                options,
                budget=budget,
                tariff=tariff or Free(),
                clock=clock or SystemClock(),
            )
            closing = getattr(backend, "aclose", None)
            self._driver = Served(line, self._desk, tracing, closing, options.concurrency)
        self._end = weakref.finalize(self, self._driver.close)

    def ask(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """One answer a question, in order.

        Twice as many questions are taken ahead as may be under way (`concurrency`, or the batch of
        a model in this process), so that a slow one at the head holds no place empty. Where the
        iterator is given up, what is under way is cancelled.

        Raises:
            InputError: on the first calls alone, for what the user must mend before any question
                can be answered: a refused key, an unknown model, a server that is not there.
        """
        remaining = iter(questions)
        waiting: deque[Pending] = deque()
        try:
            while chunk := list(islice(remaining, self._driver.at_once)):
                waiting.extend(self._begin(chunk))
                while waiting and (len(waiting) > len(chunk) or waiting[0].done()):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for pending in waiting:
                pending.cancel()

    def close(self) -> None:
        """End the engine's threads and connections; it can be asked no more."""
        self._end()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self, questions: Sequence[Question]) -> list[Pending]:
        return self._flights.begin(self._desk.take(questions), self._driver.submit)
