"""Rule files in and out of the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ruler.errors import InputError
from ruler.schemas.rules import Revision
from rules_store.anomalyruler_files import parse_anomalyruler
from rules_store.rule_files import dump_rules, parse_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon
from rules_store.yamlio import read_source

FORMATS = ("ruler", "anomalyruler")
"""Rule files that can be imported: ruler's own, and the one AnomalyRuler's authors publish."""


@dataclass(frozen=True)
class Import:
    """What to import: a file in a format, for a scene (which ruler's own format names itself)."""

    file: Path
    author: str
    reason: str = ""
    format: str = "ruler"
    scene: str | None = None


def import_file(store: Store, asked: Import) -> tuple[Revision, bool]:
    """Save a rule file as the active revision of its scene.

    It keeps the scene model and captioner of the revision before, since its bounds are in the
    measures of that scene.

    Returns:
        The revision, and False where the active one has the same bytes already.

    Raises:
        InputError: the file cannot be read, or the scene is missing or another than the file's.
        FileProblems: it is not a valid rule file; carries every problem.
    """
    scene, source = _source(asked)
    active = store.scenes.find(scene)
    if active is not None and active.source == source:
        return active, False
    new = NewRevision(
        scene=scene,
        source=source,
        author=asked.author,
        reason=asked.reason or f"imported from {asked.file.name}",
        scene_model_sha256=active.scene_model_sha256 if active else None,
        captioner=active.captioner if active else None,
        asking=active.asking if active else {},
    )
    return store.scenes.save(new), True


def _source(asked: Import) -> tuple[str, str]:
    """(scene, rule file in ruler's own format)."""
    text, file = read_source(asked.file), str(asked.file)
    if asked.format == "ruler":
        scene = parse_rules(text, file=file).scene
        if asked.scene not in (None, scene):
            raise InputError(f"{file} holds rules of scene {scene!r}, not of {asked.scene!r}.")
        return scene, text
    if asked.format != "anomalyruler":
        known = ", ".join(FORMATS)
        raise InputError(f"--format takes one of {known}, not {asked.format!r}.")
    if asked.scene is None:
        raise InputError(f"{file} names no scene: say whose rules they become with --scene NAME.")
    rules = parse_anomalyruler(text, scene=asked.scene, lexicon=load_lexicon(), file=file)
    return asked.scene, dump_rules(rules)
