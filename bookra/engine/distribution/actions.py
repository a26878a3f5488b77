"""Distributing a database over Citus' nodes: all of it in one transaction, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from bookra.engine.distribution.plan import Step, steps
from bookra.engine.schema import SCHEMA
from bookra.engine.tenancy import installation
from bookra.errors import NotAllowedError, UnavailableError

MAKING_SECONDS = 3600
"""How long the whole may take: rows that exist are copied to their nodes."""

STATE = text(
    """
    SELECT quote_ident(current_database()) AS database,
           (SELECT extversion FROM pg_extension WHERE extname = 'citus') AS version,
           EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus') AS available,
           (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS able
    """
)
DONE = text(
    """
    SELECT c.relname FROM pg_dist_partition p
      JOIN pg_class c ON c.oid = p.logicalrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = :schema
    """
)
PATIENCE = text(f"SET LOCAL statement_timeout = '{MAKING_SECONDS}s'")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left to do, and Citus' version here: None where the extension is missing.

    ``available`` tells whether the server could make the extension.
    """

    steps: tuple[Step, ...]
    version: str | None
    available: bool
    able: bool


def look(connection: Connection) -> Plan:
    """Return what `distribute` would do in this database; changes nothing."""
    state = connection.execute(STATE).one()
    done: set[str] = set()
    if state.version is not None:
        done = set(connection.execute(DONE, {"schema": SCHEMA}).scalars())
    left = tuple(steps(state.database, done))
    return Plan(left, state.version, state.available, bool(state.able))


def distribute(connection: Connection) -> Plan:
    """Distribute what is not yet, in the caller's transaction; returns what was done.

    Takes an exclusive lock on each table, and copies its rows. Raises UnavailableError
    (``citus_missing``) and NotAllowedError (``needs_superuser``), and then nothing is changed.
    """
    plan = look(connection)
    if plan.version is None:
        raise missing(available=plan.available)
    if not plan.able:
        raise NotAllowedError(
            "needs_superuser",
            "Copying every business's rows to the nodes needs a login that no policy holds back",
            hint="Use the URL of a superuser for this command",
        )
    connection.execute(PATIENCE)
    if plan.steps:
        installation.record(connection, "db distribute", [f"citus:{plan.version}"])
    for step in plan.steps:
        connection.exec_driver_sql(step.statement)
    return plan


def missing(*, available: bool) -> UnavailableError:
    """Return the error of a server without Citus, or of a database that does not use it yet."""
    if available:
        return UnavailableError(
            "citus_missing",
            "This database does not use the extension citus yet; nothing was changed",
            hint="As a superuser: CREATE EXTENSION citus; then add the nodes: citus_add_node()",
        )
    return UnavailableError(
        "citus_missing",
        "This server does not have the extension citus; nothing was changed",
        hint="See what would be run: bookra db distribute --dry-run",
    )
