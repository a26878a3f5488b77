"""Runs the migrations inside one connection and transaction.

The program hands its own connection over. Run by ``alembic`` itself (for ``alembic check`` or
``alembic revision --autogenerate``), an administrative one is opened on the settings' database.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from bookra.engine.schema import SCHEMA
from bookra.engine.tables import metadata


def migrate(connection: Connection) -> None:
    """Configure Alembic for our one schema and run what it was asked for."""
    # Sessions search our schema first, and Alembic leaves the name of the default schema out:
    # the models name theirs, so the two would never match.
    connection.dialect.default_schema_name = "public"
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
        include_name=lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
        compare_server_default=False,
        transaction_per_migration=False,
    )
    context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    from bookra import bootstrap, config

    with bootstrap.administration(config.load({})) as own:
        migrate(own)
