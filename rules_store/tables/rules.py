"""Scenes, what was fitted on them, revisions of their rules, and what people decided of these."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from rules_store.tables.metadata import METADATA

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
