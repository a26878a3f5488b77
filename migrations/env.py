"""Runs the migrations inside the one connection and transaction that the program hands over."""

from __future__ import annotations

from alembic import context

from bookra.engine.schema import SCHEMA
from bookra.engine.tables import metadata

config = context.config

context.configure(
    connection=config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
    compare_server_default=False,
    transaction_per_migration=False,
)
context.run_migrations()
