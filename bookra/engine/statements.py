"""Says statements to the server: what SQLAlchemy adds to each would cost more than the answer.

SQLAlchemy keeps the pool, the transaction's state, savepoints and the words of errors. What goes
to and fro in every transaction is said straight to psycopg. A transaction begins in one message,
with its settings and its first question, and ends in one, with its last statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn
from uuid import UUID

import psycopg
from psycopg import generators
from psycopg.adapt import Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import Escaping, ExecStatus, Format
from psycopg.pq.abc import Escaping as Escapes
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Dialect, Row, TextClause
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from bookra.engine.database import BEHIND_POOLER, EACH_TIME, PLANS_KEPT

BINARY_RESULTS = "binary_results"
"""Execution option: long arrays of numbers are read faster as such than as text."""

REMEMBERED = 2_000
"""How many statements are kept as psycopg wants them; the program has fewer."""

_DIALECT: Dialect = psycopg_dialect.dialect()  # type: ignore[no-untyped-call]
_SEEN = "bookra.seen"
_READ_MOMENT = "bookra.read_moment"


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

    def rows(self, statement: TextClause, values: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Say ``statement``; return every row."""
        cursor = self._said(statement, values)
        found = cursor.fetchall()
        if not found:
            return []
        result = cursor.pgresult
        assert result is not None
        shape = _shape(tuple(result.fname(column) for column in range(result.nfields)))
        answer: IteratorResult[Any] = IteratorResult(shape, iter(found))
        return answer.all()

    def _said(self, statement: TextClause, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
        words, binary = _words(statement)
        connection = self._connection
        cursor = self._cursor
        if cursor is None:
            cursor = self._cursor = driver_of(connection).cursor()
        _tell(connection, cursor, words, values)
        try:
            cursor.execute(words, values, binary=binary)
        except psycopg.Error as error:
            _refuse(connection, error, words)
        return cursor


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement of every transaction: a session keeps its plan under ``name``.

    To plan it takes the server several times as long as to run it. ``kinds`` are the types of its
    binds, by name and in the order in which it is given them.
    """

    name: str
    statement: TextClause
    kinds: Mapping[str, str]

    @property
    def words(self) -> str:
        """The statement as psycopg writes it."""
        return _words(self.statement)[0]

    def said(self, literals: Mapping[str, str], *, kept: bool) -> str:
        """Return the SQL that runs it; ``kept`` says whether the session has its plan."""
        if kept:
            return f"EXECUTE {self.name}({', '.join(literals[bind] for bind in self.kinds)})"
        return self.words % literals

    def prepared(self) -> str:
        """Return the SQL that lets the session keep its plan."""
        numbers = {bind: f"${number}" for number, bind in enumerate(self.kinds, 1)}
        return f"PREPARE {self.name}({', '.join(self.kinds.values())}) AS {self.words % numbers};"


class Answer:
    """The one row that an opening brings. ``raw`` is as it came: equal rows have equal bytes."""

    def __init__(
        self, connection: Connection, driver: psycopg.Connection[Any], result: PGresult
    ) -> None:
        self._connection = connection
        self._driver = driver
        self._result = result
        self.raw = tuple(result.get_value(0, column) for column in range(result.nfields))

    def moment(self) -> datetime:
        """Return the first column's value, a moment. What reads one is kept with the session."""
        raw = self.raw[0]
        assert raw is not None
        load = self._connection.info.get(_READ_MOMENT)
        if load is None:
            reader = Transformer(self._driver).get_loader(self._result.ftype(0), Format.TEXT)
            load = self._connection.info[_READ_MOMENT] = reader.load
        moment: datetime = load(raw)
        return moment

    def values(self) -> tuple[Any, ...]:
        """Return every column's value."""
        reader = Transformer(self._driver)
        reader.set_pgresult(self._result)
        row: tuple[Any, ...] = reader.load_row(0, tuple)
        return row


def begin(
    connection: Connection,
    settings: str,
    kept: Sequence[Kept] = (),
    tenant_id: UUID | None = None,
) -> Answer | None:
    """Begin a transaction by ``settings``, which start with BEGIN, and ask the first of ``kept``.

    That is a question about the tenant, and the plans of all of them are kept. All of it is one
    message; psycopg would say BEGIN by itself and wait for its answer. Returns the question's row,
    if there is one. Raises DBAPIError; a connection that is found dead leaves the pool.
    """
    connection.begin()
    if connection.info.get(BEHIND_POOLER):
        begun, _, rest = settings.partition(";")
        settings = f"{begun};{EACH_TIME}{rest}"
    try:
        driver = driver_of(connection)
        if not kept or tenant_id is None:
            _say(driver, settings)
            return None
        return _opened(connection, driver, settings, kept, tenant_id)
    except psycopg.Error as error:
        _refuse(connection, error, settings)


def _opened(
    connection: Connection,
    driver: psycopg.Connection[Any],
    settings: str,
    kept: Sequence[Kept],
    tenant_id: UUID,
) -> Answer | None:
    """Let a session keep the plans from its second transaction on, and again when it lost them.

    psycopg has the server forget every plan after a rollback.
    """
    seen = connection.info.get(_SEEN, 0)
    keeps = seen > 0 and driver.prepare_threshold is not None
    asked = kept[0].said({"tenant_id": f"'{tenant_id}'"}, kept=keeps)

    def prepared() -> str:
        # After BEGIN: no statement of a message may come before it that sets the isolation level.
        return f"{settings}{''.join(one.prepared() for one in kept)}{asked}"

    try:
        results = _say(driver, prepared() if keeps and seen == 1 else settings + asked)
    except InvalidSqlStatementName:
        results = _say(driver, "ROLLBACK;" + prepared())
    connection.info[_SEEN] = min(seen + 1, 2)
    connection.info[PLANS_KEPT] = keeps
    return Answer(connection, driver, results[-1]) if results[-1].ntuples else None


def commit(
    connection: Connection,
    last: tuple[Kept, Mapping[str, Any]] | None = None,
    notices: Sequence[tuple[str, str]] = (),
) -> None:
    """Say the ``last`` statement, commit, and then notify each channel, all in one message.

    The notices are a transaction of their own, since NOTIFY within the first would take a lock on
    everybody's; what goes wrong with them is no error, for the work is committed. Raises
    DBAPIError, and then nothing is committed.
    """
    driver = driver_of(connection)
    escape = Escaping(driver.pgconn)
    parts, statement = [b"COMMIT"], "COMMIT"
    if last is not None:
        statement = last[0].words
        _tell(connection, None, statement, last[1])
        literals = {name: _literal(escape, value) for name, value in last[1].items()}
        kept = connection.info[PLANS_KEPT]
        parts.insert(0, last[0].said(literals, kept=kept).encode())
    parts += [
        b"NOTIFY %b, %b" % (escape.escape_identifier(name.encode()), escape.escape_literal(said))
        for name, said in ((name, said.encode()) for name, said in notices)
    ]
    try:
        _say(driver, b";".join(parts), expected=1 if last is None else 2)
    except psycopg.Error as error:
        _refuse(connection, error, statement)
    connection.commit()  # SQLAlchemy and psycopg learn of it; the server isn't asked again


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """Return psycopg's own connection."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _literal(escape: Escapes, value: object) -> str:
    return bytes(escape.escape_literal(str(value).encode())).decode()


def _say(
    driver: psycopg.Connection[Any], words: str | bytes, expected: int | None = None
) -> list[PGresult]:
    """Send one simple query and wait; raises the error of any of its ``expected`` first results."""
    if driver.closed:
        raise psycopg.OperationalError("the connection is closed")
    driver.pgconn.send_query(words.encode() if isinstance(words, str) else words)
    results: list[PGresult] = driver.wait(generators.execute(driver.pgconn))
    for result in results[:expected]:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result, driver.info.encoding)
    return results


def _tell(connection: Connection, cursor: object, words: str, values: object) -> None:
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, words, values, None, False)


def _refuse(connection: Connection, error: psycopg.Error, words: str) -> NoReturn:
    """Raise the DBAPIError of a refusal, without its values: they may be somebody's name.

    Private to SQLAlchemy, and the one place where a refusal meets its listeners and a lost
    connection leaves the pool.
    """
    connection._handle_dbapi_exception(error, words, None, None, None)


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
