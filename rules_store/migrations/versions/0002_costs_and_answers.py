"""What a run costs in full, and the answers of models.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COUNTS = (
    "failed_calls",
    "tokens_cached",
    "images",
    "unpriced_calls",
    "captions_shared",
    "answers_cached",
)


def upgrade() -> None:
    """Count more of what a chunk cost, keep what reasoning cost, and keep answers."""
    for name in _COUNTS:
        column = sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        op.add_column("run_chunk", column)
    op.add_column(
        "run_chunk", sa.Column("cost_usd", sa.Float(), nullable=False, server_default="0")
    )
    op.create_table(
        "run_usage",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"]),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "answer",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER answer_is_append_only BEFORE UPDATE ON answer "
            "BEGIN SELECT RAISE(ABORT, 'answer rows never change'); END"
        )
