"""The connection to PostgreSQL: a pool of ordinary logins, with limits on everything.

Every session is pinned to UTC and bounded in time, so that a stuck client can't hold a lock or a
snapshot for ever. Nothing here knows tenants; ``runtime`` opens transactions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy import Engine as Pool
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from bookra.errors import InvalidInputError

STATEMENT_TIMEOUT_MS = 30_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
LOCK_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_SECONDS = 5
UNANSWERED_MS = 15_000
"""How long the network may leave what was sent unacknowledged before the connection is given up."""

LONGEST_TRANSACTION_SECONDS = 300
"""How long a writing transaction may last: the engine refuses to commit a longer one.

PostgreSQL 15 and 16 have no such limit of their own (``transaction_timeout`` came with 17), so the
rule is kept where the commit is. ``now() - LONGEST_TRANSACTION_SECONDS`` is therefore settled:
nothing that began before it can still appear.
"""

COMMIT_MARGIN_SECONDS = 60
"""What the commit itself may take, before what is posted counts as settled."""

SETTLED_AFTER_SECONDS = LONGEST_TRANSACTION_SECONDS + COMMIT_MARGIN_SECONDS

PREPARED_AFTER = 5
"""How often a session sends a statement before the server keeps its plan: psycopg's own measure."""

SESSION_SETTINGS = {
    "timezone": "UTC",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "search_path": "bookra",  # not public: in older databases everybody may plant functions there
}
SESSION_OPTIONS = " ".join(f"-c {name}={value}" for name, value in SESSION_SETTINGS.items())

BEHIND_POOLER = "bookra.pooler"
"""In a connection's ``info``: a transaction pooler stands between; its sessions are anybody's."""

PLANS_KEPT = "bookra.plans_kept"
"""In a connection's ``info``: whether the session has the plans that `statements` keeps in it."""

EACH_TIME = "".join(f"SET LOCAL {name} = {value};" for name, value in SESSION_SETTINGS.items())
"""What a transaction says behind a pooler, which throws the options of sessions away."""


def conninfo_of(url: str) -> dict[str, str]:
    """Return libpq's keywords for a ``postgresql://`` URL; raises InvalidInputError."""
    try:
        keywords = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its words quote the URL, with the password in it
        raise InvalidInputError(
            "bad_database_url",
            "The database URL can't be read",
            hint="Write postgresql://user:password@host:5432/name; within the password %40 for @"
            " and %2F for /",
        ) from None
    return {key: str(value) for key, value in keywords.items() if value is not None}


def open_pool(conninfo: Mapping[str, str], *, size: int = 5, pooled: bool = True) -> Pool:
    """Return a SQLAlchemy engine over psycopg for these libpq keywords.

    ``pooled=False`` gives a fresh connection a transaction: for administrative work and forks.
    """
    reuse: dict[str, Any] = {
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": 10,
        "pool_recycle": 1800,
    }
    pool = create_engine(
        "postgresql+psycopg://",
        connect_args=_arguments(conninfo),
        use_native_hstore=False,  # spares three statements that look for a type nobody uses
        **(reuse if pooled else {"poolclass": NullPool}),
    )
    if pooled:
        event.listen(pool, "connect", _prepare_on_a_session_of_its_own)
        event.listen(pool, "rollback_savepoint", _forget_plans)
    return pool


def _forget_plans(connection: Connection, _name: str, _context: None) -> None:
    """Know that psycopg lets the server forget every plan, after any rollback."""
    if not connection.invalidated:  # else the session is gone, and what was known of it
        connection.info[PLANS_KEPT] = False


def _prepare_on_a_session_of_its_own(
    driver: psycopg.Connection, record: ConnectionPoolEntry
) -> None:
    """Let the server keep the plans of a session's frequent statements: planning the slot search
    takes as long as answering it.

    Behind PgBouncer in transaction mode the next transaction may meet another server process,
    which knows no statement of this one. A pooler makes up the process id that it tells at the
    start (https://github.com/pgbouncer/pgbouncer/issues/1296); the server's own gives it away.
    """
    answer = driver.pgconn.exec_(b"SELECT pg_backend_pid()").get_value(0, 0)
    if answer == str(driver.info.backend_pid).encode():
        driver.prepare_threshold = PREPARED_AFTER
    else:
        record.info[BEHIND_POOLER] = True


def _arguments(conninfo: Mapping[str, str]) -> dict[str, object]:
    return {
        **conninfo,
        "options": f"{conninfo.get('options', '')} {SESSION_OPTIONS}".strip(),
        "connect_timeout": int(conninfo.get("connect_timeout", CONNECT_TIMEOUT_SECONDS)),
        "application_name": conninfo.get("application_name", "bookra"),
        "client_encoding": "UTF8",  # a database without an encoding of its own answers in bytes
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": int(conninfo.get("tcp_user_timeout", UNANSWERED_MS)),
        "prepare_threshold": None,  # until it is known that nothing stands between
    }


def checked_url(url: str) -> str:
    """Return ``url`` if it names a PostgreSQL database, else raise InvalidInputError."""
    try:
        known = make_url(url).get_backend_name() in {"postgresql", "postgres"}
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        known = False
    if not known:
        raise InvalidInputError(
            "bad_database_url",
            "The database URL does not start with postgresql://",
            hint="Write postgresql://user:password@host:5432/name, or unset BOOKRA_DATABASE_URL",
        )
    return url
