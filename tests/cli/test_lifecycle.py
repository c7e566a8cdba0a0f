"""The life of a rule in a terminal: edit, diff, log, blame, rollback, approve, reject, merge."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ruler.cli.rules.differences import show_difference
from ruler.steps.differing import difference
from tests.cli.test_commands import Ruler, ruler
from tests.scenes import SCENE, Workplace, wavy, write_pictures
from tests.support import make_rule, make_rules

__all__ = ["ruler"]

FAST = f"{SCENE}.fast"


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in place of an editor: it writes what `wanted` says, replacing old by new."""
    script = tmp_path / "editor.py"
    monkeypatch.setenv("RULER_EDITOR", f"{sys.executable} {script}")
    monkeypatch.setenv("RULER_DRAFTS", str(tmp_path / "drafts"))
    return script


def writes(script: Path, old: str, new: str) -> None:
    script.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        f"path.write_text(path.read_text().replace({old!r}, {new!r}))\n"
    )


def test_edit_shows_and_saves(ruler: Ruler, editor: Path, yard: Workplace) -> None:
    writes(editor, "above: 1.2", "above: 1.75")
    ended = ruler("rules", "edit", SCENE, "--yes", "--reason", "children run here")
    assert ended.code == 0, ended
    assert f"~ {FAST}" in ended.out and "1.2" in ended.out and "1.75" in ended.out
    assert f"Saved as {SCENE}@2, active." in ended.out
    assert yard.store.scenes.revision(SCENE).reason == "children run here"
    assert "Nothing was changed" in ruler("rules", "edit", SCENE, "--yes").out


def test_a_mistake_is_told_and_nothing_is_lost(ruler: Ruler, editor: Path, tmp_path: Path) -> None:
    writes(editor, "threshold: 0.5", "thresholt: 0.9")
    ended = ruler("rules", "edit", SCENE, "--yes")
    assert ended.code == 2
    assert "unknown key `thresholt`" in ended.err and "did you mean `threshold`" in ended.err
    [draft] = (tmp_path / "drafts").glob("*.yaml")
    assert str(draft) in ended.err and "thresholt: 0.9" in draft.read_text()
    writes(editor, "thresholt", "threshold")
    ended = ruler("rules", "edit", SCENE, "--yes")
    assert "Going on with the draft" in ended.out and "threshold: 0.5 -> 0.9" in ended.out


def test_diff_log_blame_and_rollback(ruler: Ruler, editor: Path) -> None:
    writes(editor, "above: 1.2", "above: 1.75")
    ruler("rules", "edit", SCENE, "--yes", "--reason", "[red]children[/] run")
    assert "[red]children[/] run" in ruler("rules", "log", SCENE).out
    assert "[red]children[/] run" in ruler("rules", "blame", FAST).out
    assert ruler("rules", "log", SCENE, "--json").data[0]["state"] == "active"
    same = ruler("rules", "diff", f"{SCENE}@1", "2").out
    assert same == ruler("rules", "diff", f"{SCENE}@1").out and "measures: " in same
    assert "+    measures: [{fact: speed_ratio, above: 1.75" in " ".join(
        ruler("rules", "diff", f"{SCENE}@1", f"{SCENE}@2", "--text").out.split("\n")
    )
    changed = ruler("rules", "diff", f"{SCENE}@1", f"{SCENE}@2", "--json").data
    assert [one["rule_id"] for one in changed["rules"]] == [FAST]
    assert "They say the same." in ruler("rules", "diff", f"{SCENE}@1", f"{SCENE}@1").out
    back = ruler("rules", "rollback", f"{SCENE}@1")
    assert f"Saved as {SCENE}@3, active: it says what {SCENE}@1 said." in back.out
    assert "every revision is as it was saved" in ruler("rules", "verify").out


def test_a_proposal_from_induction_to_approval(ruler: Ruler, yard: Workplace) -> None:
    more = write_pictures(yard.folder / "more", [value + 60 for value in wavy(30, seed=60)])
    learn = ["induce", *yard.references, more, "--scene", SCENE, "--fps", "10"]
    learn += ["--captioner", "lightmeter"]
    ended = ruler(*learn)
    assert f"ruler rules approve {SCENE}@2" in ended.out, ended
    assert "open proposal" in ruler("rules", "log", SCENE).out
    assert f"{SCENE}@2 would change:" in ruler("rules", "approve", SCENE, "--list").out
    ended = ruler("rules", "approve", SCENE, "--reason", "backtest looks right")
    assert ended.code == 0 and f"Approved; {SCENE}@3 is active." in ended.out
    assert "Nothing of yard waits" in ruler("rules", "approve", SCENE, "--list").out
    assert ruler("rules", "approve", SCENE).sentence.startswith("nothing of scene")
    ended = ruler("rules", "reject", FAST, "--reason", "children run here", "--json")
    assert ended.data["change"]["rules"][0]["what"] == "removed"


def test_merge_keeps_what_others_saved(ruler: Ruler, editor: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    ruler("rules", "export", SCENE, "--out", mine)
    mine.write_text(mine.read_text().replace("above: 1.2", "above: 3"))
    writes(editor, "threshold: 0.5", "threshold: 0.6")
    ruler("rules", "edit", SCENE, "--yes")
    assert "Dry run" in ruler("rules", "merge", f"{SCENE}@1", mine, "--dry-run").out
    ended = ruler("rules", "merge", f"{SCENE}@1", mine)
    assert ended.code == 0 and f"Saved as {SCENE}@3" in ended.out
    assert "threshold: 0.6" in ruler("rules", "export", SCENE).out
    mine.write_text(mine.read_text().replace("above: 3", "above: 4"))
    ended = ruler("rules", "merge", f"{SCENE}@1", mine)
    assert ended.code == 1 and f"conflict: {FAST} stands" in ended.out
    assert "say which revision" in ruler("rules", "merge", SCENE, mine).sentence


def test_import_shows_what_it_changes(ruler: Ruler, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    ruler("rules", "export", SCENE, "--out", mine)
    mine.write_text(mine.read_text().replace("threshold: 0.5", "threshold: 0.6"))
    ended = ruler("rules", "import", mine)
    assert "threshold: 0.5 -> 0.6" in ended.out and f"Saved as {SCENE}@2, active." in ended.out


def test_edit_lints_what_was_changed(ruler: Ruler, editor: Path) -> None:
    writes(editor, "above: 1.2", "above: -3")
    ended = ruler("rules", "edit", SCENE, "--yes")
    assert f"{FAST}: " in ended.out and "warning RL" in ended.out.replace("error", "warning")
    assert f"Saved as {SCENE}@2" in ended.out


def test_a_difference_names_only_the_entries_that_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = make_rules(make_rule("odd", tests={"fire": ["one", "two"], "quiet": ["three"]}))
    after = make_rules(make_rule("odd", tests={"fire": ["two", "[red]four"], "quiet": ["three"]}))
    show_difference(difference(before, after))
    said = capsys.readouterr().out.splitlines()
    assert said == ["~ gate.odd", "    tests.fire:", "      - one", '      + "[red]four"']
    turned = make_rules(make_rule("odd", tests={"fire": ["two", "one"], "quiet": ["three"]}))
    show_difference(difference(before, turned))
    assert "tests.fire: in another order" in capsys.readouterr().out
