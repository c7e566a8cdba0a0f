"""What follows from other things alone and takes a while to work out, kept until it is cleaned up.

Reading a YAML file with all its places takes a hundred times as long as reading it as JSON.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import delete, func, select

from ruler.errors import FileProblems, StoreError
from ruler.schemas.base import content_hash
from ruler.stamp import judging_stamp
from rules_store.engine import Database
from rules_store.sizes import Kept, byte_length, kept
from rules_store.stored import stored
from rules_store.tables import DERIVED

FORM = 1
"""Counts up where something follows otherwise than before, beside the stamp of the code."""

_Model = TypeVar("_Model", bound=BaseModel)


class Derived:
    """The store's side of it. Nothing here is ever missed: what is not kept is worked out anew."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._read: dict[str, BaseModel] = {}

    def text(self, kind: str, source: str, make: Callable[[], str]) -> str:
        """The text that follows from a source.

        Args:
            kind: How it follows.
            source: All that decides it; long ones are hashed.
            make: Works it out; what this raises is raised each time.
        """
        key = _key(kind, source)
        if (body := self._kept(key)) is not None:
            return body
        made = make()
        # A store that cannot be written, or is busy, is no reason to fail.
        with contextlib.suppress(StoreError), self._db.write() as connection:
            row = {"key": key, "kind": kind, "body": made}
            self._db.insert_new(connection, DERIVED, [row])
        return made

    def value(self, model: type[_Model], source: str, parse: Callable[[], _Model]) -> _Model:
        """The value that a file's text holds.

        Args:
            model: Of what kind it is.
            source: The text; nothing else may decide the value.
            parse: Reads it; what this raises is raised each time.
        """
        held = self._read.get(source)
        if not isinstance(held, model):
            kind = model.__name__
            body = self.text(kind, source, lambda: parse().model_dump_json())
            held = self._read[source] = stored(model, body)
        return held

    def is_true(self, model: type[_Model], source: str, parse: Callable[[], _Model]) -> bool:
        """Whether what is kept of a text, if anything, is what it says; a text that cannot be read
        says nothing."""
        body = self._kept(_key(model.__name__, source))
        try:
            return body is None or body == parse().model_dump_json()
        except FileProblems:
            return False

    def _kept(self, key: str) -> str | None:
        with self._db.read() as connection:
            query = select(DERIVED.c.body).where(DERIVED.c.key == key)
            body = connection.execute(query).scalar()
        return None if body is None else str(body)

    def overview(self) -> list[Kept]:
        """What is kept, by kind."""
        with self._db.read() as connection:
            query = (
                select(
                    DERIVED.c.kind,
                    func.count(),
                    func.sum(byte_length(connection, DERIVED.c.body)),
                )
                .group_by(DERIVED.c.kind)
                .order_by(DERIVED.c.kind)
            )
            return kept(connection.execute(query))

    def prune(self) -> None:
        """Keep nothing."""
        with self._db.write() as connection:
            connection.execute(delete(DERIVED))


def _key(kind: str, source: str) -> str:
    return content_hash([kind, FORM, judging_stamp(), source])
