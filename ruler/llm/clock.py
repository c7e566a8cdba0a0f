"""Time and chance, so that tests need not wait and come out the same each time."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from typing import Protocol


class Clock(Protocol):
    """What all waiting between calls goes through. The limits on one call itself (connecting,
    first token, total) are waits for a socket and run on the event loop's own time."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""

    def today(self) -> dt.datetime:
        """The date and time in UTC."""

    def chance(self) -> float:
        """A number drawn evenly from [0, 1)."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for so many seconds."""


class SystemClock:
    """The machine's own time and chance."""

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def today(self) -> dt.datetime:
        """The date and time in UTC."""
        return dt.datetime.now(dt.UTC)

    def chance(self) -> float:
        """A number drawn evenly from [0, 1)."""
        return random.random()

    async def sleep(self, seconds: float) -> None:
        """Let others run for so many seconds."""
        await asyncio.sleep(seconds)
