"""Every place in the product that opens a file is known: by the door of `ruler/files.py`, or with a
reason to need none."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READS = {"open", "read_text", "read_bytes", "loads", "load"}

REASONS = {
    "ruler/files.py": "the door itself",
    "ruler/video": "clips: held by tests/video and in processes of their own",
    "ruler/stamp.py": "our own source",
    "prompts/loader.py": "prompts that ship",
    "rules_store/shipped.py": "files that ship",
    "rules_store/taxonomy_files.py": "a starter that ships",
    "rules_store/taxonomy_places.py": "resources of installed packages",
    "rules_store/stored.py": "values of the store: tests/fuzz/test_stores.py",
    "rules_store/scenes.py": "as above",
    "rules_store/trace_rows.py": "as above",
    "ruler/jobs/linting.py": "a list of names that ships",
    "ruler/reporting/html.py": "templates that ship",
    "ruler/reporting/atomic.py": "writes",
    "ruler/llm/local": "models that a user installed, and our own child's lines",
    "ruler/jobs/doctor": "a clip that was just written; a server's answer",
    "ruler/captioners/motion/scene.py": "arrays within bounds: tests/fuzz/test_stores.py",
    "ruler/captioners/recording.py": "appends to its own file, which is read by the door",
    "ruler/llm/recording.py": "as above",
    "ruler/captioners/motion/opencv.py": "a note in OpenCV's own package",
    "ruler/text/words.py": "a list of words that ships",
    "ruler/jobs/hearing.py": "questions that were asked, from the store",
    "ruler/jobs/matching_again.py": "values of the store",
    "ruler/jobs/demo": "a film that is written",
    "ruler/jobs/taxonomies.py": "a starter that is written",
}


def calls(path: Path) -> set[str]:
    """What a module calls that reads files or parses their text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    methods = {one.attr for one in found if isinstance(one, ast.Attribute)}
    return (methods | {one.id for one in found if isinstance(one, ast.Name)}) & READS


def opening() -> set[str]:
    """Modules of the product that do, without the prompts' `load` and the like."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in ("ruler", "graphs", "prompts", "rules_store")
        for path in (ROOT / package).rglob("*.py")
        if calls(path) - {"load"}
    }


def test_no_file_is_opened_by_another_door() -> None:
    unknown = {name for name in opening() if not any(name.startswith(one) for one in REASONS)}
    assert unknown == set(), "read through ruler/files.py, or say here why not"
