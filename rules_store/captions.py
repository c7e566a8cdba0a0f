"""Captions by content key, which frame has which, and cached proposals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, delete, func, select

from ruler.schemas.captions import Caption
from ruler.schemas.induction import Proposal
from rules_store.caption_rows import caption_of
from rules_store.engine import Database
from rules_store.sizes import Kept, byte_length, kept
from rules_store.stored import stored
from rules_store.tables import CAPTION, PROPOSAL, SAMPLE, VERDICT

_BATCH = 500
"""Keys a query: SQLite bounds how many values one statement may name."""


class Captions:
    """The store's side of captions: written once, never changed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, keys: Iterable[str]) -> dict[str, Caption]:
        """Captions by key; keys the store does not know are left out."""
        columns = (CAPTION.c.body, CAPTION.c.sha256)
        return {row.key: caption_of(row.body, row.sha256) for row in self._rows(keys, *columns)}

    def bodies(self, keys: Iterable[str]) -> dict[str, str]:
        """The same as JSON, for those who need to read few of them."""
        return {row.key: row.body for row in self._rows(keys, CAPTION.c.body)}

    def _rows(self, keys: Iterable[str], *columns: Column[Any]) -> list[Row[Any]]:
        wanted = list(dict.fromkeys(keys))
        found: list[Row[Any]] = []
        with self._db.read() as connection:
            for start in range(0, len(wanted), _BATCH):
                query = select(CAPTION.c.key, *columns).where(
                    CAPTION.c.key.in_(wanted[start : start + _BATCH])
                )
                found += connection.execute(query).all()
        return found

    def by_hash(self, prefix: str) -> list[Caption]:
        """The captions whose hash begins so, one a hash, at most two: enough to tell whether a
        shortened hash is clear.

        Args:
            prefix: Lower-case hexadecimal digits.
        """
        query = (
            select(CAPTION.c.sha256, func.min(CAPTION.c.body))
            .where(CAPTION.c.sha256 >= prefix, CAPTION.c.sha256 < prefix + "g")
            .group_by(CAPTION.c.sha256)
            .order_by(CAPTION.c.sha256)
            .limit(2)
        )
        with self._db.read() as connection:
            return [stored(Caption, body) for _, body in connection.execute(query)]

    def samples(self, clip_sha256: str, view: str, frames: Sequence[int]) -> dict[int, str]:
        """By frame: the key of its caption, as far as the store knows it.

        Args:
            clip_sha256: The clip's content.
            view: Hash of sampling, captioner and scene model.
            frames: Ascending frame indices.
        """
        if not frames:
            return {}
        query = select(SAMPLE.c.frame_index, SAMPLE.c.caption_key).where(
            SAMPLE.c.clip_sha256 == clip_sha256,
            SAMPLE.c.view == view,
            SAMPLE.c.frame_index.between(frames[0], frames[-1]),
        )
        wanted = set(frames)
        with self._db.read() as connection:
            return {frame: key for frame, key in connection.execute(query) if frame in wanted}

    def put(self, captions: Iterable[Caption]) -> dict[str, Caption]:
        """Keep captions; a key that is there already keeps its first caption.

        Returns:
            By key, what the store holds now.
        """
        given = {caption.key: caption for caption in captions}
        rows = [
            {
                "key": caption.key,
                "sha256": caption.sha256,
                "captioner": caption.captioner,
                "body": caption.model_dump_json(),
            }
            for caption in given.values()
        ]
        with self._db.write() as connection:
            self._db.insert_new(connection, CAPTION, rows)
        held = {row.key: row.sha256 for row in self._rows(given, CAPTION.c.sha256)}
        others = self.get(key for key, sha256 in held.items() if sha256 != given[key].sha256)
        return {key: others.get(key, given[key]) for key in held}

    def put_samples(self, clip_sha256: str, view: str, keys: Mapping[int, str]) -> None:
        """Remember which caption belongs to which frame; of a caption that the store has no longer
        (it was pruned meanwhile), nothing."""
        place = {"clip_sha256": clip_sha256, "view": view}
        wanted = sorted(set(keys.values()))
        with self._db.write() as connection:
            known: set[str] = set()
            for start in range(0, len(wanted), _BATCH):
                query = select(CAPTION.c.key).where(
                    CAPTION.c.key.in_(wanted[start : start + _BATCH])
                )
                known.update(connection.execute(query).scalars())
            rows = [
                {**place, "frame_index": frame, "caption_key": key}
                for frame, key in keys.items()
                if key in known
            ]
            self._db.insert_new(connection, SAMPLE, rows)

    def overview(self, *, orphans: bool = False) -> list[Kept]:
        """What is kept, by captioner.

        Args:
            orphans: Count only captions that no run and no frame of a clip refers to.
        """
        with self._db.read() as connection:
            query = (
                select(
                    CAPTION.c.captioner,
                    func.count(),
                    func.sum(byte_length(connection, CAPTION.c.body)),
                )
                .group_by(CAPTION.c.captioner)
                .order_by(CAPTION.c.captioner)
            )
            return kept(connection.execute(query.where(_is_orphan()) if orphans else query))

    def prune(self) -> None:
        """Delete captions that no run and no frame of a clip refers to."""
        with self._db.write() as connection:
            connection.execute(delete(CAPTION).where(_is_orphan()))

    def proposal(self, key: str) -> Proposal | None:
        """A proposal made before, or None."""
        query = select(PROPOSAL.c.body).where(PROPOSAL.c.key == key)
        with self._db.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else stored(Proposal, body)

    def put_proposal(self, key: str, proposal: Proposal) -> None:
        """Keep a proposal."""
        with self._db.write() as connection:
            row = {"key": key, "body": proposal.model_dump_json()}
            self._db.insert_new(connection, PROPOSAL, [row])


def _is_orphan() -> ColumnElement[bool]:
    """Neither a sample nor a run's frame has it."""
    of_samples = select(SAMPLE.c.caption_key)
    of_runs = select(VERDICT.c.caption_key).where(VERDICT.c.caption_key.is_not(None))
    return CAPTION.c.key.not_in(of_samples) & CAPTION.c.key.not_in(of_runs)
