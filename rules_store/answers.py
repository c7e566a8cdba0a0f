"""Answers of models by the key of their question: written once, never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import delete, func, select

from rules_store.engine import Database, now_text
from rules_store.sizes import Kept, byte_length, kept
from rules_store.tables import ANSWER

_BATCH = 500
"""Keys a query: SQLite bounds how many values one statement may name."""


class Answers:
    """The store's side of `ruler.llm.questions.AnswerCache`; safe to share by threads."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """Texts by key; keys the store does not know are left out."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, str] = {}
        with self._db.read() as connection:
            for start in range(0, len(wanted), _BATCH):
                query = select(ANSWER.c.key, ANSWER.c.text).where(
                    ANSWER.c.key.in_(wanted[start : start + _BATCH])
                )
                found |= dict(connection.execute(query).all())
        return found

    def put(self, key: str, model: str, text: str) -> None:
        """Keep the text of a usable answer; a key that is there already keeps its first text."""
        row = {"key": key, "model": model, "text": text, "created_at": now_text()}
        with self._db.write() as connection:
            self._db.insert_new(connection, ANSWER, [row])

    def overview(self, before: dt.datetime | None = None) -> list[Kept]:
        """What is kept, by model.

        Args:
            before: Count only answers that are older, if given; with its time zone.
        """
        with self._db.read() as connection:
            query = (
                select(
                    ANSWER.c.model,
                    func.count(),
                    func.sum(byte_length(connection, ANSWER.c.text)),
                )
                .group_by(ANSWER.c.model)
                .order_by(ANSWER.c.model)
            )
            if before is not None:
                query = query.where(ANSWER.c.created_at < now_text(before))
            return kept(connection.execute(query))

    def prune(self, before: dt.datetime) -> None:
        """Delete answers that are older than that."""
        with self._db.write() as connection:
            connection.execute(delete(ANSWER).where(ANSWER.c.created_at < now_text(before)))
