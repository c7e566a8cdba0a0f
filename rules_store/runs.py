"""Runs: what was asked, which chunks are done, and the trace of every sampled frame."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, delete, func, select, update
from sqlmodel import SQLModel

from ruler.errors import NotFoundError
from ruler.schemas.observations import FigureLink, Observation
from ruler.schemas.runs import ClipInfo, ClipOutcome, Coverage, RunSpec, Usage
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import (
    Event,
    Evidence,
    Match,
    Matched,
    NotEvaluable,
    Reflection,
    Verdict,
)
from rules_store.captions import Captions
from rules_store.engine import Database, now_text
from rules_store.tables import (
    EventRow,
    MatchRow,
    ReflectionRow,
    RunChunkRow,
    RunClipRow,
    RunRow,
    VerdictRow,
)

_RUN = SQLModel.metadata.tables[str(RunRow.__tablename__)]
_CLIP = SQLModel.metadata.tables[str(RunClipRow.__tablename__)]
_CHUNK = SQLModel.metadata.tables[str(RunChunkRow.__tablename__)]
_VERDICT = SQLModel.metadata.tables[str(VerdictRow.__tablename__)]
_MATCH = SQLModel.metadata.tables[str(MatchRow.__tablename__)]
_REFLECTION = SQLModel.metadata.tables[str(ReflectionRow.__tablename__)]
_EVENT = SQLModel.metadata.tables[str(EventRow.__tablename__)]

_PAGE = 512
_EVIDENCE = TypeAdapter(tuple[Evidence, ...])
_LINKS = TypeAdapter(tuple[FigureLink, ...])
_UNEVALUATED = TypeAdapter(tuple[NotEvaluable, ...])

Stage = Literal["match", "smooth", "reason", "reflect"]


class Runs:
    """The store's side of a detection. Every write is one transaction and may be repeated."""

    def __init__(self, database: Database, captions: Captions) -> None:
        self._db = database
        self._captions = captions

    # What was asked, and how far it got.

    def create(self, spec: RunSpec, clips: Sequence[tuple[str, str]]) -> None:
        """Register a run and its inputs as (name, path); one that exists gets one more attempt."""
        row = {
            "id": spec.id,
            "scene": spec.scene,
            "revision": spec.revision.revision,
            "state": "running",
            "attempts": 0,
            "spec": spec.model_dump_json(),
            "created_at": now_text(),
        }
        inputs = [
            {"run_id": spec.id, "clip": number, "name": name, "path": path, "done": False}
            for number, (name, path) in enumerate(clips)
        ]
        with self._db.write() as connection:
            self._db.insert_new(connection, _RUN, [row])
            self._db.insert_new(connection, _CLIP, inputs)
            connection.execute(
                update(_RUN)
                .where(_RUN.c.id == spec.id)
                .values(attempts=_RUN.c.attempts + 1, state="running")
            )

    def spec(self, run_id: str) -> RunSpec:
        """What a run was asked.

        Raises:
            NotFoundError: the store has no such run.
        """
        with self._db.read() as connection:
            body = connection.execute(select(_RUN.c.spec).where(_RUN.c.id == run_id)).scalar()
        if body is None:
            raise NotFoundError(f"the store has no run {run_id!r}.")
        return RunSpec.model_validate_json(body)

    def attempts(self, run_id: str) -> int:
        """How often a run was started."""
        query = select(_RUN.c.attempts).where(_RUN.c.id == run_id)
        with self._db.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def finish(self, run_id: str, state: str) -> None:
        """Set the end state of a run."""
        with self._db.write() as connection:
            connection.execute(update(_RUN).where(_RUN.c.id == run_id).values(state=state))

    def set_clip(
        self,
        run_id: str,
        clip: int,
        *,
        info: ClipInfo | None = None,
        error: str | None = None,
        done: bool = False,
    ) -> None:
        """Note what is known of an input, why it cannot be read, or that it is complete."""
        values: dict[str, object] = {"error": error, "done": done}
        if info is not None:
            values["info"] = info.model_dump_json()
        with self._db.write() as connection:
            connection.execute(
                update(_CLIP).where(_CLIP.c.run_id == run_id, _CLIP.c.clip == clip).values(**values)
            )

    def outcomes(self, run_id: str) -> list[ClipOutcome]:
        """How each input ended, in the order given."""
        counted = (
            select(_VERDICT.c.clip, _VERDICT.c.outcome, func.count())
            .where(_VERDICT.c.run_id == run_id)
            .group_by(_VERDICT.c.clip, _VERDICT.c.outcome)
        )
        events = (
            select(_EVENT.c.clip, func.count())
            .where(_EVENT.c.run_id == run_id)
            .group_by(_EVENT.c.clip)
        )
        query = select(_CLIP).where(_CLIP.c.run_id == run_id).order_by(_CLIP.c.clip)
        with self._db.read() as connection:
            counts: dict[int, dict[str, int]] = {}
            for clip, outcome, count in connection.execute(counted):
                counts.setdefault(clip, {})[outcome or "failed"] = count
            happened = {row[0]: row[1] for row in connection.execute(events)}
            return [
                ClipOutcome(
                    clip=row.name,
                    path=row.path,
                    info=ClipInfo.model_validate_json(row.info) if row.info else None,
                    error=row.error,
                    events=happened.get(row.clip, 0),
                    coverage=Coverage(**counts.get(row.clip, {})),
                )
                for row in connection.execute(query)
            ]

    def is_done(self, run_id: str, clip: int) -> bool:
        """True where a clip's results are complete."""
        query = select(_CLIP.c.done).where(_CLIP.c.run_id == run_id, _CLIP.c.clip == clip)
        with self._db.read() as connection:
            return bool(connection.execute(query).scalar())

    def usage(self, run_id: str) -> Usage:
        """What all chunks of a run cost, over all its attempts."""
        names = list(Usage.model_fields)
        query = select(*(func.coalesce(func.sum(_CHUNK.c[name]), 0) for name in names)).where(
            _CHUNK.c.run_id == run_id
        )
        with self._db.read() as connection:
            row = connection.execute(query).one()
        return Usage(**dict(zip(names, row, strict=True)))

    # The map: chunks.

    def chunks_done(self, run_id: str, clip: int) -> set[int]:
        """Numbers of the chunks that are stored."""
        query = select(_CHUNK.c.chunk).where(_CHUNK.c.run_id == run_id, _CHUNK.c.clip == clip)
        with self._db.read() as connection:
            return set(connection.execute(query).scalars())

    def save_chunk(
        self, run_id: str, clip: int, chunk: int, traces: Sequence[Trace], usage: Usage
    ) -> None:
        """Store a finished chunk: its frames, their first matches, and what it cost."""
        place = {"run_id": run_id, "clip": clip}
        with self._db.write() as connection:
            self._db.insert_new(
                connection, _VERDICT, [{**place, **_frame_values(trace)} for trace in traces]
            )
            self._put_matches(connection, run_id, clip, traces, linked=False)
            self._db.insert_new(
                connection, _CHUNK, [{**place, "chunk": chunk, **usage.model_dump()}]
            )

    def _put_matches(
        self,
        connection: Connection,
        run_id: str,
        clip: int,
        traces: Iterable[Trace],
        *,
        linked: bool,
    ) -> None:
        rows = [
            {
                "run_id": run_id,
                "clip": clip,
                "frame_index": trace.observation.frame_index,
                "rule_id": match.rule_id,
                "linked": linked,
                "strength": match.strength,
                "evidence": _EVIDENCE.dump_json(match.evidence).decode(),
            }
            for trace in traces
            for match in trace.matched.matches
        ]
        self._db.insert_new(connection, _MATCH, rows)

    # The reduce: stages over traces.

    def traces(
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
            if len(page) < _PAGE:
                return
            after = page[-1].observation.frame_index

    def _page(
        self, run_id: str, clip: int, after: int, stop: int | None, with_linked: bool
    ) -> list[Trace]:
        query = select(_VERDICT).where(
            _VERDICT.c.run_id == run_id, _VERDICT.c.clip == clip, _VERDICT.c.frame_index > after
        )
        if stop is not None:
            query = query.where(_VERDICT.c.frame_index < stop)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(_VERDICT.c.frame_index).limit(_PAGE)).all()
            if not rows:
                return []
            found = select(_MATCH).where(
                _MATCH.c.run_id == run_id,
                _MATCH.c.clip == clip,
                _MATCH.c.frame_index.between(rows[0].frame_index, rows[-1].frame_index),
            )
            if not with_linked:
                found = found.where(_MATCH.c.linked.is_(False))
            matches: dict[int, list[Match]] = {}
            for row in connection.execute(found.order_by(_MATCH.c.frame_index, _MATCH.c.rule_id)):
                matches.setdefault(row.frame_index, []).append(_match(row))
        captions = self._captions.get(row.caption_key for row in rows if row.caption_key)
        return [
            _trace(row, tuple(matches.get(row.frame_index, ())), captions.get(row.caption_key))
            for row in rows
        ]

    def scores(
        self, run_id: str, clip: int, stage: Stage
    ) -> Iterator[tuple[int, float, float | None]]:
        """(frame index, seconds, score after a stage) in order, without captions, page by page."""
        column = _VERDICT.c[f"score_{stage}"]
        after = -1
        while True:
            query = (
                select(_VERDICT.c.frame_index, _VERDICT.c.time_seconds, column)
                .where(
                    _VERDICT.c.run_id == run_id,
                    _VERDICT.c.clip == clip,
                    _VERDICT.c.frame_index > after,
                )
                .order_by(_VERDICT.c.frame_index)
                .limit(_PAGE * 8)
            )
            with self._db.read() as connection:
                rows = connection.execute(query).all()
            yield from ((row[0], row[1], row[2]) for row in rows)
            if len(rows) < _PAGE * 8:
                return
            after = rows[-1][0]

    def save_links(self, run_id: str, clip: int, traces: Iterable[Trace]) -> None:
        """Store links, linked matches and the first score; linked matches are those in `matched`
        that are not stored yet."""
        for page in _paged(traces):
            with self._db.write() as connection:
                self._put_matches(connection, run_id, clip, page, linked=True)
                self._update(
                    connection,
                    run_id,
                    clip,
                    [
                        {
                            "at": trace.observation.frame_index,
                            "links": _LINKS.dump_json(trace.observation.links).decode(),
                            "unevaluated": _unevaluated_text(trace.matched),
                            "score_match": trace.match,
                        }
                        for trace in page
                    ],
                )

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
                        "at": trace.observation.frame_index,
                        f"score_{stage}": getattr(trace, stage),
                        "notes": json.dumps(trace.notes, ensure_ascii=False),
                    }
                    for trace in page
                ]
                self._update(connection, run_id, clip, rows)

    def save_verdicts(self, run_id: str, clip: int, verdicts: Iterable[Verdict]) -> None:
        """Store the outcome of each frame."""
        for page in _paged(verdicts):
            with self._db.write() as connection:
                rows = [
                    {
                        "at": verdict.frame_index,
                        "outcome": verdict.outcome,
                        "score": verdict.score,
                        "rules": " ".join(verdict.rules),
                        "rationale": verdict.rationale,
                        "undetermined": verdict.reason
                        if verdict.outcome == "undetermined"
                        else None,
                    }
                    for verdict in page
                ]
                self._update(connection, run_id, clip, rows)

    def _update(
        self, connection: Connection, run_id: str, clip: int, rows: list[dict[str, Any]]
    ) -> None:
        if not rows:
            return
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "at"}
        connection.execute(
            update(_VERDICT)
            .where(
                _VERDICT.c.run_id == run_id,
                _VERDICT.c.clip == clip,
                _VERDICT.c.frame_index == bindparam("at"),
            )
            .values(**values),
            rows,
        )

    # Reflections and events.

    def clear_reflections(self, run_id: str, clip: int) -> None:
        """Drop what an earlier attempt reflected."""
        with self._db.write() as connection:
            connection.execute(
                delete(_REFLECTION).where(
                    _REFLECTION.c.run_id == run_id, _REFLECTION.c.clip == clip
                )
            )

    def save_reflection(
        self, run_id: str, clip: int, frames: tuple[int, int], reflection: Reflection
    ) -> None:
        """Store what reflection said of the frames [start, stop)."""
        row = {
            "run_id": run_id,
            "clip": clip,
            "start_frame": frames[0],
            "stop_frame": frames[1],
            "body": reflection.model_dump_json(),
        }
        with self._db.write() as connection:
            self._db.insert_new(connection, _REFLECTION, [row])

    def reflection(self, run_id: str, clip: int, frame: int) -> Reflection | None:
        """What reflection said of the candidate event that holds a frame, or None."""
        query = select(_REFLECTION.c.body).where(
            _REFLECTION.c.run_id == run_id,
            _REFLECTION.c.clip == clip,
            _REFLECTION.c.start_frame <= frame,
            _REFLECTION.c.stop_frame > frame,
        )
        with self._db.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else Reflection.model_validate_json(body)

    def save_events(self, run_id: str, clip: int, events: Sequence[Event]) -> None:
        """Replace the events of a clip."""
        rows = [
            {
                "run_id": run_id,
                "clip": clip,
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
        with self._db.write() as connection:
            connection.execute(
                delete(_EVENT).where(_EVENT.c.run_id == run_id, _EVENT.c.clip == clip)
            )
            self._db.insert_new(connection, _EVENT, rows)

    def events(self, run_id: str, clip: int) -> list[Event]:
        """The events of a clip, in order of time."""
        query = (
            select(_EVENT.c.body)
            .where(_EVENT.c.run_id == run_id, _EVENT.c.clip == clip)
            .order_by(_EVENT.c.number)
        )
        with self._db.read() as connection:
            return [Event.model_validate_json(body) for body in connection.execute(query).scalars()]


def _paged(items: Iterable[Any]) -> Iterator[list[Any]]:
    page: list[Any] = []
    for item in items:
        page.append(item)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


def _unevaluated_text(matched: Matched) -> str | None:
    if not matched.not_evaluable:
        return None
    return _UNEVALUATED.dump_json(matched.not_evaluable).decode()


def _frame_values(trace: Trace) -> dict[str, Any]:
    seen = trace.observation
    return {
        "frame_index": seen.frame_index,
        "until_frame": seen.until_frame,
        "time_seconds": seen.time_seconds,
        "caption_key": seen.caption.key if seen.caption else None,
        "failure": seen.failure,
        "undetermined": trace.matched.undetermined,
        "unevaluated": _unevaluated_text(trace.matched),
    }


def _match(row: Row[Any]) -> Match:
    return Match(
        rule_id=row.rule_id,
        strength=row.strength,
        evidence=_EVIDENCE.validate_json(row.evidence),
    )


def _trace(row: Row[Any], matches: tuple[Match, ...], caption: Any) -> Trace:
    observation = Observation(
        frame_index=row.frame_index,
        until_frame=row.until_frame,
        time_seconds=row.time_seconds,
        caption=caption,
        failure=row.failure,
        links=_LINKS.validate_json(row.links) if row.links else (),
    )
    matched = Matched(
        matches=matches,
        not_evaluable=_UNEVALUATED.validate_json(row.unevaluated) if row.unevaluated else (),
        undetermined=row.undetermined,
    )
    return Trace(
        observation=observation,
        matched=matched,
        match=row.score_match,
        smooth=row.score_smooth,
        reason=row.score_reason,
        reflect=row.score_reflect,
        notes=tuple(json.loads(row.notes)) if row.notes else (),
    )
