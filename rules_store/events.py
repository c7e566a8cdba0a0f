"""Reflections and events of a run's clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from ruler.schemas.verdicts import Event, Reflection
from rules_store.engine import Database
from rules_store.stored import stored
from rules_store.tables import EVENT, REFLECTION


class Events:
    """The store's side of what a clip's frames add up to. Every write may be repeated."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def clear_reflections(self, run_id: str, clip: int) -> None:
        """Drop what an earlier attempt reflected."""
        with self._db.write() as connection:
            connection.execute(
                delete(REFLECTION).where(REFLECTION.c.run_id == run_id, REFLECTION.c.clip == clip)
            )

    def save_reflection(
        self, run_id: str, clip: int, frames: tuple[int, int], reflection: Reflection
    ) -> None:
        """Store what reflection said of the frames [start, stop)."""
        row = {"run_id": run_id, "clip": clip, **reflection_values(*frames, reflection)}
        with self._db.write() as connection:
            self._db.insert_new(connection, REFLECTION, [row])

    def reflection(self, run_id: str, clip: int, frame: int) -> Reflection | None:
        """What reflection said of the candidate event that holds a frame, or None."""
        query = select(REFLECTION.c.body).where(
            REFLECTION.c.run_id == run_id,
            REFLECTION.c.clip == clip,
            REFLECTION.c.start_frame <= frame,
            REFLECTION.c.stop_frame > frame,
        )
        with self._db.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else stored(Reflection, body)

    def save(self, run_id: str, clip: int, events: Sequence[Event]) -> None:
        """Replace the events of a clip."""
        place = {"run_id": run_id, "clip": clip}
        rows = [{**place, **values} for values in event_values(events)]
        with self._db.write() as connection:
            connection.execute(delete(EVENT).where(EVENT.c.run_id == run_id, EVENT.c.clip == clip))
            self._db.insert_new(connection, EVENT, rows)

    def of_clip(self, run_id: str, clip: int) -> list[Event]:
        """The events of a clip, in order of time."""
        query = (
            select(EVENT.c.body)
            .where(EVENT.c.run_id == run_id, EVENT.c.clip == clip)
            .order_by(EVENT.c.number)
        )
        with self._db.read() as connection:
            return [stored(Event, body) for body in connection.execute(query).scalars()]


def reflection_values(start: int, stop: int, reflection: Reflection) -> dict[str, Any]:
    """What is stored of a reflection on the frames [start, stop)."""
    return {"start_frame": start, "stop_frame": stop, "body": reflection.model_dump_json()}


def event_values(events: Sequence[Event]) -> list[dict[str, Any]]:
    """What is stored of a clip's events."""
    return [
        {
            "number": number,
            "start_seconds": event.start_seconds,
            "stop_seconds": event.stop_seconds,
            "category": event.category,
            "level": event.level,
            "peak_score": event.peak_score,
            "body": event.model_dump_json(),
        }
        for number, event in enumerate(events)
    ]
