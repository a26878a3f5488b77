"""From settings to a working engine: starts the embedded server, makes what is missing, connects.

The program never works as a superuser. On the embedded server it connects as the ordinary login
``bookra``; a superuser is used for a moment, to create the database, the login and the schema. A
server named by a URL is migrated by ``bookra db upgrade`` alone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text
from sqlalchemy import Engine as Pool
from sqlalchemy.exc import DBAPIError

from bookra.config import Settings
from bookra.engine import refusals
from bookra.engine.database import EACH_TIME, checked_url, conninfo_of, open_pool
from bookra.engine.embedded import SUPERUSER, EmbeddedServer
from bookra.engine.revision import HEAD
from bookra.engine.runtime import Clock, Engine
from bookra.errors import BookraError, NotAllowedError, UnavailableError

LOGIN = "bookra"
"""The ordinary login on the embedded server: the platform's, and no superuser."""

NOT_READY = frozenset({"3D000", "28000", "28P01", "42P01", "3F000", "42501"})
"""No database, no login, no tables, or no right to look: the first start has not happened yet."""

LOGIN_REFUSED = ("password authentication failed", "is not permitted to log in")
"""What a server says of a wrong password and of a revoked login; libpq hands on no SQLSTATE."""

UPGRADE_ATTEMPTS = 5
IN_THE_WAY = frozenset({"locked", "contended"})
"""Codes of an upgrade that met the locks of people at work, and kept nothing."""

REVISION = text("SELECT version_num FROM bookra.alembic_version")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What a preparation did. Revisions are None for a database without Bookra's tables."""

    started: bool
    before: str | None
    after: str


def open_engine(settings: Settings, *, now: Clock | None = None, size: int = 5) -> Engine:
    """Return an engine on the settings' database, ready to work.

    The embedded server is started, created and migrated when that is needed. Raises
    UnavailableError (``not_migrated``, ``database_newer``, ``database_unavailable``).
    """
    if settings.embedded:
        embedded_server(settings).ensure_started()
    pool = open_pool(conninfo(settings), size=size)
    try:
        found = _revision(pool, settings)  # the pool keeps this first connection for the work
        if found != HEAD and settings.embedded:
            upgrade(settings)
        elif found != HEAD:
            raise _not_migrated(found)
    except BaseException:
        pool.dispose()
        raise
    return Engine(pool, now=now)


def open_replica(settings: Settings, primary: Engine) -> tuple[Engine | None, str | None]:
    """Return an engine for reports on the settings' replica, or None and why it may not answer.

    Without a replica both are None. Raises InvalidInputError (``bad_database_url``), and
    UnavailableError when the primary does not answer.
    """
    from bookra.engine.replica import why_not

    if settings.replica_url is None:
        return None, None
    replica = Engine(open_pool(conninfo_of(checked_url(settings.replica_url)), size=2))
    why = why_not(primary, replica, settings.replica_lag_seconds)
    if why is None:
        return replica, None
    replica.close()
    return None, why


def upgrade(settings: Settings) -> Upgraded:
    """Create what is missing and bring the schema to this program's revision.

    Works as the administrator: the embedded superuser, or the login of the URL. Safe to run twice
    and by two commands at once. Who works meanwhile holds locks: it gives way to them, and tries
    again a few times. Raises UnavailableError (``database_newer``; ``locked`` or ``contended``
    when they never let it through).
    """
    started = embedded_server(settings).ensure_started() if settings.embedded else False
    if settings.embedded:
        _create_database(settings)
    for attempt in range(1, UPGRADE_ATTEMPTS + 1):
        try:
            return Upgraded(started, _migrated(settings), HEAD)
        except UnavailableError as error:
            if error.code not in IN_THE_WAY or attempt == UPGRADE_ATTEMPTS:
                raise
            time.sleep(random.uniform(0, attempt))  # noqa: S311 - not a secret
    raise AssertionError("unreachable")


def _migrated(settings: Settings) -> str | None:
    """Migrate in one transaction; return the revision that was there before."""
    from bookra.engine import migrating, roles

    with administration(settings) as connection:
        before = migrating.inspect(connection).current
        if before != HEAD:
            migrating.upgrade(connection)
        if settings.embedded:
            roles.create_login(connection, LOGIN, None)
            roles.grant(connection, roles.PLATFORM, LOGIN)
    return before


@contextmanager
def administration(settings: Settings) -> Iterator[Connection]:
    """Open one administrative transaction: committed at the end, rolled back on an error.

    For migrations, businesses and operators alone. Database errors come out as BookraError.
    """
    pool = open_pool(administrator(settings), pooled=False)
    try:
        with pool.begin() as connection:
            connection.exec_driver_sql(EACH_TIME)  # a pooler throws the session's options away
            yield connection
    except DBAPIError as error:
        raise refusals.explain(error) from error
    finally:
        pool.dispose()


def conninfo(settings: Settings) -> dict[str, str]:
    """Return libpq's keywords of the ordinary login."""
    if settings.database_url is not None:
        return conninfo_of(checked_url(settings.database_url))
    return embedded_server(settings).conninfo(LOGIN, settings.database)


def embedded_server(settings: Settings) -> EmbeddedServer:
    """Return the embedded server of the settings' home, started or not."""
    return EmbeddedServer(settings.home)


def drop_database(settings: Settings) -> bool:
    """Drop the embedded database of these settings alone; False when there is none."""
    embedded_server(settings).ensure_started()
    with _maintenance(settings) as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [settings.database]
        ).fetchone()
        if known:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(settings.database))
            )
    return known is not None


def revision(settings: Settings) -> str | None:
    """Return the schema's revision, None when there is none yet. Raises UnavailableError."""
    pool = open_pool(conninfo(settings), pooled=False)
    try:
        return _revision(pool, settings)
    finally:
        pool.dispose()


def _revision(pool: Pool, settings: Settings) -> str | None:
    try:
        with pool.connect() as connection:
            return connection.execute(REVISION).scalar()
    except DBAPIError as error:
        cause = str(error.orig)
        if refusals.sqlstate(error) == "42501" and not settings.embedded:
            raise refusals.explain(error) from error  # a login that has no role here
        if refusals.sqlstate(error) in NOT_READY:
            return None
        if settings.embedded and "does not exist" in cause:
            return None  # libpq reports a refused connection without its SQLSTATE
        if settings.embedded and "too many connections for database" in cause:
            raise _moved_away(settings) from error
        if any(words in cause for words in LOGIN_REFUSED):
            raise _login_refused() from error
        raise refusals.unreachable(cause) from error


def _login_refused() -> BookraError:
    return NotAllowedError(
        "login_refused",
        "The database server lets nobody in by this login and password",
        hint="It may have been revoked or given another password: bookra operator rotate LOGIN",
    )


def _not_migrated(found: str | None) -> BookraError:
    if found is not None and found > HEAD:
        return UnavailableError(
            "database_newer",
            f"This database is at revision {found}, which this version of Bookra does not know",
            hint="Upgrade Bookra",
        )
    return UnavailableError(
        "not_migrated",
        "This database does not have this version's tables yet",
        hint="Run: bookra db upgrade",
    )


def _moved_away(settings: Settings) -> BookraError:
    return UnavailableError(
        "database_moved",
        f"The database '{settings.database}' is being moved to a server, or was",
        hint="Name the server with BOOKRA_DATABASE_URL; to stay here: bookra db move --undo",
    )


def administrator(settings: Settings) -> dict[str, str]:
    """Return libpq's keywords of the login that makes roles, tables and databases."""
    if settings.embedded:
        return embedded_server(settings).conninfo(SUPERUSER, settings.database)
    return conninfo(settings)


def _create_database(settings: Settings) -> None:
    with _maintenance(settings) as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [settings.database]
        ).fetchone()
        if known:
            return
        try:
            connection.execute(
                sql.SQL("CREATE DATABASE {}").format(sql.Identifier(settings.database))
            )
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return  # another command was first


@contextmanager
def _maintenance(settings: Settings) -> Iterator[psycopg.Connection]:
    """Open the embedded server's maintenance database, outside any transaction."""
    target = embedded_server(settings).conninfo(SUPERUSER, "postgres")
    try:
        with psycopg.connect(_dsn(target), autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise refusals.unreachable(str(error)) from error


def _dsn(keywords: Mapping[str, str]) -> str:
    return psycopg.conninfo.make_conninfo(**{"connect_timeout": "5", **keywords})
