"""What a detection found, as plain numbers: for backtests over very many frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ruler.schemas.runs import ClipInfo, RunSpec
from ruler.schemas.verdicts import Verdict
from rules_store.engine import Database
from rules_store.frame_pages import frame_pages
from rules_store.stored import making, stored
from rules_store.tables import EVENT, MATCH, RUN, RUN_CLIP, VERDICT
from rules_store.trace_rows import Links, links_of

_PAGE = 2048
_MOST_RUNS = 100


@dataclass(frozen=True, slots=True)
class Recalled:
    """A sampled frame: its caption's key (None where it failed), its links as JSON (None before
    linking), its scores, and what matched to which strength, by rule id."""

    frame_index: int
    until_frame: int
    time_seconds: float
    caption_key: str | None
    links: str | None
    match: float | None
    smooth: float | None
    strengths: dict[str, float]


@dataclass(frozen=True, slots=True)
class Linked:
    """What linking said of a sampled frame, and what it said it of."""

    frame_index: int
    time_seconds: float
    caption_key: str | None
    links: Links


class Recall:
    """The store's side of looking back; it never builds a whole trace."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def pages(self, run_id: str, clip: int, *, matches: bool) -> Iterator[list[Recalled]]:
        """The frames of a clip in order, page by page; `strengths` are empty without `matches`."""
        columns = (
            VERDICT.c.until_frame,
            VERDICT.c.time_seconds,
            VERDICT.c.caption_key,
            VERDICT.c.links,
            VERDICT.c.score_match,
            VERDICT.c.score_smooth,
        )
        for rows in frame_pages(self._db, run_id, clip, columns, page=_PAGE):
            known = self._strengths(run_id, clip, rows[0][0], rows[-1][0]) if matches else {}
            yield [Recalled(*(*row, known.get(row[0], {}))) for row in rows]

    def _strengths(
        self, run_id: str, clip: int, first: int, last: int
    ) -> dict[int, dict[str, float]]:
        query = (
            select(MATCH.c.frame_index, MATCH.c.rule_id, MATCH.c.strength)
            .where(
                MATCH.c.run_id == run_id,
                MATCH.c.clip == clip,
                MATCH.c.frame_index.between(first, last),
            )
            .order_by(MATCH.c.frame_index, MATCH.c.rule_id)
        )
        found: dict[int, dict[str, float]] = {}
        with self._db.read() as connection:
            for frame, rule_id, strength in connection.execute(query):
                found.setdefault(frame, {})[rule_id] = strength
        return found

    def fired(self, run_id: str, clip: int, at_least: float) -> Counter[str]:
        """By rule id, on how many frames of a clip it reached a strength."""
        query = (
            select(MATCH.c.rule_id, func.count())
            .where(MATCH.c.run_id == run_id, MATCH.c.clip == clip, MATCH.c.strength >= at_least)
            .group_by(MATCH.c.rule_id)
        )
        with self._db.read() as connection:
            return Counter({row[0]: row[1] for row in connection.execute(query)})

    def said(
        self, run_id: str, clip: int, frames: Sequence[int]
    ) -> dict[int, tuple[str, tuple[str, ...]]]:
        """By frame, between the first and the last of some: the outcome, and the rules named."""
        query = select(VERDICT.c.frame_index, VERDICT.c.outcome, VERDICT.c.body).where(
            VERDICT.c.run_id == run_id,
            VERDICT.c.clip == clip,
            VERDICT.c.frame_index.between(frames[0], frames[-1]),
        )
        with self._db.read() as connection:
            return {
                frame: (outcome, stored(Verdict, body).rules if outcome == "anomaly" else ())
                for frame, outcome, body in connection.execute(query)
            }

    def links(self, scene: str, clip_sha256: str, version: str) -> list[Linked]:
        """The links of a clip's frames as the newest run of a scene stored them that has done the
        clip and is of that stamp; empty where none has.

        Args:
            scene: The scene's name.
            clip_sha256: The clip's content.
            version: See `RunSpec`.
        """
        with self._db.read() as connection:
            for run_id, clip, spec in _runs_of(connection, scene, clip_sha256):
                if stored(RunSpec, spec).version == version:
                    return self._links(connection, run_id, clip)
        return []

    def had_events(self, scene: str, clip_sha256: str) -> bool:
        """Whether the newest run of a scene that has done a clip found an event in it."""
        with self._db.read() as connection:
            for run_id, clip, _ in _runs_of(connection, scene, clip_sha256):
                found = select(EVENT.c.number).where(EVENT.c.run_id == run_id, EVENT.c.clip == clip)
                return connection.execute(found.limit(1)).first() is not None
        return False

    def _links(self, connection: Connection, run_id: str, clip: int) -> list[Linked]:
        query = (
            select(
                VERDICT.c.frame_index,
                VERDICT.c.time_seconds,
                VERDICT.c.caption_key,
                VERDICT.c.links,
            )
            .where(VERDICT.c.run_id == run_id, VERDICT.c.clip == clip)
            .order_by(VERDICT.c.frame_index)
        )
        with making("link"):
            return [
                Linked(frame, seconds, key, links_of(links))
                for frame, seconds, key, links in connection.execute(query)
            ]


def _runs_of(
    connection: Connection, scene: str, clip_sha256: str
) -> Iterator[tuple[str, int, str]]:
    """(run id, the clip's number in it, what it was asked) of a scene's runs that have done a clip,
    the newest first."""
    query = (
        select(RUN_CLIP.c.run_id, RUN_CLIP.c.clip, RUN_CLIP.c.info, RUN.c.spec)
        .join(RUN, RUN.c.id == RUN_CLIP.c.run_id)
        .where(RUN.c.scene == scene, RUN_CLIP.c.done)
        .order_by(RUN.c.created_at.desc())
        .limit(_MOST_RUNS)
    )
    for run_id, clip, info, spec in connection.execute(query):
        if info is not None and stored(ClipInfo, info).sha256 == clip_sha256:
            yield run_id, clip, spec
