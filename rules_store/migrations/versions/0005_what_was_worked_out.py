"""What was worked out before, so that it need not be worked out again.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep files as they were read and scripts as they are packed, and what opening a clip gave."""
    op.create_table(
        "derived",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "clip_file",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("info", sa.Text(), nullable=False),
        sa.Column("times", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )
