"""`ruler rules import PACK`: the rules of a starter pack become rules of a scene."""

from __future__ import annotations

from dataclasses import dataclass

from ruler.jobs.inputs import check_scene
from ruler.schemas.rules import Revision, Rule
from rules_store.packs import load_pack, renamed
from rules_store.rule_files import edit_rules, parse_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store


@dataclass(frozen=True)
class PackImport:
    """Which pack to copy into which scene, and who asks for it."""

    pack: str
    scene: str
    author: str
    reason: str = ""


@dataclass(frozen=True)
class Copied:
    """What became of a pack's rules.

    Attributes:
        revision: The scene's active revision now.
        added: Ids of the rules that are new in it.
        left: Ids that the scene had already; those rules stay as they are.
    """

    revision: Revision
    added: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """True where a revision was saved."""
        return bool(self.added)


def import_pack(store: Store, asked: PackImport) -> Copied:
    """Copy a pack into a scene, and make that the active revision.

    A new scene is made of the pack's file, comments included. Where the scene has rules, the pack's
    are added below them and nothing else changes: not its threshold, scene model or captioner.

    Raises:
        UnknownNameError: no pack of that name ships.
        InputError: the scene's name is no name for a scene.
        OvertakenError: somebody else saved the scene meanwhile.
    """
    check_scene(asked.scene)
    source = renamed(load_pack(asked.pack).source, asked.scene)
    rules = parse_rules(source).rules
    active = store.scenes.find(asked.scene)
    if active is None:
        return Copied(store.scenes.save(_new(asked, source, None)), _ids(rules), ())
    known = set(_ids(active.rule_set.rules))
    added = tuple(rule for rule in rules if rule.id not in known)
    left = tuple(rule_id for rule_id in _ids(rules) if rule_id in known)
    if not added:
        return Copied(active, (), left)
    changes = active.rule_set.model_copy(update={"rules": (*active.rule_set.rules, *added)})
    saved = store.scenes.save(_new(asked, edit_rules(active.source, changes), active))
    return Copied(saved, _ids(added), left)


def _ids(rules: tuple[Rule, ...]) -> tuple[str, ...]:
    return tuple(rule.id for rule in rules)


def _new(asked: PackImport, source: str, active: Revision | None) -> NewRevision:
    return NewRevision(
        scene=asked.scene,
        source=source,
        author=asked.author,
        reason=asked.reason or f"imported from the pack {asked.pack}",
        scene_model_sha256=active.scene_model_sha256 if active else None,
        captioner=active.captioner if active else None,
        asking=active.asking if active else {},
        expected=active.ref.revision if active else None,
    )
