"""Says statements to the server: what SQLAlchemy adds to each would cost more than the answer.

SQLAlchemy keeps the pool, the transaction's state, savepoints and the words of errors. What goes
to and fro in every transaction is said straight to psycopg: a statement costs the program a third
of the time, and a transaction begins in one message together with its settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import generators
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from sqlalchemy import Connection, Dialect, Row, TextClause
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

BINARY_RESULTS = "binary_results"
"""Execution option: long arrays of numbers are read faster as such than as text."""

REMEMBERED = 2_000
"""How many statements are kept as psycopg wants them; the program has fewer."""

_DIALECT: Dialect = psycopg_dialect.dialect()


class Statements:
    """Says statements on one connection, and hands their rows back as SQLAlchemy's.

    Errors come out as SQLAlchemy's DBAPIError, and whoever listens to ``before_cursor_execute``
    or ``handle_error`` is told, as for everything else that is said on the connection.
    """

    __slots__ = ("_connection", "_cursor")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor: psycopg.Cursor[Any] | None = None

    def run(self, statement: TextClause, values: Mapping[str, Any]) -> int:
        """Say ``statement``; return how many rows it touched."""
        return self._said(statement, values).rowcount

    def rows(
        self, statement: TextClause, values: Mapping[str, Any], *, told: bool = True
    ) -> Sequence[Row[Any]]:
        """Say ``statement``; return every row. The runtime's own are not ``told`` to listeners."""
        cursor = self._said(statement, values, told=told)
        found = cursor.fetchall()
        if not found:
            return []
        result = cursor.pgresult
        assert result is not None
        shape = _shape(tuple(result.fname(column) for column in range(result.nfields)))
        answer: IteratorResult[Any] = IteratorResult(shape, iter(found))
        return answer.all()

    def _said(
        self, statement: TextClause, values: Mapping[str, Any], *, told: bool = True
    ) -> psycopg.Cursor[Any]:
        words, binary = _words(statement)
        connection = self._connection
        cursor = self._cursor
        if cursor is None:
            cursor = self._cursor = driver_of(connection).cursor()
        for listener in connection.dispatch.before_cursor_execute if told else ():
            listener(connection, cursor, words, values, None, False)
        try:
            cursor.execute(words, values, binary=binary)
        except psycopg.Error as error:
            # The values stay out of the error: they may be somebody's name. Private, and the one
            # place where a refusal meets its listeners and a lost connection leaves the pool.
            connection._handle_dbapi_exception(error, words, None, None, None)
        return cursor


def begin(connection: Connection, settings: str) -> None:
    """Begin a transaction by ``settings``, which start with BEGIN, all in one message.

    psycopg would say BEGIN by itself, and wait for its answer, before anything else. Raises
    DBAPIError; a connection that is found dead leaves the pool.
    """
    connection.begin()
    try:
        _say(driver_of(connection), settings.encode())
    except psycopg.Error as error:
        connection._handle_dbapi_exception(error, settings, None, None, None)


def commit(connection: Connection, afterwards: str = "") -> None:
    """Commit, and say ``afterwards`` in the same message: it is a transaction of its own.

    What goes wrong with ``afterwards`` is no error: the work is committed. Raises DBAPIError.
    """
    driver = driver_of(connection)
    try:
        _say(driver, f"COMMIT;{afterwards}".encode(), expected=1)
    except psycopg.Error as error:
        connection._handle_dbapi_exception(error, "COMMIT", None, None, None)
    connection.commit()  # SQLAlchemy and psycopg learn of it; the server isn't asked again


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """Return psycopg's own connection."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _say(driver: psycopg.Connection[Any], words: bytes, expected: int | None = None) -> None:
    """Send one simple query and wait; raises the error of any of its ``expected`` first results."""
    if driver.closed:
        raise psycopg.OperationalError("the connection is closed")
    driver.pgconn.send_query(words)
    for result in driver.wait(generators.execute(driver.pgconn))[:expected]:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result, driver.info.encoding)


@lru_cache(REMEMBERED)
def _words(statement: TextClause) -> tuple[str, bool | None]:
    """Return a statement with its binds as psycopg writes them, and whether it wants binary rows.

    None leaves the choice to psycopg.
    """
    binary = statement.get_execution_options().get(BINARY_RESULTS)
    return str(statement.compile(dialect=_DIALECT)), binary


@lru_cache(REMEMBERED)
def _shape(names: tuple[bytes, ...]) -> SimpleResultMetaData:
    """Return what SQLAlchemy knows of rows with these columns."""
    return SimpleResultMetaData([name.decode() for name in names])
