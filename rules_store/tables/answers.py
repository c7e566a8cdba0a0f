"""What captioners and models said, by the key of the question, and what follows from other
things alone."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from rules_store.tables.metadata import METADATA

CAPTION = Table(
    "caption",
    METADATA,
    Column("key", String, primary_key=True),
    Column("sha256", String, index=True, nullable=False),
    Column("captioner", String, nullable=False),
    Column("body", Text, nullable=False),
)
"""A caption by the key of its question; never updated."""

SAMPLE = Table(
    "sample",
    METADATA,
    Column("clip_sha256", String, primary_key=True),
    Column("view", String, primary_key=True),
    Column("frame_index", Integer, primary_key=True),
    Column("caption_key", String, ForeignKey("caption.key"), nullable=False),
)
"""Which caption belongs to which frame of a clip, for one way of looking at it.

`view` hashes the sampling, the captioner and the scene model, so that a clip that was captioned
before is not even decoded again.
"""

ANSWER = Table(
    "answer",
    METADATA,
    Column("key", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", String, nullable=False),
)
"""A usable answer of a model, by the key of its question; never updated."""

PROPOSAL = Table(
    "proposal",
    METADATA,
    Column("key", String, primary_key=True),
    Column("body", Text, nullable=False),
)
"""What a reasoner proposed from one batch of references, by the key of the question."""

DERIVED = Table(
    "derived",
    METADATA,
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
)
"""What follows from other things alone, and takes a while to work out: a file as it was read,
a script as it is packed. By the hash of all that decides it; it can go at any time."""

CLIP_FILE = Table(
    "clip_file",
    METADATA,
    Column("path", String, primary_key=True),
    Column("signature", String, nullable=False),
    Column("info", Text, nullable=False),
    Column("times", LargeBinary, nullable=False),
)
"""What opening a clip at a path gave: by the file's identity, size and times (`signature`), so
that one that has not changed need not be opened again. It can go at any time."""
