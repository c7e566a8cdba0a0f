"""Processes that work for this one: spawned, never forked, and kept for the next piece of work."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

_MOST_IDLE = 4


class Child(Protocol):
    """A process as its parent holds it, for one thread at a time."""

    @property
    def is_usable(self) -> bool:
        """Whether it can be given more work."""

    @property
    def pid(self) -> int:
        """The process's number."""

    def close(self) -> None:
        """End the process and wait until it is gone."""


def spawn(
    code: str,
    arguments: Sequence[str],
    descriptors: Sequence[int],
    *,
    has_pipes: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a Python process that finds its packages where this one does.

    It is in a session of its own: what is pressed in a terminal reaches its parent alone.

    Args:
        code: What it runs; `sys.argv[1:]` are the arguments.
        arguments: Strings.
        descriptors: Those of this process that it has under the same numbers.
        has_pipes: Whether its standard input and output lead here, or nowhere.
    """
    places = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    begin = "import os, sys; sys.path[:] = sys.argv.pop(1).split(os.pathsep); "
    pipe = subprocess.PIPE if has_pipes else subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - a fixed command
        [sys.executable, "-W", "ignore", "-c", begin + code, places, *arguments],
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.DEVNULL,
        pass_fds=tuple(descriptors),
        start_new_session=True,
    )


Kind = TypeVar("Kind", bound=Hashable)
AnyChild = TypeVar("AnyChild", bound=Child)


class Pool(Generic[Kind, AnyChild]):
    """Processes that wait for work; a start takes some tenths of a second. They end with this one.

    Args:
        start: Starts one of a kind.
    """

    def __init__(self, start: Callable[[Kind], AnyChild]) -> None:
        self._start = start
        self._idle: list[tuple[Kind, AnyChild]] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()
        atexit.register(self.close)

    @contextlib.contextmanager
    def borrowed(
        self, kind: Kind, *, distance: Callable[[AnyChild], float] | None = None
    ) -> Iterator[AnyChild]:
        """A process for a while.

        Args:
            kind: Of which kind.
            distance: Of those that wait, the one with the least of it is lent.
        """
        child = self._any(kind, distance)
        try:
            yield child
        finally:
            if not (child.is_usable and self._keep(kind, child)):
                child.close()

    def ready(self, kind: Kind, count: int) -> None:
        """Start so many of a kind, less those that wait, without waiting until they can work."""
        with self._lock:
            waiting = sum(known == kind for known, _ in self._idle)
        for _ in range(min(count, _MOST_IDLE) - waiting):
            child = self._start(kind)
            if not self._keep(kind, child):
                child.close()

    def pids(self) -> list[int]:
        """The processes that wait."""
        with self._lock:
            return [child.pid for _, child in self._idle]

    def close(self) -> None:
        """End all that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for _, child in idle:
                child.close()

    def _any(self, kind: Kind, distance: Callable[[AnyChild], float] | None) -> AnyChild:
        with self._lock:
            if self._owner != os.getpid():  # a fork: these are the parent's
                self._idle, self._owner = [], os.getpid()
            if able := [child for known, child in self._idle if known == kind]:
                child = min(able, key=distance) if distance else able[0]
                self._idle.remove((kind, child))
                return child
        return self._start(kind)

    def _keep(self, kind: Kind, child: AnyChild) -> bool:
        with self._lock:
            is_room = len(self._idle) < _MOST_IDLE
            if is_room:
                self._idle.append((kind, child))
        return is_room
