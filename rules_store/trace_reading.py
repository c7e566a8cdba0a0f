"""Reading traces: the sampled frames of a run's clip, page by page, and columns of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, select

from ruler.schemas.observations import Observation
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import NO_ANSWER, Match, Outcome, Verdict
from rules_store.captions import Captions
from rules_store.engine import Database
from rules_store.frame_pages import frame_pages
from rules_store.fresh import Fresh
from rules_store.stored import stored, stored_json
from rules_store.tables import MATCH, RUN_CHUNK, VERDICT
from rules_store.trace_rows import match_of, trace_of, unlinked_of

PAGE = 128
"""Frames that are read, or written, at once."""

Stage = Literal["match", "smooth", "reason", "reflect"]


class TraceReader:
    """What is stored of a clip's frames, in their order; memory stays flat."""

    def __init__(self, database: Database, captions: Captions, fresh: Fresh) -> None:
        self._db = database
        self._captions = captions
        self._fresh = fresh

    def chunks_done(self, run_id: str, clip: int) -> set[int]:
        """Numbers of the chunks that are stored."""
        query = select(RUN_CHUNK.c.chunk).where(
            RUN_CHUNK.c.run_id == run_id, RUN_CHUNK.c.clip == clip
        )
        with self._db.read() as connection:
            return set(connection.execute(query).scalars())

    def failed_frames(self, run_id: str, clip: int) -> list[int]:
        """Frames that nobody could look at, ascending."""
        query = (
            select(VERDICT.c.frame_index)
            .where(
                VERDICT.c.run_id == run_id,
                VERDICT.c.clip == clip,
                VERDICT.c.failure.is_not(None),
            )
            .order_by(VERDICT.c.frame_index)
        )
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

    def unanswered_frames(self, run_id: str, clip: int) -> list[int]:
        """Frames that are undetermined because a reasoner got no answer, ascending."""
        columns = (VERDICT.c.undetermined, VERDICT.c.notes)
        among = [VERDICT.c.outcome == "undetermined"]
        found: list[int] = []
        for page in frame_pages(self._db, run_id, clip, columns, page=PAGE * 8, among=among):
            for row in page:
                notes = stored_json(row.notes, "note") if row.notes else ()
                if any(said.startswith(NO_ANSWER) for said in (row.undetermined or "", *notes)):
                    found.append(row.frame_index)
        return found

    def read(
        self,
        run_id: str,
        clip: int,
        *,
        first_frame: int = 0,
        stop_frame: int | None = None,
        with_linked: bool = True,
    ) -> Iterator[Trace]:
        """Traces of a clip in order of frames, read page by page so that memory stays flat.

        Args:
            run_id: The run.
            clip: The clip's number in it.
            first_frame: Where to begin.
            stop_frame: Where to end (exclusive); None for the clip's end.
            with_linked: False leaves out what the linking stage of an earlier attempt added.
        """
        after = first_frame - 1
        while True:
            page = self._page(run_id, clip, after, stop_frame, with_linked)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].observation.frame_index

    def observations(self, run_id: str, clip: int) -> list[Observation]:
        """The frames of a clip in order, as its chunks stored them: without links."""
        found: list[Observation] = []
        names = ("until_frame", "time_seconds", "caption_key", "failure")
        columns = [VERDICT.c[name] for name in names]
        for page in frame_pages(self._db, run_id, clip, columns, page=PAGE * 8):
            captions = self._captions.get(row.caption_key for row in page if row.caption_key)
            found += [unlinked_of(row, captions.get(row.caption_key)) for row in page]
        return found

    def some(self, run_id: str, clip: int, frames: Sequence[int]) -> list[Trace]:
        """The traces of a few frames (some hundred at most), in order."""
        if not frames:
            return []
        among = [table.c.frame_index.in_(frames) for table in (VERDICT, MATCH)]
        return self._found(run_id, clip, among[:1], among[1:])

    def scores(
        self, run_id: str, clip: int, stage: Stage
    ) -> Iterator[tuple[int, float, float | None]]:
        """(frame index, seconds, score after a stage) in order, without captions, page by page."""
        columns = (VERDICT.c.time_seconds, VERDICT.c[f"score_{stage}"])
        for row in self._column_rows(run_id, clip, columns, page=PAGE * 8):
            yield row[0], row[1], row[2]

    def outcomes(self, run_id: str, clip: int) -> Iterator[tuple[int, Outcome, float]]:
        """(frame index, outcome, score) in order, without evidence; none before it was judged."""
        columns = (VERDICT.c.outcome, VERDICT.c.score)
        for row in self._column_rows(run_id, clip, columns, page=PAGE * 8):
            if row.outcome is not None:
                yield row.frame_index, row.outcome, row.score

    def verdicts(self, run_id: str, clip: int) -> Iterator[Verdict]:
        """The verdicts of a clip in order of frames, page by page; none before it was judged."""
        if (fresh := self._fresh.take(run_id, clip)) is not None:
            yield from fresh
            return
        for row in self._column_rows(run_id, clip, (VERDICT.c.body,), page=PAGE):
            if row.body is not None:
                yield stored(Verdict, row.body)

    def _page(
        self, run_id: str, clip: int, after: int, stop: int | None, with_linked: bool
    ) -> list[Trace]:
        within = [VERDICT.c.frame_index > after]
        if stop is not None:
            within.append(VERDICT.c.frame_index < stop)
        return self._found(run_id, clip, within, () if with_linked else [MATCH.c.linked.is_(False)])

    def _found(
        self,
        run_id: str,
        clip: int,
        within: Sequence[ColumnElement[bool]],
        matching: Sequence[ColumnElement[bool]],
    ) -> list[Trace]:
        """At most a page of traces, with their matches of some kind."""
        query = select(VERDICT).where(VERDICT.c.run_id == run_id, VERDICT.c.clip == clip, *within)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(VERDICT.c.frame_index).limit(PAGE)).all()
            if not rows:
                return []
            found = select(MATCH).where(
                MATCH.c.run_id == run_id,
                MATCH.c.clip == clip,
                MATCH.c.frame_index.between(rows[0].frame_index, rows[-1].frame_index),
                *matching,
            )
            matches: dict[int, list[Match]] = {}
            for row in connection.execute(found.order_by(MATCH.c.frame_index, MATCH.c.rule_id)):
                matches.setdefault(row.frame_index, []).append(match_of(row))
        captions = self._captions.get(row.caption_key for row in rows if row.caption_key)
        return [
            trace_of(row, tuple(matches.get(row.frame_index, ())), captions.get(row.caption_key))
            for row in rows
        ]

    def _column_rows(
        self, run_id: str, clip: int, columns: Sequence[Column[Any]], *, page: int
    ) -> Iterator[Any]:
        """(frame index, columns...) of a clip in order of frames, read page by page."""
        for rows in frame_pages(self._db, run_id, clip, columns, page=page):
            yield from rows
