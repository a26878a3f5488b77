"""Memberships: sold, billed period by period, each exactly once, and cancelled.

A period is an order and a package, which is good once the order is paid. Billing is made for cron:
it charges saved cards, leaves the rest as open orders, and does nothing when it is run again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.catalog.plans import Plan, find_plan
from bookra.engine.orders import paying, store
from bookra.engine.orders.model import MEMBERSHIP, Membership, Order
from bookra.engine.orders.packages import NewPackage, expire_packages, insert_package
from bookra.engine.orders.periods import next_period
from bookra.engine.orders.selling import cancel_order
from bookra.engine.payments import saved_cards
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import booking_code, new_id
from bookra.money import Money, chargeable

CODE_LENGTH = 7
MOST_PERIODS_AT_ONCE = 24

SELECT = """
    SELECT m.id, m.code, m.state, p.slug AS plan, m.customer_id, c.name AS customer,
           p.price_minor, p.currency, m.started_on, m.billed_until,
           (SELECT o.code FROM packages k
              JOIN orders o ON o.tenant_id = k.tenant_id AND o.id = k.order_id
             WHERE k.tenant_id = m.tenant_id AND k.membership_id = m.id AND o.state = 'open'
             ORDER BY k.starts_on LIMIT 1) AS open_order
      FROM memberships m
      JOIN membership_plans p ON p.tenant_id = m.tenant_id AND p.id = m.plan_id
      JOIN customers c ON c.tenant_id = m.tenant_id AND c.id = m.customer_id
     WHERE m.tenant_id = :tenant_id
"""
BY_CODE = text(SELECT + " AND m.code = :code")
LOCK = text(SELECT + " AND m.code = :code FOR UPDATE OF m")
LATEST = text(
    SELECT
    + """
       AND (CAST(:state AS text) IS NULL OR m.state = :state)
     ORDER BY m.created_at DESC, m.id DESC LIMIT :limit
    """
)
OF_CUSTOMER = text(
    SELECT
    + """
       AND m.customer_id = :customer_id AND m.state IN ('pending', 'active', 'past-due')
     ORDER BY m.created_at, m.id
    """
)
DUE = text(
    SELECT
    + """
       AND m.state = 'active' AND m.billed_until <= :today
     ORDER BY m.id FOR UPDATE OF m
    """
)
OWING = text(
    SELECT  # noqa: S608 - a constant
    + """
       AND m.state = 'active'
       AND EXISTS (SELECT FROM packages k
                     JOIN orders o ON o.tenant_id = k.tenant_id AND o.id = k.order_id
                    WHERE k.tenant_id = m.tenant_id AND k.membership_id = m.id
                      AND o.state = 'open')
     ORDER BY m.id FOR UPDATE OF m
    """
)
INSERT = text(
    """
    INSERT INTO memberships (tenant_id, id, code, plan_id, customer_id, state, started_on,
                             billed_until, created_at)
    VALUES (:tenant_id, :id, :code, :plan_id, :customer_id, 'pending', :started_on, :started_on,
            :now)
    """
)
SET_STATE = text(
    """
    UPDATE memberships SET state = :state, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
BILLED = text(
    """
    UPDATE memberships SET billed_until = :until, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


@dataclass(frozen=True, slots=True)
class Bill:
    """One period that was billed: from its first day until before ``until``, and how."""

    membership: str
    customer: str
    starts_on: date
    until: date
    order: str
    amount: Money
    how: str


def sell_membership(tx: Tx, plan_slug: str, customer_id: UUID) -> tuple[Membership, Order]:
    """Make a customer a member from today on; the first period's order is to be paid.

    Raises NotFoundError ``unknown_plan``; ConflictError ``not_offered``.
    """
    plan = find_plan(tx, plan_slug)
    if not plan.active:
        raise ConflictError("not_offered", f"The plan '{plan_slug}' is not sold any more")
    membership_id, code = new_id(), booking_code("MB", CODE_LENGTH)
    tx.run(
        INSERT,
        id=membership_id,
        code=code,
        plan_id=plan.id,
        customer_id=customer_id,
        started_on=store.today(tx),
        now=tx.now,
    )
    tx.concerns("membership", membership_id)
    order, _ = _bill_period(tx, membership(tx, code), plan)
    return membership(tx, code), order


def membership(tx: Tx, code: str) -> Membership:
    """Return a membership; raises NotFoundError (``unknown_membership``)."""
    return _found(code, tx.row(BY_CODE, code=code.strip().upper()))


def memberships(tx: Tx, *, state: str | None = None, limit: int = 100) -> list[Membership]:
    """Return the latest memberships, the newest first."""
    return [_membership(row) for row in tx.rows(LATEST, state=state, limit=limit)]


def memberships_of(tx: Tx, customer_id: UUID) -> list[Membership]:
    """Return a customer's memberships that are not over."""
    return [_membership(row) for row in tx.rows(OF_CUSTOMER, customer_id=customer_id)]


def bill_memberships(tx: Tx) -> list[Bill]:
    """Bill every period that has begun, and end those that are over; returns what was billed.

    A member with a saved card is charged; of another the order stays open, and they are past due
    until it is paid. Who owes a period is not billed another. Locks the memberships, by id.
    """
    expire_packages(tx, members=True)
    for row in tx.rows(OWING):
        found = membership(tx, row.code)  # as it is now, after waiting for its lock
        if found.state == "active" and found.open_order and not _being_charged(tx, found):
            tx.run(SET_STATE, id=found.id, state="past-due")
    today, bills = store.today(tx), []
    for row in tx.rows(DUE, today=today):
        found = membership(tx, row.code)
        plan = find_plan(tx, found.plan)
        for _ in range(MOST_PERIODS_AT_ONCE):
            if found.state != "active" or found.billed_until > today or found.open_order:
                break
            bills.append(_bill(tx, found, plan))
            found = membership(tx, found.code)
    return bills


def cancel_membership(tx: Tx, code: str) -> Membership:
    """End a membership: nothing more is billed, and a period that is not paid is not owed.

    What is paid stays good until its period ends. Raises ConflictError (``illegal_state``).
    """
    found = membership(tx, code)
    if found.state == "cancelled":
        raise ConflictError("illegal_state", f"{found.code} is cancelled already")
    if found.open_order is not None:
        cancel_order(tx, found.open_order)  # an order's row is locked before what it buys
    tx.row(LOCK, code=found.code)
    tx.run(SET_STATE, id=found.id, state="cancelled")
    tx.concerns("membership", found.id)
    return membership(tx, code)


def _bill(tx: Tx, found: Membership, plan: Plan) -> Bill:
    order, period = _bill_period(tx, found, plan)
    how = "open"
    if saved_cards.can_charge(tx, found.customer_id) and chargeable(order.amount) == order.amount:
        paying.charge_saved_card(tx, order.code)
        how = "saved-card"
    else:
        tx.run(SET_STATE, id=found.id, state="past-due")
    return Bill(found.code, found.customer, *period, order.code, order.amount, how)


def _bill_period(tx: Tx, found: Membership, plan: Plan) -> tuple[Order, tuple[date, date]]:
    """Write the next period: its order, and its package under a key that exists once a period."""
    starts, until = next_period(found.started_on, found.billed_until, plan.months)
    order_id = store.insert_order(tx, MEMBERSHIP, plan.price, found.customer_id)
    insert_package(
        tx,
        NewPackage(
            order_id,
            found.customer_id,
            plan.service_id if plan.visits else None,
            plan.visits,
            plan.price,
            until - timedelta(days=1),
            starts,
            found.id,
        ),
    )
    tx.run(BILLED, id=found.id, until=until)
    tx.concerns("membership", found.id)
    return store.order_by_id(tx, order_id), (starts, until)


def _being_charged(tx: Tx, found: Membership) -> bool:
    assert found.open_order is not None
    return paying.in_flight(tx, store.order_by_code(tx, found.open_order))


def _found(code: str, row: Row[Any] | None) -> Membership:
    if row is None:
        raise NotFoundError(
            "unknown_membership",
            f"There is no membership '{code}'",
            hint="List them: bookra membership list",
            details={"code": code},
        )
    return _membership(row)


def _membership(row: Row[Any]) -> Membership:
    return Membership(
        row.id,
        row.code,
        row.state,
        row.plan,
        row.customer_id,
        row.customer,
        Money(row.price_minor, row.currency),
        row.started_on,
        row.billed_until,
        row.open_order,
    )
