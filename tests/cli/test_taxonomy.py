"""`ruler taxonomy`: list, show, validate, rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruler import cli
from ruler.jobs.taxonomies import rule_file
from ruler.text.phrases import find_any
from rules_store.rule_files import parse_rules
from rules_store.taxonomy_files import builtin_taxonomies, load_taxonomy, parse_taxonomy

MINE = """\
schema: ruler/taxonomy/v1
id: mine
categories:
  yard:
    title: "[red]The yard[/]"
    items:
      - id: yard.climb
        kind: abnormal
        title: Child climbs
        level: high
        statement: A child climbs the shelves.
        look_for: [climbing]
        only_if: [child, toddler]
        unless: [adult]
        tests:
          fire: [A toddler climbs the shelf., A child is there; it climbs the shelf.]
          quiet: [A man climbs a ladder., A child climbs with an adult.]
      - id: yard.play
        kind: normal
        title: Play
        statement: Children play [red]here[/].
        look_for: [playing]
"""


def run(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["ruler", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return path


def test_lists_what_ships(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("taxonomy", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in listed] == list(builtin_taxonomies())
    assert all(row["abnormal"] and row["normal"] and row["from"] == "ruler" for row in listed)
    assert run("taxonomy", "list") == 0
    assert (
        "general  What is normal and abnormal in most places: 9 categories"
        in capsys.readouterr().out
    )


def test_lists_what_cannot_be_used(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RULER_TAXONOMIES", str(mine.parent))
    mine.write_text(MINE.replace("kind: abnormal", "kin: abnormal"), encoding="utf-8")
    assert run("taxonomy", "list") == 0
    assert "mine  cannot be used" in capsys.readouterr().out
    assert run("taxonomy", "list", "--json") == 0
    assert "unknown key `kin`" in json.loads(capsys.readouterr().out)[-1]["problem"]


def test_a_new_file_is_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("taxonomy", "new", "front-office") == 0
    assert run("taxonomy", "validate", "front-office.yaml", "--strict") == 0
    taxonomy = load_taxonomy("front-office.yaml")
    assert (taxonomy.id, taxonomy.title) == ("front-office", "Front office")
    capsys.readouterr()
    assert run("taxonomy", "new", "front-office") == 2
    assert "front-office.yaml exists already" in capsys.readouterr().err
    assert run("taxonomy", "new", "Front Office") == 2
    assert run("taxonomy", "new", "x", "--out", "no/such/folder.yaml") == 2


def test_markup_of_others_is_shown_as_it_is(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run("taxonomy", "show", str(mine)) == 0
    said = capsys.readouterr().out
    assert "Children play [red]here[/]." in said
    assert "yard.climb" in said and "child, toddler" in said


def test_ids_stay_whole_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are what people copy into maps and rules."""
    monkeypatch.setenv("COLUMNS", "40")
    assert run("taxonomy", "show", "smart-home") == 0
    said = capsys.readouterr().out
    assert all(item.id in said for item in load_taxonomy("smart-home").items)
    assert "look for: bear, snake" in said and "unless: teddy bear" in said


def test_try_tells_what_counts_and_what_does_not(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "A toddler is climbing on a [b]shelf[/]."
    assert run("taxonomy", "try", str(mine), text, "--first", "normal") == 0
    said = capsys.readouterr().out
    assert 'counts   yard.climb abnormal: "climbing"' in said
    assert "normal -> anomaly: overturned" in said
    for text, how in (
        ("A toddler is climbing near an adult.", 'excused  yard.climb abnormal: "climbing"'),
        ("A man is climbing.", "lacking  yard.climb"),
        ("Nobody is playing.", 'near     yard.play normal ("playing": "play" is negated)'),
        ("A wall.", "No item comes near."),
    ):
        assert run("taxonomy", "try", str(mine), text) == 0
        said = capsys.readouterr().out
        assert how in said, said
        assert "undetermined -> undetermined" in said


def test_try_gives_data_and_refuses_nothing_to_read(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("taxonomy", "try", str(mine), "Two girls are playing.", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["item"] for one in found["items"]] == ["yard.play"]
    assert found["reflection"]["second"] == "normal"
    assert run("taxonomy", "try", str(mine), "  ") == 2
    assert run("taxonomy", "try", str(mine), "x", "--first", "maybe") == 2


def test_validate_tells_errors_tests_and_weak_places(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("taxonomy", "validate", str(mine)) == 0
    assert "mine is valid: 2 items." in capsys.readouterr().out
    mine.write_text(MINE.replace("A man climbs a ladder.", "A child climbs."), encoding="utf-8")
    assert run("taxonomy", "validate", str(mine)) == 1
    assert "yard.climb: it fires on: A child climbs." in capsys.readouterr().out
    mine.write_text(MINE.replace("        look_for: [playing]\n", ""), encoding="utf-8")
    assert run("taxonomy", "validate", str(mine)) == 0
    assert run("taxonomy", "validate", str(mine), "--strict") == 1
    mine.write_text(MINE.replace("kind: abnormal", "kin: abnormal"), encoding="utf-8")
    assert run("taxonomy", "validate", str(mine)) == 2
    assert "unknown key `kin`; did you mean `kind`?" in capsys.readouterr().err


def test_a_rule_for_every_item(mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "rules.yaml"
    assert run("taxonomy", "rules", str(mine), "--scene", "yard", "--out", str(out)) == 0
    climb, play = parse_rules(out.read_text(encoding="utf-8")).rules
    assert (climb.id, climb.kind, climb.level) == ("yard.yard.climb", "anomaly", "high")
    assert (play.id, play.kind, play.category) == ("yard.yard.play", "normal", "yard.play")
    assert climb.look_for == ("climbing child", "climbing toddler")
    assert [one.unless for one in climb.exceptions] == ["adult"]
    assert climb.tests.fire == ("A toddler climbs the shelf.",)
    assert climb.tests.todo == ("A child is there; it climbs the shelf.",)
    assert "Only where this is seen: child, toddler." in climb.statement
    assert {rule.origin.by for rule in (climb, play)} == {"taxonomy"}


def test_a_scene_that_cannot_be_called_so(mine: Path) -> None:
    assert run("taxonomy", "rules", str(mine), "--scene", "Bad Name") == 2


@pytest.mark.parametrize("name", builtin_taxonomies())
def test_rules_of_all_that_ships(name: str) -> None:
    taxonomy = load_taxonomy(name)
    rules = parse_rules(rule_file(taxonomy, "hall")).rules
    assert [rule.category for rule in rules] == [item.id for item in taxonomy.items]
    for rule in rules:
        assert all(find_any(text, rule.look_for) for text in rule.tests.fire), rule.id


def test_rules_are_the_same_each_time() -> None:
    taxonomy = parse_taxonomy(MINE)
    assert rule_file(taxonomy, "hall") == rule_file(taxonomy, "hall")


MAPPED = (
    MINE
    + """\
maps:
  general: {yard.climb: posture.climbing}
  nowhere: {yard.play: some.thing}
"""
)
OTHER = (
    MINE.replace("id: mine", "id: other").replace("yard", "lawn")
    + """\
maps:
  mine: {lawn.play: yard.play, lawn.climb: yard.play}
"""
)


def test_counterparts_in_both_directions(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine.write_text(MAPPED, encoding="utf-8")
    assert run("taxonomy", "map", str(mine), "general", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pairs"] == [
        {"item": "yard.climb", "counterpart": "posture.climbing", "said_by": ["mine"]}
    ]
    assert found["only_first"] == ["yard.play"]
    assert "posture.fall" in found["only_second"]
    assert "posture.climbing" not in found["only_second"]
    other = tmp_path / "other.yaml"
    other.write_text(OTHER, encoding="utf-8")
    assert run("taxonomy", "map", str(mine), str(other)) == 0
    said = capsys.readouterr().out
    assert "yard.play = lawn.climb (abnormal there) (by other)" in said
    assert "yard.play = lawn.play (by other)" in said
    assert "Without counterpart in mine: yard.climb" in said
    assert "2 pairs of counterparts." in said


def test_validate_tells_where_maps_lead_nowhere(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine.write_text(MAPPED.replace("posture.climbing", "posture.climbin"), encoding="utf-8")
    assert run("taxonomy", "validate", str(mine)) == 0
    said = capsys.readouterr().out
    assert "`general` does not have; did you mean `posture.climbing`?" in said
    assert "yard.play: `maps` leads to a taxonomy `nowhere`: no taxonomy is called" in said
    mine.write_text(MINE + "maps: {yard.play: motion.walkin}\n", encoding="utf-8")
    assert run("taxonomy", "validate", str(mine)) == 0
    assert "which no taxonomy here has; did you mean `motion.walking`?" in capsys.readouterr().out
