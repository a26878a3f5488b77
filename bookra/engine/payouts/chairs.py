"""Chair rent: what it costs from a day on, what has fallen due, and what was paid in money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from bookra.clock import from_epoch, local_day, opening
from bookra.engine.commissions.rules import Every
from bookra.engine.ledger.rules import pay as rules
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.payouts import store
from bookra.engine.payouts.rent import Due, RentTerms, falling_due
from bookra.engine.payouts.store import Tenancy
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.ids import new_id
from bookra.money import Money

INSERT_TERMS = text(
    """
    INSERT INTO rent_terms (tenant_id, id, staff_id, amount_minor, currency, per, effective_from,
                            created_at)
    VALUES (:tenant_id, :id, :staff_id, :amount_minor, :currency, :per, :effective_from, :now)
    """
)
INSERT_RENT = text(
    """
    INSERT INTO chair_rents (tenant_id, id, staff_id, starts_on, ends_on, amount_minor, currency,
                             entry_id)
    VALUES (:tenant_id, :id, :staff_id, :starts_on, :ends_on, :amount_minor, :currency, :entry_id)
    """
)
OPEN = text(
    """
    SELECT id, amount_minor FROM chair_rents
     WHERE tenant_id = :tenant_id AND staff_id = :staff_id AND settled_entry_id IS NULL
       AND pay_run_id IS NULL
     ORDER BY starts_on FOR UPDATE
    """
)
SETTLE = text(
    """
    UPDATE chair_rents SET settled_entry_id = :entry_id, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = ANY(:ids)
    """
)


@dataclass(frozen=True, slots=True)
class Chair:
    """What one person's chair costs by now; a zero ``amount`` is no rent."""

    staff: str
    amount: Money
    every: Every
    effective_from: date


@dataclass(frozen=True, slots=True)
class Accrued:
    """Rent that fell due for some days, both included."""

    staff: str
    due: Due
    currency: str


def set_rent(tx: Tx, staff: str, amount: Money, every: Every, effective_from: date) -> Chair:
    """Say what a chair costs from a day on; the same again changes nothing.

    Rent that was accrued stays: new terms begin on the day after it at the earliest.
    """
    person = find_staff(tx, staff)
    chair = Chair(staff, amount, every, effective_from)
    wanted = RentTerms(amount.minor, every, effective_from)
    known = store.tenancies(tx, person.id)
    if known and known[0].terms[-1] == wanted:
        return chair
    tx.run(
        INSERT_TERMS,
        id=new_id(),
        staff_id=person.id,
        amount_minor=amount.minor,
        currency=tx.tenant.currency,
        per=every.value,
        effective_from=effective_from,
        now=tx.now,
    )
    tx.concerns("staff", person.id)
    return chair


def rents(tx: Tx) -> list[Chair]:
    """Return what each chair costs, the last terms of each person, by staff."""
    currency = tx.tenant.currency
    found = [
        Chair(who.staff, Money(last.amount_minor, currency), last.every, last.effective_from)
        for who in store.tenancies(tx, None)
        for last in who.terms[-1:]
    ]
    return sorted(found, key=lambda chair: chair.staff)


def accrue_until(tx: Tx, until: date, staff: str | None = None) -> list[Accrued]:
    """Post the rent that falls due up to a day, once; takes the lock on pay runs."""
    store.lock(tx)
    staff_id = find_staff(tx, staff).id if staff is not None else None
    return accrue(tx, min(until, local_day(tx.now, tx.tenant.zone)), staff_id)


def accrue(tx: Tx, until: date, staff_id: UUID | None) -> list[Accrued]:
    """Post the rent that falls due up to a day [J]. The caller holds the lock on pay runs."""
    return [
        _accrued(tx, who, due)
        for who in store.tenancies(tx, staff_id)
        for due in falling_due(who.terms, who.accrued_until, until)
    ]


def paid_in_money(tx: Tx, staff: str, method: str) -> Money:
    """Take all rent of somebody that is open and in no approved run, in cash or by bank.

    Raises ConflictError (``no_rent_due``). Takes the lock on pay runs.
    """
    store.lock(tx)
    person = find_staff(tx, staff)
    accrue(tx, local_day(tx.now, tx.tenant.zone), person.id)
    open_ = tx.rows(OPEN, staff_id=person.id)
    if not open_:
        raise ConflictError(
            "no_rent_due",
            f"{staff} owes no chair rent",
            hint="Rent in an approved pay run is netted by it: bookra payout list",
        )
    amount = Money(sum(row.amount_minor for row in open_), tx.tenant.currency)
    fact = Fact(f"rent-paid:{new_id()}", tx.now, amount.currency)
    entry_id, _ = post(tx, rules.chair_rent_paid(fact, method, amount.minor))
    tx.run(SETTLE, entry_id=entry_id, ids=[row.id for row in open_])
    return amount


def _accrued(tx: Tx, who: Tenancy, due: Due) -> Accrued:
    currency = tx.tenant.currency
    at = from_epoch(opening(due.starts_on, 0, tx.tenant.zone))
    fact = Fact(f"rent:{who.staff_id}:{due.starts_on}", at, currency, memo=f"chair of {who.staff}")
    entry_id, _ = post(tx, rules.chair_rent(fact, due.amount_minor))
    tx.run(
        INSERT_RENT,
        id=new_id(),
        staff_id=who.staff_id,
        starts_on=due.starts_on,
        ends_on=due.ends_on,
        amount_minor=due.amount_minor,
        currency=currency,
        entry_id=entry_id,
    )
    return Accrued(who.staff, due, currency)
