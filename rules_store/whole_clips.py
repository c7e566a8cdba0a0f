"""Storing a clip's detection at once, where all of it is at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, update

from ruler.schemas.runs import Usage
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import ClipVerdict, Event, Reflection, Verdict
from rules_store.engine import Database
from rules_store.events import event_values, reflection_values
from rules_store.fresh import Fresh
from rules_store.tables import EVENT, MATCH, REFLECTION, RUN_CHUNK, RUN_CLIP, VERDICT
from rules_store.trace_rows import frame_values, link_values, match_values, verdict_values


@dataclass(frozen=True)
class WholeClip:
    """All that a detection found in a clip; `usage` is by chunk (None where it is stored already),
    `reflections` are of frames [start, stop)."""

    usage: Mapping[int, Usage] | None
    traces: Sequence[Trace]
    verdicts: Sequence[Verdict]
    reflections: Sequence[tuple[int, int, Reflection]]
    events: Sequence[Event]
    verdict: ClipVerdict


class WholeClips:
    """The store's side of clips that are judged in one go."""

    def __init__(self, database: Database, fresh: Fresh) -> None:
        self._db = database
        self._fresh = fresh

    def save(self, run_id: str, clip: int, found: WholeClip) -> None:
        """Store everything about a clip and mark it as done, or (on an error) nothing; what an
        earlier attempt left of it is replaced."""
        rows: dict[Table, list[dict[str, Any]]] = {}
        if found.usage is not None:
            rows[RUN_CHUNK] = [
                {"chunk": n, **usage.model_dump()} for n, usage in found.usage.items()
            ]
        rows |= {
            VERDICT: [
                _frame_row(trace, verdict)
                for trace, verdict in zip(found.traces, found.verdicts, strict=True)
            ],
            MATCH: match_values(found.traces, linked=False),
            REFLECTION: [reflection_values(*one) for one in found.reflections],
            EVENT: event_values(found.events),
        }
        place = {"run_id": run_id, "clip": clip}
        with self._db.write() as connection:
            for table in reversed(rows):  # what refers to others goes first, and comes last
                self._clear(connection, table, run_id, clip)
            for table, values in rows.items():
                self._db.insert_new(connection, table, [{**place, **value} for value in values])
            connection.execute(
                update(RUN_CLIP)
                .where(RUN_CLIP.c.run_id == run_id, RUN_CLIP.c.clip == clip)
                .values(error=None, done=True, verdict=found.verdict.model_dump_json())
            )
        self._fresh.put(run_id, clip, found.verdicts)

    def _clear(self, connection: Connection, table: Table, run_id: str, clip: int) -> None:
        connection.execute(delete(table).where(table.c.run_id == run_id, table.c.clip == clip))


def _frame_row(trace: Trace, verdict: Verdict) -> dict[str, Any]:
    return {
        **frame_values(trace),
        **link_values(trace),
        "score_smooth": trace.smooth,
        "score_reason": trace.reason,
        "score_reflect": trace.reflect,
        "notes": json.dumps(trace.notes, ensure_ascii=False),
        **verdict_values(verdict),
    }
