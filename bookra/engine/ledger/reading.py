"""Reads the ledger back: balances by snapshots and what came after them, and entries.

A balance adds up the days that are closed (``ledger_snapshots``) and the entries posted since, so
that its cost does not grow with the ledger. Amounts are debit plus, credit minus.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.clock import from_epoch, opening
from bookra.engine.database import SETTLED_AFTER_SECONDS
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.money import Money

LAST_CLOSED = text("SELECT max(day) AS day FROM ledger_days WHERE tenant_id = :tenant_id")

# By unique index (tenant_id, account_id, effective_on, posted_on), and by entries' posted_at.
BALANCE = text(
    """
    SELECT a.code, a.kind, a.currency,
           (COALESCE((SELECT sum(s.debit_minor - s.credit_minor) FROM ledger_snapshots s
                       WHERE s.tenant_id = :tenant_id AND s.account_id = a.id
                         AND s.posted_on < :closed_until AND s.effective_on < :before), 0)
            + COALESCE((SELECT sum(CASE WHEN t.debit_account_id = a.id THEN t.amount_minor
                                        ELSE -t.amount_minor END)
                          FROM entries e
                          JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
                         WHERE e.tenant_id = :tenant_id AND e.posted_at >= :since
                           AND e.posted_at <= :until AND e.effective_at < :earlier_than
                           AND a.id IN (t.debit_account_id, t.credit_account_id)), 0)
           )::bigint AS balance
      FROM accounts a
     WHERE a.tenant_id = :tenant_id AND a.code = :code AND a.opened_at <= :until
     ORDER BY a.currency
    """
)
BALANCES = text(
    """
    SELECT a.code, a.kind, a.currency,
           (COALESCE(s.moved, 0) + COALESCE(t.moved, 0))::bigint AS balance
      FROM accounts a
      LEFT JOIN (SELECT account_id, sum(debit_minor - credit_minor) AS moved
                   FROM ledger_snapshots
                  WHERE tenant_id = :tenant_id AND posted_on < :closed_until
                    AND effective_on < :before
                  GROUP BY account_id) s ON s.account_id = a.id
      LEFT JOIN (SELECT p.account_id, sum(p.amount_minor) AS moved
                   FROM entries e
                   JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
                  WHERE e.tenant_id = :tenant_id AND e.posted_at >= :since
                    AND e.posted_at <= :until AND e.effective_at < :earlier_than
                  GROUP BY p.account_id) t ON t.account_id = a.id
     WHERE a.tenant_id = :tenant_id AND a.opened_at <= :until
     ORDER BY a.code, a.currency
    """
)
ENTRIES = text(
    """
    SELECT e.id, e.key, e.kind, e.effective_at, e.posted_at, e.recorded_by, e.memo, e.reverses,
           b.code AS booking, o.code AS order, a.code AS account, p.amount_minor, p.currency,
           bl.position AS part_line, COALESCE(s.slug, g.slug) AS part,
           COALESCE(ls.slug, gs.slug) AS staff, p.item_id
      FROM (SELECT * FROM entries e
             WHERE e.tenant_id = :tenant_id
               AND (CAST(:booking_id AS uuid) IS NULL OR e.booking_id = :booking_id)
               AND (CAST(:order_id AS uuid) IS NULL OR e.order_id = :order_id)
               AND (CAST(:key AS text) IS NULL OR e.key = :key)
               AND (CAST(:entry_id AS uuid) IS NULL OR e.id = :entry_id)
               AND (CAST(:since AS timestamptz) IS NULL OR e.effective_at >= :since)
               AND (CAST(:until AS timestamptz) IS NULL OR e.effective_at < :until)
               AND (CAST(:account AS text) IS NULL OR EXISTS
                    (SELECT FROM postings p
                       JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
                      WHERE p.tenant_id = e.tenant_id AND p.entry_id = e.id
                        AND a.code = :account))
             ORDER BY e.effective_at DESC, e.id DESC LIMIT :limit) e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
      LEFT JOIN bookings b ON b.tenant_id = e.tenant_id AND b.id = e.booking_id
      LEFT JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
      LEFT JOIN booking_lines bl ON bl.tenant_id = p.tenant_id AND bl.id = p.booking_line_id
      LEFT JOIN services s ON s.tenant_id = bl.tenant_id AND s.id = bl.service_id
      LEFT JOIN bookables ls ON ls.tenant_id = bl.tenant_id AND ls.id = bl.staff_id
      LEFT JOIN booking_items bi ON bi.tenant_id = p.tenant_id AND bi.id = p.item_id
      LEFT JOIN products g ON g.tenant_id = bi.tenant_id AND g.id = bi.product_id
      LEFT JOIN bookables gs ON gs.tenant_id = bi.tenant_id AND gs.id = bi.staff_id
     ORDER BY e.effective_at, e.id, p.line, p.amount_minor DESC
    """
)
BY_PREFIX = text(
    "SELECT id FROM entries WHERE tenant_id = :tenant_id"
    " AND id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid) ORDER BY id LIMIT 2"
)

ORDER = text("SELECT id FROM orders WHERE tenant_id = :tenant_id AND code = upper(:code)")

LEAST_PREFIX = 6
"""How much of an entry's id names it; it must be unique all the same."""


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """An account with its balance, debit plus."""

    code: str
    kind: str
    balance: Money


@dataclass(frozen=True, slots=True)
class PostedLine:
    """One account of an entry: debit plus, credit minus, and for which part of the visit.

    ``line`` is the booking line's position and ``service`` its service; ``item`` a product's slug.
    """

    account: str
    amount: Money
    line: int | None = None
    service: str | None = None
    staff: str | None = None
    item: str | None = None


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """An entry as written, with who wrote it and when."""

    id: UUID
    key: str
    kind: str
    effective_at: datetime
    posted_at: datetime
    recorded_by: str
    booking: str | None
    order: str | None
    reverses: UUID | None
    memo: str
    postings: tuple[PostedLine, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; None asks for all. ``until`` is excluded."""

    booking_id: UUID | None = None
    order_id: UUID | None = None
    entry_id: UUID | None = None
    key: str | None = None
    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def balances(
    tx: Tx,
    code: str | None = None,
    *,
    as_of: datetime | None = None,
    before: date | None = None,
) -> list[AccountBalance]:
    """Return accounts with their balances, by code; one of them when ``code`` is given.

    ``as_of`` counts what was posted by then; ``before`` what took effect before that day of the
    business. Raises NotFoundError (``unknown_account``) for a code without an account.
    """
    statement = BALANCES if code is None else BALANCE
    known = {} if code is None else {"code": code}
    rows = tx.rows(statement, **known, **_reach(tx, as_of, before))
    if code is not None and not rows:
        raise NotFoundError(
            "unknown_account",
            f"There is no account '{code}'",
            hint="List them: bookra ledger accounts",
        )
    return [AccountBalance(row.code, row.kind, Money(row.balance, row.currency)) for row in rows]


def is_provisional(tx: Tx, as_of: datetime) -> bool:
    """Tell whether more may still appear that counts as posted by ``as_of``."""
    return as_of > tx.now - timedelta(seconds=SETTLED_AFTER_SECONDS)


def entries(
    tx: Tx,
    wanted: Filter | None = None,
    *,
    booking_id: UUID | None = None,
    key: str | None = None,
    limit: int = 200,
) -> list[PostedEntry]:
    """Return the latest entries, oldest first: all, those of a filter, of one booking or key."""
    chosen = wanted or Filter(booking_id=booking_id, key=key)
    binds = {name: getattr(chosen, name) for name in Filter.__dataclass_fields__}
    found: dict[UUID, list[Row[Any]]] = {}
    for row in tx.rows(ENTRIES, limit=limit, **binds):
        found.setdefault(row.id, []).append(row)
    return [_entry(rows) for rows in found.values()]


def entry_named(tx: Tx, name: str) -> UUID | None:
    """Return the entry whose id is or begins with ``name``; None when there is not just one."""
    digits = name.replace("-", "").lower()
    if not LEAST_PREFIX <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return None
    first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    found = tx.rows(BY_PREFIX, first=first, last=last)
    return found[0].id if len(found) == 1 else None


def order_named(tx: Tx, code: str) -> UUID:
    """Return the order of a code; raises NotFoundError (``unknown_order``)."""
    row = tx.row(ORDER, code=code)
    if row is None:
        raise NotFoundError("unknown_order", f"There is no order '{code}'")
    return UUID(str(row.id))


def _reach(tx: Tx, as_of: datetime | None, before: date | None) -> dict[str, Any]:
    """Return how far the snapshots reach, and from where on entries are counted one by one."""
    row = tx.row(LAST_CLOSED)
    last = row.day if row is not None else None
    closed_until = date.min if last is None else last + timedelta(days=1)
    if as_of is not None:
        closed_until = min(closed_until, as_of.astimezone(UTC).date())
    until = as_of or datetime.max.replace(tzinfo=UTC)
    earlier = datetime.max.replace(tzinfo=UTC)
    if before is not None:
        earlier = from_epoch(opening(before, 0, tx.tenant.zone))
    return {
        "closed_until": closed_until,
        "since": datetime.combine(closed_until, time(), UTC),
        "until": until,
        "before": before or date.max,
        "earlier_than": earlier,
    }


def _entry(rows: list[Row[Any]]) -> PostedEntry:
    first = rows[0]
    sums: dict[tuple[Any, ...], int] = {}
    for row in rows:
        service, item = (None, row.part) if row.item_id else (row.part, None)
        key = (row.account, row.part_line, service, row.staff, item)
        sums[key] = sums.get(key, 0) + row.amount_minor
    return PostedEntry(
        first.id,
        first.key,
        first.kind,
        first.effective_at,
        first.posted_at,
        first.recorded_by,
        first.booking,
        first.order,
        first.reverses,
        first.memo,
        tuple(
            PostedLine(account, Money(amount, first.currency), line, service, staff, item)
            for (account, line, service, staff, item), amount in sums.items()
        ),
    )
