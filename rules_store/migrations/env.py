"""Alembic's entry: runs the migrations on the connection the store opened."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import rules_store.tables  # noqa: F401 - registers the tables

context.configure(
    connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata
)
context.run_migrations()
