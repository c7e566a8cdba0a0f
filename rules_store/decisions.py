"""What people decided of proposals: approved, or rejected with the rules that are not wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from ruler.schemas.rules import Rule
from rules_store.engine import Database, now_text
from rules_store.stored import stored
from rules_store.tables import DECISION, RULE_SET

Decided = Literal["approved", "rejected", "superseded"]

_REMOVAL = " removal"


@dataclass(frozen=True)
class Decision:
    """One decision. `rule` is None where it closes the whole proposal; `is_removal` says that the
    proposal wanted to take the rule out."""

    scene: str
    revision: int
    verdict: Decided
    author: str
    reason: str
    rule: Rule | None = None
    is_removal: bool = False
    created_at: str = ""


class Decisions:
    """The store's side of proposals; append-only."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, decisions: Sequence[Decision]) -> None:
        """Keep decisions, in one transaction."""
        now = now_text()
        rows = [
            {
                "scene": one.scene,
                "revision": one.revision,
                "rule_id": one.rule.id if one.rule else None,
                "verdict": f"{one.verdict}{_REMOVAL if one.is_removal else ''}",
                "body": one.rule.model_dump_json() if one.rule else None,
                "author": one.author,
                "reason": one.reason,
                "created_at": now,
            }
            for one in decisions
        ]
        if rows:
            with self._db.write() as connection:
                connection.execute(DECISION.insert(), rows)

    def of_scene(self, scene: str) -> list[Decision]:
        """All decisions about a scene, oldest first."""
        query = select(DECISION).where(DECISION.c.scene == scene).order_by(DECISION.c.id)
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [
            Decision(
                scene=row.scene,
                revision=row.revision,
                verdict=row.verdict.removesuffix(_REMOVAL),
                is_removal=row.verdict.endswith(_REMOVAL),
                author=row.author,
                reason=row.reason,
                rule=stored(Rule, row.body) if row.body else None,
                created_at=row.created_at,
            )
            for row in rows
        ]

    def rejected_rules(self, scene: str) -> list[Rule]:
        """The rules that somebody rejected, oldest first; a removal that was turned down speaks
        for its rule."""
        found = [one for one in self.of_scene(scene) if not one.is_removal]
        return [one.rule for one in found if one.verdict == "rejected" and one.rule is not None]

    def open_proposals(self, scene: str) -> list[int]:
        """Numbers of the proposals that nobody approved or rejected as a whole, ascending."""
        closed = select(DECISION.c.revision).where(
            DECISION.c.scene == scene, DECISION.c.rule_id.is_(None)
        )
        query = (
            select(RULE_SET.c.revision)
            .where(
                RULE_SET.c.scene == scene,
                RULE_SET.c.is_proposal.is_(True),
                RULE_SET.c.revision.not_in(closed),
            )
            .order_by(RULE_SET.c.revision)
        )
        with self._db.read() as connection:
            return list(connection.execute(query).scalars())
