"""What a shell offers, and what `ruler help` says."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from ruler.cli import completing, main, topics
from rules_store import glance
from rules_store.engine import DATABASE
from tests.scenes import SCENE, Workplace, wavy


def complete(words: str, store: Path) -> list[str]:
    """What bash is offered for a line, by ruler in a process of its own."""
    line = ["ruler", *words.split(" ")]
    environment = os.environ | {
        "_RULER_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
        "RULER_STORE": str(store),
    }
    ended = subprocess.run(
        [sys.executable, "-c", "from ruler.cli import main; main()"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


def test_a_shell_is_offered_what_there_is(yard: Workplace) -> None:
    yard.detect([yard.clip("one", wavy(20))], run_id="first-run")
    store = yard.folder / "store"
    assert complete("detect --scene ", store) == [SCENE]
    assert complete("rules log ", store) == [SCENE]
    assert complete(f"rules diff {SCENE}@", store) == [f"{SCENE}@1"]
    assert f"{SCENE}.uncovered" in complete(f"rules show {SCENE}.", store)
    assert complete("explain first", store) == ["first-run"]
    assert complete("detect --resume f", store) == ["first-run"]
    assert "smart-home" in complete("taxonomy show s", store)
    assert complete("help exit", store) == ["exit-codes"]


class Ended(NamedTuple):
    """What a command gave."""

    code: int
    out: str
    err: str


Ruler = Callable[..., Ended]


@pytest.fixture
def ruler(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ruler:
    """The command, in this process."""
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ruler", *arguments])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        return Ended(code, *capfd.readouterr())

    return run


@pytest.fixture
def context() -> typer.Context:
    import click

    return typer.Context(click.Command("ruler"))


COMPLETERS = ["scene", "revision", "rule", "rule_or_scene", "run", "taxonomy", "pack", "topic"]


@pytest.mark.parametrize("name", COMPLETERS)
@pytest.mark.parametrize("beginning", ["", "x", "%", "'", "a@1", "a@'; DROP TABLE scene", "\x00"])
def test_completers_never_raise(
    name: str, beginning: str, tmp_path: Path, context: typer.Context
) -> None:
    (tmp_path / DATABASE).write_bytes(b"no database" * 99)
    for store in (tmp_path, tmp_path / "none", Path("a\x00b")):
        context.params = {"store": str(store)}
        offers = getattr(completing, name)(context, beginning)
        assert all(isinstance(word, str) for word, _ in offers)
    assert not (tmp_path / "none").exists()


def test_names_of_others_move_no_cursor(
    monkeypatch: pytest.MonkeyPatch, context: typer.Context
) -> None:
    held = [("a\x1b[31m", "x"), ("good", "two\nlines\x1b[0m"), ("long", "y" * 500)]
    monkeypatch.setattr(glance, "scenes", lambda place, beginning: held)
    assert completing.scene(context, "") == [("good", "two lines [0m"), ("long", "y" * 60)]


def test_signs_of_sql_are_letters(yard: Workplace) -> None:
    store = yard.folder / "store"
    assert glance.scenes(store, SCENE[:2]) == [(SCENE, "revision 1")]
    assert glance.scenes(store, "%") == glance.scenes(store, "_") == []
    assert glance.DATABASE == DATABASE


def test_a_locked_store_is_not_waited_for(yard: Workplace) -> None:
    database = yard.folder / "store" / DATABASE
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert isinstance(glance.scenes(yard.folder / "store", ""), list)


@pytest.mark.parametrize("topic", topics.TOPICS)
def test_each_topic_is_explained(ruler: Ruler, topic: str) -> None:
    ended = ruler("help", topic)
    assert ended.code == 0 and len(ended.out.splitlines()) > 3
    assert "[bold]" not in ended.out and "[dim]" not in ended.out and "[/]" not in ended.out
    assert topic in ruler("help").out


def test_a_topic_of_two_words_and_one_that_is_not(ruler: Ruler) -> None:
    assert ruler("help", "exit", "codes").out == ruler("help", "exit-codes").out
    ended = ruler("help", "taxonomies")
    assert ended.code == 2 and "did you mean 'taxonomy'" in ended.err


def test_settings_show_no_secret(ruler: Ruler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RULER_API_KEY", "sk-secret")
    monkeypatch.setenv("RULER_BASE_URL", "http://kim:hunter2@127.0.0.1:9/v1?token=hunter3")
    said = ruler("help", "settings").out
    assert "RULER_API_KEY = set" in said and "RULER_BASE_URL = http://127.0.0.1:9/v1" in said
    assert "sk-secret" not in said and "hunter" not in said


def test_every_setting_is_explained() -> None:
    told = list(topics.settings())
    assert len(told) > 15 and all(what for _, what, _ in told)
