"""Where a clip's detection had come to, kept in the run's folder, which anybody may have written.

A checkpoint holds a cursor and nothing else; captions and scores are in the store. So one that is
damaged, or that would have an object built which is no part of LangGraph, is worth nothing: the
clip begins anew, and chunks that are stored cost nothing.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ruler.errors import InputError, NotFoundError
from ruler.schemas.runs import RunSpec
from rules_store.store import Store

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.sqlite import SqliteSaver

CHECKPOINT = "checkpoint.sqlite"

_OPENING = threading.Lock()
"""Clips that go on beside one another share the file: one makes it, the others find it."""


@contextlib.contextmanager
def checkpointer(path: Path) -> Iterator[SqliteSaver]:
    """LangGraph's SQLite saver on a file of the run's own; a damaged file is made anew."""
    # Not before: a clip that is judged at once needs neither a checkpoint nor LangGraph.
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
    from langgraph.checkpoint.sqlite import SqliteSaver

    # LangGraph warns of each type it refuses to build; that it is refused is all there is to know.
    logging.getLogger("langgraph.checkpoint.serde.jsonplus").setLevel(logging.ERROR)
    with _OPENING:
        if not _is_whole(path):
            remove(path.parent)
        connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
        saver = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        saver.setup()
    try:
        yield saver
    finally:
        connection.close()


def is_begun(saver: SqliteSaver, config: RunnableConfig, chunks: int) -> bool:
    """Whether the clip's last checkpoint can be gone on from; one that cannot is removed.

    Args:
        saver: See `checkpointer`.
        config: Names the clip's thread.
        chunks: How many the clip has; a cursor beyond would leave some out.
    """
    try:
        found = saver.get_tuple(config)
    except Exception:  # noqa: BLE001 - the bytes may be anybody's, and LangGraph raises anything
        found, is_known = None, False
    else:
        is_known = found is None or _is_state(found.checkpoint["channel_values"], chunks)
    if not is_known:
        saver.delete_thread(config["configurable"]["thread_id"])
    return found is not None and is_known


def _is_state(values: object, chunks: int) -> bool:
    if not isinstance(values, dict):
        return False
    numbers = [values[name] for name in ("cursor", "until") if name in values]
    return all(type(number) is int and 0 <= number <= chunks for number in numbers)


def remove(folder: Path) -> None:
    """Remove the checkpoint of a run's folder."""
    for leftover in folder.glob(f"{CHECKPOINT}*"):
        leftover.unlink()


def begun(spec: RunSpec, store: Store) -> RunSpec:
    """What the store knows of a run that a folder tells of.

    A folder may come from anywhere; the store's word counts, so that no folder decides which server
    is shown the footage, or is given the key.

    Raises:
        InputError: the store has no such run, or knows it otherwise.
    """
    try:
        known = store.runs.spec(spec.id)
    except NotFoundError as error:
        raise InputError(
            f"run {spec.id!r} was not begun with the store {store.place}; name its own by --store, "
            "or start a new run."
        ) from error
    if known != spec:
        raise InputError(
            f"the run.json of {spec.id!r} was changed since the run began; start a new run."
        )
    return known


def _is_whole(path: Path) -> bool:
    """False for a file that is no database, or a damaged one; a missing one is whole."""
    if not path.exists():
        return True
    if not path.is_file():
        raise InputError(f"{path} is no file; remove it, or start a new run.")
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # SQLite quotes a damaged name as it is
        return False
