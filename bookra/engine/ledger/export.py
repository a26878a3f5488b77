"""Exports the ledger: entries streamed in the order of their days, and the balances they come to.

The closing balances are asserted in the text, from our snapshots: a program that reads it adds the
entries up by itself and compares. Memory does not grow with the ledger.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, text

from bookra.clock import from_epoch, local_day, opening
from bookra.engine.ledger.export_text import (
    FORMATS,
    ExportedAccount,
    ExportedEntry,
    ExportedPosting,
    texts,
)
from bookra.engine.ledger.reading import balances
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError
from bookra.money import Money

ACCOUNTS = text(
    """
    SELECT a.code, rtrim(a.currency) AS currency, min(e.effective_at) AS first
      FROM accounts a
      JOIN postings p ON p.tenant_id = a.tenant_id AND p.account_id = a.id
      JOIN entries e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
     WHERE a.tenant_id = :tenant_id AND e.effective_at < :until
     GROUP BY a.code, a.currency ORDER BY a.code, a.currency
    """
)
LAST = text(
    """
    SELECT effective_at FROM entries WHERE tenant_id = :tenant_id
     ORDER BY effective_at DESC LIMIT 1
    """
)
# By index on (tenant_id, effective_at); read through a cursor.
ENTRIES = text(
    """
    SELECT e.id, e.key, e.kind, e.effective_at, e.posted_at, e.recorded_by, e.memo,
           COALESCE(b.code, o.code, '') AS subject, t.line, t.amount_minor,
           rtrim(t.currency) AS currency, d.code AS debit, c.code AS credit,
           COALESCE(s.slug, g.slug, '') AS part, COALESCE(ls.slug, gs.slug, '') AS staff
      FROM entries e
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
      JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
      LEFT JOIN bookings b ON b.tenant_id = e.tenant_id AND b.id = e.booking_id
      LEFT JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
      LEFT JOIN booking_lines bl ON bl.tenant_id = t.tenant_id AND bl.id = t.booking_line_id
      LEFT JOIN services s ON s.tenant_id = bl.tenant_id AND s.id = bl.service_id
      LEFT JOIN bookables ls ON ls.tenant_id = bl.tenant_id AND ls.id = bl.staff_id
      LEFT JOIN booking_items bi ON bi.tenant_id = t.tenant_id AND bi.id = t.item_id
      LEFT JOIN products g ON g.tenant_id = bi.tenant_id AND g.id = bi.product_id
      LEFT JOIN bookables gs ON gs.tenant_id = bi.tenant_id AND gs.id = bi.staff_id
     WHERE e.tenant_id = :tenant_id AND e.effective_at >= :since AND e.effective_at < :until
     ORDER BY e.effective_at, e.id, t.line
    """
)


def export(
    tx: Tx, format_: str, first: date | None = None, last: date | None = None
) -> Generator[str]:
    """Yield the ledger as text, of the days ``first`` to ``last`` (both included), or all of it.

    A period begins with the balances from before it. Ask it in a consistent transaction, and take
    the pieces while that is open. Raises InvalidInputError (``bad_format``, ``bad_period``).
    """
    if format_ not in FORMATS:
        raise InvalidInputError(
            "bad_format",
            f"'{format_}' is not a format of the ledger",
            hint=f"One of: {', '.join(FORMATS)}",
        )
    if first is not None and last is not None and last < first:
        raise InvalidInputError("bad_period", f"{last} is before {first}")
    after = (last or _last_day(tx)) + timedelta(days=1)
    accounts = _accounts(tx, after, first)
    start = None if first is None else (first, _balances(tx, accounts, first))
    entries = _entries(tx, first or date(1970, 1, 1), after)
    end = (after, _balances(tx, accounts, after)) if accounts else None
    return texts(FORMATS[format_](), tx.tenant.name, accounts, start, entries, end)


def _last_day(tx: Tx) -> date:
    row = tx.row(LAST)
    return local_day(tx.now if row is None else row.effective_at, tx.tenant.zone)


def _accounts(tx: Tx, after: date, first: date | None) -> list[ExportedAccount]:
    zone = tx.tenant.zone
    rows = tx.rows(ACCOUNTS, until=from_epoch(opening(after, 0, zone)))
    found = [ExportedAccount(row.code, row.currency, local_day(row.first, zone)) for row in rows]
    if first is None:
        return found
    return [ExportedAccount(a.code, a.currency, max(a.opened_on, first)) for a in found]


def _balances(tx: Tx, accounts: Sequence[ExportedAccount], before: date) -> list[tuple[str, Money]]:
    """Return what each exported account comes to before a day."""
    exported = {(account.code, account.currency) for account in accounts}
    return [
        (account.code, account.balance)
        for account in balances(tx, before=before)
        if (account.code, account.balance.currency) in exported
    ]


def _entries(tx: Tx, first: date, after: date) -> Iterator[ExportedEntry]:
    zone = tx.tenant.zone
    since, until = from_epoch(opening(first, 0, zone)), from_epoch(opening(after, 0, zone))
    rows = tx.stream(ENTRIES, since=since, until=until)
    for _, lines in groupby(rows, key=attrgetter("id")):
        yield _entry(tx, list(lines))


def _entry(tx: Tx, lines: list[Row[Any]]) -> ExportedEntry:
    head = lines[0]
    sums: dict[tuple[str, str, str], int] = {}
    for line in lines:
        for account, minor in ((line.debit, line.amount_minor), (line.credit, -line.amount_minor)):
            key = (account, line.part, line.staff)
            sums[key] = sums.get(key, 0) + minor
    return ExportedEntry(
        str(head.id),
        head.key,
        head.kind,
        local_day(head.effective_at, tx.tenant.zone),
        head.effective_at,
        head.posted_at,
        head.recorded_by,
        head.subject,
        head.memo,
        [
            ExportedPosting(account, Money(minor, head.currency), part, staff)
            for (account, part, staff), minor in sums.items()
            if minor
        ],
    )
