"""Text files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TextIO

from ruler.errors import RunError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk complains about into one sentence.

    Raises:
        RunError: says which file and why.
    """
    try:
        yield
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> RunError:
    reason = error.strerror or str(error)
    return RunError(f"{path}: cannot be written ({reason}). Nothing of it was kept.")


class AtomicText:
    """A context that writes UTF-8 text beside `path` and renames it on success.

    On an error the file that stood there before stays as it was. The folder is made where it is
    missing; line ends are kept as given.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._file: TextIO | None = None

    def __enter__(self) -> AtomicText:
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", encoding="utf-8", newline="")
        return self

    def write(self, text: str) -> int:
        """Write text; a full disk is a `RunError`."""
        if self._file is None:
            raise ValueError(f"{self.path} is not open for writing")
        try:  # not `writing`: this is called for every row
            return self._file.write(text)
        except OSError as error:
            raise _unwritten(self.path, error) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            with writing(self.path), file:
                if kind is None:
                    file.flush()
                    os.fsync(file.fileno())
            if kind is None:
                with writing(self.path):
                    self._part.replace(self.path)
        finally:
            self._part.unlink(missing_ok=True)
