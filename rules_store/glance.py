"""Names in a store at a glance: for a shell that completes a word while somebody types.

Nothing is imported, migrated or written, and nothing is waited for. A store that is not there, is
locked, damaged or on a server has no names; no error is raised for any of it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

DATABASE = "ruler.sqlite"
_MOST = 200
_WAIT_SECONDS = 0.1

_SCENES = "SELECT name, COALESCE(active_revision, 0) FROM scene WHERE name LIKE ? ESCAPE '\\'"
_REVISIONS = (
    "SELECT revision, reason FROM rule_set WHERE scene = ? AND CAST(revision AS TEXT) LIKE ? "
    "ESCAPE '\\' ORDER BY revision DESC"
)
_RULES = (
    "SELECT DISTINCT rule.rule_id, rule.kind FROM rule JOIN scene ON scene.name = rule.scene "
    "AND scene.active_revision = rule.revision WHERE rule.rule_id LIKE ? ESCAPE '\\'"
)
_RUNS = "SELECT id, scene FROM run WHERE id LIKE ? ESCAPE '\\' ORDER BY created_at DESC"


def scenes(place: Path, beginning: str) -> list[tuple[str, str]]:
    """(name, what to say of it) of scenes that begin so."""
    return [(str(name), f"revision {active}") for name, active in _ask(place, _SCENES, beginning)]


def revisions(place: Path, scene: str, beginning: str) -> list[tuple[str, str]]:
    """(scene@N, its reason) of a scene's revisions, the newest first."""
    found = _ask(place, _REVISIONS, beginning, scene)
    return [(f"{scene}@{number}", str(reason)) for number, reason in found]


def rules(place: Path, beginning: str) -> list[tuple[str, str]]:
    """(id, kind) of rules in force."""
    return [(str(name), str(kind)) for name, kind in _ask(place, _RULES, beginning)]


def runs(place: Path, beginning: str) -> list[tuple[str, str]]:
    """(id, scene) of runs, the newest first."""
    return [(str(name), f"scene {scene}") for name, scene in _ask(place, _RUNS, beginning)]


def _ask(place: Path, query: str, beginning: str, *before: str) -> list[tuple[object, object]]:
    escaped = "".join(f"\\{c}" if c in "\\%_" else c for c in beginning)
    where = f"{(place / DATABASE).absolute().as_uri()}?mode=ro"
    try:
        opened = sqlite3.connect(where, uri=True, timeout=_WAIT_SECONDS)
        with contextlib.closing(opened) as connection:
            rows = connection.execute(query, (*before, f"{escaped}%")).fetchmany(_MOST)
    except (sqlite3.Error, OSError, ValueError):
        return []
    return [(first, second) for first, second in rows]
