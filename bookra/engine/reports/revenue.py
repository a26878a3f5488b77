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

from sqlalchemy import Row, text

from bookra.engine.ledger import chart
from bookra.engine.reports import figures
from bookra.engine.reports.book import BY, Book, book_of, moves
from bookra.engine.reports.cutoff import Cutoff, cutoff
from bookra.engine.reports.figures import Figures, figures_of
from bookra.engine.reports.moved import counted
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
    book = book_of(tx, period, _checked(by))
    moved: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    counts: dict[str, int] = defaultdict(int)
    sold_in_all = 0
    statement = counted(by, then=cut.posted_by is not None)
    for row in book.rows(tx, statement, **binds_of(book, period, cut)):
        if row.amount_minor is not None:
            _add(moved, book, row)
        elif row.key is None and row.debit is None:
            sold_in_all = row.bookings
        else:
            counts[_counted(book, row)] += row.bookings
    sums = {key: Figures(**columns) for key, columns in moved.items()}
    keys = sorted(set(counts) | {key for key, found in sums.items() if found})
    rows = [RevenueRow(key, counts.get(key, 0), sums.get(key, Figures())) for key in keys]
    total = RevenueRow("total", sold_in_all, sum((row.figures for row in rows), Figures()))
    return Revenue(by, period, cut, tx.tenant.currency, tuple(_ordered(by, rows)), total)


def binds_of(book: Book, period: Period, cut: Cutoff) -> dict[str, Any]:
    """Return the binds of ``counted``: of what moved, and what of it is a sale."""
    return {
        **book.binds(period, cut),
        "sold": [a.id for a in book.accounts.values() if a.code in figures.SOLD],
        "selling": list(figures.SELLING_KINDS),
    }


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


def _add(moved: dict[str, dict[str, int]], book: Book, row: Row[Any]) -> None:
    if row.debit in book.accounts:
        move = book.move(row)
        columns = moved[move.key]
        for name, sign in figures.effects(move.debit, move.credit).items():
            columns[name] += sign * move.amount_minor


def _counted(book: Book, row: Row[Any]) -> str:
    """Return the key of a row that counts bookings."""
    if book.by in STEPS:
        return book.pieces[int(row.key) - 1][0]
    if book.by == "method":
        return figures.method_of(book.accounts[row.debit].code, chart.SERVICES)
    return str(row.key)


def _ordered(by: str, rows: list[RevenueRow]) -> list[RevenueRow]:
    """Return rows of time by time, others by what they brought, accounts last."""
    if by in STEPS:
        return rows
    return sorted(rows, key=lambda row: (":" in row.key, -row.figures.net, row.key))
