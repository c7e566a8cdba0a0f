"""A circuit breaker: an endpoint that is down is asked now and then, not by everybody all the time.

Two users want two things. One has an outage of twenty seconds: the run should pause and go on, with
no frame lost. One has a server that is gone: the run must not wait minutes a frame. So questions
wait while the endpoint has been failing for less than the user's patience, and fail at once after
that; and an endpoint that never answered at all is not waited for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ruler.llm.clock import Clock
from ruler.llm.questions import PASSING, BackendError, Fault
from ruler.schemas.runs import Usage

THRESHOLD = 4
"""Failures in a row that open the breaker: fewer than the tries that a question has by default, so
that a question alone, too, lives through an outage."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds from opening to the first probe; each probe that fails doubles them, up to the longest.
"""

_GLANCE = 0.25
"""Seconds between two looks of a question that waits for the endpoint to come back."""


class Passage:
    """One call's way through the breaker; `is_probe` where it finds out if the endpoint is back."""

    def __init__(self, *, is_probe: bool) -> None:
        self.is_probe = is_probe


class Breaker:
    """Closed while calls succeed; open after `THRESHOLD` failures in a row. For one event loop.

    While it is open, one call at a time probes the endpoint, after pauses that grow. Any answer,
    even one that refuses, closes it: the endpoint is there.

    Args:
        clock: Where time comes from.
        patience: How many seconds a failing endpoint is waited for, from the first failure on.
    """

    def __init__(self, clock: Clock, patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._failures = 0
        self._failing_since = 0.0
        self._pause = FIRST_PAUSE
        self._probe_at = 0.0
        self._is_probing = False
        self._was_reached = False
        self._last: Fault | None = None

    @property
    def is_open(self) -> bool:
        """Whether the endpoint counts as down."""
        return self._failures >= THRESHOLD

    @property
    def was_reached(self) -> bool:
        """Whether anything was ever sent to the endpoint, be it in vain."""
        return self._was_reached

    @property
    def is_hopeless(self) -> bool:
        """Whether waiting is pointless: the endpoint is down, and was for too long or always."""
        lasted = self._clock.now() - self._failing_since
        return self.is_open and (lasted >= self._patience or not self._was_reached)

    @asynccontextmanager
    async def passage(self) -> AsyncIterator[Passage]:
        """Wait until a call may be made, and learn from how it ends.

        Raises:
            BackendError: with the fault "suspended", where waiting is pointless.
        """
        passage = await self._enter()
        try:
            yield passage
        except BackendError as error:
            if error.fault.kind in PASSING:
                self._failed(error, passage)
            else:
                self._succeeded()
            raise
        else:
            self._succeeded()
        finally:
            if passage.is_probe:
                self._is_probing = False

    async def _enter(self) -> Passage:
        while self.is_open:
            wait = self._probe_at - self._clock.now()
            if wait <= 0 and not self._is_probing:
                self._is_probing = True
                return Passage(is_probe=True)
            if self.is_hopeless:
                raise BackendError(self._suspended(), usage=Usage())
            await self._clock.sleep(min(wait, _GLANCE) if wait > 0 else _GLANCE)
        return Passage(is_probe=False)

    def _failed(self, error: BackendError, passage: Passage) -> None:
        was_open, now = self.is_open, self._clock.now()
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        self._last = error.fault
        self._was_reached |= error.usage.model_calls > 0
        if not self.is_open:
            return
        if not was_open:
            self._pause = FIRST_PAUSE
        elif passage.is_probe:  # others were under way when it opened: the same news again
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        asked = min(error.retry_after or 0.0, self._patience)
        self._probe_at = now + max(self._pause, asked)

    def _succeeded(self) -> None:
        self._failures = 0
        self._was_reached = True

    def _suspended(self) -> Fault:
        lasted = self._clock.now() - self._failing_since
        last = self._last.said if self._last else "no answer"
        failed = f"{self._failures} calls in a row failed within {lasted:.0f} s"
        return Fault("suspended", f"not asked: {failed}; last: {last}")
