"""Decoder processes as their parent sees them: started, asked, watched, ended."""

from __future__ import annotations

import contextlib
import itertools
import math
import mmap
import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruler.children import spawn
from ruler.errors import ClipError
from ruler.video import wire
from ruler.video.columns import Layout, Sealed
from ruler.video.lending import Slots, shared_file
from ruler.video.limits import Limits
from ruler.video.wire import CHANNEL, COLUMNS, HEADER_BYTES, SHARED, SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

_LOOK_SECONDS = 0.25
_START_SECONDS = 60.0
_END_SECONDS = 2.0
_BUFFER_BYTES = 1 << 20


class DecoderLostError(Exception):
    """A decoder process died, hung or ran out of memory; says which, as a clause. Never leaves
    `isolation`."""


class Decoder:
    """One decoder process; for one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        shared = shared_file(HEADER_BYTES)
        self._header = mmap.mmap(shared, HEADER_BYTES)
        self._channel, far = socket.socketpair()
        self._process = spawn(
            _CODE,
            [str(shared), str(far.fileno()), str(limits.megabytes), str(limits.pixels)],
            [shared, far.fileno()],
            has_pipes=True,
        )
        os.close(shared)
        far.close()
        self._slots: Slots | None = None
        self._buffer = bytearray()
        self._holds: Sealed | None = None
        self._reached = 0
        self._reads = itertools.count()
        self.is_usable = True
        self._is_new = True

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def open(self, asked: dict[str, Any]) -> tuple[wire.Message, Sealed]:
        """Open a clip; what is said of it, and what its pictures are asked for with.

        Raises:
            ClipError: it cannot be read.
            DecoderLostError: the process did not survive it.
        """
        file = shared_file(0, in_memory=False)
        try:
            self._give(COLUMNS, file)
            self._say({"do": "open", "folder": _folder(), **asked})
            said, head = self._hear()
        except BaseException:
            os.close(file)
            raise
        return said["opened"], Sealed(head, Layout.of(said["layout"]), file)

    def read(
        self,
        clip: Sealed,
        indices: Sequence[int],
        width: int | None,
        *,
        is_grey: bool,
        slots: int,
        size: int,
    ) -> Iterator[NDArray[np.uint8] | str]:
        """Pictures of a clip, or reasons, one an index.

        Args:
            clip: As `open` gave it.
            indices: See `Clip.frames`; at least one.
            width: Likewise.
            is_grey: Likewise.
            slots: Pictures that may wait to be taken, or be held.
            size: Bytes of the largest picture.

        Raises:
            ClipError: the clip has gone.
            DecoderLostError: the process did not survive the next picture.
        """
        if self._holds is not clip:
            self._hand(clip)
        self._reached = indices[-1]
        number = next(self._reads)
        lent = self._lend(slots, size)
        asked = {"indices": list(indices), "width": width, "is_grey": is_grey}
        self._say({"do": "read", "read": number, "slots": slots, "size": size, **asked})
        is_over = False
        try:
            while not is_over:
                said, _ = self._hear()
                is_over = "end" in said
                for one in said["told"]:
                    if isinstance(one, str):
                        yield one
                        continue
                    slot, *shape = one
                    yield lent.picture(slot, tuple(shape))
                    if free := lent.returned(least=lent.handful):
                        self._say({"do": "free", "read": number, "slots": free})
        finally:
            if not is_over:
                self._abandon(number)

    def distance(self, clip: Sealed, index: int) -> float:
        """How far a frame lies from where the last reading ended; infinite in another clip."""
        return abs(index - self._reached) if self._holds is clip else math.inf

    def _hand(self, clip: Sealed) -> None:
        """Let the process hold a clip."""
        if clip.descriptor is not None:
            self._give(COLUMNS, clip.descriptor)
        asked = {"head": len(clip.head), "size": clip.layout.size, "folder": _folder()}
        self._say({"do": "take", **asked}, clip.head + clip.bytes)
        self._holds = clip

    def _lend(self, count: int, size: int) -> Slots:
        """Memory for a reading: that of the last one, unless some of it is still lent."""
        if self._slots is not None:
            self._slots.returned()
            if self._slots.fits(count, size):
                return self._slots
            self._slots.close()
        self._slots = Slots(count, size)
        self._give(SLOTS, self._slots.descriptor)
        return self._slots

    def _give(self, kind: bytes, descriptor: int) -> None:
        # A process that has died says so where it is listened to next.
        with contextlib.suppress(OSError):
            socket.send_fds(self._channel, [kind], [descriptor])

    def close(self) -> None:
        """End the process and wait until it is gone. It is killed, since it holds nothing that it
        would have to finish, and coming to its end by itself takes a tenth of a second."""
        self.is_usable = False
        if self._channel.fileno() < 0:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.kill()
        self._process.wait()
        self._header.close()
        self._channel.close()
        if self._slots is not None:
            self._slots.close()

    def _abandon(self, number: int) -> None:
        """Nobody reads on: let the process come to rest, or end it."""
        if not self.is_usable:
            return
        deadline = time.monotonic() + _END_SECONDS
        try:
            self._say({"do": "free", "read": number, "slots": None})
            while "end" not in self._hear()[0]:
                if time.monotonic() > deadline:
                    self.is_usable = False
                    return
        except (ClipError, DecoderLostError):
            return

    def _say(self, message: wire.Message, blob: bytes = b"") -> None:
        assert self._process.stdin is not None
        # A process that has died says so where it is listened to next.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(wire.pack(message, blob))
            self._process.stdin.flush()

    def _hear(self) -> tuple[wire.Message, bytes]:
        body, blob = wire.sizes(self._take(wire.HEAD_BYTES))
        message, extra = wire.unpack(self._take(body)), self._take(blob) if blob else b""
        self._is_new = False
        if "error" in message:
            raise ClipError(*message["error"])
        if "out_of_memory" in message:
            raise self._lost(f"decoding it takes more than {self.limits.megabytes} MB of memory")
        if "broken" in message:
            raise self._lost(f"it cannot be read any more ({message['broken']})")
        return message, extra

    def _take(self, count: int) -> bytes:
        """So many bytes, as long as the process shows signs of life."""
        if len(self._buffer) < count:
            self._wait_for(count)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _wait_for(self, count: int) -> None:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        beats, since = self._header[:8], time.monotonic()
        patience = max(self.limits.seconds, _START_SECONDS if self._is_new else 0.0)
        while len(self._buffer) < count:
            if select.select([pipe], [], [], min(_LOOK_SECONDS, patience))[0]:
                more = os.read(pipe, _BUFFER_BYTES)
                if not more:
                    raise self._lost(self._how_it_ended())
                self._buffer += more
                since = time.monotonic()
            elif self._header[:8] != beats:
                beats, since = self._header[:8], time.monotonic()
                self._is_new = False
                patience = self.limits.seconds
            elif time.monotonic() - since > patience:
                raise self._lost(f"the decoder hangs: nothing came for {patience:g} seconds")

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        if code == -signal.SIGKILL:
            return "the decoder was ended by the system, which was short of memory"
        return "the decoder crashed"

    def _lost(self, reason: str) -> DecoderLostError:
        self.is_usable = False
        self._process.kill()
        return DecoderLostError(reason)


_CODE = (
    "import fcntl; "
    # Both may lie on each other's place: first out of the way.
    "shared, channel = (fcntl.fcntl(int(sys.argv.pop(1)), fcntl.F_DUPFD, 10) for _ in '12'); "
    f"os.dup2(shared, {SHARED}); os.dup2(channel, {CHANNEL}); "
    # OpenCV reads it once, where it is loaded.
    "os.environ['OPENCV_IO_MAX_IMAGE_PIXELS'] = sys.argv[2]; "
    "from ruler.video.decoder_process import main; main()"
)


def _folder() -> str:
    """The folder that relative paths are meant from; "" where it has gone."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""
