"""docs/rules.md is true: its commands run in their order, and what they say stands."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from ruler import cli
from rules_store.packs import builtin_packs
from tests.video.clips import numbered, write_clip

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "rules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
NAMED = {name: body for _, name, body in BLOCKS if name}

EDITOR = """import pathlib, sys
path = pathlib.Path(sys.argv[1])
before, rule = path.read_text().split("- id: porch.parcel-taken", 1)
rule = rule.replace("    exceptions:\\n", "    exceptions:\\n" + {exception!r}, 1)
rule = rule.replace("      quiet:\\n", "      quiet:\\n" + {quiet!r}, 1)
path.write_text(before + "- id: porch.parcel-taken" + rule)
"""


def commands() -> list[tuple[list[str], list[str]]]:
    """(arguments, lines that it must say) of each command, in the order of the page."""
    found: list[tuple[list[str], list[str]]] = []
    for kind, _, body in BLOCKS:
        for line in body.splitlines() if kind == "console" else ():
            if line.startswith("$ "):
                found.append((shlex.split(line[2:]), []))
            else:
                found[-1][1].append(line)
    return found


@pytest.fixture
def porch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's captions, a clip of six seconds, and an editor that does as told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("RULER_DRAFTS", str(tmp_path / "drafts"))
    (tmp_path / "captions.jsonl").write_text(NAMED["captions.jsonl"], encoding="utf-8")
    write_clip(tmp_path / "friday.mp4", numbered(60), fps=10.0)
    script = tmp_path / "editor.py"
    script.write_text(EDITOR.format(exception=NAMED["exception"], quiet=NAMED["quiet"]))
    monkeypatch.setenv("RULER_EDITOR", f"{sys.executable} {script}")
    return tmp_path


def test_the_commands_do_what_the_page_says(
    porch: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = commands()
    assert len(listed) >= 18
    for arguments, expected in listed:
        monkeypatch.setattr("sys.argv", arguments)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr().out
        assert not ended.value.code, (arguments, said)
        words = " ".join(said.split())
        for line in expected:
            assert " ".join(line.split()) in words, (arguments, line, said)
    assert NAMED["exception"] in (porch / "porch.yaml").read_text(encoding="utf-8")


def test_every_pack_is_named() -> None:
    assert all(f"`{name}`" in PAGE for name in builtin_packs())
