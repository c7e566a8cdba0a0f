"""How a scene's rules fared over its finished runs, counted in the database.

A finished run has no failed frame. Matches are looked up by rule (`ix_match_rule`), so what other
scenes stored costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import JSON, ColumnElement, FromClause, cast, func, select, true
from sqlmodel import SQLModel

from rules_store.engine import Database
from rules_store.stored import stored_json
from rules_store.tables import MatchRow, RuleRow, RunRow, VerdictRow

_RUN = SQLModel.metadata.tables[str(RunRow.__tablename__)]
_RULE = SQLModel.metadata.tables[str(RuleRow.__tablename__)]
_VERDICT = SQLModel.metadata.tables[str(VerdictRow.__tablename__)]
_MATCH = SQLModel.metadata.tables[str(MatchRow.__tablename__)]

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
            select(_VERDICT.c.run_id, _VERDICT.c.clip, func.count())
            .join(_RUN, _RUN.c.id == _VERDICT.c.run_id)
            .where(*_finished(scene))
            .group_by(_VERDICT.c.run_id, _VERDICT.c.clip)
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
                _MATCH.c.rule_id,
                _MATCH.c.run_id,
                _MATCH.c.clip,
                func.count(),
                func.max(_MATCH.c.frame_index),
            )
            .join(_RUN, _RUN.c.id == _MATCH.c.run_id)
            .where(*_finished(scene), _MATCH.c.rule_id.in_(rules), _MATCH.c.strength >= at_least)
            .group_by(_MATCH.c.rule_id, _MATCH.c.run_id, _MATCH.c.clip)
        )
        with self._db.read() as connection:
            return [Hits(*row) for row in connection.execute(query)]

    def revisions_of(self, scene: str) -> dict[str, set[int]]:
        """By rule id, the revisions in which it counts: neither a draft nor deprecated."""
        query = select(_RULE.c.rule_id, _RULE.c.revision).where(
            _RULE.c.scene == scene, _RULE.c.status.in_(_LIVE)
        )
        found: dict[str, set[int]] = {}
        with self._db.read() as connection:
            for rule_id, revision in connection.execute(query):
                found.setdefault(rule_id, set()).add(revision)
        return found

    def times(self, run_id: str, clip: int, rule_id: str, at_least: float) -> list[float]:
        """When a rule fired in a clip: seconds of its frames, ascending."""
        query = (
            select(_VERDICT.c.time_seconds)
            .join(
                _MATCH,
                (_MATCH.c.run_id == _VERDICT.c.run_id)
                & (_MATCH.c.clip == _VERDICT.c.clip)
                & (_MATCH.c.frame_index == _VERDICT.c.frame_index),
            )
            .where(
                _MATCH.c.run_id == run_id,
                _MATCH.c.clip == clip,
                _MATCH.c.rule_id == rule_id,
                _MATCH.c.strength >= at_least,
            )
            .order_by(_VERDICT.c.time_seconds)
        )
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())

    def second_of(self, run_id: str, clip: int, frame: int) -> float:
        """The time of a stored frame."""
        query = select(_VERDICT.c.time_seconds).where(
            _VERDICT.c.run_id == run_id, _VERDICT.c.clip == clip, _VERDICT.c.frame_index == frame
        )
        with self._db.read() as connection:
            return float(connection.execute(query).scalar_one())

    def alarm_grounds(self, scene: str) -> dict[tuple[str, ...], int]:
        """How many frames were an anomaly, by the rules that were named for it."""
        with self._db.read() as connection:
            rules = _field(_VERDICT.c.body, "rules", connection.dialect.name)
            query = (
                select(rules, func.count())
                .join(_RUN, _RUN.c.id == _VERDICT.c.run_id)
                .where(*_finished(scene), _VERDICT.c.outcome == "anomaly")
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
                .select_from(_MATCH)
                .join(_RUN, _RUN.c.id == _MATCH.c.run_id)
                .join(said, true())
                .where(
                    *_finished(scene), _MATCH.c.rule_id.in_(rules), _MATCH.c.strength >= at_least
                )
                .group_by(quote)
                .order_by(func.count().desc(), quote)
                .limit(most)
            )
            return [(text, count) for text, count in connection.execute(query)]


def _finished(scene: str) -> tuple[ColumnElement[bool], ...]:
    return _RUN.c.scene == scene, _RUN.c.state == "done"


def _field(column: ColumnElement[str], name: str, dialect: str) -> ColumnElement[str]:
    """A field of a JSON text, as JSON text."""
    if dialect == "sqlite":
        return func.json_extract(column, f"$.{name}")
    return func.json_extract_path_text(cast(column, JSON), name)


def _evidence(dialect: str) -> tuple[FromClause, ColumnElement[str]]:
    """The pieces of a match's evidence as rows, and what each quotes."""
    if dialect == "sqlite":
        said = func.json_each(_MATCH.c.evidence).table_valued("value", name="said")
    else:
        pieces = func.json_array_elements(cast(_MATCH.c.evidence, JSON))
        said = pieces.table_valued("value", name="said").render_derived()
    quote, fact = (_field(said.c.value, name, dialect) for name in ("quote", "fact"))
    return said, func.coalesce(quote, fact)
