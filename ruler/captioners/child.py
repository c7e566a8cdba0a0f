"""The process that captions for another one (see `processes`); `helpers` starts it.

It answers over the socket that its parent gave it, one stream of windows after the other, and ends
when the socket does, so that it never outlives a parent that was killed.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import numpy as np

from ruler import registry
from ruler.errors import InputError
from ruler.video.frames import Frame, FrameWindow

if TYPE_CHECKING:
    from ruler.captioners.base import Captioner
    from ruler.schemas.captions import SceneModel


def serve(socket: int, name: str) -> None:
    """Caption until the parent has gone.

    Args:
        socket: Descriptor of a socket that the parent holds the other end of.
        name: The captioner, as the registry knows it.
    """
    Child(Connection(socket), registry.resolve("captioner", name)).work()


class Child:
    """Captions in its main thread, while another takes what the parent says: who speaks is never
    kept waiting, so that both can speak at once."""

    def __init__(self, connection: Connection, captioner: Captioner) -> None:
        self._connection = connection
        self._captioner = captioner
        self._heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._known: SceneModel | None = None
        self._frames: dict[int, Frame] = {}

    def work(self) -> None:
        """Answer one stream after the other."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            windows = self._stream()
            try:
                for reply in self._captioner.caption(windows, self._model(self._heard.get())):
                    self._connection.send(reply)
            except Exception as error:  # noqa: BLE001 - told to the parent, which knows what it means
                self._connection.send(_told(error))
                for _ in windows:
                    pass
            self._connection.send(None)

    def _listen(self) -> None:
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, tuple):
                    message = self._window(*message)
                self._heard.put(message)
        except (EOFError, OSError):
            os._exit(0)

    def _model(self, said: SceneModel | str | None) -> SceneModel | None:
        """A stream's scene model: sent, or named where it is that of the stream before."""
        if isinstance(said, str):
            return self._known
        self._known = said or self._known
        return said

    def _stream(self) -> Iterator[FrameWindow]:
        while (window := self._heard.get()) is not None:
            yield window

    def _window(
        self, clip: str, frame_index: int, time_seconds: float, frames: list[tuple[Any, ...]]
    ) -> FrameWindow:
        """A window as it was sent: with the pictures of frames that the last one did not have."""
        held: dict[int, Frame] = {}
        for number, index, seconds, *rest in frames:
            held[number] = _frame(index, seconds, *rest) if rest else self._frames[number]
        self._frames = held
        return FrameWindow(clip, frame_index, time_seconds, tuple(held.values()))


def _frame(
    index: int, seconds: float, shape: tuple[int, ...], digest: bytes, pixels: bytes
) -> Frame:
    frame = Frame(index, seconds, np.frombuffer(pixels, np.uint8).reshape(shape))
    frame.__dict__["digest"] = digest  # where the cached property looks first
    return frame


def _told(error: Exception) -> tuple[bool, str]:
    """Whether the user can mend it, and what it says."""
    if isinstance(error, InputError):
        return True, str(error)
    return False, f"{type(error).__name__}: {error}"
