"""Whole databases of the embedded server: made, swapped, closed and opened, by its superuser."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql

from bookra.engine import refusals

LONGEST_NAME = 40
EXISTS = "SELECT 1 FROM pg_database WHERE datname = %s"
IDLE = (
    "SELECT d.datname FROM pg_database d"
    " WHERE NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)"
)
OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = %s AND pid <> pg_backend_pid()"
)


def scratch_name(name: str, purpose: str) -> str:
    """Return a name for a database that stands beside another for a while."""
    return f"{name[:LONGEST_NAME]}_{purpose}_{secrets.token_hex(3)}"


def exists(server: Mapping[str, str], name: str) -> bool:
    """Tell whether the server has a database of this name."""
    with _maintenance(server) as session:
        return session.execute(EXISTS, [name]).fetchone() is not None


def create(server: Mapping[str, str], name: str) -> None:
    """Make an empty database."""
    with _maintenance(server) as session:
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def drop(server: Mapping[str, str], name: str) -> None:
    """Drop a database and end whoever is in it; content when there is none."""
    with _maintenance(server) as session:
        session.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def drop_leftovers(server: Mapping[str, str], name: str, purpose: str) -> None:
    """Drop what killed commands left of `scratch_name`; one that somebody is in stays."""
    pattern = f"{re.escape(name[:LONGEST_NAME])}_{purpose}_[0-9a-f]{{6}}"
    with _maintenance(server) as session:
        for (found,) in session.execute(IDLE).fetchall():
            if re.fullmatch(pattern, found):
                with suppress(psycopg.errors.ObjectInUse):  # somebody has just come
                    session.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(found)))


def take_the_place(server: Mapping[str, str], fresh: str, name: str, aside: str) -> bool:
    """Give ``fresh`` the name of another database, which is called ``aside`` from then on.

    Both in one transaction; nobody may connect to what is aside. False when there was no other.
    """
    with _maintenance(server) as session:
        known = session.execute(EXISTS, [name]).fetchone() is not None
        if known:
            _close(session, name)
        try:
            with session.transaction():
                if known:
                    session.execute(_renaming(name, aside))
                session.execute(_renaming(fresh, name))
        except BaseException:
            if known:
                _open(session, name)
            raise
        return known


def shut(server: Mapping[str, str], name: str) -> None:
    """Let no ordinary login into a database any more, and end the sessions that are there."""
    with _maintenance(server) as session:
        session.execute(
            sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(sql.Identifier(name))
        )
        session.execute(OTHERS, [name])


def is_shut(server: Mapping[str, str], name: str) -> bool:
    """Tell whether a database was shut."""
    with _maintenance(server) as session:
        row = session.execute(
            "SELECT datconnlimit = 0 FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        return bool(row and row[0])


def reopen(server: Mapping[str, str], name: str) -> None:
    """Let ordinary logins in again."""
    with _maintenance(server) as session:
        session.execute(
            sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(sql.Identifier(name))
        )


def _close(session: psycopg.Connection, name: str) -> None:
    session.execute(
        sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name))
    )
    session.execute(OTHERS, [name])


def _open(session: psycopg.Connection, name: str) -> None:
    session.execute(
        sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name))
    )


def _renaming(name: str, to: str) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
        sql.Identifier(name), sql.Identifier(to)
    )


@contextmanager
def _maintenance(server: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    target = psycopg.conninfo.make_conninfo(**{"connect_timeout": "5", **server})
    try:
        with psycopg.connect(target, autocommit=True) as session:
            yield session
    except psycopg.OperationalError as error:
        raise refusals.unreachable(str(error)) from error
