"""Processes that caption for this one: each serves one thread at a time, and is kept."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from ruler.captioners.base import Captioned
from ruler.errors import InputError, RunError
from ruler.schemas.captions import SceneModel
from ruler.video.frames import Frame, FrameWindow

_AHEAD = 4
"""Windows that a process is given before its first answer: it need not wait for the next."""


class HelperLostError(RunError):
    """A process that captions has died."""

    def __init__(self) -> None:
        super().__init__("the process that captioned it ended before it had an answer")


class Helper:
    """One process; for one thread at a time.

    Args:
        made_as: What the registry makes the captioner by.
    """

    def __init__(self, made_as: str) -> None:
        from multiprocessing.connection import Connection  # few runs need it

        self.made_as = made_as
        self.is_usable = True
        here, there = socket.socketpair()
        self._process = _start(there.fileno(), made_as)
        there.close()
        self._connection = Connection(here.detach())
        self._knows: str | None = None
        self._numbers: dict[Frame, int] = {}
        self._next = 0

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """Describe windows in order.

        Raises:
            InputError: what the captioner says that the user can mend.
            RunError: whatever else it raised.
            HelperLostError: the process did not survive the next window.
        """
        is_over = False
        try:
            self._connection.send(self._named(scene_model))
            raised = yield from self._answers(iter(windows))
            is_over = True
        except (EOFError, OSError) as error:
            raise HelperLostError from error
        finally:
            self._numbers = {}  # pictures that are lent go back
            self.is_usable &= is_over
        if raised is not None:
            raise raised

    def _answers(
        self, windows: Iterator[FrameWindow]
    ) -> Generator[Captioned, None, RunError | InputError | None]:
        """The answers; returns what the captioner raised, if it did."""
        raised: RunError | InputError | None = None
        waiting, is_last = 0, False
        while True:
            while not is_last and waiting < _AHEAD:
                window = next(windows, None)
                is_last = window is None
                self._connection.send(None if window is None else self._packed(window))
                waiting += not is_last
            reply = self._connection.recv()
            if reply is None:
                return raised
            if isinstance(reply, Captioned):
                waiting -= 1
                yield reply
                continue
            can_mend, said = reply
            raised = InputError(said) if can_mend else RunError(said)
            if not is_last:
                self._connection.send(None)
                is_last = True

    def _named(self, scene_model: SceneModel | None) -> SceneModel | str | None:
        if scene_model is None or scene_model.sha256 == self._knows:
            return self._knows if scene_model else None
        self._knows = scene_model.sha256
        return scene_model

    def _packed(self, window: FrameWindow) -> tuple[object, ...]:
        """A window, with the pictures of those frames that the last one did not have."""
        frames: list[tuple[object, ...]] = []
        numbers: dict[Frame, int] = {}
        for frame in window.frames:
            known = self._numbers.get(frame)
            numbers[frame] = self._next if known is None else known
            packed: tuple[object, ...] = (numbers[frame], frame.index, frame.time_seconds)
            if known is None:
                self._next += 1
                packed = (*packed, frame.image.shape, frame.digest, frame.image.tobytes())
            frames.append(packed)
        self._numbers = numbers
        return window.clip, window.frame_index, window.time_seconds, frames

    def close(self) -> None:
        """End the process and wait until it is gone; it is killed, since it holds nothing."""
        self.is_usable = False
        with contextlib.suppress(OSError):
            self._connection.close()
        self._process.kill()
        self._process.wait()


def _start(there: int, made_as: str) -> subprocess.Popen[bytes]:
    """A new process; its packages are found where this one finds them."""
    places = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    command = [sys.executable, "-W", "ignore", "-c", _CODE, places, str(there), made_as]
    return subprocess.Popen(  # noqa: S603 - a fixed command
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(there,),
        start_new_session=True,
    )


_CODE = (
    "import os, sys; sys.path[:] = sys.argv[1].split(os.pathsep); "
    "from ruler.captioners.child import serve; serve(int(sys.argv[2]), sys.argv[3])"
)


class Pool:
    """Processes that wait for work. They are spawned, never forked, and kept: a start takes half a
    second."""

    def __init__(self) -> None:
        self._idle: list[Helper] = []
        self._lock = threading.Lock()
        self._owner = os.getpid()

    @contextlib.contextmanager
    def borrowed(self, made_as: str) -> Iterator[Helper]:
        """A process for a while."""
        helper = self._any(made_as)
        try:
            yield helper
        finally:
            if helper.is_usable:
                with self._lock:
                    self._idle.append(helper)
            else:
                helper.close()

    def pids(self) -> list[int]:
        """The processes that wait."""
        with self._lock:
            return [helper.pid for helper in self._idle]

    def close(self) -> None:
        """End all that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for helper in idle:
                helper.close()

    def _any(self, made_as: str) -> Helper:
        with self._lock:
            if self._owner != os.getpid():  # a fork: these are the parent's
                self._idle, self._owner = [], os.getpid()
            for helper in self._idle:
                if helper.made_as == made_as:
                    self._idle.remove(helper)
                    return helper
        return Helper(made_as)


POOL = Pool()
"""Of this process."""

atexit.register(POOL.close)
