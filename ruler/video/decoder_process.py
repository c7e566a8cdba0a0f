"""The process that opens and decodes clips: `python -m ruler.video.decoder_process`.

Answers what `isolation` asks over its standard input. Pictures go through memory that both share:
descriptor 3, whose first eight bytes count the signs of life. Ends when its input does, also in the
middle of something, so that it never outlives a parent that was killed.
"""

from __future__ import annotations

import mmap
import os
import pickle
import queue
import sys
import threading
from collections import deque
from pathlib import Path
from typing import IO, Any

import cv2

from ruler.errors import ClipError
from ruler.video import heartbeat, wire
from ruler.video.clips import open_clip
from ruler.video.files import FileClip
from ruler.video.frames import Clip, Frame

SHARED = 3
"""The descriptor of the shared memory."""

HEADER_BYTES = 64
"""What the shared memory holds before the pictures."""

MEGABYTE = 1 << 20


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    cv2.setNumThreads(1)
    _limit_memory(int(sys.argv[1]))
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
        self._free: queue.SimpleQueue[tuple[int, int | None]] = queue.SimpleQueue()
        self._shared = mmap.mmap(SHARED, HEADER_BYTES)
        self._beats = 0
        self._clip: Clip | None = None
        heartbeat.listen(self._beat)

    def listen(self, questions: IO[bytes]) -> None:
        """Take what the parent says; where it says no more, nobody waits for an answer."""
        while (asked := wire.receive(questions)) is not None:
            message, blob = asked
            if message["do"] == "free":
                self._free.put((message["read"], message["slot"]))
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
        elif message["do"] == "take":
            self._clip = pickle.loads(blob)  # noqa: S301 - made by a process like this one
        else:
            self._read(message)

    def _open(self, message: wire.Message) -> None:
        clip = open_clip(
            message["path"],
            name=message["name"],
            frame_rate=message["frame_rate"],
            reader=message["reader"],
        )
        times = clip.times.astype("<f8").tobytes()
        starts = clip.starts.astype("<i8").tobytes() if isinstance(clip, FileClip) else b""
        self._say(
            {
                "opened": clip.info.model_dump(mode="json"),
                "times": len(times),
                "starts": len(starts),
            },
            times + starts + pickle.dumps(clip),
        )

    def _read(self, message: wire.Message) -> None:
        assert self._clip is not None
        slots, size = message["slots"], message["size"]
        shared = mmap.mmap(SHARED, HEADER_BYTES + slots * size)
        try:
            self._send(self._clip, message, shared)
        finally:
            shared.close()

    def _send(self, clip: Clip, message: wire.Message, shared: mmap.mmap) -> None:
        """Decode ahead as far as there is room; None as a slot says that nobody reads on."""
        free: deque[int] = deque(range(message["slots"]))
        for item in clip.frames(message["indices"], width=message["width"]):
            heartbeat.beat()
            if not isinstance(item, Frame):
                self._say({"failed": item.reason})
                continue
            while not free or not self._free.empty():
                read, slot = self._free.get()
                if read != message["read"]:
                    continue  # of a reading before, which has ended
                if slot is None:
                    self._say({"end": True})
                    return
                free.append(slot)
            slot = free.popleft()
            start = HEADER_BYTES + slot * message["size"]
            shared[start : start + item.image.nbytes] = item.image.data.cast("B")
            self._say({"slot": slot, "height": item.image.shape[0], "width": item.image.shape[1]})
        self._say({"end": True})

    def _say(self, message: dict[str, Any], blob: bytes = b"") -> None:
        self._answers.write(wire.pack(message, blob))
        self._answers.flush()

    def _beat(self) -> None:
        self._beats += 1
        self._shared[:8] = self._beats.to_bytes(8, "little")


if __name__ == "__main__":
    main()
