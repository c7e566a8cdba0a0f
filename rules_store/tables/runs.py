"""Detections: their clips, chunks, frames, matches, events, and what they cost."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from rules_store.tables.metadata import METADATA

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
