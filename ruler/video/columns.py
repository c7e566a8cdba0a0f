"""The long columns of a clip, in a file that ruler and its decoder processes all map.

What a clip knows of each of its pictures (when it is shown, where it is coded) grows with its
length. In one file it is there once, however many processes read the clip, and between two readings
its pages are the system's to take. A short clip's columns are kept as bytes: a file costs more.
"""

from __future__ import annotations

import mmap
import os
import pickle
import threading
import weakref
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ruler.video.frames import Clip

_ALIGNED = 64
SHORT_BYTES = 1 << 20
"""Columns of at most so many bytes are kept as bytes."""

_MOST_FILES = 64
"""Of one process: each takes two descriptors, of which it has a thousand or so."""


@dataclass(frozen=True)
class Place:
    """Where a column lies: from which byte, and how many bytes it takes."""

    offset: int
    size: int


@dataclass(frozen=True)
class Layout:
    """What lies in a file of columns.

    Attributes:
        size: Bytes of all.
        times: Where `Clip.times` lie, float64.
        starts: Where the frames lie that decoding can start at, int64, ascending; of no bytes where
            each one is.
    """

    size: int
    times: Place
    starts: Place

    def message(self) -> dict[str, Any]:
        """As it goes over a pipe."""
        return asdict(self)

    @classmethod
    def of(cls, message: dict[str, Any]) -> Layout:
        """What `message` said."""
        return cls(message["size"], Place(**message["times"]), Place(**message["starts"]))


class Columns:
    """Columns to look at.

    Args:
        source: The descriptor of their file, or all their bytes.
        size: How many bytes there are.
    """

    def __init__(self, source: int | bytes, size: int) -> None:
        self._map: mmap.mmap | None = None
        if isinstance(source, int):
            self._map = mmap.mmap(source, size, access=mmap.ACCESS_READ)
            self._bytes = memoryview(self._map)
        else:
            self._bytes = memoryview(source)

    def at(self, place: Place) -> memoryview:
        """One column, read-only."""
        return self._bytes[place.offset : place.offset + place.size]

    def array(self, place: Place, dtype: str) -> NDArray[Any]:
        """The same as an array of one dimension, read-only."""
        return np.frombuffer(self.at(place), dtype)

    def rest(self) -> None:
        """Nobody looks for a while: pages that were looked at become the system's to take."""
        if self._map is not None and hasattr(self._map, "madvise"):
            self._map.madvise(mmap.MADV_DONTNEED)


def seal(clip: Clip, starts: NDArray[np.int64], descriptor: int) -> tuple[bytes, Layout]:
    """Write a clip's columns into a file; what else it consists of, as bytes, and their layout.

    Args:
        clip: An open clip.
        starts: See `Layout`.
        descriptor: An empty file.

    Raises:
        OSError: there is no room for them.
    """
    laid: dict[int, Place] = {}
    end = 0

    def lay(column: memoryview) -> Place:
        nonlocal end
        flat = np.frombuffer(column, np.uint8) if column.nbytes else np.empty(0, np.uint8)
        address = int(flat.__array_interface__["data"][0])
        if not flat.size or (known := laid.get(address)) is None or known.size != flat.size:
            known = laid[address] = Place(-(-end // _ALIGNED) * _ALIGNED, flat.size)
            _write(descriptor, flat, known.offset)
            end = known.offset + known.size
        return known

    places: list[Place] = []
    rest = pickle.dumps(
        clip, protocol=5, buffer_callback=lambda column: places.append(lay(column.raw()))
    )
    seen, begun = lay(clip.times.data), lay(starts.data)
    return pickle.dumps((places, rest)), Layout(size=end, times=seen, starts=begun)


def unseal(head: bytes, columns: Columns) -> Clip:
    """The clip that `seal` took apart, over the same columns. The bytes must be trusted."""
    places, rest = pickle.loads(head)  # noqa: S301 - made by a process like this one
    clip: Clip = pickle.loads(rest, buffers=[columns.at(place) for place in places])  # noqa: S301
    return clip


class Sealed:
    """A clip as ruler holds it for decoder processes: opaque but for its times and starts.

    Args:
        head: See `seal`.
        layout: Likewise.
        descriptor: The file; closed here, at once or with the last who holds this.
    """

    _files = 0
    _lock = threading.Lock()

    def __init__(self, head: bytes, layout: Layout, descriptor: int) -> None:
        self.head = head
        self.layout = layout
        self.descriptor: int | None = None
        self.bytes = b""
        if layout.size > SHORT_BYTES and self._takes_file():
            self.descriptor = descriptor
            weakref.finalize(self, Sealed._close, descriptor)
        else:
            self.bytes = _read(descriptor, layout.size)
            os.close(descriptor)
        source = self.bytes if self.descriptor is None else self.descriptor
        self.columns = Columns(source, layout.size)

    @classmethod
    def _takes_file(cls) -> bool:
        with cls._lock:
            if cls._files >= _MOST_FILES:
                return False
            cls._files += 1
            return True

    @classmethod
    def _close(cls, descriptor: int) -> None:
        os.close(descriptor)
        with cls._lock:
            cls._files -= 1


def _write(descriptor: int, column: NDArray[np.uint8], offset: int) -> None:
    left = column.data
    while left:
        written = os.pwrite(descriptor, left, offset)
        left, offset = left[written:], offset + written


def _read(descriptor: int, size: int) -> bytes:
    parts: list[bytes] = []
    done = 0
    while done < size and (part := os.pread(descriptor, size - done, done)):
        parts.append(part)
        done += len(part)
    return b"".join(parts)
