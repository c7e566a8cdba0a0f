"""How often a call is repeated, and after how long."""

from __future__ import annotations

from dataclasses import dataclass, field

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from ruler.llm.breaker import Breaker
from ruler.llm.clock import Clock
from ruler.llm.failures import FinalError
from ruler.llm.options import ChatOptions
from ruler.llm.questions import PASSING, BackendError
from ruler.schemas.runs import Usage

BASE, LONGEST = 0.5, 20.0
"""Seconds: the n-th wait is drawn evenly from 0 to BASE * 2**n ("full jitter", Brooker, AWS
Architecture Blog, 2015), at most LONGEST; what the endpoint asks for (`Retry-After`) comes first.
"""

FORMS = 2
"""How often a question is put in another form: without its schema, and without a system role."""


class OtherFormError(BackendError):
    """The endpoint refused the form of this call; the back-end knows another form by now.

    The call is repeated at once; this is not counted among the retries.
    """


@dataclass
class Tries:
    """What one question has been through: failures that count against `retries`, and all usage.

    A failed probe of an endpoint that is down does not count: patience bounds those. Calls that
    were refused for their form are counted apart.
    """

    failed: int = 0
    misformed: int = 0
    usage: Usage = field(default_factory=Usage)

    def note(self, error: BackendError, *, is_probe: bool) -> None:
        """Count a failed call."""
        if isinstance(error, OtherFormError):
            self.misformed += 1
        elif not is_probe:
            self.failed += 1

    def spend(self, usage: Usage) -> None:
        """Add what a call cost."""
        self.usage += usage


class Patience:
    """When a failed call is made again."""

    def __init__(self, options: ChatOptions, breaker: Breaker, clock: Clock) -> None:
        self._options = options
        self._breaker = breaker
        self._clock = clock

    def loop(self, tries: Tries) -> AsyncRetrying:
        """The loop of one call; what it raises in the end is the last failure."""
        return AsyncRetrying(
            retry=retry_if_exception(self._may_pass),
            stop=lambda _: tries.failed > self._options.retries or tries.misformed > FORMS,
            wait=lambda state: self._seconds(state, tries),
            sleep=self._clock.sleep,
            reraise=True,
        )

    def _may_pass(self, error: BaseException) -> bool:
        if isinstance(error, OtherFormError):
            return True
        if isinstance(error, FinalError) or not isinstance(error, BackendError):
            return False
        return error.fault.kind in PASSING and not self._breaker.is_hopeless

    def _seconds(self, state: RetryCallState, tries: Tries) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, OtherFormError) or self._breaker.is_open:
            return 0.0  # the breaker waits for all of them together
        asked = error.retry_after if isinstance(error, BackendError) else None
        drawn = self._clock.chance() * min(LONGEST, BASE * 2.0**tries.failed)
        return max(drawn, min(asked or 0.0, self._options.patience_seconds))
