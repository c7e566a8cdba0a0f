"""How many calls may be under way: fewer where the endpoint says that they are too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ruler.llm.questions import BackendError


class Limiter:
    """Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain, 1989).

    Starts at the ceiling. A call that is turned away for its rate (429) halves the limit, never
    below one; as many successes as the limit is high raise it by one. Calls that were under way
    when the limit was last halved do not halve it again: they are news of the same event. For use
    on one event loop.
    """

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._limit = float(ceiling)
        self._places = asyncio.Semaphore(ceiling)
        self._to_withdraw = 0  # places to take away as soon as they fall free
        self._halvings = 0

    @property
    def limit(self) -> int:
        """How many calls may be under way now."""
        return int(self._limit)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, in order of arrival, and learn from how the call in it ends."""
        await self._places.acquire()
        halvings = self._halvings
        try:
            yield
        except BackendError as error:
            if error.fault.kind == "rate_limited" and halvings == self._halvings:
                await self._halve()
            raise
        else:
            self._grow()
        finally:
            if self._to_withdraw:
                self._to_withdraw -= 1
            else:
                self._places.release()

    async def _halve(self) -> None:
        before = self.limit
        self._limit = max(1.0, self._limit / 2)
        self._halvings += 1
        self._to_withdraw += before - self.limit
        while self._to_withdraw and not self._places.locked():
            await self._places.acquire()  # free, so this does not wait
            self._to_withdraw -= 1

    def _grow(self) -> None:
        before = self.limit
        self._limit = min(float(self._ceiling), self._limit + 1 / self._limit)
        for _ in range(self.limit - before):
            if self._to_withdraw:
                self._to_withdraw -= 1
            else:
                self._places.release()
