"""Alembic's entry: runs the migrations on the connection the store opened."""

from __future__ import annotations

from alembic import context

from rules_store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
