"""Traces: every sampled frame of a run, chunk by chunk, and its score after each stage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, update

from ruler.schemas.runs import Usage
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Verdict
from rules_store.tables import MATCH, RUN_CHUNK, VERDICT
from rules_store.trace_reading import PAGE, Stage, TraceReader
from rules_store.trace_rows import frame_values, link_values, match_values, verdict_values


class Traces(TraceReader):
    """The store's side of a clip's frames. Every write may be repeated."""

    # The map: chunks.

    def save_chunk(
        self, run_id: str, clip: int, chunk: int, traces: Sequence[Trace], usage: Usage
    ) -> None:
        """Store a finished chunk: its frames, their first matches, and what it cost.

        A chunk that was stored before is replaced, and its costs add up.
        """
        place = {"run_id": run_id, "clip": clip}
        if not traces:
            return
        self._fresh.take(run_id, clip)
        with self._db.write() as connection:
            for table in (MATCH, VERDICT):
                connection.execute(
                    delete(table).where(
                        table.c.run_id == run_id,
                        table.c.clip == clip,
                        table.c.frame_index.between(_frame(traces[0]), _frame(traces[-1])),
                    )
                )
            rows = [{**place, **frame_values(trace)} for trace in traces]
            self._db.insert_new(connection, VERDICT, rows)
            self._put_matches(connection, run_id, clip, traces, linked=False)
            self._add_chunk(connection, {**place, "chunk": chunk}, usage)

    def _add_chunk(self, connection: Connection, place: dict[str, Any], usage: Usage) -> None:
        costs = usage.model_dump()
        added = connection.execute(
            update(RUN_CHUNK)
            .where(*(RUN_CHUNK.c[name] == value for name, value in place.items()))
            .values({name: RUN_CHUNK.c[name] + cost for name, cost in costs.items()})
        )
        if not added.rowcount:
            self._db.insert_new(connection, RUN_CHUNK, [{**place, **costs}])

    def _put_matches(
        self,
        connection: Connection,
        run_id: str,
        clip: int,
        traces: Iterable[Trace],
        *,
        linked: bool,
    ) -> None:
        place = {"run_id": run_id, "clip": clip}
        rows = [{**place, **values} for values in match_values(traces, linked=linked)]
        # A rule that both passes fire counts once, at its strongest; it stays one of the first, so
        # that a repeated stage finds it and comes to the same.
        self._db.insert_larger(
            connection, MATCH, rows, by="strength", taking=("strength", "evidence")
        )

    # The reduce: stages over traces.

    def save_links(self, run_id: str, clip: int, traces: Iterable[Trace]) -> None:
        """Store links, linked matches and the first score; linked matches are those in `matched`
        that are not stored yet, or not as strong. Linked matches of an earlier attempt are dropped
        first."""
        with self._db.write() as connection:
            connection.execute(
                delete(MATCH).where(MATCH.c.run_id == run_id, MATCH.c.clip == clip, MATCH.c.linked)
            )
        for page in _paged(traces):
            with self._db.write() as connection:
                self._put_matches(connection, run_id, clip, page, linked=True)
                rows = [{"at": _frame(trace), **link_values(trace)} for trace in page]
                self._update(connection, run_id, clip, rows)

    def save_scores(
        self, run_id: str, clip: int, stage: Stage, scores: Iterable[tuple[int, float | None]]
    ) -> None:
        """Store a stage's score by frame index."""
        for page in _paged(scores):
            with self._db.write() as connection:
                rows = [{"at": frame, f"score_{stage}": score} for frame, score in page]
                self._update(connection, run_id, clip, rows)

    def save_reasoned(self, run_id: str, clip: int, stage: Stage, traces: Iterable[Trace]) -> None:
        """Store a stage's score with the notes that say why it moved."""
        for page in _paged(traces):
            with self._db.write() as connection:
                rows = [
                    {
                        "at": _frame(trace),
                        f"score_{stage}": getattr(trace, stage),
                        "notes": json.dumps(trace.notes, ensure_ascii=False),
                    }
                    for trace in page
                ]
                self._update(connection, run_id, clip, rows)

    def save_verdicts(self, run_id: str, clip: int, verdicts: Iterable[Verdict]) -> None:
        """Store the outcome of each frame."""
        self._fresh.take(run_id, clip)
        for page in _paged(verdicts):
            with self._db.write() as connection:
                rows = [{"at": verdict.frame_index, **verdict_values(verdict)} for verdict in page]
                self._update(connection, run_id, clip, rows)

    def _update(
        self, connection: Connection, run_id: str, clip: int, rows: list[dict[str, Any]]
    ) -> None:
        if not rows:
            return
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "at"}
        connection.execute(
            update(VERDICT)
            .where(
                VERDICT.c.run_id == run_id,
                VERDICT.c.clip == clip,
                VERDICT.c.frame_index == bindparam("at"),
            )
            .values(**values),
            rows,
        )


def _frame(trace: Trace) -> int:
    return trace.observation.frame_index


def _paged(items: Iterable[Any]) -> Iterator[list[Any]]:
    page: list[Any] = []
    for item in items:
        page.append(item)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page
