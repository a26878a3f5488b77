"""The report on revenue: what was sold, taken, taxed, paid in fees and earned, by a dimension.

Everything is added up from the ledger's transfers, at a cut-off that can be asked for again. Rows
of every dimension sum to the same total, to the minor unit; bookings are counted in each row in
which they have a part, and once in the total.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bookra.engine.ledger import chart
from bookra.engine.reports import figures
from bookra.engine.reports.book import BY, Book, book_of, moves
from bookra.engine.reports.cutoff import Cutoff, cutoff
from bookra.engine.reports.figures import Figures, figures_of
from bookra.engine.reports.moved import sold
from bookra.engine.reports.period import STEPS, Period
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError

ENTRIES = text(
    """
    SELECT e.id, e.kind, e.effective_at, e.posted_at, COALESCE(b.code, o.code) AS subject
      FROM entries e
      LEFT JOIN bookings b ON b.tenant_id = e.tenant_id AND b.id = e.booking_id
      LEFT JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
     WHERE e.tenant_id = :tenant_id AND e.id = ANY(CAST(:ids AS uuid[]))
     ORDER BY e.effective_at, e.id
    """
)


@dataclass(frozen=True, slots=True)
class RevenueRow:
    """One row: its key, how many bookings were sold in it, and its figures."""

    key: str
    bookings: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class Revenue:
    """The report: ``rows`` in order, and their total. ``staff`` and others are slugs."""

    by: str
    period: Period
    cutoff: Cutoff
    currency: str
    rows: tuple[RevenueRow, ...]
    total: RevenueRow


@dataclass(frozen=True, slots=True)
class RevenueEntry:
    """An entry behind a row, with its share of the row's figures; ``subject`` is a code."""

    id: UUID
    kind: str
    effective_at: datetime
    posted_at: datetime
    subject: str | None
    figures: Figures


def revenue(tx: Tx, period: Period, by: str = "day", as_of: datetime | None = None) -> Revenue:
    """Return the report of a period; ``as_of`` is what was known then.

    Raises InvalidInputError (``bad_dimension``).
    """
    cut = cutoff(tx, as_of)
    sums: dict[str, Figures] = defaultdict(Figures)
    for move in moves(tx, period, _checked(by), cut):
        sums[move.key] += figures_of(move.debit, move.credit, move.amount_minor)
    counts, sold_in_all = _counts(tx, period, by, cut)
    keys = sorted(set(counts) | {key for key, found in sums.items() if found})
    rows = [RevenueRow(key, counts.get(key, 0), sums.get(key, Figures())) for key in keys]
    total = RevenueRow("total", sold_in_all, sum((row.figures for row in rows), Figures()))
    return Revenue(by, period, cut, tx.tenant.currency, tuple(_ordered(by, rows)), total)


def opened(
    tx: Tx, period: Period, by: str, key: str, as_of: datetime | None = None
) -> list[RevenueEntry]:
    """Return the entries behind one row, by time; their figures sum to the row's.

    Raises InvalidInputError (``bad_dimension``) and NotFoundError (``unknown_row``).
    """
    shares: dict[UUID, Figures] = defaultdict(Figures)
    if _checked(by) in STEPS:
        period = period.pieces(by).get(key, period)
    for move in moves(tx, period, by, cutoff(tx, as_of), opened=True):
        found = figures_of(move.debit, move.credit, move.amount_minor)
        if found and move.key == key and move.entry_id is not None:
            shares[move.entry_id] += found
    if not shares:
        raise NotFoundError(
            "unknown_row",
            f"The report has no row '{key}'",
            hint=f"See its rows: bookra report revenue --by {by}",
            details={"by": by, "key": key},
        )
    return [
        RevenueEntry(row.id, row.kind, row.effective_at, row.posted_at, row.subject, shares[row.id])
        for row in tx.rows(ENTRIES, ids=list(shares))
    ]


def _checked(by: str) -> str:
    if by not in BY:
        raise InvalidInputError(
            "bad_dimension", f"A report can't be cut by '{by}'", hint=f"One of: {', '.join(BY)}"
        )
    return by


def _counts(tx: Tx, period: Period, by: str, cut: Cutoff) -> tuple[dict[str, int], int]:
    """Return how many bookings were sold by key, and in all."""
    book = book_of(tx, period, by)
    binds = book.binds(period, cut)
    for name in ("personal", "pieces"):
        binds.pop(name, None)
    if by == "method":
        binds.pop("edges")
    accounts = [a.id for a in book.accounts.values() if a.code in figures.SOLD]
    statement = sold(by, then=cut.posted_by is not None)
    rows = tx.rows(statement, **binds, sold=accounts, selling=list(figures.SELLING_KINDS))
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.key is not None:
            counts[_counted(book, row.key)] += row.bookings
    return counts, next((row.bookings for row in rows if row.key is None), 0)


def _counted(book: Book, key: Any) -> str:
    if book.by in STEPS:
        return book.pieces[int(key) - 1][0]
    if book.by == "method":
        return figures.method_of(book.accounts[key].code, chart.SERVICES)
    return str(key)


def _ordered(by: str, rows: list[RevenueRow]) -> list[RevenueRow]:
    """Return rows of time by time, others by what they brought, accounts last."""
    if by in STEPS:
        return rows
    return sorted(rows, key=lambda row: (":" in row.key, -row.figures.net, row.key))
