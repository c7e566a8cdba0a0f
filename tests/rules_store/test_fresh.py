"""Verdicts that were just stored are handed on once; everything else is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from rules_store import fresh
from rules_store.engine import open_database
from rules_store.fresh import Fresh
from rules_store.tables import CAPTION
from tests.support import verdict_of

SAID = [verdict_of(frame=frame) for frame in range(4)]


def test_they_are_handed_on_once() -> None:
    held = Fresh()
    assert held.take("run", 0) is None
    held.put("run", 0, SAID)
    assert held.take("run", 1) is None
    assert held.take("run", 0) == SAID
    assert held.take("run", 0) is None


def test_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "MOST_FRAMES", 9)
    held = Fresh()
    for clip in range(3):
        held.put("run", clip, SAID)
    assert [held.take("run", clip) for clip in range(3)] == [None, SAID, SAID]
    held.put("run", 0, SAID * 3)
    assert held.take("run", 0) is None


def test_many_rows_are_inserted_like_few(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    rows = [
        {"body": f"{number}'; --", "key": str(number), "captioner": "c", "sha256": "s"}
        for number in range(120)
    ]
    with database.write() as connection:
        database.insert_new(connection, CAPTION, [{**rows[7], "body": "kept"}])
        database.insert_new(connection, CAPTION, rows)
    with database.read() as connection:
        found = connection.execute(text("SELECT key, sha256, captioner, body FROM caption")).all()
    database.dispose()
    wanted = {(r["key"], "s", "c", "kept" if r is rows[7] else r["body"]) for r in rows}
    assert {tuple(row) for row in found} == wanted
