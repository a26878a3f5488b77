"""Hearing what is committed elsewhere: LISTEN on a session of its own.

A notice is a hint: it names kinds and ids, is sent after the commit, and may be lost. Who listens
reads again, and reads by itself now and then.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine as Pool
from sqlalchemy.exc import DBAPIError

from bookra.engine import refusals
from bookra.engine.database import BEHIND_POOLER
from bookra.errors import UnavailableError


class Notices:
    """One channel of one session. Used by one thread."""

    def __init__(self, connection: psycopg.Connection[Any], channel: str) -> None:
        self._connection = connection
        self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))

    def wait(self, seconds: float) -> tuple[str, ...]:
        """Return what was announced, as soon as anything is; nothing when the time is over.

        Raises UnavailableError when the session is lost.
        """
        try:
            heard = [
                notice.payload
                for notice in self._connection.notifies(timeout=seconds, stop_after=1)
            ]
        except psycopg.Error as error:
            raise UnavailableError(
                "connection_lost", "The database is no longer heard", hint="It is tried again"
            ) from error
        return tuple(name for payload in heard for name in payload.split(",") if name)

    def end(self) -> None:
        """Let a waiting thread go at once, from another one: `wait` finds the session lost."""
        with (
            suppress(psycopg.Error, OSError),
            socket.socket(fileno=os.dup(self._connection.fileno())) as wire,
        ):
            wire.shutdown(socket.SHUT_RDWR)


@contextmanager
def listening(pool: Pool, channel: str) -> Iterator[Notices]:
    """Give a session that hears ``channel``, and close it at the end.

    It is taken out of the pool for good. Raises UnavailableError where it can't be had.
    """
    try:
        fairy = pool.raw_connection()
    except DBAPIError as error:
        raise refusals.explain(error) from error
    driver, pooled = fairy.driver_connection, BEHIND_POOLER in fairy.info
    fairy.detach()
    assert isinstance(driver, psycopg.Connection)
    try:
        if pooled:
            raise UnavailableError(
                "not_heard", "Nothing is heard through a transaction pooler", hint="It is read"
            )
        driver.rollback()
        driver.autocommit = True
        yield Notices(driver, channel)
    except psycopg.Error as error:
        raise UnavailableError(
            "connection_lost", "The database can't be heard", hint="It is tried again"
        ) from error
    finally:
        if driver.broken:  # nothing can be said to it any more, not even goodbye
            driver.close()
        else:
            fairy.close()
