"""Memory that a decoder process fills with pictures and its parent reads, without copies.

The parent hands a picture on as it lies there, lent: once nobody holds it any more, its place can
be filled again. Somebody who holds many gets copies, so that a decoder never waits for ever.
"""

from __future__ import annotations

import math
import mmap
import os
import tempfile
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def shared_file(size: int, *, in_memory: bool = True) -> int:
    """A descriptor of a new file without a name, of so many zeros.

    Args:
        size: How many.
        in_memory: Where that is had; else among temporary files, whose pages the system may take.
    """
    has_memory = in_memory and os.access("/dev/shm", os.W_OK)  # noqa: S108 - unnamed
    folder = "/dev/shm" if has_memory else None  # noqa: S108
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(size)
        return os.dup(file.fileno())


class Slots:
    """Places for pictures; for one reading after the other.

    Args:
        count: How many, at least two.
        size: Bytes of each.
    """

    def __init__(self, count: int, size: int) -> None:
        self.count = count
        self.size = size
        self.descriptor = shared_file(count * size)
        self._bytes = np.frombuffer(mmap.mmap(self.descriptor, count * size), np.uint8)
        self._most_lent = count - max(2, count // 2 - 1)
        self._returned: deque[int] = deque()
        self._lent = 0

    def close(self) -> None:
        """Give the file up; pictures that are lent stay."""
        os.close(self.descriptor)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lent."""
        return self._lent == len(self._returned)

    def fits(self, count: int, size: int) -> bool:
        """Whether these can serve another reading."""
        return self.is_idle and self.count == count and self.size == size

    def picture(self, slot: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """What lies in a slot, read-only: lent, or a copy where too much is lent already."""
        if self._lent - len(self._returned) < self._most_lent:
            self._lent += 1
            return np.asarray(_Loan(self._place(slot, shape), slot, self._returned))
        copy = self._place(slot, shape).copy()
        copy.flags.writeable = False
        self._returned.append(slot)
        self._lent += 1
        return copy

    def returned(self, *, least: int = 1) -> list[int]:
        """Slots that can be filled again, once there are as many as `least`; each is told once."""
        if len(self._returned) < least:
            return []
        slots = [self._returned.popleft() for _ in range(len(self._returned))]
        self._lent -= len(slots)
        return slots

    @property
    def handful(self) -> int:
        """How many returned slots are worth a message; so many always come back."""
        return max(1, self.count // 2 - 2)

    def _place(self, slot: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        start = slot * self.size
        return self._bytes[start : start + math.prod(shape)].reshape(shape)


class _Loan:
    """Tells when the last array over a picture has gone, in whatever thread that happens."""

    def __init__(self, picture: NDArray[np.uint8], slot: int, returned: deque[int]) -> None:
        self._picture = picture  # keeps the memory mapped
        self._slot = slot
        self._returned = returned
        interface: dict[str, Any] = dict(picture.__array_interface__)
        interface["data"] = (interface["data"][0], True)
        self.__array_interface__ = interface

    def __del__(self) -> None:
        self._returned.append(self._slot)
