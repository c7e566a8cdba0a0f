"""Proposals and what was decided of them, how models were asked, seals, and feedback.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("decision", "feedback")


def upgrade() -> None:
    """Say of revisions whether they wait for approval, how their models were asked, and by what
    seal their history is closed; keep decisions and feedback."""
    op.add_column(
        "rule_set", sa.Column("is_proposal", sa.Boolean(), nullable=False, server_default="0")
    )
    op.add_column("rule_set", sa.Column("asking", sa.Text(), nullable=True))
    op.add_column("rule_set", sa.Column("seal", sa.String(), nullable=True))
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scene", "revision"], ["rule_set.scene", "rule_set.revision"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_decision_scene", "decision", ["scene"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("clip", sa.Integer(), nullable=False),
        sa.Column("start_frame", sa.Integer(), nullable=False),
        sa.Column("stop_frame", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
        sa.ForeignKeyConstraint(["scene", "revision"], ["rule_set.scene", "rule_set.revision"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_feedback_scene", "feedback", ["scene"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for table in _APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} rows never change'); END"
            )
