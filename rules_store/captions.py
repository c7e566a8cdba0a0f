"""Captions by content key, which frame has which, and cached proposals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlmodel import SQLModel

from ruler.schemas.captions import Caption
from ruler.schemas.induction import Proposal
from rules_store.engine import Database
from rules_store.tables import CaptionRow, ProposalRow, SampleRow

_CAPTION = SQLModel.metadata.tables[str(CaptionRow.__tablename__)]
_SAMPLE = SQLModel.metadata.tables[str(SampleRow.__tablename__)]
_PROPOSAL = SQLModel.metadata.tables[str(ProposalRow.__tablename__)]

_BATCH = 500
"""Keys a query: SQLite bounds how many values one statement may name."""


class Captions:
    """The store's side of captions: written once, never changed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, keys: Iterable[str]) -> dict[str, Caption]:
        """Captions by key; keys the store does not know are left out."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Caption] = {}
        with self._db.read() as connection:
            for start in range(0, len(wanted), _BATCH):
                query = select(_CAPTION.c.key, _CAPTION.c.body).where(
                    _CAPTION.c.key.in_(wanted[start : start + _BATCH])
                )
                for key, body in connection.execute(query):
                    found[key] = Caption.model_validate_json(body)
        return found

    def samples(self, clip_sha256: str, view: str, frames: Sequence[int]) -> dict[int, str]:
        """By frame: the key of its caption, as far as the store knows it.

        Args:
            clip_sha256: The clip's content.
            view: Hash of sampling, captioner and scene model.
            frames: Ascending frame indices.
        """
        if not frames:
            return {}
        query = select(_SAMPLE.c.frame_index, _SAMPLE.c.caption_key).where(
            _SAMPLE.c.clip_sha256 == clip_sha256,
            _SAMPLE.c.view == view,
            _SAMPLE.c.frame_index.between(frames[0], frames[-1]),
        )
        wanted = set(frames)
        with self._db.read() as connection:
            return {frame: key for frame, key in connection.execute(query) if frame in wanted}

    def put(self, captions: Iterable[Caption]) -> None:
        """Keep captions; a key that is there already keeps its first caption."""
        rows = [
            {
                "key": caption.key,
                "sha256": caption.sha256,
                "captioner": caption.captioner,
                "body": caption.model_dump_json(),
            }
            for caption in captions
        ]
        with self._db.write() as connection:
            self._db.insert_new(connection, _CAPTION, rows)

    def put_samples(self, clip_sha256: str, view: str, keys: Mapping[int, str]) -> None:
        """Remember which caption belongs to which frame."""
        rows = [
            {
                "clip_sha256": clip_sha256,
                "view": view,
                "frame_index": frame,
                "caption_key": key,
            }
            for frame, key in keys.items()
        ]
        with self._db.write() as connection:
            self._db.insert_new(connection, _SAMPLE, rows)

    def proposal(self, key: str) -> Proposal | None:
        """A proposal made before, or None."""
        query = select(_PROPOSAL.c.body).where(_PROPOSAL.c.key == key)
        with self._db.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else Proposal.model_validate_json(body)

    def put_proposal(self, key: str, proposal: Proposal) -> None:
        """Keep a proposal."""
        with self._db.write() as connection:
            row = {"key": key, "body": proposal.model_dump_json()}
            self._db.insert_new(connection, _PROPOSAL, [row])
