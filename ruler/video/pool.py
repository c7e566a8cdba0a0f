"""Decoder processes that wait for work."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from typing import TYPE_CHECKING

from ruler.video.decoders import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ruler.video.limits import Limits

_MOST_IDLE = 4


class Pool:
    """Decoder processes that wait for work. They are spawned, never forked, and kept: a start takes
    a third of a second."""

    def __init__(self) -> None:
        self._idle: list[Decoder] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()

    @contextlib.contextmanager
    def borrowed(
        self, limits: Limits, *, distance: Callable[[Decoder], float] | None = None
    ) -> Iterator[Decoder]:
        """A decoder process for a while.

        Args:
            limits: What it may take.
            distance: Of those that wait, the one with the least of it is lent.
        """
        decoder = self._any(limits, distance)
        try:
            yield decoder
        finally:
            if decoder.is_usable:
                self._give_back(decoder)
            else:
                decoder.close()

    def pids(self) -> list[int]:
        """The processes that wait."""
        with self._lock:
            return [decoder.pid for decoder in self._idle]

    def close(self) -> None:
        """End all that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for decoder in idle:
                decoder.close()

    def _any(self, limits: Limits, distance: Callable[[Decoder], float] | None = None) -> Decoder:
        with self._lock:
            if self._owner != os.getpid():  # a fork: these are the parent's
                self._idle, self._owner = [], os.getpid()
            if able := [decoder for decoder in self._idle if decoder.limits == limits]:
                decoder = min(able, key=distance) if distance else able[0]
                self._idle.remove(decoder)
                return decoder
        return Decoder(limits)

    def _give_back(self, decoder: Decoder) -> None:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(decoder)
                return
        decoder.close()


POOL = Pool()
"""Of this process."""

atexit.register(POOL.close)
