"""`frames.jsonl`, `frames.csv`, `events.jsonl` and `clips.jsonl`, row by row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from pydantic import ValidationError

from ruler.errors import FileProblems, NotFoundError, Problem
from ruler.files import exists, lines, parse_json
from ruler.reporting.atomic import AtomicText
from ruler.reporting.rows import (
    clip_of,
    clip_row,
    event_of,
    event_row,
    line,
    verdict_of,
    verdict_row,
)
from ruler.reporting.tables import COLUMNS, cells
from ruler.schemas.verdicts import ClipVerdict, Event, Verdict

T = TypeVar("T")


class FramesWriter:
    """Writes `frames.jsonl` and `frames.csv` into a folder, verdict by verdict.

    A context: both files appear when it ends well, neither when it ends with an error. The same
    verdicts give the same bytes.
    """

    def __init__(self, folder: Path) -> None:
        self._lines = AtomicText(folder / "frames.jsonl")
        self._table = AtomicText(folder / "frames.csv")
        self._csv = csv.writer(self._table, lineterminator="\n")
        self._stack = ExitStack()

    def __enter__(self) -> FramesWriter:
        with ExitStack() as stack:
            stack.enter_context(self._lines)
            stack.enter_context(self._table)
            self._csv.writerow(COLUMNS)
            self._stack = stack.pop_all()
        return self

    def write(self, verdict: Verdict) -> None:
        """Append one verdict.

        Raises:
            RunError: the disk is full or gone.
        """
        self._lines.write(line(verdict_row(verdict)))
        self._csv.writerow(cells(verdict))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class _Lines:
    """One file of JSON lines; a context like `FramesWriter`."""

    name: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        self._lines = AtomicText(folder / self.name)

    def __enter__(self) -> Self:
        self._lines.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.__exit__(kind, error, trace)


class EventsWriter(_Lines):
    """Writes `events.jsonl` into a folder, event by event."""

    name = "events.jsonl"

    def write(self, event: Event) -> None:
        """Append one event.

        Raises:
            RunError: the disk is full or gone.
        """
        self._lines.write(line(event_row(event)))


class ClipsWriter(_Lines):
    """Writes `clips.jsonl` into a folder: the verdict on each clip that could be read."""

    name = "clips.jsonl"

    def write(self, verdict: ClipVerdict) -> None:
        """Append one verdict.

        Raises:
            RunError: the disk is full or gone.
        """
        self._lines.write(line(clip_row(verdict)))


def read_frames(path: Path) -> Iterator[Verdict]:
    """Read `frames.jsonl`, one verdict at a time.

    Raises:
        NotFoundError: there is no such file.
        FileProblems: a line is not a verdict; names the line.
    """
    return _read(path, verdict_of)


def read_events(path: Path) -> Iterator[Event]:
    """Read `events.jsonl`, one event at a time.

    Raises:
        NotFoundError: there is no such file.
        FileProblems: a line is not an event; names the line.
    """
    return _read(path, event_of)


def read_clips(path: Path) -> Iterator[ClipVerdict]:
    """Read `clips.jsonl`, one verdict at a time.

    Raises:
        NotFoundError: there is no such file.
        FileProblems: a line is not the verdict on a clip; names the line.
    """
    return _read(path, clip_of)


def _read(path: Path, parse: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    if not exists(path):
        raise NotFoundError(f"{path}: there is no such file. Was the run finished?")
    return _rows(path, parse)


def _rows(path: Path, parse: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    for number, text in lines(path):
        try:
            value = parse(_object(text))
        except ValueError as error:
            problem = Problem(str(path), number, 1, _first_line(error))
            raise FileProblems([problem]) from error
        yield value


def _object(text: str) -> dict[str, Any]:
    row = parse_json(text)
    if not isinstance(row, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - the file is wrong, not the caller
    return row


def _first_line(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    return str(error)
