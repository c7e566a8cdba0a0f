"""What each clip of a run comes to as a whole.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the verdict on a clip beside how it was read; runs of before have none."""
    op.add_column("run_clip", sa.Column("verdict", sa.Text(), nullable=True))
