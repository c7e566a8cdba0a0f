"""The tables. `rules_store/migrations` builds them; a test compares the two.

Times are UTC ISO texts that the store sets; no table holds pixels.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

SCENE = Table(
    "scene",
    METADATA,
    Column("name", String, primary_key=True),
    Column("active_revision", Integer),
    Column("created_at", String, nullable=False),
)
"""One camera view; `active_revision` is the only thing about a scene that changes."""

SCENE_MODEL = Table(
    "scene_model",
    METADATA,
    Column("sha256", String, primary_key=True),
    Column("captioner", String, nullable=False),
    Column("version", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("info", JSON, nullable=False),
)
"""What a captioner fitted, by content hash."""

RULE_SET = Table(
    "rule_set",
    METADATA,
    Column("scene", String, ForeignKey("scene.name"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("sha256", String, nullable=False),
    Column("parent", Integer),
    Column("author", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("scene_model_sha256", String, ForeignKey("scene_model.sha256")),
    Column("captioner", String),
    Column("by_induction", Boolean, nullable=False),
    Column("is_proposal", Boolean, default=False, server_default="0", nullable=False),
    Column("asking", Text),
    Column("seal", String),
    Column("created_at", String, nullable=False),
)
"""A revision of a scene's rules: append-only, with its YAML source."""

DECISION = Table(
    "decision",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("scene", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("rule_id", String),
    Column("verdict", String, nullable=False),
    Column("body", Text),
    Column("author", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created_at", String, nullable=False),
    ForeignKeyConstraint(["scene", "revision"], ["rule_set.scene", "rule_set.revision"]),
    Index("ix_decision_scene", "scene"),
)
"""What somebody decided of a proposal, or of one rule (then `body` keeps that rule, so that
one of the same meaning is not proposed again); append-only."""

RULE = Table(
    "rule",
    METADATA,
    Column("scene", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("rule_id", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("level", String, nullable=False),
    Column("category", String),
    Column("origin", JSON, nullable=False),
    ForeignKeyConstraint(["scene", "revision"], ["rule_set.scene", "rule_set.revision"]),
)
"""A rule of a revision, with where it came from."""

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

PROPOSAL = Table(
    "proposal",
    METADATA,
    Column("key", String, primary_key=True),
    Column("body", Text, nullable=False),
)
"""What a reasoner proposed from one batch of references, by the key of the question."""

RUN = Table(
    "run",
    METADATA,
    Column("id", String, primary_key=True),
    Column("scene", String, ForeignKey("scene.name"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("spec", Text, nullable=False),
    Column("created_at", String, nullable=False),
)
"""One detection."""

RUN_CLIP = Table(
    "run_clip",
    METADATA,
    Column("run_id", String, ForeignKey("run.id"), primary_key=True),
    Column("clip", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("path", String, nullable=False),
    Column("info", Text),
    Column("error", String),
    Column("done", Boolean, default=False, nullable=False),
    Column("verdict", Text),
)
"""One input of a run. `done` is set when its results are complete, with the verdict on it."""

RUN_CHUNK = Table(
    "run_chunk",
    METADATA,
    Column("run_id", String, primary_key=True),
    Column("clip", Integer, primary_key=True),
    Column("chunk", Integer, primary_key=True),
    Column("captions_computed", Integer, nullable=False),
    Column("captions_cached", Integer, nullable=False),
    Column("captions_shared", Integer, default=0, server_default="0", nullable=False),
    Column("answers_cached", Integer, default=0, server_default="0", nullable=False),
    Column("model_calls", Integer, nullable=False),
    Column("failed_calls", Integer, default=0, server_default="0", nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("tokens_cached", Integer, default=0, server_default="0", nullable=False),
    Column("images", Integer, default=0, server_default="0", nullable=False),
    Column("cost_usd", Float, default=0.0, server_default="0", nullable=False),
    Column("unpriced_calls", Integer, default=0, server_default="0", nullable=False),
    ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
)
"""One finished chunk of a run's clip, and what captioning it cost."""

RUN_USAGE = Table(
    "run_usage",
    METADATA,
    Column("run_id", String, ForeignKey("run.id"), primary_key=True),
    Column("body", Text, nullable=False),
)
"""What reasoning cost over all attempts of a run; captioning is counted by chunk."""

VERDICT = Table(
    "verdict",
    METADATA,
    Column("run_id", String, primary_key=True),
    Column("clip", Integer, primary_key=True),
    Column("frame_index", Integer, primary_key=True),
    Column("until_frame", Integer, nullable=False),
    Column("time_seconds", Float, nullable=False),
    Column("caption_key", String, ForeignKey("caption.key")),
    Column("failure", String),
    Column("undetermined", String),
    Column("unevaluated", Text),
    Column("links", Text),
    Column("score_match", Float),
    Column("score_smooth", Float),
    Column("score_reason", Float),
    Column("score_reflect", Float),
    Column("notes", Text),
    Column("outcome", String),
    Column("score", Float),
    Column("body", Text),
    ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
)
"""One sampled frame of a run: its caption or failure, the score after each stage, and (as
`body`) the verdict."""

MATCH = Table(
    "match",
    METADATA,
    Column("run_id", String, primary_key=True),
    Column("clip", Integer, primary_key=True),
    Column("frame_index", Integer, primary_key=True),
    Column("rule_id", String, primary_key=True),
    Column("linked", Boolean, nullable=False),
    Column("strength", Float, nullable=False),
    Column("evidence", Text, nullable=False),
    ForeignKeyConstraint(
        ["run_id", "clip", "frame_index"],
        ["verdict.run_id", "verdict.clip", "verdict.frame_index"],
    ),
    Index("ix_match_rule", "rule_id"),
)
"""A rule that held on a frame of a run, to a strength, with its evidence."""

EVENT = Table(
    "event",
    METADATA,
    Column("run_id", String, primary_key=True),
    Column("clip", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("start_seconds", Float, nullable=False),
    Column("stop_seconds", Float, nullable=False),
    Column("category", String),
    Column("level", String, nullable=False),
    Column("peak_score", Float, nullable=False),
    Column("body", Text, nullable=False),
    ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
)
"""An event of a run's clip."""

REFLECTION = Table(
    "reflection",
    METADATA,
    Column("run_id", String, primary_key=True),
    Column("clip", Integer, primary_key=True),
    Column("start_frame", Integer, primary_key=True),
    Column("stop_frame", Integer, nullable=False),
    Column("body", Text, nullable=False),
    ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
)
"""What reflection said of the candidate event in [start_frame, stop_frame) of a run's clip."""

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("clip", Integer, nullable=False),
    Column("start_frame", Integer, nullable=False),
    Column("stop_frame", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("scene", String, nullable=False),
    Column("revision", Integer),
    Column("author", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created_at", String, nullable=False),
    ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
    ForeignKeyConstraint(["scene", "revision"], ["rule_set.scene", "rule_set.revision"]),
    Index("ix_feedback_scene", "scene"),
)
"""What a person said of the frames [start_frame, stop_frame) of a run's clip, and the proposal
that was made of it; append-only."""
