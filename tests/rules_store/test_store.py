"""The SQLite store: what every store must do, and what is SQLite's own."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from ruler.errors import OvertakenError, StoreError
from ruler.schemas.captions import SceneModel
from ruler.schemas.runs import Usage
from ruler.schemas.verdicts import ClipAnswer, ClipVerdict
from rules_store import engine, migrations
from rules_store.decisions import Decision
from rules_store.engine import DATABASE, open_database
from rules_store.feedback import Feedback
from rules_store.store import Store
from rules_store.tables import METADATA
from tests.conformance.stores import StoreConformance, fill, new


class TestFolder(StoreConformance):
    """A store in a folder, as people use it."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path | str:
        return tmp_path / "a folder" / "that is new"


def test_a_store_by_url(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'by-url.sqlite'}"
    with Store(url) as store:
        store.scenes.save(new())
        assert store.place == url
    with Store(url) as again:
        assert again.scenes.numbers("front-door") == [1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a store that has every kind of row."""
    place = tmp_path / "store"
    with Store(place) as store:
        fill(store, 2)
        store.scenes.save_model(SceneModel(captioner="test", version="1"))
    return place


def tamper(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / DATABASE) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_migrations_make_the_tables_of_the_models(folder: Path) -> None:
    built = create_engine(f"sqlite:///{folder / DATABASE}")
    with built.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        # What alembic does not compare: foreign keys by table.
        inspector = inspect(connection)
        for table in METADATA.sorted_tables:
            found = {
                (tuple(key["constrained_columns"]), key["referred_table"])
                for key in inspector.get_foreign_keys(table.name)
            }
            wanted = {
                (tuple(key.column_keys), key.referred_table.name)
                for key in table.foreign_key_constraints
            }
            assert found == wanted, table.name
    built.dispose()


def test_a_missing_column_would_be_found(folder: Path) -> None:
    tamper(folder, "ALTER TABLE event DROP COLUMN level")
    built = create_engine(f"sqlite:///{folder / DATABASE}")
    with built.connect() as connection:
        context = MigrationContext.configure(connection)
        assert len(compare_metadata(context, METADATA)) == 1
    built.dispose()


def test_migrations_are_one_line_that_ends_at_head() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    numbers = [script.revision for script in scripts.walk_revisions()][::-1]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    assert scripts.get_heads() == [engine.HEAD]


def test_pragmas_hold_on_every_connection(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    with database.read() as first, database.read() as second:
        for connection in (first, second):
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "foreign_keys", "busy_timeout")
            }
            assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}
    database.dispose()


def test_foreign_keys_are_enforced(folder: Path) -> None:
    with Store(folder) as store, pytest.raises(StoreError, match="FOREIGN KEY"):
        store.runs.add_usage("a run nobody knows", Usage())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rule_set SET source = 'x'",
        "UPDATE rule_set SET revision = 9",
        "UPDATE rule SET status = 'stable'",
        "UPDATE caption SET body = '{}'",
        "UPDATE scene_model SET payload = x'00'",
    ],
)
def test_append_only_tables_refuse_updates(folder: Path, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="never change"):
        tamper(folder, statement)


def test_a_tampered_source_is_noticed(folder: Path) -> None:
    tamper(
        folder,
        "DROP TRIGGER rule_set_is_append_only",
        "UPDATE rule_set SET source = replace(source, 'weight: 0.8', 'weight: 0.1')",
    )
    with Store(folder) as store, pytest.raises(StoreError, match="front-door@1 is damaged in the"):
        store.scenes.revision("front-door")


def test_a_tampered_scene_model_is_noticed(folder: Path) -> None:
    sha256 = SceneModel(captioner="test", version="1").sha256
    tamper(
        folder,
        "DROP TRIGGER scene_model_is_append_only",
        "UPDATE scene_model SET payload = x'00'",
    )
    with Store(folder) as store, pytest.raises(StoreError, match=r"scene model .* is damaged"):
        store.scenes.model(sha256)


def test_a_store_of_before_clips_had_verdicts_opens(folder: Path) -> None:
    tamper(
        folder,
        "ALTER TABLE run_clip DROP COLUMN verdict",
        "DROP TABLE derived",
        "DROP TABLE clip_file",
        "UPDATE alembic_version SET version_num = '0003'",
    )
    with Store(folder) as store:
        [run] = store.runs.unfinished() or store.runs.finished("front-door")
        before = store.runs.outcomes(run)
        assert before and all(one.verdict is None for one in before)
        first = ClipAnswer(outcome="normal", why="no frame alarms")
        ref = store.runs.spec(run).revision
        verdict = ClipVerdict(clip="a", outcome="normal", score=0.25, first=first, revision=ref)
        store.runs.set_clip(run, 0, done=True, verdict=verdict)
        assert store.runs.verdict(run, 0) == store.runs.outcomes(run)[0].verdict == verdict
        store.runs.set_clip(run, 0, error="it has gone")
        assert store.runs.outcomes(run)[0].verdict is None


def test_a_newer_schema_is_refused(folder: Path) -> None:
    tamper(folder, "UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(StoreError, match=r"newer ruler \(schema 0999, .* Upgrade ruler"):
        Store(folder)


def test_an_unknown_schema_is_refused(folder: Path) -> None:
    tamper(folder, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreError, match="0000"):
        Store(folder)


@pytest.mark.parametrize(
    "content", [b"this is a text file, not a database\n" * 40, b"SQLite format 3\x00" + b"x" * 900]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    with pytest.raises(StoreError, match=f"the store {tmp_path} .*database"):
        Store(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == content


def test_a_damaged_page(folder: Path) -> None:
    with Store(folder) as store:
        fill(store, 600, run_id="more")
    with sqlite3.connect(folder / DATABASE) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray((folder / DATABASE).read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    (folder / DATABASE).write_bytes(data)
    with pytest.raises(StoreError, match=f"the store {folder}"), Store(folder) as store:
        list(store.traces.read("more", 0))


def test_places_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match=f"{place} cannot be created: .* RULER_STORE"):
            Store(place)
    (tmp_path / "folder" / DATABASE).mkdir(parents=True)
    with pytest.raises(StoreError, match="unable to open database file"):
        Store(tmp_path / "folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError):
            Store(tmp_path)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("url", ["nosuch://host/db", "sqlite://:bad:port/x", "://"])
def test_a_url_that_says_nothing(url: str) -> None:
    with pytest.raises(StoreError):
        Store(url)


def test_a_password_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as told:
        Store("nosuch://kim:s3cret@host/db")
    assert "s3cret" not in str(told.value)
    assert "kim" in str(told.value)


def test_a_store_that_stays_locked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_BUSY_MILLISECONDS", 50)
    holder = sqlite3.connect(folder / DATABASE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Store(folder) as store:
        with pytest.raises(StoreError, match="stayed locked by another process"):
            store.scenes.save(new())
        assert store.scenes.numbers("front-door") == [1]
        holder.execute("ROLLBACK")
        assert store.scenes.save(new()).ref.revision == 2
    holder.close()


def test_a_revision_remembers_how_it_came_about(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = store.scenes.save(new(asking={"window": 4, "base_url": "http://127.0.0.1:1/v1"}))
        proposal = store.scenes.save(new(is_proposal=True, reason="learned again"))
        assert first.asking == {"window": 4, "base_url": "http://127.0.0.1:1/v1"}
        assert (first.is_proposal, proposal.is_proposal) == (False, True)
        assert first.created_at < proposal.created_at
        assert store.scenes.revision("front-door").ref == first.ref
        assert store.decisions.open_proposals("front-door") == [2]
        store.decisions.add([Decision("front-door", 2, "rejected", "ann", "no")])
        assert store.decisions.open_proposals("front-door") == []


def test_who_was_overtaken_saves_nothing(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.scenes.save(new())
        store.scenes.save(new(expected=1))
        with pytest.raises(OvertakenError, match="front-door@2 has become active meanwhile"):
            store.scenes.save(new(expected=1))
        assert store.scenes.numbers("front-door") == [1, 2]


def test_feedback_comes_back_as_it_was_said(folder: Path) -> None:
    with Store(folder) as store:
        run = store.runs.unfinished()[0]
        said = Feedback(run, 0, 10, 20, "false-alarm", "front-door", "ann", "a courier")
        store.feedback.add(said)
        [back] = store.feedback.of_scene("front-door")
        assert replace(back, created_at="") == said
