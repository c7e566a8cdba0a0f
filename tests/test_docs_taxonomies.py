"""docs/taxonomies.md is true: its files are written, its commands run, and what they say stands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from ruler import cli
from ruler.schemas.taxonomy import Taxonomy, TaxonomyCategory, TaxonomyItem
from rules_store.taxonomy_files import parse_taxonomy
from tests.video.clips import numbered, write_clip

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "taxonomies.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
FILES = {name: body for _, name, body in BLOCKS if name}


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


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's files and two clips."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name, body in FILES.items():
        (tmp_path / name).write_text(body, encoding="utf-8")
    for name, count in (("monday", 51), ("friday", 60)):
        write_clip(tmp_path / f"{name}.mp4", numbered(count), fps=10.0)
    return tmp_path


def test_the_commands_do_what_the_page_says(
    pool: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = commands()
    assert len(listed) >= 6
    for arguments, expected in listed:
        assert run(arguments, monkeypatch) == 0, arguments
        said = capsys.readouterr().out
        words = squeezed(re.sub(r"[\d.]+s to [\d.]+s", "", said))
        for line in expected:
            assert squeezed(line) in words, (arguments, said)
    figures = json.loads((pool / "figures.json").read_text())["results"][0]
    assert figures["metrics"]["accuracy"] == 1.0
    assert figures["baselines"]["first_answer_accuracy"] == pytest.approx(1 / 3, abs=1e-3)


def test_every_key_is_explained() -> None:
    for model in (Taxonomy, TaxonomyCategory, TaxonomyItem):
        for key in model.model_fields:
            assert f"`{key}`" in PAGE, key


PHRASES = [
    ("running", "A boy ran.", True),
    ("child in the deep water", "A child waits. The deep water is calm.", False),
    ("running", "Nobody is running.", False),
    ("running", "He may be running.", False),
    ("canister without gloves", "He carries a canister and wears no gloves.", True),
    ("canister without gloves", "He carries a canister with gloves.", False),
    ("dog -guide", "A dog sleeps.", True),
    ("dog -guide", "A guide dog sleeps.", False),
    ("+on a bicycle", "A man walks past a bicycle.", False),
    ("+on a bicycle", "A man on a bicycle.", True),
    ("=skateboarding", "He holds a skateboard.", False),
    ("climbing rack", "Someone climbs a rack.", True),
]


@pytest.mark.parametrize(("phrase", "caption", "is_found"), PHRASES)
def test_phrases_mean_what_the_page_says(phrase: str, caption: str, is_found: bool) -> None:
    from ruler.text.phrases import find_phrase

    assert (find_phrase(caption, phrase) is not None) is is_found


def test_the_page_shows_every_kind_of_item() -> None:
    items = parse_taxonomy(FILES["pool.yaml"]).items
    assert {item.kind for item in items} == {"normal", "abnormal"}
    assert any(item.unless for item in items) and any(item.only_if for item in items)
    assert any(item.subject == "environment" for item in items)
