"""The store: one object that opens the database and hands out its parts."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from rules_store.answers import Answers
from rules_store.captions import Captions
from rules_store.clip_files import ClipFiles
from rules_store.decisions import Decisions
from rules_store.derived import Derived
from rules_store.engine import open_database
from rules_store.events import Events
from rules_store.feedback import Feedbacks
from rules_store.fresh import Fresh
from rules_store.health import Health
from rules_store.history import History
from rules_store.recall import Recall
from rules_store.runs import Runs
from rules_store.scenes import Scenes
from rules_store.traces import Traces
from rules_store.whole_clips import WholeClips


class Store:
    """Scenes, captions, answers and runs over one database; safe to share by threads.

    Args:
        place: A folder (SQLite, made if missing) or a database URL.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(self, place: Path | str) -> None:
        self._db = open_database(place)
        self.place = self._db.place
        self.derived = Derived(self._db)
        self.clip_files = ClipFiles(self._db)
        self.scenes = Scenes(self._db, self.derived)
        self.decisions = Decisions(self._db)
        self.history = History(self._db, self.derived)
        self.captions = Captions(self._db)
        self.answers = Answers(self._db)
        self.runs = Runs(self._db)
        fresh = Fresh()
        self.traces = Traces(self._db, self.captions, fresh)
        self.whole_clips = WholeClips(self._db, fresh)
        self.recall = Recall(self._db)
        self.events = Events(self._db)
        self.feedback = Feedbacks(self._db)
        self.health = Health(self._db)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def flaws(self) -> list[str]:
        """What is wrong with the database as such: damaged pages, rows that lead nowhere.

        Raises:
            StoreError: it cannot be written.
        """
        return self._db.flaws()

    def compact(self) -> None:
        """Give the space of deleted rows back."""
        self._db.compact()

    def close(self) -> None:
        """Close all connections."""
        self._db.dispose()
