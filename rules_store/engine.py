"""Opening a store: engine, pragmas, migrations, and transactions that do not deadlock."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    URL,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from ruler.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

DATABASE = "ruler.sqlite"
HEAD = "0005"
_BUSY_MILLISECONDS = 30_000
_MANY = 50


def now_text(moment: dt.datetime | None = None) -> str:
    """The time, or that moment, as the store writes it: UTC, ISO 8601; texts sort like times."""
    moment = moment or dt.datetime.now(dt.UTC)
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


class Database:
    """An engine with one way to read and one way to write."""

    def __init__(self, engine: Engine, where: str, place: str) -> None:
        self.engine = engine
        self.where = where
        self.place = place
        """The folder or URL, without a password: results name it."""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one consistent state."""
        with _explained(self.where), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that takes the write lock at once (so it never has to be upgraded) and is
        committed at the end, or rolled back on an error."""
        with _explained(self.where):
            writer = self.engine.execution_options(ruler_immediate=True)
            with writer.begin() as connection:
                yield connection

    def insert_new(
        self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert rows; one whose primary key is there already is left as it is."""
        if not rows:
            return
        insert = _inserting(connection, table).on_conflict_do_nothing()
        names, dialect = tuple(rows[0]), connection.dialect
        if dialect.name != "sqlite" or len(rows) < _MANY or not _is_plain(table, names):
            connection.execute(insert, list(rows))
            return
        # What SQLAlchemy does with each row of many takes longer than inserting it.
        compiled = insert.compile(dialect=dialect, column_keys=names)
        values = itemgetter(*compiled.positiontup or ())
        connection.exec_driver_sql(str(compiled), [values(row) for row in rows])

    def insert_larger(
        self,
        connection: Connection,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        *,
        by: str,
        taking: Sequence[str],
    ) -> None:
        """Insert rows; one whose primary key is there already takes over the columns `taking` where
        its column `by` is larger in the new row."""
        if rows:
            new = _inserting(connection, table)
            merged = new.on_conflict_do_update(
                index_elements=list(table.primary_key.columns),
                set_={name: new.excluded[name] for name in taking},
                where=new.excluded[by] > table.c[by],
            )
            connection.execute(merged, list(rows))

    def flaws(self) -> list[str]:
        """See that it can be written, and say what SQLite finds damaged; PostgreSQL looks after
        itself."""
        with self.write() as connection:
            if self.engine.dialect.name != "sqlite":
                return []
            found = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars().all()
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1)
        said = [str(one).split("\n")[0] for one in found if one != "ok"]
        return said + [f"a row of {row[0]} names a {row[2]} that is gone" for row in lost]

    def compact(self) -> None:
        """Give the space of deleted rows back, with what stood in it; PostgreSQL does it itself."""
        if self.engine.dialect.name == "sqlite":
            with _explained(self.where), self.engine.connect() as connection:
                driver = connection.connection.cursor()
                driver.execute("VACUUM")
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                driver.close()

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _is_plain(table: Table, names: Sequence[str]) -> bool:
    """Whether these columns are all that an insert sets, and take values as they are."""
    others = (column for column in table.columns if column.name not in names)
    types = (table.columns[name].type for name in names)
    return all(column.default is None for column in others) and not any(
        isinstance(one, JSON) for one in types
    )


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Turn a database error into a `StoreError` that says what to do."""
    try:
        yield
    except OperationalError as error:
        if "locked" in str(error.orig):
            raise StoreError(
                f"{where} stayed locked by another process for "
                f"{_BUSY_MILLISECONDS // 1000} seconds. Wait for it to end and run again."
            ) from error
        raise StoreError(f"{where} cannot be used: {error.orig}.") from error
    except DatabaseError as error:
        raise StoreError(f"{where} refused a read or write: {error.orig}.") from error
    except UnicodeDecodeError as error:
        # What sqlite3 makes of a damaged file's own names in a message.
        raise StoreError(f"{where} is damaged: a text in it is no UTF-8.") from error


def open_database(place: Path | str) -> Database:
    """Open (and if need be create or migrate) a store.

    Args:
        place: The store's folder, or a database URL.

    Raises:
        StoreError: it cannot be opened, is damaged, or was written by a newer ruler.
    """
    url, shown = _address(place)
    where = f"the store {shown}"
    try:
        engine = create_engine(url)
    except (ArgumentError, ImportError) as error:
        raise StoreError(f"{where} cannot be opened: {error}. Check its URL.") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    database = Database(engine, where, shown)
    with _explained(where):
        _migrate(engine, where)
    return database


def _address(place: Path | str) -> tuple[URL, str]:
    """The database's URL, and how to call it; a folder is made where it is missing."""
    if isinstance(place, str) and "://" in place:
        try:
            url = make_url(place)
        except (ArgumentError, ValueError) as error:
            raise StoreError("the store's URL (RULER_STORE) is none that can be read.") from error
        return url, url.render_as_string(hide_password=True)
    folder = Path(place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the store {folder} cannot be created: {error.strerror}. "
            "Set RULER_STORE to another folder."
        ) from error
    return URL.create("sqlite", database=str(folder / DATABASE)), str(folder)


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction handling would begin late and commit early; `_begin` does it.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _inserting(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insertion that can say what becomes of a row that is there already."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("ruler_immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def _migrate(engine: Engine, where: str) -> None:
    """Bring the schema to the newest revision; importing alembic is skipped where it is there."""
    current = _revision(engine)
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise StoreError(
            f"{where} was written by a newer ruler (schema {current}, this one knows {HEAD}). "
            "Upgrade ruler, or set RULER_STORE to another folder."
        )
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(resources.files("rules_store") / "migrations"))
    writer = engine.execution_options(ruler_immediate=True)
    try:
        with writer.begin() as connection:
            # Another process may have migrated while this one waited: alembic looks again.
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(f"{where} has a schema that ruler does not know: {error}.") from error
