"""Runs: what was asked, how far each input got, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, select, update

from ruler.errors import NotFoundError
from ruler.schemas.runs import ClipInfo, ClipOutcome, Coverage, RunSpec, Usage
from ruler.schemas.verdicts import ClipVerdict
from rules_store.engine import Database, now_text
from rules_store.stored import making, stored
from rules_store.tables import EVENT, RUN, RUN_CHUNK, RUN_CLIP, RUN_USAGE, VERDICT


class Runs:
    """The store's side of a detection. Every write is one transaction and may be repeated."""

    def __init__(self, database: Database) -> None:
        self._db = database

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
            self._db.insert_new(connection, RUN, [row])
            self._db.insert_new(connection, RUN_CLIP, inputs)
            connection.execute(
                update(RUN)
                .where(RUN.c.id == spec.id)
                .values(attempts=RUN.c.attempts + 1, state="running")
            )

    def knows(self, run_id: str) -> bool:
        """True where the store holds a run of this id."""
        with self._db.read() as connection:
            found = connection.execute(select(RUN.c.id).where(RUN.c.id == run_id))
            return found.first() is not None

    def unfinished(self) -> list[str]:
        """Ids of the runs that can be gone on with: killed ones, and those with failures."""
        query = select(RUN.c.id).where(RUN.c.state != "done").order_by(RUN.c.created_at)
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

    def finished(self, scene: str) -> list[str]:
        """Ids of a scene's finished runs, the newest first."""
        query = (
            select(RUN.c.id)
            .where(RUN.c.scene == scene, RUN.c.state == "done")
            .order_by(RUN.c.created_at.desc(), RUN.c.id.desc())
        )
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

    def clip_info(self, run_id: str, clip: int) -> ClipInfo | None:
        """What was known of an input when it was first read, or None."""
        query = select(RUN_CLIP.c.info).where(RUN_CLIP.c.run_id == run_id, RUN_CLIP.c.clip == clip)
        with self._db.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else stored(ClipInfo, body)

    def spec(self, run_id: str) -> RunSpec:
        """What a run was asked.

        Raises:
            NotFoundError: the store has no such run.
        """
        with self._db.read() as connection:
            body = connection.execute(select(RUN.c.spec).where(RUN.c.id == run_id)).scalar()
        if body is None:
            raise NotFoundError(f"the store has no run {run_id!r}.")
        return stored(RunSpec, body)

    def attempts(self, run_id: str) -> int:
        """How often a run was started."""
        query = select(RUN.c.attempts).where(RUN.c.id == run_id)
        with self._db.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def finish(self, run_id: str, state: str) -> None:
        """Set the end state of a run."""
        with self._db.write() as connection:
            connection.execute(update(RUN).where(RUN.c.id == run_id).values(state=state))

    def set_clip(
        self,
        run_id: str,
        clip: int,
        *,
        info: ClipInfo | None = None,
        error: str | None = None,
        done: bool = False,
        verdict: ClipVerdict | None = None,
    ) -> None:
        """Note what is known of an input, why it cannot be read, or that it is complete, with what
        it came to."""
        values: dict[str, object] = {"error": error, "done": done}
        if info is not None:
            values["info"] = info.model_dump_json()
        if verdict is not None:
            values["verdict"] = verdict.model_dump_json()
        with self._db.write() as connection:
            connection.execute(
                update(RUN_CLIP)
                .where(RUN_CLIP.c.run_id == run_id, RUN_CLIP.c.clip == clip)
                .values(**values)
            )

    def outcomes(self, run_id: str) -> list[ClipOutcome]:
        """How each input ended, in the order given.

        An input with an error has no results, whatever was stored before it went wrong.
        """
        counted = (
            select(VERDICT.c.clip, VERDICT.c.outcome, func.count())
            .where(VERDICT.c.run_id == run_id)
            .group_by(VERDICT.c.clip, VERDICT.c.outcome)
        )
        events = (
            select(EVENT.c.clip, func.count())
            .where(EVENT.c.run_id == run_id)
            .group_by(EVENT.c.clip)
        )
        query = select(RUN_CLIP).where(RUN_CLIP.c.run_id == run_id).order_by(RUN_CLIP.c.clip)
        with self._db.read() as connection:
            counts: dict[int, dict[str, int]] = {}
            for clip, outcome, count in connection.execute(counted):
                ended = counts.setdefault(clip, {})
                ended[outcome or "failed"] = ended.get(outcome or "failed", 0) + count
            happened = {row[0]: row[1] for row in connection.execute(events)}
            with making("run"):
                return [
                    ClipOutcome(
                        clip=row.name,
                        path=row.path,
                        info=stored(ClipInfo, row.info) if row.info else None,
                        error=row.error,
                        events=0 if row.error else happened.get(row.clip, 0),
                        coverage=Coverage() if row.error else Coverage(**counts.get(row.clip, {})),
                        verdict=None if row.error else _verdict(row.verdict),
                    )
                    for row in connection.execute(query)
                ]

    def verdict(self, run_id: str, clip: int) -> ClipVerdict | None:
        """What a clip came to as a whole, or None where it was not concluded."""
        query = select(RUN_CLIP.c.verdict).where(
            RUN_CLIP.c.run_id == run_id, RUN_CLIP.c.clip == clip
        )
        with self._db.read() as connection:
            return _verdict(connection.execute(query).scalar())

    def is_done(self, run_id: str, clip: int) -> bool:
        """True where a clip's results are complete."""
        query = select(RUN_CLIP.c.done).where(RUN_CLIP.c.run_id == run_id, RUN_CLIP.c.clip == clip)
        with self._db.read() as connection:
            return bool(connection.execute(query).scalar())

    def usage(self, run_id: str) -> Usage:
        """What a run cost over all its attempts: captioning by chunk, and reasoning."""
        names = list(Usage.model_fields)
        query = select(*(func.coalesce(func.sum(RUN_CHUNK.c[name]), 0) for name in names)).where(
            RUN_CHUNK.c.run_id == run_id
        )
        with self._db.read() as connection:
            row = connection.execute(query).one()
            reasoning = self._reasoning(connection, run_id)
        with making("run"):
            return Usage(**dict(zip(names, row, strict=True))) + reasoning

    def add_usage(self, run_id: str, usage: Usage) -> None:
        """Add to what reasoning cost."""
        with self._db.write() as connection:
            total = self._reasoning(connection, run_id) + usage
            connection.execute(delete(RUN_USAGE).where(RUN_USAGE.c.run_id == run_id))
            row = {"run_id": run_id, "body": total.model_dump_json()}
            self._db.insert_new(connection, RUN_USAGE, [row])

    def _reasoning(self, connection: Connection, run_id: str) -> Usage:
        body = connection.execute(
            select(RUN_USAGE.c.body).where(RUN_USAGE.c.run_id == run_id)
        ).scalar()
        return stored(Usage, body) if body else Usage()


def _verdict(body: str | None) -> ClipVerdict | None:
    return None if body is None else stored(ClipVerdict, body)
