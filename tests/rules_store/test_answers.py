"""Answers and captions are kept once, counted by name, and pruned where nothing needs them."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruler.jobs.caches import contents, prune
from ruler.schemas.captions import Caption
from ruler.schemas.runs import Usage
from rules_store.engine import DATABASE, now_text
from rules_store.sizes import Kept
from rules_store.store import Store
from tests.conformance.stores import fill

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        yield opened


def caption(number: int, captioner: str = "model", text: str = "Nobody.") -> Caption:
    return Caption(key=f"key {number}", captioner=captioner, text=text)


def age(folder: Path, key: str, days: int) -> None:
    """Make an answer look old; the store itself never changes one."""
    with sqlite3.connect(folder / DATABASE) as database:
        database.execute("DROP TRIGGER answer_is_append_only")
        created = now_text(NOW - dt.timedelta(days=days))
        database.execute("UPDATE answer SET created_at = ? WHERE key = ?", (created, key))
    database.close()


# Keeping.


def test_many_answers_are_found_at_once(store: Store) -> None:
    for number in range(1203):
        store.answers.put(f"key {number}", "openai:a", f"Answer {number}.")
    found = store.answers.get([*(f"key {n}" for n in range(1203)), "key 7", "no such key"])
    assert found == {f"key {n}": f"Answer {n}." for n in range(1203)}
    assert store.answers.get([]) == {}


def test_the_first_answer_stays(store: Store) -> None:
    store.answers.put("key", "openai:a", "First.")
    store.answers.put("key", "openai:b", "Second.")
    assert store.answers.get(["key"]) == {"key": "First."}


def test_they_are_counted_by_model_and_by_captioner_in_bytes(store: Store) -> None:
    store.answers.put("a", "openai:a", "Grün.")
    store.answers.put("b", "openai:a", "Rot.")
    store.answers.put("c", "anthropic:b", "")
    store.captions.put([caption(1), caption(2), caption(3, "motion")])
    found = contents(store)
    assert found.answers == [Kept("anthropic:b", 1, 0), Kept("openai:a", 2, 6 + 4)]
    size = len(caption(1).model_dump_json().encode())
    assert found.captions[0] == Kept("model", 2, 2 * size)
    assert [kept.name for kept in found.captions] == ["model", "motion"]
    assert found.as_data()["answers"][0] == {"name": "anthropic:b", "entries": 1, "size_bytes": 0}


# Pruning.


def test_answers_go_by_their_age(store: Store, tmp_path: Path) -> None:
    for key in ("old", "new"):
        store.answers.put(key, "openai:a", f"{key}!")
    age(tmp_path, "old", 31)
    assert prune(store, days=None).answers == ()
    assert prune(store, days=32).answers == []
    told = prune(store, days=30, is_dry_run=True)
    assert told.answers == [Kept("openai:a", 1, 4)]
    assert store.answers.get(["old", "new"]) == {"old": "old!", "new": "new!"}
    assert prune(store, days=30) == told
    assert store.answers.get(["old", "new"]) == {"new": "new!"}


def test_captions_go_where_no_run_and_no_frame_refers_to_them(store: Store) -> None:
    traces = fill(store, 3)
    store.runs.finish("run", "done")
    store.captions.put([caption(100), caption(101)])
    store.captions.put_samples("clip", "view", {0: "key 100"})
    told = prune(store, days=None, is_dry_run=True)
    assert [(kept.name, kept.entries) for kept in told.captions] == [("model", 1)]
    assert set(store.captions.get(["key 100", "key 101"])) == {"key 100", "key 101"}
    assert prune(store, days=None) == told
    assert set(store.captions.get(["key 100", "key 101"])) == {"key 100"}
    assert list(store.traces.read("run", 0)) == traces
    assert prune(store, days=None).captions == []


@pytest.mark.parametrize("state", ["running", "incomplete"])
def test_what_an_unfinished_run_may_need_stays_unless_it_is_given_up(
    store: Store, state: str
) -> None:
    fill(store, 3)
    store.runs.finish("run", state)
    store.captions.put([caption(100)])
    store.answers.put("key", "openai:a", "Yes.")
    kept = prune(store, days=0)
    assert (kept.unfinished, kept.answers, kept.captions) == (["run"], (), ())
    assert store.captions.get(["key 100"]) and store.answers.get(["key"])
    gone = prune(store, days=0, even_unfinished=True)
    assert [k.entries for k in (*gone.answers, *gone.captions)] == [1, 1]
    assert not store.captions.get(["key 100"]) and not store.answers.get(["key"])
    assert len(list(store.traces.read("run", 0))) == 3


def test_what_was_pruned_is_no_longer_in_the_file(store: Store, tmp_path: Path) -> None:
    secret = "A sign says 0815-PRIVATE. " * 50
    store.answers.put("key", "openai:a", secret)
    store.captions.put([caption(1, text=secret)])
    for number in range(100):
        store.answers.put(f"other {number}", "openai:b", "x" * 10_000)
    store.compact()
    before = (tmp_path / DATABASE).stat().st_size
    assert before > 1_000_000
    prune(store, days=0)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"0815-PRIVATE" not in written
    assert (tmp_path / DATABASE).stat().st_size < before / 2


def test_a_caption_that_was_pruned_meanwhile_costs_no_run(store: Store) -> None:
    """An induction keeps captions first and says afterwards which frames they are of."""
    store.captions.put([caption(1), caption(2)])
    store.captions.put_samples("clip", "view", {1: "key 1"})
    prune(store, days=None)
    store.captions.put_samples("clip", "view", {1: "key 1", 2: "key 2"})
    assert store.captions.samples("clip", "view", [1, 2]) == {1: "key 1"}


def test_unfinished_runs_are_named_oldest_first(store: Store) -> None:
    for run in ("b", "a", "c"):
        fill(store, 1, run_id=run)
    store.runs.finish("a", "done")
    assert store.runs.unfinished() == ["b", "c"]
    store.runs.add_usage("b", Usage(model_calls=1))
    assert store.runs.usage("b").model_calls == 1
