"""The first schema: scenes, scene models, revisions, captions, runs, verdicts, events.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("rule_set", "rule", "caption", "scene_model")
"""Tables whose rows never change: SQLite itself refuses an update."""


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "caption",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("captioner", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_caption_sha256"), "caption", ["sha256"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "scene",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active_revision", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "scene_model",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("captioner", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("info", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "rule_set",
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("scene_model_sha256", sa.String(), nullable=True),
        sa.Column("captioner", sa.String(), nullable=True),
        sa.Column("by_induction", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scene"],
            ["scene.name"],
        ),
        sa.ForeignKeyConstraint(
            ["scene_model_sha256"],
            ["scene_model.sha256"],
        ),
        sa.PrimaryKeyConstraint("scene", "revision"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scene"],
            ["scene.name"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sample",
        sa.Column("clip_sha256", sa.String(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("frame_index", sa.Integer(), nullable=False),
        sa.Column("caption_key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["caption_key"],
            ["caption.key"],
        ),
        sa.PrimaryKeyConstraint("clip_sha256", "view", "frame_index"),
    )
    op.create_table(
        "rule",
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scene", "revision"],
            ["rule_set.scene", "rule_set.revision"],
        ),
        sa.PrimaryKeyConstraint("scene", "revision", "rule_id"),
    )
    op.create_table(
        "run_clip",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("clip", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["run.id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "clip"),
    )
    op.create_table(
        "event",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("clip", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start_seconds", sa.Float(), nullable=False),
        sa.Column("stop_seconds", sa.Float(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("peak_score", sa.Float(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "clip"],
            ["run_clip.run_id", "run_clip.clip"],
        ),
        sa.PrimaryKeyConstraint("run_id", "clip", "number"),
    )
    op.create_table(
        "reflection",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("clip", sa.Integer(), nullable=False),
        sa.Column("start_frame", sa.Integer(), nullable=False),
        sa.Column("stop_frame", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "clip"],
            ["run_clip.run_id", "run_clip.clip"],
        ),
        sa.PrimaryKeyConstraint("run_id", "clip", "start_frame"),
    )
    op.create_table(
        "run_chunk",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("clip", sa.Integer(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("captions_computed", sa.Integer(), nullable=False),
        sa.Column("captions_cached", sa.Integer(), nullable=False),
        sa.Column("model_calls", sa.Integer(), nullable=False),
        sa.Column("tokens_in", sa.Integer(), nullable=False),
        sa.Column("tokens_out", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "clip"],
            ["run_clip.run_id", "run_clip.clip"],
        ),
        sa.PrimaryKeyConstraint("run_id", "clip", "chunk"),
    )
    op.create_table(
        "verdict",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("clip", sa.Integer(), nullable=False),
        sa.Column("frame_index", sa.Integer(), nullable=False),
        sa.Column("until_frame", sa.Integer(), nullable=False),
        sa.Column("time_seconds", sa.Float(), nullable=False),
        sa.Column("caption_key", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("undetermined", sa.String(), nullable=True),
        sa.Column("unevaluated", sa.Text(), nullable=True),
        sa.Column("links", sa.Text(), nullable=True),
        sa.Column("score_match", sa.Float(), nullable=True),
        sa.Column("score_smooth", sa.Float(), nullable=True),
        sa.Column("score_reason", sa.Float(), nullable=True),
        sa.Column("score_reflect", sa.Float(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["caption_key"],
            ["caption.key"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id", "clip"],
            ["run_clip.run_id", "run_clip.clip"],
        ),
        sa.PrimaryKeyConstraint("run_id", "clip", "frame_index"),
    )
    op.create_table(
        "match",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("clip", sa.Integer(), nullable=False),
        sa.Column("frame_index", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("linked", sa.Boolean(), nullable=False),
        sa.Column("strength", sa.Float(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "clip", "frame_index"],
            ["verdict.run_id", "verdict.clip", "verdict.frame_index"],
        ),
        sa.PrimaryKeyConstraint("run_id", "clip", "frame_index", "rule_id"),
    )
    op.create_index("ix_match_rule", "match", ["rule_id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for table in _APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} rows never change'); END"
            )
