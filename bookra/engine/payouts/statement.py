"""A statement: what somebody earned in a period, line by line, and what the pay run makes of it.

Its lines are the ledger's entries of the period with the splits that caused them, so that they sum
to the run's figures; a sealed run is quoted as it was sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from bookra.engine.business import Tenant
from bookra.engine.ledger import chart
from bookra.engine.payouts import store
from bookra.engine.payouts.figures import Dues, Figures, Run
from bookra.engine.payouts.period import Period
from bookra.engine.people.staff import Staff, find_staff
from bookra.engine.runtime import Tx
from bookra.money import Money

SPLITS = text(
    """
    SELECT COALESCE(e.effective_at, c.split_at) AS at, c.kind, COALESCE(b.code, o.code) AS code,
           COALESCE(s.name, p.name) AS sold, COALESCE(r.kind, 'percent') AS rule, c.base_minor,
           c.rate_bps, c.amount_minor
      FROM commission_splits c
      LEFT JOIN entries e ON e.tenant_id = c.tenant_id AND e.id = c.entry_id
      LEFT JOIN commission_rules r ON r.tenant_id = c.tenant_id AND r.id = c.rule_id
      LEFT JOIN booking_lines l ON l.tenant_id = c.tenant_id AND l.id = c.booking_line_id
      LEFT JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id
      LEFT JOIN booking_items i ON i.tenant_id = c.tenant_id AND i.id = c.item_id
      LEFT JOIN products p ON p.tenant_id = i.tenant_id AND p.id = i.product_id
      LEFT JOIN bookings b ON b.tenant_id = c.tenant_id
                          AND b.id = COALESCE(l.booking_id, i.booking_id, e.booking_id)
      LEFT JOIN orders o ON o.tenant_id = c.tenant_id AND o.id = COALESCE(i.order_id, e.order_id)
     WHERE c.tenant_id = :tenant_id AND c.staff_id = :staff_id
       AND COALESCE(e.effective_at, c.split_at) >= :start
       AND COALESCE(e.effective_at, c.split_at) < :until
     ORDER BY 1, c.id
    """
)
TIPS = text(
    """
    SELECT e.effective_at AS at, COALESCE(b.code, o.code) AS code,
           -sum(p.amount_minor)::bigint AS amount_minor
      FROM accounts a
      JOIN postings p ON p.tenant_id = a.tenant_id AND p.account_id = a.id
      JOIN entries e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
      LEFT JOIN bookings b ON b.tenant_id = e.tenant_id AND b.id = e.booking_id
      LEFT JOIN orders o ON o.tenant_id = e.tenant_id AND o.id = e.order_id
     WHERE a.tenant_id = :tenant_id AND a.code = :account AND e.kind <> 'pay_run'
       AND e.effective_at >= :start AND e.effective_at < :until
     GROUP BY e.id, e.effective_at, b.code, o.code
     ORDER BY 1
    """
)
RENTS = text(
    """
    SELECT starts_on, ends_on, amount_minor,
           settled_entry_id IS NOT NULL AND pay_run_id IS NULL AS in_money
      FROM chair_rents
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id
       AND starts_on BETWEEN :starts_on AND :ends_on
     ORDER BY starts_on
    """
)


@dataclass(frozen=True, slots=True)
class Earned:
    """A commission, or what was taken back of one; ``rule`` is ``percent``, ``fixed``, ``tiered``.

    ``kind`` is ``split``, ``tier``, ``reversal`` or ``clawback``.
    """

    at: datetime
    kind: str
    code: str
    sold: str
    rule: str
    base: Money
    rate_bps: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip; negative where it was given back."""

    at: datetime
    code: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Rent:
    """Chair rent for some days; ``in_money`` says that no run nets it."""

    starts_on: date
    ends_on: date
    amount: Money
    in_money: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything about one person and period; ``run`` is None while there is none."""

    tenant: Tenant
    staff: Staff
    period: Period
    earned: tuple[Earned, ...]
    tips: tuple[Tip, ...]
    rents: tuple[Rent, ...]
    figures: Figures
    run: Run | None

    @property
    def currency(self) -> str:
        """The business's."""
        return self.tenant.currency


def statement_of(tx: Tx, staff: str, period: Period) -> Statement:
    """Return a person's statement for a period, also for one that goes on."""
    person = find_staff(tx, staff)
    start, until = store.span(tx, period)
    span = {"start": start, "until": until}
    account = {"account": chart.tips(person.slug)}
    days = {"starts_on": period.starts_on, "ends_on": period.ends_on}
    run = next(iter(store.runs_of(tx, period, person.id)), None)
    if run is not None and run.is_sealed:
        figures = run.figures
    else:
        found = store.figures(tx, period, person.id)
        figures = found.get(person.id, Figures(0, 0, 0, 0, Dues()))
    currency = tx.tenant.currency
    return Statement(
        tx.tenant,
        person,
        period,
        tuple(_earned(row, currency) for row in tx.rows(SPLITS, staff_id=person.id, **span)),
        tuple(_tip(row, currency) for row in tx.rows(TIPS, **account, **span)),
        tuple(_rent(row, currency) for row in tx.rows(RENTS, staff_id=person.id, **days)),
        figures,
        run,
    )


def _earned(row: Row[Any], currency: str) -> Earned:
    return Earned(
        row.at,
        row.kind,
        row.code or "",
        row.sold or "",
        row.rule,
        Money(row.base_minor, currency),
        row.rate_bps,
        Money(row.amount_minor, currency),
    )


def _tip(row: Row[Any], currency: str) -> Tip:
    return Tip(row.at, row.code or "", Money(row.amount_minor, currency))


def _rent(row: Row[Any], currency: str) -> Rent:
    return Rent(row.starts_on, row.ends_on, Money(row.amount_minor, currency), row.in_money)
