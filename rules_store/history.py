"""The history of a scene's rules: read for `log`, and checked for what was changed behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from ruler.errors import FileProblems
from ruler.schemas.base import bytes_hash
from ruler.schemas.captions import SceneModel
from ruler.schemas.rules import RuleSet
from rules_store.derived import Derived
from rules_store.engine import Database
from rules_store.rule_files import parse_rules
from rules_store.seals import seal_of
from rules_store.tables import RULE, RULE_SET, SCENE, SCENE_MODEL


@dataclass(frozen=True)
class LogEntry:
    """One revision of a scene, without its rules. `created_at` is UTC, ISO 8601."""

    revision: int
    parent: int | None
    author: str
    reason: str
    created_at: str
    by_induction: bool
    is_proposal: bool
    is_active: bool
    rules: int
    sha256: str


@dataclass(frozen=True)
class Flaw:
    """Something that does not fit in a scene's history; `revision` is None for the whole scene."""

    scene: str
    revision: int | None
    message: str

    def __str__(self) -> str:
        place = self.scene if self.revision is None else f"{self.scene}@{self.revision}"
        return f"{place}: {self.message}"


class History:
    """The store's side of looking back."""

    def __init__(self, database: Database, derived: Derived) -> None:
        self._db = database
        self._derived = derived

    def log(self, scene: str) -> list[LogEntry]:
        """All revisions of a scene, oldest first."""
        with self._db.read() as connection:
            active = connection.execute(
                select(SCENE.c.active_revision).where(SCENE.c.name == scene)
            ).scalar()
            names = connection.execute(
                select(RULE.c.revision).where(RULE.c.scene == scene)
            ).scalars()
            counts: dict[int, int] = {}
            for number in names:
                counts[number] = counts.get(number, 0) + 1
            rows = connection.execute(
                select(RULE_SET).where(RULE_SET.c.scene == scene).order_by(RULE_SET.c.revision)
            ).all()
        return [
            LogEntry(
                revision=row.revision,
                parent=row.parent,
                author=row.author,
                reason=row.reason,
                created_at=row.created_at,
                by_induction=row.by_induction,
                is_proposal=row.is_proposal,
                is_active=row.revision == active,
                rules=counts.get(row.revision, 0),
                sha256=row.sha256,
            )
            for row in rows
        ]

    def flaws(self, scene: str) -> list[Flaw]:
        """Everything in a scene's history that does not fit: hashes, seals, numbers, parents.

        A revision that an older ruler saved carries no seal; its source is checked all the same.
        """
        with self._db.read() as connection:
            rows = connection.execute(
                select(RULE_SET).where(RULE_SET.c.scene == scene).order_by(RULE_SET.c.revision)
            ).all()
            kept = connection.execute(
                select(RULE.c.revision, RULE.c.rule_id, RULE.c.status)
                .where(RULE.c.scene == scene)
                .order_by(RULE.c.revision, RULE.c.position)
            ).all()
            active = connection.execute(
                select(SCENE.c.active_revision).where(SCENE.c.name == scene)
            ).scalar()
            used = {row.scene_model_sha256 for row in rows if row.scene_model_sha256}
            wanted = select(SCENE_MODEL).where(SCENE_MODEL.c.sha256.in_(used))
            models = connection.execute(wanted).all()
        by_revision: dict[int, list[tuple[str, str]]] = {}
        for row in kept:
            by_revision.setdefault(row.revision, []).append((row.rule_id, row.status))
        found = list(_row_flaws(scene, rows, by_revision))
        found += [
            Flaw(
                scene,
                row.revision,
                "its rules are kept otherwise than its source has them: ruler cache prune",
            )
            for row in rows
            if not self._derived.is_true(RuleSet, row.source, _parse_of(row, scene))
        ]
        numbers = {row.revision: row for row in rows}
        if rows and (active not in numbers or numbers[active].is_proposal):
            found.append(
                Flaw(scene, None, f"its active revision {active} is none of its rule sets")
            )
        whole = {model.sha256 for model in models if _is_whole(model)}
        found += [
            Flaw(scene, row.revision, "its scene model is missing or damaged")
            for row in rows
            if row.scene_model_sha256 and row.scene_model_sha256 not in whole
        ]
        return found


def _row_flaws(
    scene: str, rows: Sequence[Row[Any]], kept: dict[int, list[tuple[str, str]]]
) -> Iterator[Flaw]:
    before: str | None = None
    expected = 1
    for row in rows:
        if row.revision != expected:
            yield Flaw(scene, row.revision, f"revision {expected} is missing before it")
        if bytes_hash(row.source.encode()) != row.sha256:
            yield Flaw(scene, row.revision, "its rules are not what its hash was taken over")
        if row.seal is not None and seal_of(row._asdict(), before) != row.seal:
            yield Flaw(
                scene,
                row.revision,
                "its seal is broken: who, when or why was changed, or the revision before it",
            )
        if row.parent is not None and row.parent >= row.revision:
            yield Flaw(scene, row.revision, f"its parent {row.parent} is not older than it")
        try:
            rules = parse_rules(row.source, scene=scene).rules
        except FileProblems as error:
            yield Flaw(scene, row.revision, f"its rules cannot be read: {error.problems[0]}")
        else:
            if [(rule.id, rule.status) for rule in rules] != kept.get(row.revision, []):
                yield Flaw(scene, row.revision, "the list of its rules is not that of its source")
        before, expected = row.seal, row.revision + 1


def _parse_of(row: Row[Any], scene: str) -> Callable[[], RuleSet]:
    return lambda: parse_rules(row.source, scene=scene)


def _is_whole(row: Row[Any]) -> bool:
    model = SceneModel(
        captioner=row.captioner, version=row.version, payload=row.payload, info=row.info
    )
    return bool(model.sha256 == row.sha256)
