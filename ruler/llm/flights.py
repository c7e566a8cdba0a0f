"""One call for all who pose the same question while it is under way.

An answer that was kept is found by everybody who asks later; who asks meanwhile waits for it with
whoever asked first. Who takes the answer first is told what it cost, all others that they had it
for nothing, so that sums stay right.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ruler.llm.desk import Asked, Desk
from ruler.llm.drivers import Known, Pending
from ruler.llm.questions import Answer
from ruler.schemas.runs import Usage

Submit = Callable[[Sequence[Asked]], Sequence[Pending]]
"""Begins to answer questions, in order (`Driver.submit`)."""


@dataclass
class _Flight:
    """A call under way, and how many want its answer."""

    pending: Pending
    waiting: int = 0
    is_told: bool = False


class Flights:
    """The calls under way of one engine, by the keys of their answers; safe for threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.RLock()  # an `ask` may end, by a collection of garbage, anywhere
        self._flights: dict[str, _Flight] = {}

    def begin(self, questions: Sequence[Asked], submit: Submit) -> list[Pending]:
        """An answer for each question, in order: one under way, a kept one, or a new call.

        Calls begin under the lock alone, and an answer is kept before its call is done: what is
        not under way any more is found where answers are kept.
        """
        if not self._desk.keeps:
            return list(submit(questions))
        with self._lock:
            self._drop_done()
            apart = [one for one in questions if one.answer_key not in self._flights]
            known = dict(zip(_keys(apart), self._desk.recall(apart), strict=True))
            new = {one.answer_key: one for one in apart if known[one.answer_key] is None}
            begun = submit(list(new.values())) if new else ()
            self._flights |= {
                key: _Flight(pending) for key, pending in zip(new, begun, strict=True)
            }
            return [
                Known(answer) if (answer := known.get(key)) else self._seat(key)
                for key in _keys(questions)
            ]

    def _drop_done(self) -> None:
        # A copy, and one by one: a collection of garbage may end an `ask`, and so a flight, here.
        for key, flight in self._flights.copy().items():
            if flight.pending.done():
                self._flights.pop(key, None)

    def _seat(self, key: str) -> Pending:
        flight = self._flights[key]
        flight.waiting += 1
        return _Seat(self, key, flight)

    def take(self, flight: _Flight) -> Answer:
        """Wait for the answer."""
        answer = flight.pending.result()
        with self._lock:
            is_first, flight.is_told = not flight.is_told, True
        if is_first:
            return answer
        usage = Usage(answers_cached=1) if answer.fault is None else Usage()
        self._desk.tell(usage)
        return replace(answer, usage=usage)

    def leave(self, key: str, flight: _Flight) -> None:
        """One less wants the answer; the call ends with the last."""
        with self._lock:
            flight.waiting -= 1
            if flight.waiting:
                return
            flight.pending.cancel()
            if self._flights.get(key) is flight:
                del self._flights[key]


def _keys(asked: Sequence[Asked]) -> list[str]:
    return [one.answer_key for one in asked]


@dataclass(frozen=True)
class _Seat:
    """The answer of a flight for one who waits."""

    flights: Flights
    key: str
    flight: _Flight

    def done(self) -> bool:
        """Whether the call has ended."""
        return self.flight.pending.done()

    def result(self) -> Answer:
        """Wait for it."""
        return self.flights.take(self.flight)

    def cancel(self) -> None:
        """Leave; others may wait on."""
        self.flights.leave(self.key, self.flight)
