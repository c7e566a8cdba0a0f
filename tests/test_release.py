"""What goes out to people: the version, the change log, the image, and what builds them."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import ruler
from ruler import stamp
from ruler.stamp import judging_stamp

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.match(r"\d+\.\d+\.\d+", ruler.__version__)
    assert "version" in PROJECT["project"]["dynamic"]
    tag = re.compile(PROJECT["tool"]["hatch"]["version"]["raw-options"]["tag_regex"])
    assert [bool(tag.match(name)) for name in ("v0.2.0", "v1.10.3rc1", "0.2.0", "v1", "vv")] == [
        *(True, True, False, False, False)
    ]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation with one module that judges and one that does not."""
    for name in ("ruler/text/a.py", "ruler/cli/b.py", "rules_store/data/lexicons/c.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.setattr(stamp, "ruler", type("Ruler", (), {"__version__": "1.2.3"}))
    monkeypatch.setattr(
        stamp.ruler, "__file__", str(tmp_path / "ruler" / "__init__.py"), raising=False
    )
    judging_stamp.cache_clear()
    yield tmp_path
    judging_stamp.cache_clear()


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("ruler/text/a.py", True),
        ("rules_store/data/lexicons/c.yaml", True),
        ("ruler/cli/b.py", False),
    ],
)
def test_the_stamp_is_of_what_judges(sources: Path, name: str, matters: bool) -> None:
    before = judging_stamp()
    (sources / name).write_text("other")
    judging_stamp.cache_clear()
    assert (judging_stamp() != before) == matters


def test_a_stamp_without_sources_is_the_version(sources: Path) -> None:
    for path in sources.rglob("*.*"):
        path.unlink()
    assert judging_stamp() == "judging-1.2.3"


HEADING = re.compile(r"## \[(?:Unreleased|(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d{2}-\d{2})")
SECTIONS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_the_form_of_the_change_log() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# Changelog"
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == "## [Unreleased]"
    versions = [
        tuple(map(int, found.groups())) for line in headings[1:] if (found := HEADING.match(line))
    ]
    assert len(versions) == len(headings) - 1
    assert versions == sorted(set(versions), reverse=True)
    for block in re.split(r"^## .*$", "\n".join(lines), flags=re.MULTILINE)[1:]:
        sections = re.findall(r"^### (.*)$", block, re.MULTILINE)
        assert len(sections) == len(set(sections))
        assert sections == sorted(sections, key=SECTIONS.index)
        for line in block.splitlines():
            assert not line or re.match(r"### |- .*[.:`)]$|  ", line), line


def instructions() -> list[tuple[str, list[str]]]:
    """(instruction, words) of the Containerfile, lines joined."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(words[0], shlex.split(words[1])) for line in lines if (words := line.split(None, 1))]


KNOWN = {"ARG", "FROM", "WORKDIR", "RUN", "COPY", "ENV", "USER", "VOLUME", "ENTRYPOINT", "CMD"}


def test_the_image() -> None:
    found = instructions()
    assert {name for name, _ in found} <= KNOWN
    copied = [
        source
        for name, words in found
        if name == "COPY" and "--from" not in words[0]
        for source in words[:-1]
    ]
    assert all((ROOT / source).exists() for source in copied), copied
    assert {"ruler", "graphs", "prompts", "rules_store", "pyproject.toml"} <= set(copied)
    bases = [words[0] for name, words in found if name == "FROM"]
    assert bases == ["python:${PYTHON}-slim"] * 2  # no registry is named
    last = dict(found)
    assert last["USER"] == ["10001"]
    assert last["VOLUME"] == ["[/data]"]
    assert last["ENTRYPOINT"] == ["[ruler]"]
    env = " ".join(last["ENV"])
    assert all(f"RULER_{name}=/data/" in env for name in ("STORE", "RUNS", "DRAFTS"))
    (argument,) = [words[0] for name, words in found if words[0].startswith("PYTHON=")]
    classifier = f"Programming Language :: Python :: {argument.removeprefix('PYTHON=')}"
    assert classifier in PROJECT["project"]["classifiers"]


def test_the_image_is_sent_what_it_copies_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {line[1:] for line in rules if line.startswith("!")}
    copied = {
        source
        for name, words in instructions()
        if name == "COPY" and "--from" not in words[0]
        for source in words[:-1]
    }
    assert let_in == copied


def test_every_name_that_the_sdist_lists_exists() -> None:
    listed = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    assert [name for name in listed if not (ROOT / name).exists()] == []
