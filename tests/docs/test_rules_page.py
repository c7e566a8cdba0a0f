"""docs/rules.md is true: its commands run in their order, and what they say stands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rules_store.packs import builtin_packs
from tests.docs.blocks import page
from tests.docs.playing import Player
from tests.video.clips import numbered, write_clip

PAGE = page("docs/rules.md")

EDITOR = """import pathlib, sys
path = pathlib.Path(sys.argv[1])
before, rule = path.read_text().split("- id: porch.parcel-taken", 1)
rule = rule.replace("    exceptions:\\n", "    exceptions:\\n" + {exception!r}, 1)
rule = rule.replace("      quiet:\\n", "      quiet:\\n" + {quiet!r}, 1)
path.write_text(before + "- id: porch.parcel-taken" + rule)
"""


@pytest.fixture
def porch(player: Player) -> Path:
    """A clip of six seconds, and an editor that does as the page says."""
    write_clip(player.folder / "friday.mp4", numbered(60), fps=10.0)
    script = player.folder / "editor.py"
    changes = {name: PAGE.files[name] for name in ("exception", "quiet")}
    script.write_text(EDITOR.format(**changes))
    player.patch.setenv("RULER_EDITOR", f"{sys.executable} {script}")
    return player.folder


def test_the_commands_do_what_the_page_says(porch: Path, player: Player) -> None:
    assert player.play(PAGE) >= 18
    assert PAGE.files["exception"] in (porch / "porch.yaml").read_text(encoding="utf-8")


def test_every_pack_is_named() -> None:
    assert all(f"`{name}`" in PAGE.text for name in builtin_packs())
