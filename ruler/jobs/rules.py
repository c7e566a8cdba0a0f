"""Rule files in and out of the store."""

from __future__ import annotations

from pathlib import Path

from ruler.errors import FileProblems, InputError, Problem
from ruler.schemas.rules import Revision
from rules_store.rule_files import parse_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store


def import_file(store: Store, file: Path, *, author: str, reason: str) -> tuple[Revision, bool]:
    """Save a rule file as the active revision of the scene it names.

    It keeps the scene model and captioner of the revision before, since its bounds are in the
    measures of that scene.

    Returns:
        The revision, and False where the active one has the same bytes already.

    Raises:
        InputError: the file cannot be read.
        FileProblems: it is not a valid rule file; carries every problem.
    """
    try:
        source = file.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        problem = Problem(str(file), 0, 0, f"byte {error.start} is not UTF-8; save it as UTF-8")
        raise FileProblems([problem]) from error
    scene = parse_rules(source, file=str(file)).scene
    active = store.scenes.find(scene)
    if active is not None and active.source == source:
        return active, False
    new = NewRevision(
        scene=scene,
        source=source,
        author=author,
        reason=reason or f"imported from {file.name}",
        scene_model_sha256=active.scene_model_sha256 if active else None,
        captioner=active.captioner if active else None,
    )
    return store.scenes.save(new), True
