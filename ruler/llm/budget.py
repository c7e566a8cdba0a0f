"""What a run may spend on models; nothing is asked that would go over it."""

from __future__ import annotations

import threading

from ruler.llm.questions import BackendError, Fault
from ruler.schemas.runs import Usage


class Budget:
    """Limits that all models of a run share; safe for threads.

    Calls are reserved before they are made, so `max_calls` holds exactly, however many are under
    way. Tokens and cost are known only afterwards: no call begins once a limit is reached, but
    those that are under way then may go over it, by what they cost and no more. A call without a
    list price counts nothing towards `max_cost_usd` (`Usage.unpriced_calls` says how many).

    Args:
        max_calls: Calls, failed ones included; None for no limit.
        max_tokens: Tokens in and out together; None for no limit.
        max_cost_usd: US dollars by list prices; None for no limit.
    """

    def __init__(
        self,
        max_calls: int | None = None,
        max_tokens: int | None = None,
        max_cost_usd: float | None = None,
    ) -> None:
        self.max_calls = max_calls
        self.max_tokens = max_tokens
        self.max_cost_usd = max_cost_usd
        self._lock = threading.Lock()
        self._reserved = 0
        self._spent = Usage()

    @property
    def spent(self) -> Usage:
        """What was spent so far; calls under way are not in it."""
        with self._lock:
            return self._spent

    def reserve(self) -> None:
        """Set one call aside; `settle` must follow.

        Raises:
            BackendError: with the fault "budget", where a limit is reached.
        """
        with self._lock:
            if reached := self._reached():
                raise BackendError(Fault("budget", reached), usage=Usage())
            self._reserved += 1

    def settle(self, usage: Usage) -> None:
        """Put what a reserved call really took in its place; a call that was not made takes none.

        Args:
            usage: What it took; its `model_calls` is what was sent, 0 or 1.
        """
        with self._lock:
            self._reserved -= 1
            self._spent += usage

    def _reached(self) -> str | None:
        calls = self._spent.model_calls + self._reserved
        tokens = self._spent.tokens_in + self._spent.tokens_out
        if self.max_calls is not None and calls >= self.max_calls:
            return _reached("max_calls", f"{self.max_calls} model calls")
        if self.max_tokens is not None and tokens >= self.max_tokens:
            return _reached("max_tokens", f"{self.max_tokens} tokens")
        if self.max_cost_usd is not None and self._spent.cost_usd >= self.max_cost_usd:
            return _reached("max_cost_usd", f"{self.max_cost_usd:g} US dollars")
        return None


def _reached(name: str, limit: str) -> str:
    return (
        f"not asked: the budget of {limit} is used up; raise {name} and run again, "
        "what was answered is not paid twice"
    )
