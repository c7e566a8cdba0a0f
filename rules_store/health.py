"""How a scene's rules fared over its finished runs, counted in the database.

A finished run has no failed frame. Matches are looked up by rule (`ix_match_rule`), so what other
scenes stored costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import JSON, ColumnElement, FromClause, cast, func, select, true

from rules_store.engine import Database
from rules_store.stored import stored_json
from rules_store.tables import MATCH, RULE, RUN, VERDICT

_LIVE = ("experimental", "stable")


@dataclass(frozen=True)
class Hits:
    """On how many frames of a run's clip a rule fired, and the last of them."""

    rule_id: str
    run_id: str
    clip: int
    frames: int
    last_frame: int


class Health:
    """The store's side of a health report; it reads only."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def sampled(self, scene: str) -> dict[tuple[str, int], int]:
        """Sampled frames by (run id, clip), of the scene's finished runs."""
        query = (
            select(VERDICT.c.run_id, VERDICT.c.clip, func.count())
            .join(RUN, RUN.c.id == VERDICT.c.run_id)
            .where(*_finished(scene))
            .group_by(VERDICT.c.run_id, VERDICT.c.clip)
        )
        with self._db.read() as connection:
            return {(run, clip): count for run, clip, count in connection.execute(query)}

    def hits(self, scene: str, rules: Collection[str], at_least: float) -> list[Hits]:
        """Where the rules fired, by run and clip.

        Args:
            scene: Whose finished runs.
            rules: Ids.
            at_least: The strength from which on a match fires.
        """
        query = (
            select(
                MATCH.c.rule_id,
                MATCH.c.run_id,
                MATCH.c.clip,
                func.count(),
                func.max(MATCH.c.frame_index),
            )
            .join(RUN, RUN.c.id == MATCH.c.run_id)
            .where(*_finished(scene), MATCH.c.rule_id.in_(rules), MATCH.c.strength >= at_least)
            .group_by(MATCH.c.rule_id, MATCH.c.run_id, MATCH.c.clip)
        )
        with self._db.read() as connection:
            return [Hits(*row) for row in connection.execute(query)]

    def revisions_of(self, scene: str) -> dict[str, set[int]]:
        """By rule id, the revisions in which it counts: neither a draft nor deprecated."""
        query = select(RULE.c.rule_id, RULE.c.revision).where(
            RULE.c.scene == scene, RULE.c.status.in_(_LIVE)
        )
        found: dict[str, set[int]] = {}
        with self._db.read() as connection:
            for rule_id, revision in connection.execute(query):
                found.setdefault(rule_id, set()).add(revision)
        return found

    def times(self, run_id: str, clip: int, rule_id: str, at_least: float) -> list[float]:
        """When a rule fired in a clip: seconds of its frames, ascending."""
        query = (
            select(VERDICT.c.time_seconds)
            .join(
                MATCH,
                (MATCH.c.run_id == VERDICT.c.run_id)
                & (MATCH.c.clip == VERDICT.c.clip)
                & (MATCH.c.frame_index == VERDICT.c.frame_index),
            )
            .where(
                MATCH.c.run_id == run_id,
                MATCH.c.clip == clip,
                MATCH.c.rule_id == rule_id,
                MATCH.c.strength >= at_least,
            )
            .order_by(VERDICT.c.time_seconds)
        )
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

    def second_of(self, run_id: str, clip: int, frame: int) -> float:
        """The time of a stored frame."""
        query = select(VERDICT.c.time_seconds).where(
            VERDICT.c.run_id == run_id, VERDICT.c.clip == clip, VERDICT.c.frame_index == frame
        )
        with self._db.read() as connection:
            return float(connection.execute(query).scalar_one())

    def alarm_grounds(self, scene: str) -> dict[tuple[str, ...], int]:
        """How many frames were an anomaly, by the rules that were named for it."""
        with self._db.read() as connection:
            rules = _field(VERDICT.c.body, "rules", connection.dialect.name)
            query = (
                select(rules, func.count())
                .join(RUN, RUN.c.id == VERDICT.c.run_id)
                .where(*_finished(scene), VERDICT.c.outcome == "anomaly")
                .group_by(rules)
            )
            return {
                tuple(stored_json(named, "verdict")): count
                for named, count in connection.execute(query)
            }

    def quoted(
        self, scene: str, rules: Collection[str], at_least: float, most: int
    ) -> Sequence[tuple[str, int]]:
        """What the evidence of these rules quotes most (words, or the names of facts), each with
        the number of its matches, the most frequent first."""
        with self._db.read() as connection:
            said, quote = _evidence(connection.dialect.name)
            query = (
                select(quote, func.count())
                .select_from(MATCH)
                .join(RUN, RUN.c.id == MATCH.c.run_id)
                .join(said, true())
                .where(*_finished(scene), MATCH.c.rule_id.in_(rules), MATCH.c.strength >= at_least)
                .group_by(quote)
                .order_by(func.count().desc(), quote)
                .limit(most)
            )
            return [(text, count) for text, count in connection.execute(query)]


def _finished(scene: str) -> tuple[ColumnElement[bool], ...]:
    return RUN.c.scene == scene, RUN.c.state == "done"


def _field(column: ColumnElement[str], name: str, dialect: str) -> ColumnElement[str]:
    """A field of a JSON text, as JSON text."""
    if dialect == "sqlite":
        return func.json_extract(column, f"$.{name}")
    return func.json_extract_path_text(cast(column, JSON), name)


def _evidence(dialect: str) -> tuple[FromClause, ColumnElement[str]]:
    """The pieces of a match's evidence as rows, and what each quotes."""
    if dialect == "sqlite":
        said = func.json_each(MATCH.c.evidence).table_valued("value", name="said")
    else:
        pieces = func.json_array_elements(cast(MATCH.c.evidence, JSON))
        said = pieces.table_valued("value", name="said").render_derived()
    quote, fact = (_field(said.c.value, name, dialect) for name in ("quote", "fact"))
    return said, func.coalesce(quote, fact)
