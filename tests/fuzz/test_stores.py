"""A store whose bytes or values are damaged: a `StoreError`, or what is left; nothing else."""

from __future__ import annotations

import contextlib
import io
import shutil
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.captioners.motion.lines import RowLine
from ruler.captioners.motion.scene import Scene
from ruler.errors import RulerError, StoreError
from ruler.jobs.history import blame
from rules_store.engine import DATABASE
from rules_store.store import Store
from tests.fuzz.hostile import SCALARS, VALUES, as_json, fuzz, lawful, mutated
from tests.scenes import SCENE, make_workplace, registered, wavy

ERRORS = RulerError


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a scene, a model, captions, and a run with an event."""
    place = make_workplace(tmp_path_factory.mktemp("kept") / "yard")
    with registered(), place.store:
        place.induce()
        place.detect([place.clip("one", wavy(30, loud=[(10, 20)]))], run_id="run", chunk=10)
    database = place.folder / "store" / DATABASE
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    return database


def read_everything(folder: Path) -> None:
    """Ask the store for all it has; each answer may be an error of its own."""
    with Store(folder) as store:
        asked = [
            store.scenes.overview,
            lambda: store.scenes.lineage(SCENE),
            lambda: store.scenes.model(store.scenes.revision(SCENE).scene_model_sha256 or ""),
            lambda: store.history.log(SCENE),
            lambda: store.history.flaws(SCENE),
            store.runs.unfinished,
            lambda: store.runs.finished(SCENE),
            lambda: store.runs.spec("run"),
            lambda: store.runs.outcomes("run"),
            lambda: store.runs.clip_info("run", 0),
            lambda: store.runs.usage("run"),
            lambda: store.traces.chunks_done("run", 0),
            lambda: store.traces.unanswered_frames("run", 0),
            lambda: list(store.traces.read("run", 0)),
            lambda: list(store.traces.verdicts("run", 0)),
            lambda: store.events.of_clip("run", 0),
            store.captions.overview,
            lambda: store.captions.by_hash(""),
            store.answers.overview,
        ]
        for ask in asked:
            lawful(ask, errors=ERRORS)


@given(data=st.data())
@fuzz(15)
def test_damaged_bytes(data: st.DataObject, kept: Path, tmp_path: Path) -> None:
    damaged = bytearray(kept.read_bytes())
    pages = st.sampled_from(range(0, len(damaged), 4096))
    for _ in range(data.draw(st.integers(1, 60))):
        place = data.draw(pages) + data.draw(st.integers(0, 200) | st.integers(0, 4095))
        damaged[min(place, len(damaged) - 1)] ^= data.draw(st.integers(1, 255))
    if data.draw(st.integers(0, 4)) == 0:
        del damaged[data.draw(st.integers(0, len(damaged))) :]
    for old in tmp_path.glob(f"{DATABASE}*"):
        old.unlink()
    (tmp_path / DATABASE).write_bytes(damaged)
    lawful(lambda: read_everything(tmp_path), errors=ERRORS)


def drop_triggers(connection: sqlite3.Connection) -> None:
    """Take away what keeps rows from being changed, as somebody with a tool of their own would."""
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    for (name,) in connection.execute(query).fetchall():
        connection.execute(f"DROP TRIGGER {name}")


TABLES = (
    "scene scene_model rule_set rule run run_clip run_chunk run_usage verdict match event caption"
).split()


@given(data=st.data())
@fuzz(15)
def test_values_that_no_ruler_wrote(data: st.DataObject, kept: Path, tmp_path: Path) -> None:
    for old in tmp_path.glob(f"{DATABASE}*"):
        old.unlink()
    shutil.copy(kept, tmp_path / DATABASE)
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        drop_triggers(connection)
        for _ in range(data.draw(st.integers(1, 3))):
            table = data.draw(st.sampled_from(TABLES))
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            column, kind = data.draw(st.sampled_from([row[1:3] for row in columns]))
            value = data.draw(of_kind(kind) | st.none())
            with contextlib.suppress(sqlite3.IntegrityError):
                connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
        connection.commit()
    lawful(lambda: read_everything(tmp_path), errors=ERRORS)


def of_kind(kind: str) -> st.SearchStrategy[Any]:
    """Values of a column's own type, which make no sense all the same."""
    if kind in ("INTEGER", "BOOLEAN", "BIGINT"):
        return st.integers(-9, 9) | st.sampled_from([2**31, 2**62, -(2**63)])
    if kind in ("FLOAT", "REAL"):
        return st.floats()
    if kind == "BLOB":
        return st.binary(max_size=9)
    texts = SCALARS.filter(lambda value: isinstance(value, str) and value != "\ud800")
    return texts | VALUES.map(as_json).map(bytes.decode)


@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\x00", b"\x00" * 4096, b"no database", b"PK\x03\x04" * 999]
)
def test_what_is_no_database(content: bytes, tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    lawful(lambda: read_everything(tmp_path), errors=ERRORS)


def test_parents_that_go_round(kept: Path, tmp_path: Path) -> None:
    shutil.copy(kept, tmp_path / DATABASE)
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        drop_triggers(connection)
        connection.execute("UPDATE rule_set SET parent = revision")
        connection.commit()
    with Store(tmp_path) as store:
        for walk in (store.scenes.lineage, lambda scene: blame(store, scene, None)):
            with pytest.raises(StoreError, match="is damaged"):
                walk(SCENE)


LINE = RowLine.constant(0.5)
GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)
SCENES = [Scene(picture, LINE, LINE, LINE, 2.0).to_bytes() for picture in (None, GREY)]


@given(payload=st.sampled_from(SCENES).flatmap(mutated))
@fuzz(100)
def test_hostile_scene_models(payload: bytes) -> None:
    with contextlib.suppress(ValueError):
        scene = Scene.from_bytes(payload)
        assert scene.shape is None or len(scene.shape) == 2
        assert abs(scene.figure_height.at_row(0.5)) < 1e9


def packed(**members: bytes) -> bytes:
    """Members as a scene model, packed as tightly as it goes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def head_of(shape: tuple[int, ...], kind: str = "|u1") -> bytes:
    """The head of an array, whatever follows it."""
    buffer = io.BytesIO()
    head = {"shape": shape, "fortran_order": False, "descr": kind}
    np.lib.format.write_array_header_1_0(buffer, head)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "payload",
    [
        packed(numbers=b"x" * 100_000_000),
        packed(numbers=head_of((10**15,))),
        packed(numbers=head_of((3,), "|O") + b"cos\nsystem\n(S'true'\ntR."),
        packed(numbers=head_of((2,)) + b"{}", background=head_of((10**6, 10**6))),
        packed(numbers=head_of((2,)) + b"[]"),
    ],
)
def test_scene_models_that_lie_about_their_size(payload: bytes) -> None:
    with pytest.raises(ValueError, match="the scene model cannot be read"):
        Scene.from_bytes(payload)
