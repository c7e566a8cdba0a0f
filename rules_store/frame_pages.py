"""The frames of a clip, read page by page, so that memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, select

from rules_store.engine import Database
from rules_store.tables import VERDICT


def frame_pages(
    database: Database,
    run_id: str,
    clip: int,
    columns: Sequence[Column[Any]],
    *,
    page: int,
    among: Sequence[ColumnElement[bool]] = (),
) -> Iterator[Sequence[Any]]:
    """Pages of (frame index, columns...) in order of frames, of those for which `among` holds; none
    of them is empty."""
    after = -1
    while True:
        query = (
            select(VERDICT.c.frame_index, *columns)
            .where(
                VERDICT.c.run_id == run_id,
                VERDICT.c.clip == clip,
                VERDICT.c.frame_index > after,
                *among,
            )
            .order_by(VERDICT.c.frame_index)
            .limit(page)
        )
        with database.read() as connection:
            rows = connection.execute(query).all()
        if rows:
            yield rows
        if len(rows) < page:
            return
        after = rows[-1].frame_index
