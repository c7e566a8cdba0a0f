"""Memory that was freed, and goes back to the system or is kept for the next time."""

from __future__ import annotations

import contextlib
import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3)
_KEPT_BYTES = 128 << 20


def give_back() -> None:
    """Give freed memory back to the system, as the C library seldom does by itself: for places
    behind which less is needed than before. Takes milliseconds."""
    if (library := _library()) is not None:
        with contextlib.suppress(AttributeError):  # GNU's library alone has it
            library.malloc_trim(0)


def keep() -> None:
    """Let the C library keep the memory of pictures for the next. Else it gives each large one back
    to the system, whose fresh pages take longer to come than a picture to convert."""
    if (library := _library()) is not None:
        with contextlib.suppress(AttributeError):
            library.mallopt(_MMAP_THRESHOLD, 1 << 30)
            library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


@cache
def _library() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # TypeError: Windows has no library of that name
        return None
