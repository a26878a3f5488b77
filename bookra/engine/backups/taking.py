"""Taking a backup: one snapshot for the manifest and for pg_dump, while everybody goes on working.

Row-level security is forced on every table, its owner included, so the login must be one that no
policy binds: a superuser, or a role with BYPASSRLS and ``pg_read_all_data``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, text

from bookra.engine.backups import archive, programs, turn
from bookra.engine.backups.manifest import Manifest
from bookra.engine.backups.survey import surveyed_unbound, work_for_all
from bookra.engine.database import open_pool
from bookra.engine.schema import SCHEMA
from bookra.engine.statements import driver_of
from bookra.errors import NotAllowedError, UnavailableError

OLDEST_REVISION = "0005"
"""What came before had no breakers, with which a restore holds effects back."""

LOGIN = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user")
REVISION = text("SELECT version_num FROM bookra.alembic_version")
# The dump may take longer than any transaction of the program.
PATIENCE = text(
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
)
SNAPSHOT = text("SELECT pg_export_snapshot() AS id, now() AS taken_at")


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that is on the disk. ``size`` is in bytes."""

    path: Path
    size: int
    manifest: Manifest


def take(conninfo: Mapping[str, str], path: Path, *, overwrite: bool = False) -> Taken:
    """Write a backup of the database that ``conninfo`` names to ``path``.

    Raises NotAllowedError (``needs_backup_role``), UnavailableError (``no_pg_dump``,
    ``dump_failed``), ConflictError (``file_exists``; ``job_running`` while another one is at it),
    InvalidInputError (``cannot_write``) and SQLAlchemy's DBAPIError.
    """
    pool = open_pool(conninfo, pooled=False)
    try:
        with pool.connect() as plain, archive.arriving(path, overwrite=overwrite) as partial:
            connection = plain.execution_options(isolation_level="REPEATABLE READ")
            _require_all_rows(connection)
            turn.take(connection)
            driver = driver_of(connection)
            program = programs.pg_dump(
                driver.info.server_version, encrypted=driver.pgconn.ssl_in_use
            )
            connection.execute(PATIENCE)
            snapshot = connection.execute(SNAPSHOT).one()
            taken_at = snapshot.taken_at.astimezone(UTC).isoformat(timespec="microseconds")
            manifest = _manifest(connection, driver.info.server_version, taken_at)
            with programs.dumping(program, conninfo, SCHEMA, snapshot.id) as stream:
                size = archive.written(partial, manifest, stream)
    finally:
        pool.dispose()
    return Taken(path, size, manifest)


def _manifest(connection: Connection, server: int, taken_at: str) -> Manifest:
    revision = connection.execute(REVISION).scalar_one()
    if revision < OLDEST_REVISION:
        raise UnavailableError(
            "not_migrated",
            f"This database is at revision {revision}, of which this program makes no backups",
            hint="Run: bookra db upgrade",
        )
    return Manifest(
        version("bookra"),
        revision,
        server,
        taken_at,
        surveyed_unbound(connection),
        work_for_all(connection),
    )


def _require_all_rows(connection: Connection) -> None:
    if not connection.execute(LOGIN).scalar_one():
        raise NotAllowedError(
            "needs_backup_role",
            "This login does not see every row: row-level security binds it",
            hint="Back up with a superuser's URL, or with a login made for it: CREATE ROLE"
            " bookra_backup LOGIN BYPASSRLS; GRANT pg_read_all_data TO bookra_backup",
        )
