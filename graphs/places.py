"""Room for chunks in work, shared by all clips of a run that go on at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ruler.errors import RunError


class Stopped(RunError):
    """The run ends, so that nothing more is begun. What is stored is gone on with by a resume."""

    def __init__(self) -> None:
        super().__init__("the run was stopped.")


class Places:
    """So many chunks at once, whichever clip they belong to.

    Attributes:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = threading.Semaphore(count)
        self._is_closed = False

    def close(self) -> None:
        """Let nobody in any more."""
        self._is_closed = True

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place for a while; waits for one.

        Raises:
            Stopped: the places are closed.
        """
        with self._free:
            if self._is_closed:
                raise Stopped
            yield
