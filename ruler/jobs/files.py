"""Text files that people give."""

from __future__ import annotations

from pathlib import Path

from ruler.errors import FileProblems, InputError, Problem


def read_text(file: Path) -> str:
    """The text of a file, every byte of it.

    Raises:
        InputError: it cannot be read.
        FileProblems: it is not UTF-8.
    """
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        problem = Problem(str(file), 0, 0, f"byte {error.start} is not UTF-8; save it as UTF-8")
        raise FileProblems([problem]) from error
