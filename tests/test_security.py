"""SECURITY.md names a test for each line, and each of them is there to be run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")


def rows() -> list[list[str]]:
    """The cells of each row of the tables of threats."""
    found = [line.strip("|").split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]
    return [
        cells
        for cells in found
        if cells[0].strip() not in ("what it tries", "what must not happen")
    ]


def collected(path: Path) -> set[str]:
    """Names of the tests of a file, as pytest finds them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {node.name for node in found if node.name.startswith("test_") and asserts(node)}


def asserts(node: ast.FunctionDef) -> bool:
    """Whether a test can fail by what it says: it asserts, or expects an error."""
    said = ast.unparse(node)
    return any(word in said for word in ("assert ", "raises(", "lawful(", "goes_on("))


def test_every_line_has_its_test() -> None:
    assert len(rows()) > 30
    for cells in rows():
        assert len(cells) == 3, cells
        assert NAMED.search(cells[2]), f"no test stands behind: {cells[0]}"


def test_every_test_that_is_named_can_fail() -> None:
    named = NAMED.findall(TEXT)
    assert len(named) > 50
    for file, name in named:
        assert (ROOT / file).is_file(), file
        tests = collected(ROOT / file)
        assert tests
        assert not name or name in tests, f"{file} has no {name}"


def test_nothing_says_where_this_was_written() -> None:
    assert not re.search(r"(/home/|/root|/tmp|/work\b|https?://|@)", TEXT)
