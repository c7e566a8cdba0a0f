"""What people said of runs: false alarms and misses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from rules_store.engine import Database, now_text
from rules_store.tables import FEEDBACK

FeedbackKind = Literal["false-alarm", "missed"]


@dataclass(frozen=True)
class Feedback:
    """What somebody said of the frames [start_frame, stop_frame) of a run's clip.

    `revision` is the proposal that was made of it, if one was.
    """

    run_id: str
    clip: int
    start_frame: int
    stop_frame: int
    kind: FeedbackKind
    scene: str
    author: str
    reason: str
    revision: int | None = None
    created_at: str = ""


class Feedbacks:
    """The store's side of feedback; append-only."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, said: Feedback) -> None:
        """Keep what was said."""
        row = {**vars(said), "created_at": now_text()}
        with self._db.write() as connection:
            connection.execute(FEEDBACK.insert().values(row))

    def of_scene(self, scene: str) -> list[Feedback]:
        """All that was said about a scene's runs, oldest first."""
        query = select(FEEDBACK).where(FEEDBACK.c.scene == scene).order_by(FEEDBACK.c.id)
        with self._db.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Feedback(**{k: v for k, v in row.items() if k != "id"}) for row in rows]
