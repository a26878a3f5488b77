"""The report on taxes: what was sold at each rate, the tax on it, and what refunds took back.

The tax is what stands on the accounts of the rates; the base is income of the lines and items that
were sold at that rate. Fees and other income without a line carry no tax: the rate ``none``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bookra.engine.ledger import chart
from bookra.engine.reports.book import Move, moves
from bookra.engine.reports.cutoff import Cutoff, cutoff
from bookra.engine.reports.period import STEPS, Period
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError

UNTAXED = "none"
_TAXED = frozenset({chart.SERVICES, chart.PRODUCTS, chart.DISCOUNTS, chart.REFUNDS})
_SUMS = ("sales_net", "tax", "refunded_net", "refunded_tax")


@dataclass(slots=True)
class TaxRow:
    """One rate in one piece of the period, in minor units; ``rate`` is a percentage: ``7.5``.

    ``sales_net`` and ``tax`` are what was sold, after discounts; both ``refunded`` what went back.
    """

    period: str
    rate: str
    sales_net: int = 0
    tax: int = 0
    refunded_net: int = 0
    refunded_tax: int = 0

    @property
    def net(self) -> int:
        """The base that is left."""
        return self.sales_net - self.refunded_net

    @property
    def payable(self) -> int:
        """The tax that is left."""
        return self.tax - self.refunded_tax


@dataclass(frozen=True, slots=True)
class Taxes:
    """The report: by piece of the period and by rate."""

    period: Period
    cutoff: Cutoff
    currency: str
    rows: tuple[TaxRow, ...]
    total: TaxRow


def taxes(tx: Tx, period: Period, step: str | None = None, as_of: datetime | None = None) -> Taxes:
    """Return the report of a period, cut by ``step`` (day, week, month) or as one.

    Raises InvalidInputError (``bad_dimension``).
    """
    if step is not None and step not in STEPS:
        raise InvalidInputError(
            "bad_dimension", f"Taxes can't be cut by '{step}'", hint=f"One of: {', '.join(STEPS)}"
        )
    cut = cutoff(tx, as_of)
    rows: list[TaxRow] = []
    for name, piece in (period.pieces(step) if step else {period.name: period}).items():
        found: dict[str, TaxRow] = {}
        for move in moves(tx, piece, "rate", cut):
            for code, amount in (
                (move.credit, move.amount_minor),
                (move.debit, -move.amount_minor),
            ):
                _count(found, name, move, code, amount)
        rows += sorted(filter(_moved, found.values()), key=_by_rate)
    return Taxes(period, cut, tx.tenant.currency, tuple(rows), _total(rows))


def _count(found: dict[str, TaxRow], piece: str, move: Move, code: str, amount: int) -> None:
    """Count one side of a move: ``amount`` is plus where ``code`` is credited."""
    if code.startswith(chart.TAX_PREFIX):
        row = _row(found, piece, code.removeprefix(chart.TAX_PREFIX))
        if amount > 0:
            row.tax += amount
        else:
            row.refunded_tax -= amount
    elif code.startswith("income:"):
        taxed = code in _TAXED and move.key.isdecimal()
        row = _row(found, piece, _percent(move.key) if taxed else UNTAXED)
        if code == chart.REFUNDS:
            row.refunded_net -= amount
        else:
            row.sales_net += amount


def _row(found: dict[str, TaxRow], piece: str, rate: str) -> TaxRow:
    return found.setdefault(rate, TaxRow(piece, rate))


def _percent(bps: str) -> str:
    return chart.tax(int(bps)).removeprefix(chart.TAX_PREFIX)


def _moved(row: TaxRow) -> bool:
    return any(getattr(row, name) for name in _SUMS)


def _by_rate(row: TaxRow) -> tuple[bool, float]:
    return row.rate == UNTAXED, -float(row.rate) if row.rate != UNTAXED else 0.0


def _total(rows: list[TaxRow]) -> TaxRow:
    sums = {name: sum(getattr(row, name) for row in rows) for name in _SUMS}
    return TaxRow("total", "", **sums)
