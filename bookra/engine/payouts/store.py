"""Reads what staff are owed from the ledger, and keeps the rows of pay runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.clock import from_epoch, opening
from bookra.engine.commissions.rules import Every
from bookra.engine.commissions.store import LOCK_NAME, pay_runs_lock
from bookra.engine.ledger import chart
from bookra.engine.payouts.figures import Dues, Figures, Run, State
from bookra.engine.payouts.period import Period
from bookra.engine.payouts.rent import RentTerms
from bookra.engine.runtime import Tx

# Purpose: all that was ever posted on people's accounts up to the period's end, in one pass over
# the accounts' transfers; what pay runs settled is left out, since sealed runs are subtracted.
OWED = text(
    f"""
    SELECT staff_id,
           COALESCE(sum(minor) FILTER (WHERE on_commission), 0)::bigint AS commission,
           COALESCE(sum(minor) FILTER (WHERE on_tips), 0)::bigint AS tips,
           COALESCE(-sum(minor) FILTER (WHERE on_clawback), 0)::bigint AS clawback,
           COALESCE(sum(minor) FILTER (WHERE inside AND on_commission AND kind <> 'clawback'),
                    0)::bigint AS earned_now,
           COALESCE(sum(minor) FILTER (WHERE inside AND on_tips), 0)::bigint AS tips_now,
           COALESCE(-sum(minor) FILTER (WHERE inside AND NOT on_tips
                                         AND (on_clawback OR kind = 'clawback')),
                    0)::bigint AS clawback_now
      FROM (SELECT a.staff_id, e.kind, -p.amount_minor AS minor, e.effective_at >= :start AS inside,
                   starts_with(a.code, '{chart.COMMISSION_PREFIX}') AS on_commission,
                   starts_with(a.code, '{chart.TIPS_PREFIX}') AS on_tips,
                   starts_with(a.code, '{chart.CLAWBACK_PREFIX}') AS on_clawback
              FROM accounts a
              JOIN postings p ON p.tenant_id = a.tenant_id AND p.account_id = a.id
              JOIN entries e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
             WHERE a.tenant_id = :tenant_id AND a.staff_id IS NOT NULL AND a.currency = :currency
               AND e.kind <> 'pay_run' AND e.effective_at < :until
               AND (CAST(:staff_id AS uuid) IS NULL OR a.staff_id = :staff_id)) moved
     GROUP BY staff_id
    """  # noqa: S608 - constants
)
# Rent that was paid in money is nobody's to net; rent that a run holds counts, as that run does.
RENTS = text(
    """
    SELECT staff_id, sum(amount_minor)::bigint AS rent,
           COALESCE(sum(amount_minor) FILTER (WHERE starts_on >= :starts_on), 0)::bigint AS rent_now
      FROM chair_rents
     WHERE tenant_id = :tenant_id AND currency = :currency AND starts_on <= :ends_on
       AND (settled_entry_id IS NULL OR pay_run_id IS NOT NULL)
       AND (CAST(:staff_id AS uuid) IS NULL OR staff_id = :staff_id)
     GROUP BY staff_id
    """
)
HELD = text(
    """
    SELECT staff_id, sum(commission_due_minor)::bigint AS commission,
           sum(tips_due_minor)::bigint AS tips, sum(clawback_due_minor)::bigint AS clawback,
           sum(rent_due_minor)::bigint AS rent
      FROM pay_runs
     WHERE tenant_id = :tenant_id AND state IN ('approved', 'paid') AND ends_on < :starts_on
     GROUP BY staff_id
    """
)
SELECT_RUNS = """
    SELECT r.id, r.staff_id, k.slug AS staff, k.name AS staff_name, r.starts_on, r.ends_on,
           r.state, r.earned_minor, r.tips_minor, r.clawback_minor, r.rent_minor,
           r.commission_due_minor, r.tips_due_minor, r.clawback_due_minor, r.rent_due_minor,
           r.currency, r.approved_at, r.paid_at, r.method, r.reference
      FROM pay_runs r
      JOIN bookables k ON k.tenant_id = r.tenant_id AND k.id = r.staff_id
     WHERE r.tenant_id = :tenant_id AND (CAST(:staff_id AS uuid) IS NULL OR r.staff_id = :staff_id)
"""
RUNS_OF = text(
    SELECT_RUNS + " AND r.starts_on = :starts_on AND r.ends_on = :ends_on ORDER BY k.slug"
)
RUNS_FROM = text(SELECT_RUNS + " AND r.ends_on >= :starts_on ORDER BY k.slug, r.starts_on")
ALL_RUNS = text(SELECT_RUNS + " ORDER BY r.starts_on DESC, k.slug LIMIT :limit")
LOCK_RUNS = text(
    "SELECT id FROM pay_runs WHERE tenant_id = :tenant_id AND starts_on = :starts_on"
    " AND ends_on = :ends_on ORDER BY id FOR UPDATE"
)
DROP_DRAFTS = text(
    """
    DELETE FROM pay_runs
     WHERE tenant_id = :tenant_id AND state = 'draft' AND starts_on <= :ends_on
       AND ends_on >= :starts_on AND (CAST(:staff_id AS uuid) IS NULL OR staff_id = :staff_id)
    """
)
INSERT_RUN = text(
    """
    INSERT INTO pay_runs (tenant_id, id, staff_id, starts_on, ends_on, state, earned_minor,
                          tips_minor, clawback_minor, rent_minor, carried_minor, net_minor,
                          commission_due_minor, tips_due_minor, clawback_due_minor, rent_due_minor,
                          currency, computed_at, approved_at)
    VALUES (:tenant_id, :id, :staff_id, :starts_on, :ends_on, :state, :earned_minor, :tips_minor,
            :clawback_minor, :rent_minor, :carried_minor, :net_minor, :commission_due_minor,
            :tips_due_minor, :clawback_due_minor, :rent_due_minor, :currency, :now, :approved_at)
    """
)
HOLD_RENTS = text(
    """
    UPDATE chair_rents c SET pay_run_id = r.id, changed_by = session_user
      FROM pay_runs r
     WHERE c.tenant_id = :tenant_id AND r.tenant_id = :tenant_id AND r.staff_id = c.staff_id
       AND r.id = ANY(:runs) AND r.state = 'approved' AND c.starts_on <= r.ends_on
       AND c.settled_entry_id IS NULL AND c.pay_run_id IS NULL
    """
)
MARK_PAID = text(
    """
    UPDATE pay_runs r SET state = 'paid', paid_at = :now, method = :method, reference = :reference,
                          entry_id = u.entry_id, changed_by = session_user
      FROM unnest(CAST(:runs AS uuid[]), CAST(:entries AS uuid[])) AS u(id, entry_id)
     WHERE r.tenant_id = :tenant_id AND r.id = u.id AND r.state = 'approved'
    """
)
SETTLE_RENTS = text(
    """
    UPDATE chair_rents c SET settled_entry_id = r.entry_id, changed_by = session_user
      FROM pay_runs r
     WHERE c.tenant_id = :tenant_id AND r.tenant_id = :tenant_id AND r.id = c.pay_run_id
       AND r.id = ANY(:runs) AND c.settled_entry_id IS NULL
    """
)
STAFF = text(
    """
    SELECT k.id, k.slug, k.name FROM bookables k
     WHERE k.tenant_id = :tenant_id AND k.kind = 'staff' AND k.id = ANY(:ids)
    """
)
TERMS = text(
    """
    SELECT t.staff_id, k.slug AS staff, t.amount_minor, t.per, t.effective_from,
           (SELECT max(c.ends_on) FROM chair_rents c
             WHERE c.tenant_id = t.tenant_id AND c.staff_id = t.staff_id) AS accrued_until
      FROM rent_terms t
      JOIN bookables k ON k.tenant_id = t.tenant_id AND k.id = t.staff_id
     WHERE t.tenant_id = :tenant_id AND (CAST(:staff_id AS uuid) IS NULL OR t.staff_id = :staff_id)
     ORDER BY t.staff_id, t.created_at, t.id
    """
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who a run is for."""

    id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Whose chair costs what: the terms in the order in which they were written."""

    staff_id: UUID
    staff: str
    terms: tuple[RentTerms, ...]
    accrued_until: Any


def lock(tx: Tx) -> None:
    """Let one transaction of a business compute, seal or pay runs at a time."""
    tx.row(LOCK_NAME, name=pay_runs_lock(tx.tenant.id))


def span(tx: Tx, period: Period) -> tuple[datetime, datetime]:
    """Return a period as instants, ``[start, until)``, in the business's zone."""
    zone = tx.tenant.zone
    return (
        from_epoch(opening(period.starts_on, 0, zone)),
        from_epoch(opening(period.ends_on, 24 * 60, zone)),
    )


def figures(tx: Tx, period: Period, staff_id: UUID | None) -> dict[UUID, Figures]:
    """Return what each person's run comes to, from the ledger, as of now."""
    start, until = span(tx, period)
    asked = {"staff_id": staff_id, "currency": tx.tenant.currency}
    days = {"starts_on": period.starts_on, "ends_on": period.ends_on}
    owed = {row.staff_id: row for row in tx.rows(OWED, start=start, until=until, **asked)}
    rents = {row.staff_id: row for row in tx.rows(RENTS, **days, **asked)}
    held = {row.staff_id: row for row in tx.rows(HELD, starts_on=period.starts_on)}
    return {
        person: _figures(owed.get(person), rents.get(person), held.get(person))
        for person in owed.keys() | rents.keys()
    }


def runs_of(tx: Tx, period: Period, staff_id: UUID | None = None) -> list[Run]:
    """Return the runs of exactly this period, by staff."""
    days = {"starts_on": period.starts_on, "ends_on": period.ends_on}
    return [_run(row) for row in tx.rows(RUNS_OF, staff_id=staff_id, **days)]


def runs_from(tx: Tx, period: Period, staff_id: UUID | None) -> list[Run]:
    """Return the runs that end in this period or later."""
    rows = tx.rows(RUNS_FROM, staff_id=staff_id, starts_on=period.starts_on)
    return [_run(row) for row in rows]


def all_runs(tx: Tx, staff_id: UUID | None, limit: int) -> list[Run]:
    """Return runs, the newest period first."""
    return [_run(row) for row in tx.rows(ALL_RUNS, staff_id=staff_id, limit=limit)]


def people(tx: Tx, ids: Iterable[UUID]) -> list[Person]:
    """Return people by slug."""
    found = [Person(row.id, row.slug, row.name) for row in tx.rows(STAFF, ids=list(ids))]
    return sorted(found, key=lambda person: person.slug)


def replace_drafts(tx: Tx, period: Period, staff_id: UUID | None, runs: Sequence[Run]) -> None:
    """Write runs in the place of all drafts that overlap the period."""
    days = {"starts_on": period.starts_on, "ends_on": period.ends_on}
    tx.run(DROP_DRAFTS, staff_id=staff_id, **days)
    tx.run_many(INSERT_RUN, [_row(tx, run) for run in runs])


def tenancies(tx: Tx, staff_id: UUID | None) -> list[Tenancy]:
    """Return who rents a chair, and up to which day rent was accrued."""
    found: dict[UUID, list[Row[Any]]] = {}
    for row in tx.rows(TERMS, staff_id=staff_id):
        found.setdefault(row.staff_id, []).append(row)
    return [
        Tenancy(
            person,
            rows[0].staff,
            tuple(RentTerms(row.amount_minor, Every(row.per), row.effective_from) for row in rows),
            rows[0].accrued_until,
        )
        for person, rows in found.items()
    ]


def _figures(owed: Row[Any] | None, rents: Row[Any] | None, held: Row[Any] | None) -> Figures:
    rent, rent_now = (rents.rent, rents.rent_now) if rents else (0, 0)
    dues = Dues(owed.commission, owed.tips, owed.clawback, rent) if owed else Dues(0, 0, 0, rent)
    if held is not None:
        dues = dues.less(Dues(held.commission, held.tips, held.clawback, held.rent))
    if owed is None:
        return Figures(0, 0, 0, rent_now, dues)
    return Figures(owed.earned_now, owed.tips_now, owed.clawback_now, rent_now, dues)


def _run(row: Row[Any]) -> Run:
    dues = Dues(
        row.commission_due_minor, row.tips_due_minor, row.clawback_due_minor, row.rent_due_minor
    )
    return Run(
        row.id,
        row.staff_id,
        row.staff,
        row.staff_name,
        Period(row.starts_on, row.ends_on),
        State(row.state),
        Figures(row.earned_minor, row.tips_minor, row.clawback_minor, row.rent_minor, dues),
        row.currency,
        row.approved_at,
        row.paid_at,
        row.method,
        row.reference,
    )


def _row(tx: Tx, run: Run) -> dict[str, Any]:
    figures = run.figures
    return {
        "id": run.id,
        "staff_id": run.staff_id,
        "starts_on": run.period.starts_on,
        "ends_on": run.period.ends_on,
        "state": run.state.value,
        "earned_minor": figures.earned_minor,
        "tips_minor": figures.tips_minor,
        "clawback_minor": figures.clawback_minor,
        "rent_minor": figures.rent_minor,
        "carried_minor": figures.carried_minor,
        "net_minor": figures.net_minor,
        "commission_due_minor": figures.dues.commission_minor,
        "tips_due_minor": figures.dues.tips_minor,
        "clawback_due_minor": figures.dues.clawback_minor,
        "rent_due_minor": figures.dues.rent_minor,
        "currency": run.currency,
        "now": tx.now,
        "approved_at": run.approved_at,
    }
