"""How much a cache keeps, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, cast, func


@dataclass(frozen=True)
class Kept:
    """Entries under one name, and the bytes of their texts; a table takes a little more."""

    name: str
    entries: int
    size_bytes: int


def byte_length(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[int]:
    """The bytes of a text column; `octet_length` is newer than the SQLite that Python may have."""
    if connection.dialect.name == "sqlite":
        return func.length(cast(column, LargeBinary))
    return func.octet_length(column)


def kept(rows: Iterable[Any]) -> list[Kept]:
    """From rows of (name, entries, bytes)."""
    return [Kept(str(name), int(entries), int(size or 0)) for name, entries, size in rows]
