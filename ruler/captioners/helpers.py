"""Processes that caption for this one: each serves one thread at a time, and is kept."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator, Iterable, Iterator

from ruler.captioners.base import Captioned
from ruler.children import Pool, spawn
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

        self.is_usable = True
        here, there = socket.socketpair()
        self._process = spawn(_CODE, [str(there.fileno()), made_as], [there.fileno()])
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


_CODE = "from ruler.captioners.child import serve; serve(int(sys.argv[1]), sys.argv[2])"

POOL: Pool[str, Helper] = Pool(Helper)
"""Of this process, by `Computing.made_as`."""
