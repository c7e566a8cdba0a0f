"""A run's folder that somebody else wrote or spoiled: results, record, checkpoint."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver

from ruler.errors import InputError, NotFoundError
from ruler.jobs.checkpoints import CHECKPOINT, checkpointer, is_begun
from ruler.jobs.detect import find_run
from ruler.jobs.results import read_record
from ruler.reporting.jsonl import read_events, read_frames
from ruler.reporting.rows import event_row, line, verdict_row
from ruler.schemas.runs import RunRecord, RunSpec
from tests.fuzz.hostile import SCALARS, fuzz, hostile, lawful
from tests.reporting.builders import REVISION, event, verdict
from tests.scenes import Workplace, results, wavy

SPEC = RunSpec(
    id="one",
    scene="walkway",
    revision=REVISION,
    clips=("/clips/a.mp4",),
    captioner="motion",
    reasoner="symbolic",
    taxonomy="general",
    as_of=dt.date(2026, 1, 1),
    store="/store",
)
RECORD = RunRecord(spec=SPEC, state="done", started_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
FRAMES = "".join(line(verdict_row(verdict(index))) for index in range(2)).encode()
EVENTS = line(event_row(event())).encode()


@given(data=st.data())
@fuzz(150)
def test_hostile_records(data: st.DataObject, tmp_path: Path) -> None:
    seed = RECORD.model_dump_json().encode()
    (tmp_path / "run.json").write_bytes(data.draw(hostile(seed)))
    lawful(lambda: read_record(tmp_path), place="run.json")


@pytest.mark.parametrize(("read", "seed"), [(read_frames, FRAMES), (read_events, EVENTS)])
@given(data=st.data())
@fuzz(150)
def test_hostile_results(read: Any, seed: bytes, data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(data.draw(hostile(seed)))
    lawful(lambda: list(read(path)), place=str(path))


@given(name=SCALARS.filter(lambda value: isinstance(value, str)) | st.text(max_size=40))
@fuzz(100)
def test_hostile_run_ids(name: str, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir(exist_ok=True)
    assert isinstance(lawful(lambda: find_run(name, tmp_path / "runs")), NotFoundError)


@dataclass
class Trap:
    """What a checkpoint must not have built."""

    built = False

    def __post_init__(self) -> None:
        Trap.built = True


THREAD: Any = {"configurable": {"thread_id": "one/0", "checkpoint_ns": ""}}


def write_checkpoint(path: Path, values: object) -> None:
    """A checkpoint with these values, as LangGraph itself writes it."""
    connection = sqlite3.connect(path)
    held = empty_checkpoint() | {"channel_values": values}
    SqliteSaver(connection).put(THREAD, held, {}, {})  # type: ignore[arg-type]
    connection.close()
    Trap.built = False


def goes_on(path: Path, chunks: int = 3) -> bool:
    with checkpointer(path) as saver:
        begun = is_begun(saver, THREAD, chunks)
        assert begun == (saver.get_tuple(THREAD) is not None)
        return begun


def test_a_checkpoint_builds_no_object_of_others(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    write_checkpoint(path, {"cursor": Trap()})
    assert not goes_on(path)
    assert not Trap.built
    write_checkpoint(path, {"cursor": 1, "until": 2})
    assert goes_on(path)


@pytest.mark.parametrize(
    "values", [{"cursor": 4}, {"cursor": -1}, {"cursor": "1"}, {"until": True}, {"cursor": None}]
)
def test_a_checkpoint_that_would_leave_chunks_out(values: object, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / CHECKPOINT, values)
    assert not goes_on(tmp_path / CHECKPOINT)


@given(data=st.data())
@fuzz(30)
def test_damaged_checkpoints(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    path.unlink(missing_ok=True)
    write_checkpoint(path, {"cursor": 1, "until": 2})
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 30))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    goes_on(path)


def test_a_checkpoint_whose_names_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    write_checkpoint(path, {"cursor": 1, "until": 2})
    spoilt = path.read_bytes().replace(
        b"CREATE TABLE checkpoints", b"CREATE T\xff\xfeLE checkpoints"
    )
    path.write_bytes(spoilt)
    assert not goes_on(path)


def test_a_spoiled_checkpoint_costs_nothing(yard: Workplace) -> None:
    clip = yard.clip("one", wavy(40, loud=[(10, 20)]))
    done = yard.detect([clip], chunk=8)
    before = results(done)
    (done.folder / CHECKPOINT).write_bytes(b"no database at all" * 100)
    assert results(yard.resume(done.record.spec.id)) == before


def spoil(folder: Path, **changes: object) -> None:
    """Change what a run's folder says it was asked."""
    record = json.loads((folder / "run.json").read_bytes())
    record["spec"] |= changes
    (folder / "run.json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    "changes",
    [
        {"captioner": "openai:gpt-4o", "asking": {"base_url": "https://elsewhere.example/v1"}},
        {"asking": {"base_url": "https://elsewhere.example/v1"}},
        {"clips": ["/etc/passwd"]},
        {"chunk": 1},
    ],
)
def test_a_folder_decides_nothing_about_a_run(yard: Workplace, changes: dict[str, Any]) -> None:
    done = yard.detect([yard.clip("one", wavy(20))])
    spoil(done.folder, **changes)
    with pytest.raises(InputError, match="was changed since the run began"):
        yard.resume(done.record.spec.id)


def test_a_run_of_another_store_is_not_gone_on_with(yard: Workplace) -> None:
    done = yard.detect([yard.clip("one", wavy(20))])
    spoil(done.folder, id="another")
    with pytest.raises(InputError, match="was not begun with the store"):
        yard.resume(str(done.folder))


def test_a_long_name_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"revision": "x" * 5000}) + "\n")
    assert lawful(lambda: list(read_frames(path)), place=str(path)) is not None
