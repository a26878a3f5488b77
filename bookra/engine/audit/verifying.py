"""Finds what was changed past the program: rows that no audited transaction wrote.

PostgreSQL keeps in each row the transaction that wrote it (``xmin``), and every audit row names its
own (``written_in``); neither can be said by a client. A row whose transaction has no audit row was
written by something else. The ids in rows are 32 bits wide: they are completed to 64 by the
snapshot's, which is right for the last four billion transactions.

What was deleted past the program leaves no row to look at, and whoever writes an audit row beside
their own change is in the audit like a command: by their login, which they can't choose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from bookra.engine.audit.coverage import BY_RELAYS, CHECKED
from bookra.engine.database import LONGEST_TRANSACTION_SECONDS
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

LABELS = ("code", "slug", "number", "login")
WRITERS = ("changed_by", "recorded_by")

NOW = text("SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS top")
# Copied into another database or restored by other means, these rows have the ids of a life before.
BASELINE = text(
    """
    SELECT recorded_at, why, CAST(CAST(written_in AS text) AS bigint) AS xid,
           CAST(CAST(written_in AS text) AS bigint) & 4294967295
             = CAST(CAST(xmin AS text) AS bigint) AS own
      FROM audit_baselines ORDER BY recorded_at DESC, written_in DESC LIMIT 1
    """
)
# A business that moved here brought its audit along, with transactions of another server: from its
# arrival on, whose own audit row is of this one, they say nothing.
ARRIVED = text(
    """
    SELECT max(recorded_at) AS begun FROM audit
     WHERE tenant_id = :tenant_id AND command = 'tenant import'
       AND CAST(CAST(written_in AS text) AS bigint) & 4294967295
             = CAST(CAST(xmin AS text) AS bigint)
    """
)
COLUMNS = text(
    """
    SELECT c.relname AS name, has_table_privilege(c.oid, 'SELECT') AS readable,
           array_agg(CAST(a.attname AS text)) AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = CAST('bookra' AS regnamespace) AND c.relkind IN ('r', 'p')
       AND c.relname = ANY(:names) AND NOT a.attisdropped
     GROUP BY c.oid, c.relname ORDER BY c.relname
    """
)
RELAYS = text(
    "SELECT CAST(rolname AS text) AS login FROM pg_roles"
    " WHERE rolcanlogin AND pg_has_role(oid, 'bookra_relay', 'MEMBER')"
)
# A hash of the audit is built once for each table, on disk where it is large; without
# statistics the planner would look through all of them for every row.
BY_HASH = text("SET LOCAL enable_nestloop = off")
# A table of millions takes its time; nobody waits for a lock of this transaction's meanwhile.
PATIENTLY = text("SET LOCAL statement_timeout = '10min'")
# By an audit row's own xmin too: parts have one, and what follows a part that was taken back is
# written, with the audit row at its end, under the id of the savepoint that stayed open.
UNAUDITED = """
    SELECT r.id, r.label, r.writer, r.xid
      FROM (SELECT CAST({key} AS text) AS id, {label} AS label, {writer} AS writer, xmin AS part,
                   :top - ((:top - CAST(CAST(xmin AS text) AS bigint)) & 4294967295) AS xid
              FROM {table} WHERE {tenant} = :tenant_id) r
     WHERE r.xid > :since AND NOT (:spared AND r.writer = ANY(CAST(:relays AS text[])))
       AND NOT EXISTS (
             SELECT FROM audit a
              WHERE a.tenant_id = :tenant_id
                AND (CAST(:begun AS timestamptz) IS NULL OR a.recorded_at >= :begun)
                AND CAST(CAST(a.written_in AS text) AS bigint) = r.xid)
       AND NOT EXISTS (
             SELECT FROM audit a
              WHERE a.tenant_id = :tenant_id
                AND (CAST(:begun AS timestamptz) IS NULL OR a.recorded_at >= :begun)
                AND a.xmin = r.part)
"""
# All in one pass: the changes that are told are few, and the audit has no index by transaction.
TIMES = text(
    """
    SELECT CAST(CAST(written_in AS text) AS bigint) AS xid, recorded_at FROM audit
     WHERE tenant_id = :tenant_id AND written_in IS NOT NULL
       AND (CAST(:begun AS timestamptz) IS NULL OR recorded_at >= :begun)
     ORDER BY written_in
    """
)
LAST_BEFORE = text(
    """
    SELECT max(CAST(CAST(written_in AS text) AS bigint)) AS xid FROM audit
     WHERE tenant_id = :tenant_id AND recorded_at < :since
       AND (CAST(:begun AS timestamptz) IS NULL OR recorded_at >= :begun)
    """
)


@dataclass(frozen=True, slots=True)
class Unaudited:
    """A row that was written past the program.

    ``writer`` is who the row says changed it last, None where it doesn't say. ``after`` is when
    the last audited transaction before it began: it was written later than that.
    """

    table: str
    id: str
    label: str | None
    writer: str | None
    xid: int
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification looked at and found. ``changes`` are the first of all ``found``.

    ``since`` is where the record begins, None where it reaches back to the beginning; ``unread``
    are tables that this login may not read.
    """

    since: datetime | None
    tables: int
    unread: tuple[str, ...]
    found: int
    changes: tuple[Unaudited, ...]


@dataclass(frozen=True, slots=True)
class _Record:
    """From which transaction on, and from when, audit rows speak for this database's rows."""

    xid: int
    begun: datetime | None


@dataclass(frozen=True, slots=True)
class _Checked:
    name: str
    columns: frozenset[str]

    @property
    def statement(self) -> str:
        """The question for this table's rows; every name in it is one of the schema's own."""
        label = next((each for each in LABELS if each in self.columns), "NULL")
        writer = next((each for each in WRITERS if each in self.columns), "NULL")
        return UNAUDITED.format(
            key="id" if "id" in self.columns else "aggregate",
            label=f"CAST({label} AS text)",
            writer=f"CAST({writer} AS text)",
            table=self.name,
            tenant="id" if self.name == "tenants" else "tenant_id",
        )


def verify(tx: Tx, *, since: datetime | None = None, limit: int = 1000) -> Verified:
    """Look for rows that no audited transaction wrote, since the record begins or ``since``.

    Wants a transaction whose statements all see one moment. Rows are streamed: memory holds
    ``limit`` changes at most. Raises ConflictError (``no_baseline``) for a database that was
    restored or copied by other means.
    """
    baseline = tx.row(BASELINE)
    if baseline is not None and not baseline.own:
        raise ConflictError(
            "no_baseline",
            "This database was restored or copied by other means than Bookra's: which"
            " transactions wrote its rows is not known any more",
            hint="Restore it with: bookra db restore FILE",
        )
    record = _record(baseline, _one(tx.row(ARRIVED)).begun)
    after = record.xid
    if since is not None:
        last = _one(tx.row(LAST_BEFORE, since=since, begun=record.begun))
        after = max(after, last.xid or 0)
    tables, unread = _tables(tx)
    found = 0
    kept: list[Unaudited] = []
    for change in _unaudited(tx, tables, replace(record, xid=after)):
        found += 1
        if len(kept) < limit:
            kept.append(change)
    return Verified(
        baseline.recorded_at if baseline is not None else None,
        len(tables),
        unread,
        found,
        tuple(_timed(tx, kept, record)),
    )


def _record(baseline: Row[Any] | None, arrived: datetime | None) -> _Record:
    if baseline is None:
        return _Record(0, arrived)
    # A transaction that began just before the baseline may have written after it.
    begun = baseline.recorded_at - timedelta(seconds=LONGEST_TRANSACTION_SECONDS)
    return _Record(baseline.xid, max(begun, arrived) if arrived else begun)


def _tables(tx: Tx) -> tuple[list[_Checked], tuple[str, ...]]:
    """Return the tables to check, and the names of those that this login may not read."""
    rows = tx.rows(COLUMNS, names=sorted(CHECKED | set(BY_RELAYS)))
    checked = [_Checked(row.name, frozenset(row.columns)) for row in rows if row.readable]
    return checked, tuple(row.name for row in rows if not row.readable)


def _unaudited(tx: Tx, tables: Sequence[_Checked], record: _Record) -> Iterator[Unaudited]:
    relays = [row.login for row in tx.rows(RELAYS)]
    top = _one(tx.row(NOW)).top
    for setting in (BY_HASH, PATIENTLY):
        tx.connection.execute(setting)
    for table in tables:
        rows = tx.stream(
            text(table.statement),
            top=top,
            since=record.xid,
            begun=record.begun,
            spared=table.name in BY_RELAYS,
            relays=relays,
        )
        for row in rows:
            yield Unaudited(table.name, row.id, row.label, row.writer, row.xid)


def _timed(tx: Tx, changes: Sequence[Unaudited], record: _Record) -> Iterator[Unaudited]:
    """Yield the changes with the time of the audited transaction before each, as they came."""
    if not changes:
        return
    times: dict[int, datetime | None] = {}
    waiting = sorted({change.xid for change in changes}, reverse=True)
    before: datetime | None = None
    for row in tx.stream(TIMES, begun=record.begun):
        while waiting and waiting[-1] < row.xid:
            times[waiting.pop()] = before
        before = row.recorded_at
    for change in changes:
        yield replace(change, after=times.get(change.xid, before))


def _one(row: Row[Any] | None) -> Row[Any]:
    assert row is not None
    return row
