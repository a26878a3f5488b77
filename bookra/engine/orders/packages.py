"""Packages: visits of a service that are paid for, used up one by one, broken when they expire.

A member's period is a package too. What is left of a period with visits is broken at its end; the
price of one without visits is earned by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.catalog.actions import find_service
from bookra.engine.ledger import chart
from bookra.engine.ledger.rules import value
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import given_back, post
from bookra.engine.orders import store
from bookra.engine.orders.gift_cards import check_expiry
from bookra.engine.orders.model import PACKAGE, Package
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import booking_code, new_id
from bookra.money import Money, included_tax

MOST_VISITS = 1000
CODE_LENGTH = 7

# What nobody has used yet: the price less the visits that were used and what went back of it.
SELECT = f"""
    SELECT k.id, k.code, k.state, s.slug AS service, k.service_id, k.visits, k.used, k.price_minor,
           k.currency, k.customer_id, c.name AS customer, k.starts_on, k.expires_on, k.order_id,
           b.code AS "order", m.code AS membership, k.created_at,
           CASE WHEN k.state = 'active' THEN
             k.price_minor - COALESCE((SELECT sum(u.amount_minor) FROM package_uses u
                                        WHERE u.tenant_id = k.tenant_id
                                          AND u.package_id = k.id), 0)::bigint
             - {given_back("order_id")}
           ELSE 0 END AS value_minor
      FROM packages k
      JOIN orders b ON b.tenant_id = k.tenant_id AND b.id = k.order_id
      JOIN customers c ON c.tenant_id = k.tenant_id AND c.id = k.customer_id
      LEFT JOIN services s ON s.tenant_id = k.tenant_id AND s.id = k.service_id
      LEFT JOIN memberships m ON m.tenant_id = k.tenant_id AND m.id = k.membership_id
     WHERE k.tenant_id = :tenant_id
"""  # noqa: S608 - constants
BY_CODE = text(SELECT + " AND k.code = :code")
BY_ID = text(SELECT + " AND k.id = :id")
# Rows are locked first and read after: who waits for a lock would add up uses of before the wait.
LOCK = text("SELECT id FROM packages WHERE tenant_id = :tenant_id AND code = :code FOR UPDATE")
LATEST = text(
    SELECT
    + """
       AND (CAST(:state AS text) IS NULL OR k.state = :state)
       AND (CAST(:customer_id AS uuid) IS NULL OR k.customer_id = :customer_id)
     ORDER BY k.created_at DESC, k.id DESC LIMIT :limit
    """
)
LOCK_EXPIRED = text(
    """
    SELECT id FROM packages
     WHERE tenant_id = :tenant_id AND state = 'active' AND expires_on < :today
       AND (NOT :members OR membership_id IS NOT NULL)
     ORDER BY id FOR UPDATE
    """
)
INSERT = text(
    """
    INSERT INTO packages (tenant_id, id, code, order_id, customer_id, service_id, membership_id,
                          visits, price_minor, currency, starts_on, expires_on, created_at)
    VALUES (:tenant_id, :id, :code, :order_id, :customer_id, :service_id, :membership_id, :visits,
            :price_minor, :currency, :starts_on, :expires_on, :now)
    """
)
EXPIRE = text(
    """
    UPDATE packages SET state = 'expired', changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


@dataclass(frozen=True, slots=True)
class NewPackage:
    """What a package is made of; ``service_id`` None and no visits for a period without any."""

    order_id: UUID
    customer_id: UUID
    service_id: UUID | None
    visits: int
    price: Money
    expires_on: date | None = None
    starts_on: date | None = None
    membership_id: UUID | None = None


def sell_package(
    tx: Tx,
    service: str,
    visits: int,
    price: Money,
    customer_id: UUID,
    expires_on: date | None = None,
) -> Package:
    """Write a package and the order that pays for it; it is good once that is paid.

    ``price`` holds the tax. Raises InvalidInputError ``bad_visits``, ``bad_amount``,
    ``bad_expiry``; NotFoundError ``unknown_service``.
    """
    if not 1 <= visits <= MOST_VISITS:
        raise InvalidInputError("bad_visits", f"A package has 1 to {MOST_VISITS} visits")
    if price.minor < visits or price.currency != tx.tenant.currency:
        raise InvalidInputError("bad_amount", f"{price} is not a price of {visits} visits")
    check_expiry(tx, expires_on)
    service_id = find_service(tx, service).id
    order_id = store.insert_order(tx, PACKAGE, price, customer_id)
    new = NewPackage(order_id, customer_id, service_id, visits, price, expires_on)
    return package(tx, insert_package(tx, new))


def insert_package(tx: Tx, new: NewPackage) -> str:
    """Write a package that waits for its order to be paid; returns its code."""
    package_id, code = new_id(), booking_code("PK", CODE_LENGTH)
    tx.run(
        INSERT,
        id=package_id,
        code=code,
        order_id=new.order_id,
        customer_id=new.customer_id,
        service_id=new.service_id,
        membership_id=new.membership_id,
        visits=new.visits,
        price_minor=new.price.minor,
        currency=new.price.currency,
        starts_on=new.starts_on,
        expires_on=new.expires_on,
        now=tx.now,
    )
    tx.concerns("package", package_id)
    return code


def package(tx: Tx, code: str) -> Package:
    """Return a package; codes are read in any case. Raises NotFoundError (``unknown_package``)."""
    return _found(code, tx.row(BY_CODE, code=code.strip().upper()))


def locked_package(tx: Tx, code: str) -> Package:
    """Return a package whose row is locked until the transaction ends."""
    tx.row(LOCK, code=code.strip().upper())
    return package(tx, code)


def packages(
    tx: Tx, *, state: str | None = None, customer_id: UUID | None = None, limit: int = 100
) -> list[Package]:
    """Return the latest packages, the newest first."""
    rows = tx.rows(LATEST, state=state, customer_id=customer_id, limit=limit)
    return [_package(row) for row in rows]


def expire_packages(tx: Tx, *, members: bool = False) -> list[Package]:
    """End every package whose last day is over; returns them as they were. Locks them.

    What is left is breakage; the price of a member's period without visits is earned, with its
    tax. ``members`` looks at members' periods alone. A second run finds nothing.
    """
    locked = tx.rows(LOCK_EXPIRED, today=store.today(tx), members=members)
    found = [_package(row) for each in locked for row in tx.rows(BY_ID, id=each.id)]
    for each in found:
        if each.value:
            _end(tx, each)
        tx.run(EXPIRE, id=each.id)
        tx.concerns("package", each.id)
    return found


def _end(tx: Tx, ended: Package) -> None:
    left = ended.value.minor
    key = f"package:{ended.id}:{new_id()}"
    fact = Fact(f"breakage:{key}", tx.now, ended.value.currency, order_id=ended.order_id)
    if ended.membership is None or ended.visits:
        post(tx, value.expired(fact, chart.PACKAGES, left))
        return
    tax = included_tax(left, tx.tenant.tax_bps)
    fact = Fact(f"membership:{ended.id}", tx.now, ended.value.currency, order_id=ended.order_id)
    post(tx, value.membership_earned(fact, left, tax, tx.tenant.tax_bps))


def _found(code: str, row: Row[Any] | None) -> Package:
    if row is None:
        raise NotFoundError(
            "unknown_package",
            f"There is no package '{code}'",
            hint="List them: bookra package list",
            details={"code": code},
        )
    return _package(row)


def _package(row: Row[Any]) -> Package:
    return Package(
        row.id,
        row.code,
        row.state,
        row.service,
        row.service_id,
        row.visits,
        row.used,
        Money(row.price_minor, row.currency),
        Money(row.value_minor, row.currency),
        row.customer_id,
        row.customer,
        row.starts_on,
        row.expires_on,
        row.order_id,
        row.order,
        row.membership,
        row.created_at,
    )
