"""Scenes, scene models and append-only revisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select, update

from ruler.errors import NotFoundError, OvertakenError, StoreError
from ruler.schemas.base import bytes_hash, canonical_json
from ruler.schemas.captions import SceneModel
from ruler.schemas.rules import Revision, RevisionRef, Rule, RuleSet
from rules_store.derived import Derived
from rules_store.engine import Database, now_text
from rules_store.rule_files import parse_rules
from rules_store.seals import seal_of
from rules_store.stored import making
from rules_store.tables import RULE, RULE_SET, SCENE, SCENE_MODEL


@dataclass(frozen=True)
class SceneInfo:
    """A scene and how many revisions it has."""

    name: str
    active_revision: int | None
    revisions: int


@dataclass(frozen=True)
class NewRevision:
    """A revision to be saved: its source, and how it came about.

    Its parent is the active revision. A proposal is never activated. `expected` is the revision
    that must still be active when it is saved.
    """

    scene: str
    source: str
    author: str
    reason: str
    scene_model_sha256: str | None = None
    captioner: str | None = None
    by_induction: bool = False
    activate: bool = True
    is_proposal: bool = False
    asking: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    expected: int | None = None


class Scenes:
    """The store's side of scenes and their rules."""

    def __init__(self, database: Database, derived: Derived) -> None:
        self._db = database
        self._derived = derived

    def overview(self) -> list[SceneInfo]:
        """All scenes by name."""
        count = func.count(RULE_SET.c.revision)
        query = (
            select(SCENE.c.name, SCENE.c.active_revision, count)
            .outerjoin(RULE_SET, RULE_SET.c.scene == SCENE.c.name)
            .group_by(SCENE.c.name, SCENE.c.active_revision)
            .order_by(SCENE.c.name)
        )
        with self._db.read() as connection:
            return [SceneInfo(*row) for row in connection.execute(query)]

    def save_model(self, model: SceneModel) -> None:
        """Keep a scene model; one that is there already stays as it is."""
        row = {
            "sha256": model.sha256,
            "captioner": model.captioner,
            "version": model.version,
            "payload": model.payload,
            "info": model.info,
        }
        with self._db.write() as connection:
            self._db.insert_new(connection, SCENE_MODEL, [row])

    def model(self, sha256: str) -> SceneModel:
        """The scene model of that hash.

        Raises:
            NotFoundError: the store has none.
            StoreError: its payload does not fit its hash.
        """
        with self._db.read() as connection:
            row = connection.execute(
                select(SCENE_MODEL).where(SCENE_MODEL.c.sha256 == sha256)
            ).first()
        if row is None:
            raise NotFoundError(f"the store has no scene model {sha256[:12]}. Run induce again.")
        with making("scene model"):
            model = SceneModel(
                captioner=row.captioner, version=row.version, payload=row.payload, info=row.info
            )
        if model.sha256 != sha256:
            raise StoreError(f"scene model {sha256[:12]} is damaged in {self._db.where}.")
        return model

    def save(self, new: NewRevision) -> Revision:
        """Append a revision, numbered in strict order, and (if asked to) make it the active one.

        Raises:
            FileProblems: the source is not a valid rule file of the scene.
            OvertakenError: another revision than `expected` has become active meanwhile.
        """
        rule_set = parse_rules(new.source, file=f"{new.scene}.yaml", scene=new.scene)
        with self._db.write() as connection:
            self._db.insert_new(connection, SCENE, [_scene_row(new.scene)])
            last = connection.execute(
                select(RULE_SET.c.revision, RULE_SET.c.seal)
                .where(RULE_SET.c.scene == new.scene)
                .order_by(RULE_SET.c.revision.desc())
                .limit(1)
            ).first()
            parent = _active(connection, new.scene)
            if new.expected is not None and new.expected != parent:
                raise OvertakenError(
                    f"{new.scene}@{parent} has become active meanwhile (this was made from "
                    f"{new.scene}@{new.expected}). Run it again."
                )
            number = last.revision + 1 if last else 1
            row = _revision_row(new, number, parent)
            row["seal"] = seal_of(row, last.seal if last else None)
            connection.execute(RULE_SET.insert().values(row))
            rows = [
                _rule_row(new.scene, number, place, rule)
                for place, rule in enumerate(rule_set.rules)
            ]
            if rows:
                connection.execute(RULE.insert(), rows)
            if new.activate and not new.is_proposal:
                connection.execute(
                    update(SCENE).where(SCENE.c.name == new.scene).values(active_revision=number)
                )
        return self.revision(new.scene, number)

    def activate(self, scene: str, number: int) -> Revision:
        """Make an existing revision the active one."""
        revision = self.revision(scene, number)
        with self._db.write() as connection:
            connection.execute(
                update(SCENE).where(SCENE.c.name == scene).values(active_revision=number)
            )
        return revision.model_copy(update={"is_active": True})

    def revision(self, scene: str, number: int | None = None) -> Revision:
        """A revision of a scene, by default the active one, checked against its hash.

        Raises:
            NotFoundError: no such scene or revision.
            StoreError: the stored source does not fit its hash.
        """
        with self._db.read() as connection:
            active = _active(connection, scene)
            wanted = active if number is None else number
            row = connection.execute(
                select(RULE_SET).where(RULE_SET.c.scene == scene, RULE_SET.c.revision == wanted)
            ).first()
        if row is None:
            raise NotFoundError(self._missing(scene, number))
        with making("revision"):
            # A parent that is not older was written by hand, and might go round in a circle.
            is_older = row.parent is None or row.parent < row.revision
            if bytes_hash(row.source.encode()) != row.sha256 or not is_older:
                raise StoreError(f"revision {scene}@{row.revision} is damaged in {self._db.where}.")
            named = f"{scene}@{row.revision}"

            def parse() -> RuleSet:
                return parse_rules(row.source, file=named, scene=scene)

            return Revision(
                ref=RevisionRef(scene=scene, revision=row.revision, sha256=row.sha256),
                rule_set=self._derived.value(RuleSet, row.source, parse),
                source=row.source,
                parent=row.parent,
                author=row.author,
                reason=row.reason,
                scene_model_sha256=row.scene_model_sha256,
                captioner=row.captioner,
                asking=json.loads(row.asking) if row.asking else {},
                is_active=row.revision == active,
                by_induction=row.by_induction,
                is_proposal=row.is_proposal,
                created_at=row.created_at,
            )

    def find(self, scene: str) -> Revision | None:
        """The active revision, or None where the scene has none yet."""
        with self._db.read() as connection:
            if _active(connection, scene) is None:
                return None
        return self.revision(scene)

    def lineage(self, scene: str) -> list[Revision]:
        """The active revision and its ancestors, oldest first; empty where nothing is active.

        A proposal that nobody approved is no ancestor of anything.
        """
        query = select(RULE_SET.c.revision, RULE_SET.c.parent).where(RULE_SET.c.scene == scene)
        with self._db.read() as connection:
            number = _active(connection, scene)
            parents = {row.revision: row.parent for row in connection.execute(query)}
        line: list[Revision] = []
        while number is not None:
            line.append(self.revision(scene, number))
            number = parents[number]
        return line[::-1]

    def same_content(self, scene: str, source: str, scene_model_sha256: str | None) -> int | None:
        """The newest revision with this source and scene model, or None."""
        query = select(func.max(RULE_SET.c.revision)).where(
            RULE_SET.c.scene == scene,
            RULE_SET.c.sha256 == bytes_hash(source.encode()),
            RULE_SET.c.scene_model_sha256.is_not_distinct_from(scene_model_sha256),
        )
        with self._db.read() as connection:
            return connection.execute(query).scalar()

    def numbers(self, scene: str) -> list[int]:
        """All revision numbers of a scene, ascending."""
        query = select(RULE_SET.c.revision).where(RULE_SET.c.scene == scene)
        with self._db.read() as connection:
            return sorted(connection.execute(query).scalars())

    def _missing(self, scene: str, number: int | None) -> str:
        known = self.numbers(scene)
        if known and number is not None:
            return f"scene {scene!r} has no revision {number}; it has {known[0]} to {known[-1]}."
        names = ", ".join(info.name for info in self.overview()) or "none yet"
        return (
            f"the store has no rules for scene {scene!r} (scenes: {names}). "
            f"Run: ruler induce CLIP... --scene {scene}"
        )


def _revision_row(new: NewRevision, number: int, parent: int | None) -> dict[str, Any]:
    return {
        "scene": new.scene,
        "revision": number,
        "source": new.source,
        "sha256": bytes_hash(new.source.encode()),
        "parent": parent,
        "author": new.author,
        "reason": new.reason,
        "scene_model_sha256": new.scene_model_sha256,
        "captioner": new.captioner,
        "by_induction": new.by_induction,
        "is_proposal": new.is_proposal,
        "asking": canonical_json(dict(new.asking)).decode() if new.asking else None,
        "created_at": now_text(),
    }


def _scene_row(name: str) -> dict[str, object]:
    return {"name": name, "active_revision": None, "created_at": now_text()}


def _active(connection: Connection, scene: str) -> int | None:
    query = select(SCENE.c.active_revision).where(SCENE.c.name == scene)
    return connection.execute(query).scalar()


def _rule_row(scene: str, number: int, position: int, rule: Rule) -> dict[str, object]:
    return {
        "scene": scene,
        "revision": number,
        "rule_id": rule.id,
        "position": position,
        "kind": rule.kind,
        "status": rule.status,
        "level": rule.level,
        "category": rule.category,
        "origin": rule.origin.model_dump(mode="json"),
    }
