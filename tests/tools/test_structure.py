"""The tools that hold the code to its own rules find what they are for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import structure

LONG = "def f():\n" + "    x = 1\n" * 41
SHORT = 'def f():\n    """Says.\n' + "\n    more\n" * 30 + '    """\n' + "    x = 1\n" * 40


@pytest.mark.parametrize(("text", "lines"), [(LONG, 41), (SHORT, 40), ('def f():\n    "x"\n', 0)])
def test_a_docstring_does_not_count(text: str, lines: int) -> None:
    ((_, function),) = structure.functions(ast.parse(text))
    assert structure.body_lines(function) == lines


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of one module, without reasons."""
    for folder in structure.USERS:
        (tmp_path / folder).mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "tools" / "structure.toml").write_text("[long]\n")
    monkeypatch.setattr(structure, "ROOT", tmp_path)
    monkeypatch.setattr(structure, "LISTED", tmp_path / "tools" / "structure.toml")
    return tmp_path


def test_what_is_long_needs_a_reason_that_holds(checkout: Path) -> None:
    (checkout / "ruler" / "a.py").write_text("class C:\n    " + LONG.replace("\n", "\n    "))
    assert structure.long_ones() == ["ruler/a.py::C.f: 41 lines, more than 40; split it"]
    (checkout / "tools" / "structure.toml").write_text(
        '[long]\n"ruler/a.py::C.f" = "why"\n"ruler/b.py" = " "\n"ruler/a.py" = "not long"\n'
    )
    assert structure.long_ones() == [
        "ruler/b.py: its reason in tools/structure.toml is empty",
        "ruler/a.py: no longer long; take it out of tools/structure.toml",
        "ruler/b.py: is gone; take it out of tools/structure.toml",
    ]
    (checkout / "ruler" / "long.py").write_text("x = 1\n" * 301)
    assert "ruler/long.py: 301 lines, more than 300; split it" in structure.long_ones()


@pytest.mark.parametrize(
    ("remark", "found"),
    [
        ("# noqa", 1),
        ("# noqa: BLE001 - a plug-in", 0),
        ("# type: ignore", 1),
        ("# type: ignore[attr-defined]", 0),
        ("# ruff: noqa", 1),
        ("# mypy: ignore-errors", 1),
        ("'# noqa'", 0),
    ],
)
def test_blanket_remarks(checkout: Path, remark: str, found: int) -> None:
    (checkout / "ruler" / "a.py").write_text(
        f"x = 1  {'+ len(' + remark + ')' if remark[0] != '#' else remark}\n"
    )
    assert len(list(structure.blanket_remarks())) == found


def test_names_that_nobody_uses(checkout: Path) -> None:
    (checkout / "ruler" / "a.py").write_text(
        "USED = 1\nALONE = 2\n_OWN = 3\n\ndef alone():\n    pass\n\n"
        "@door\ndef command():\n    pass\n"
    )
    (checkout / "ruler" / "b.py").write_text("from ruler.a import USED\n")
    assert list(structure.unused()) == [
        "ruler/a.py:2: nobody uses `ALONE`",
        "ruler/a.py:5: nobody uses `alone`",
    ]
