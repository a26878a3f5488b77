"""The accounts that a report reads, and which row of it a transfer between two of them is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from bookra.engine.reports import figures
from bookra.engine.reports.cutoff import Cutoff
from bookra.engine.reports.moved import MEMORY, moved
from bookra.engine.reports.period import STEPS, Period
from bookra.engine.runtime import Tx

BY = (*STEPS, "service", "category", "product", "staff", "location", "method")
PERSONAL = ("staff", "location")
"""Dimensions for which an account of a person (tips, commission) says whose a transfer is."""

ACCOUNTS = text(
    """
    SELECT a.id, a.code, k.slug AS staff, n.slug AS location
      FROM accounts a
      LEFT JOIN bookables k ON k.tenant_id = a.tenant_id AND k.id = a.staff_id
      LEFT JOIN locations n ON n.tenant_id = k.tenant_id AND n.id = k.location_id
     WHERE a.tenant_id = :tenant_id AND a.currency = :currency
    """
)


@dataclass(frozen=True, slots=True)
class Move:
    """An amount from one account to another, the row that it is in, and its entry if opened."""

    key: str
    debit: str
    credit: str
    amount_minor: int
    entry_id: UUID | None


def moves(tx: Tx, period: Period, by: str, cut: Cutoff, *, opened: bool = False) -> Iterator[Move]:
    """Yield what moved in a period, by a dimension; in the business's own currency alone."""
    book = book_of(tx, period, by)
    statement = moved(by, opened=opened, then=cut.posted_by is not None)
    for row in book.rows(tx, statement, **book.binds(period, cut)):
        if row.debit in book.accounts:
            yield book.move(row)


def book_of(tx: Tx, period: Period, by: str) -> Book:
    """Return the accounts, and the pieces of the period where the report is cut by time."""
    accounts = {row.id: row for row in tx.rows(ACCOUNTS, currency=tx.tenant.currency)}
    return Book(by, accounts, tuple(period.pieces(by).items()) if by in STEPS else ())


@dataclass(frozen=True, slots=True)
class Book:
    """The accounts by id, and what the report is cut by."""

    by: str
    accounts: dict[UUID, Row[Any]]
    pieces: tuple[tuple[str, Period], ...]

    def rows(self, tx: Tx, statement: TextClause, **binds: Any) -> Sequence[Row[Any]]:
        """Return the rows of a statement of ``moved``, with the memory that it needs."""
        for setting in MEMORY:
            tx.run(setting)
        return tx.rows(statement, **binds)

    def move(self, row: Row[Any]) -> Move:
        """Return a row of ``moved`` with the codes of its accounts, which are in this book."""
        codes = self.accounts[row.debit].code, self.accounts[row.credit].code
        return Move(self.key(row), *codes, row.amount_minor, row.entry_id)

    def key(self, row: Row[Any]) -> str:
        """Return the key that a row of ``moved`` belongs to."""
        debit, credit = self.accounts[row.debit], self.accounts[row.credit]
        if self.by in STEPS:
            return self.pieces[int(row.key) - 1][0]
        if self.by == "method":
            return figures.method_of(debit.code, credit.code)
        for account in (debit, credit) if self.by in PERSONAL else ():
            if account.staff is not None:
                return str(account.staff if self.by == "staff" else account.location or "(none)")
        if row.key is not None:
            return str(row.key)
        return figures.telling_account(debit.code, credit.code)

    def binds(self, period: Period, cut: Cutoff) -> dict[str, Any]:
        """Return the binds of ``moved`` for these accounts."""
        binds: dict[str, Any] = {
            "start": period.start,
            "until": period.until,
            "posted_by": cut.posted_by,
            "settling": list(figures.SETTLING_KINDS),
        }
        if self.by in STEPS or self.by == "method":
            starts = [piece.start for _, piece in self.pieces]
            edges = starts or [period.start]
            return binds | {"edges": edges, "pieces": list(range(1, len(edges) + 1))}
        personal = [a.id for a in self.accounts.values() if a.staff and self.by in PERSONAL]
        return binds | {"personal": personal}
