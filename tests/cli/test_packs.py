"""`ruler rules packs`, and packs where rule files are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules_store.packs import load_pack
from tests.cli.test_commands import Ruler, ruler
from tests.scenes import Workplace

__all__ = ["ruler"]


def test_packs_are_listed_and_shown(ruler: Ruler) -> None:
    listed = ruler("rules", "packs")
    assert listed.code == 0
    assert "walkway  People on foot" in listed.out and "9 anomaly and 3 normal rules" in listed.out
    one = ruler("rules", "packs", "parking")
    assert "parking.break-in" in one.out and "01:00-05:00" in one.out
    data = ruler("rules", "packs", "--json").data
    assert [pack["name"] for pack in data] == sorted(pack["name"] for pack in data)
    assert data[0]["rules"][0]["tests"]["fire"] and data[0]["description"]
    assert "did you mean `parking`" in ruler("rules", "packs", "parkin").sentence


def test_a_pack_is_imported_and_left_alone_the_second_time(ruler: Ruler, yard: Workplace) -> None:
    ended = ruler("rules", "import", "front-door", "--scene", "porch", "--reason", "to begin")
    assert ended.code == 0 and "Saved as porch@1, active: 12 rules from front-door." in ended.out
    assert yard.store.scenes.revision("porch").author == "kim"
    again = ruler("rules", "import", "front-door", "--scene", "porch")
    assert again.code == 0 and "Nothing new: porch@1" in again.out
    beside = ruler("rules", "import", "walkway", "--scene", "porch")
    assert "Saved as porch@2, active: 10 rules from walkway." in beside.out
    assert "porch.loiterer was there already and stays as it is" in beside.out


def test_errors_say_what_to_do(ruler: Ruler) -> None:
    assert "walkway" in ruler("rules", "import", "nothing", "--scene", "porch").sentence
    assert "--scene NAME" in ruler("rules", "import", "walkway").sentence
    assert "Starter packs: front-door" in ruler("rules", "test", "nowhere").sentence
    bad = ruler("rules", "import", "walkway", "--scene", "[red]Porch").sentence
    assert "[red]Porch" in bad


def test_a_file_goes_before_a_pack_where_there_is_one(
    ruler: Ruler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = load_pack("walkway").source
    Path("parking").write_text(source)
    assert "Saved as walkway@1, active." in ruler("rules", "import", "parking").out
    Path("parking").unlink()
    Path("parking").mkdir()
    ended = ruler("rules", "import", "parking", "--scene", "lot")
    assert "rules from parking" in ended.out


def test_packs_are_tested_and_linted_by_name(ruler: Ruler) -> None:
    ended = ruler("rules", "test", "living-room")
    assert ended.code == 0 and "packs/living-room.yaml: 65 passed, 3 todo" in ended.out
    assert ruler("rules", "lint", "walkway", "shop-floor").code == 0
    ruler("rules", "import", "walkway", "--scene", "living-room")
    assert "living-room@1: 67 passed" in ruler("rules", "test", "living-room").out
