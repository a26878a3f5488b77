"""The database's own health, for the doctor: server, schema, login, policies and clock."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from bookra.engine.revision import HEAD

OLDEST_SERVER = 150_000

FACTS = text(
    """
    SELECT current_setting('server_version_num')::int AS version,
           current_setting('server_version') AS version_text,
           (SELECT version_num FROM bookra.alembic_version) AS revision,
           (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS unbound,
           (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'bookra' AND c.relkind IN ('r', 'p')
               AND c.relname <> 'alembic_version'
               AND NOT (c.relrowsecurity AND c.relforcerowsecurity)) AS unforced,
           EXTRACT(EPOCH FROM clock_timestamp())::float8 AS epoch
    """
)


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the server says about itself. ``unbound`` logins escape row-level security."""

    version: str
    supported: bool
    revision: str
    up_to_date: bool
    unbound: bool
    unforced_tables: int
    epoch_seconds: float


def database_facts(connection: Connection) -> DatabaseFacts:
    """Ask the server in one trip."""
    row = connection.execute(FACTS).one()
    return DatabaseFacts(
        row.version_text.split(" ")[0],
        row.version >= OLDEST_SERVER,
        row.revision,
        row.revision == HEAD,
        row.unbound,
        row.unforced,
        row.epoch,
    )
