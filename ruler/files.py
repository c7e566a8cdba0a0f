"""Reading files that come from outside: whatever is in them, the answer is text or one sentence.

A path may lead to a pipe that nobody writes to, a device without an end, a file that unpacks to a
thousand times its size, or one line of gigabytes. All of that is an `InputError` here, so that the
readers above see bounded text alone. What the text says is theirs to judge.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from ruler.errors import InputError, NotFoundError

MOST_BYTES = 256_000_000
"""Of a file that is read as a whole; the largest label file we know has 3 MB."""

MOST_LINE_BYTES = 8_000_000
"""Of one line of a file that is read line by line; a long caption has 2,000."""

MOST_UNPACKED = 250
"""How many times its own size packed text may have once unpacked. Captions come to 4 to 40."""

SMALL_BYTES = 4_000_000
"""Whatever its ratio, what unpacks to less is no bomb."""

MOST_FRAMES = 1_000_000_000
"""Of a clip: at thirty a second, a year."""

_SUSPECT = re.compile(r"\\u|[0-9][eE]\+?[0-9]{3}|[0-9]{300}")
"""Where a JSON text may hold half a character, or a number that is too large for one."""

_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def exists(path: Path) -> bool:
    """Whether something stands at a path; False for a name that no file can have."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for a name that is too long


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; False for a name that no folder can have."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def is_file(path: Path) -> bool:
    """Whether a path leads to a file; False for a name that no file can have."""
    return os.path.isfile(path)  # noqa: PTH113 - as above


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file of bytes, never a pipe, a device or a folder.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is no file, or cannot be opened or read.
    """
    try:
        # Not blocking, so that a pipe without a writer answers at once and can be told.
        with os.fdopen(os.open(path, os.O_RDONLY | _FLAGS), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(f"{path}: is no file but {_kind(path)}; give a file.")
            yield file
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: there is no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        if "null" not in str(error):
            raise
        raise InputError(f"{path!r}: no path holds a null character") from error


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """A file's bytes.

    Raises:
        InputError: as `opened`; or there are more than `most`.
    """
    with opened(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise InputError(f"{path}: the file is larger than {most} bytes")
    return data


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, numbered from 1; what is not UTF-8 in them is replaced.

    A file whose name ends in `.gz` is unpacked.

    Raises:
        InputError: as `opened`; the packing is damaged; or the file or a line is far too large.
    """
    with opened(path) as file:
        if path.suffix.lower() != ".gz":
            yield from _numbered(path, file)
            return
        try:
            with gzip.open(file, "rb") as unpacked:
                yield from _numbered(path, unpacked, file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{path}: cannot be unpacked ({error})") from error


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text, or of bytes of it in UTF-8, with a byte order mark or without.

    Raises:
        ValueError: it is none, says so in one sentence. `NaN` and `Infinity` are no JSON, and half
            of a surrogate pair is no text: no file and no hash can hold it.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_number)
        if _SUSPECT.search(text):
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half a character (\\ud800 to \\udfff)") from error
    except RecursionError as error:
        raise ValueError("lists and objects stand too deep in one another") from error
    return value


def read_json(path: Path, what: str, most: int = MOST_BYTES) -> Any:
    """The value of a JSON file.

    Args:
        path: The file.
        what: What it should be, for the sentence ("labels").
        most: Its largest size in bytes.

    Raises:
        InputError: it cannot be read, or is no JSON.
    """
    try:
        return parse_json(read_bytes(path, most))
    except NotFoundError as error:
        raise NotFoundError(f"{path} cannot be read as {what}: there is no such file.") from error
    except ValueError as error:
        raise InputError(f"{path} cannot be read as {what}: {error}.") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _numbered(
    path: Path, file: BinaryIO | gzip.GzipFile, packed: BinaryIO | None = None
) -> Iterator[tuple[int, str]]:
    number = seen = 0
    while line := file.readline(MOST_LINE_BYTES + 1):
        number, seen = number + 1, seen + len(line)
        if len(line) > MOST_LINE_BYTES:
            raise InputError(f"{path}:{number}: the line is longer than {MOST_LINE_BYTES} bytes")
        if packed and seen > SMALL_BYTES and seen > MOST_UNPACKED * packed.tell():
            raise InputError(
                f"{path}: unpacks to more than {MOST_UNPACKED} times its size; "
                "give it unpacked if that is what you mean"
            )
        if line.strip():
            text = line.decode("utf-8", "replace")
            yield number, text.removeprefix("\ufeff") if number == 1 else text


def _kind(path: Path) -> str:
    """What stands at a path that is no file, in a word."""
    kinds = {"a folder": path.is_dir, "a pipe": path.is_fifo, "a socket": path.is_socket}
    return next((kind for kind, is_so in kinds.items() if is_so()), "a device")
