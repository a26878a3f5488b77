"""The database's own health, for the doctor: server, schema, login, policies and clock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection, text

from bookra.engine.revision import HEAD

OLDEST_SERVER = 150_000
HEARD_SECONDS = 0.5
"""How long one's own notice may take to come back."""

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


def hears(conninfo: Mapping[str, str]) -> bool:
    """Tell whether LISTEN and NOTIFY work on a connection of its own.

    They don't behind PgBouncer in transaction mode: relays poll then, and start effects later.
    """
    channel = f"bookra_check_{os.getpid()}"
    target = psycopg.conninfo.make_conninfo(**{"connect_timeout": "2", **conninfo})
    try:
        with psycopg.connect(target, autocommit=True) as connection:
            connection.execute(f"LISTEN {channel}")
            connection.execute(f"NOTIFY {channel}")
            return any(True for _ in connection.notifies(timeout=HEARD_SECONDS, stop_after=1))
    except psycopg.Error:
        return False
