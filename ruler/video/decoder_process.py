"""The process that opens and decodes clips: `python -m ruler.video.decoder_process`.

Answers what `isolation` asks over its standard input. The first eight bytes of descriptor 3, which
both share, count the signs of life; over descriptor 4 come the files that pictures go into. Ends
when its input does, also in the middle of something, so that it never outlives a parent that was
killed.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import queue
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import cv2
import numpy as np

from ruler import memory
from ruler.errors import ClipError
from ruler.video import complaints, heartbeat, pictures, wire
from ruler.video.clips import open_clip
from ruler.video.columns import Columns, seal, unseal
from ruler.video.files import FileClip
from ruler.video.frames import Clip, Frame
from ruler.video.wire import CHANNEL, COLUMNS, HEADER_BYTES, SHARED, SLOTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEGABYTE = 1 << 20

_TOGETHER = 4
_PATIENCE_SECONDS = 0.01
"""Pictures that are told of together, where that takes no longer."""


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with tempfile.TemporaryFile() as file:
        complaints.listen(os.dup(file.fileno()))
    cv2.setNumThreads(1)
    _limit_memory(int(sys.argv[1]))
    memory.keep()
    pictures.allow(int(sys.argv[2]))
    worker = Worker(answers)
    threading.Thread(target=worker.listen, args=(sys.stdin.buffer,), daemon=True).start()
    worker.work()


def _limit_memory(megabytes: int) -> None:
    """Bound the memory that this process may ask for beyond what it has now."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0]) if _has_proc() else 0
    most = pages * mmap.PAGESIZE + megabytes * MEGABYTE
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def _has_proc() -> bool:
    return Path("/proc/self/statm").exists()


class Worker:
    """Does one thing after the other in the main thread, while another listens.

    Args:
        answers: Where answers go.
    """

    def __init__(self, answers: IO[bytes]) -> None:
        self._answers = answers
        self._asked: queue.SimpleQueue[tuple[wire.Message, bytes]] = queue.SimpleQueue()
        self._free: queue.SimpleQueue[tuple[int, list[int] | None]] = queue.SimpleQueue()
        self._shared = mmap.mmap(SHARED, HEADER_BYTES)
        self._channel = socket.socket(fileno=CHANNEL)
        self._channel.setblocking(False)
        self._received: dict[bytes, int] = {}
        self._slots = mmap.mmap(-1, mmap.PAGESIZE)
        self._beats = 0
        self._clip: Clip | None = None
        self._columns = Columns(b"", 0)
        heartbeat.listen(self._beat)

    def listen(self, questions: IO[bytes]) -> None:
        """Take what the parent says; where it says no more, nobody waits for an answer."""
        while (asked := wire.receive(questions)) is not None:
            message, blob = asked
            if message["do"] == "free":
                self._free.put((message["read"], message["slots"]))
            else:
                self._asked.put((message, blob))
        os._exit(0)

    def work(self) -> None:
        """Answer one question after the other."""
        while True:
            message, blob = self._asked.get()
            try:
                self._answer(message, blob)
            except ClipError as error:
                self._say({"error": [error.clip, error.reason, error.advice]})
            except MemoryError:
                self._say({"out_of_memory": True})
            except OSError as error:  # a disk that gives up in the middle
                self._say({"broken": (error.strerror or type(error).__name__).lower()})

    def _answer(self, message: wire.Message, blob: bytes) -> None:
        if folder := message.get("folder"):
            # The parent may have changed folders since this process began.
            os.chdir(folder)
        if message["do"] == "open":
            self._open(message)
            memory.give_back()  # opening takes much that reading does not
        elif message["do"] == "take":
            self._take(message, blob)
        else:
            self._read(message)

    def _open(self, message: wire.Message) -> None:
        # First: a file that was given for a clip that is refused is none for the next one.
        file = self._descriptor(COLUMNS)
        assert file is not None
        try:
            clip = open_clip(
                message["path"],
                name=message["name"],
                frame_rate=message["frame_rate"],
                reader=message["reader"],
            )
            starts = clip.starts if isinstance(clip, FileClip) else np.empty(0, np.int64)
            head, layout = seal(clip, starts, file)
        finally:
            os.close(file)
        self._say({"opened": clip.info.model_dump(mode="json"), "layout": layout.message()}, head)

    def _take(self, message: wire.Message, blob: bytes) -> None:
        """Hold a clip; its columns follow its head, where they are in no file."""
        if isinstance(self._clip, FileClip):
            self._clip.close()
        self._clip = None
        head, columns = blob[: message["head"]], blob[message["head"] :]
        if (file := self._descriptor(COLUMNS)) is None:
            self._columns = Columns(columns, len(columns))
        else:
            self._columns = Columns(file, message["size"])
            os.close(file)
        self._clip = unseal(head, self._columns)
        if isinstance(self._clip, FileClip):
            self._clip.go_on()

    def _read(self, message: wire.Message) -> None:
        assert self._clip is not None
        # None is given where the memory at hand still serves.
        if (given := self._descriptor(SLOTS)) is not None:
            self._slots = mmap.mmap(given, message["slots"] * message["size"])
            os.close(given)
        places = np.frombuffer(self._slots, np.uint8).reshape(message["slots"], message["size"])
        self._send(self._clip, message, places)
        self._columns.rest()

    def _descriptor(self, kind: bytes) -> int | None:
        """The descriptor of a kind that was given last, once; None where none was."""
        with contextlib.suppress(BlockingIOError):
            while True:
                sort, (descriptor,), _, _ = socket.recv_fds(self._channel, 1, 1)
                if (before := self._received.get(sort)) is not None:
                    os.close(before)
                self._received[sort] = descriptor
        return self._received.pop(kind, None)

    def _send(self, clip: Clip, message: wire.Message, places: NDArray[np.uint8]) -> None:
        """Decode ahead as far as there is room; None as slots says that nobody reads on."""
        # The slot that came back last is filled first: its memory is still in the caches.
        free = list(range(message["slots"]))
        width, is_grey = message["width"], message["is_grey"]
        told: list[list[int] | str] = []
        sent = time.monotonic()
        for item in clip.frames(message["indices"], width=width, is_grey=is_grey):
            heartbeat.beat()
            if isinstance(item, Frame):
                while not free or not self._free.empty():
                    read, slots = self._free.get()
                    if read != message["read"]:
                        continue  # of a reading before, which has ended
                    if slots is None:
                        self._say({"end": True})
                        return
                    free.extend(slots)
                slot = free.pop()
                place = places[slot, : item.image.size].reshape(item.image.shape)
                np.copyto(place, item.image)
                told.append([slot, *item.image.shape])
            else:
                told.append(item.reason)
            # Each answer wakes the parent up: some wait a moment for more.
            now = time.monotonic()
            if not free or len(told) == _TOGETHER or now - sent > _PATIENCE_SECONDS:
                self._say({"told": told})
                told, sent = [], now
        self._say({"told": told, "end": True})

    def _say(self, message: dict[str, Any], blob: bytes = b"") -> None:
        self._answers.write(wire.pack(message, blob))
        self._answers.flush()

    def _beat(self) -> None:
        self._beats += 1
        self._shared[:8] = self._beats.to_bytes(8, "little")


if __name__ == "__main__":
    main()
