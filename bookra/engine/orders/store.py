"""Reads orders whole, locks them, and writes their rows."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.bookings.store import ITEMS, item_of
from bookra.engine.orders.model import Order
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import booking_code, new_id
from bookra.money import Money

CODE_ATTEMPTS = 8

SELECT = f"""
    SELECT b.id, b.code, b.kind, b.state, b.amount_minor, b.currency, b.customer_id,
           c.name AS customer, b.created_at, b.paid_at,
           {ITEMS.format(owner="order_id")} AS items,
           COALESCE((SELECT g.code FROM gift_cards g
                      WHERE g.tenant_id = b.tenant_id AND g.order_id = b.id),
                    (SELECT COALESCE(m.code, k.code) FROM packages k
                       LEFT JOIN memberships m ON m.tenant_id = k.tenant_id
                        AND m.id = k.membership_id
                      WHERE k.tenant_id = b.tenant_id AND k.order_id = b.id)) AS bought,
           (SELECT o.url FROM operations o
             WHERE o.tenant_id = b.tenant_id AND o.order_id = b.id
               AND o.kind IN ('checkout', 'payment-link') AND o.state = 'open'
             ORDER BY o.created_at DESC LIMIT 1) AS payment_url
      FROM orders b
      LEFT JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
     WHERE b.tenant_id = :tenant_id
"""  # noqa: S608 - constants
BY_CODE = text(SELECT + " AND b.code = :code")
BY_ID = text(SELECT + " AND b.id = :id")
LATEST = text(
    SELECT
    + """
       AND (CAST(:state AS text) IS NULL OR b.state = :state)
       AND (CAST(:kind AS text) IS NULL OR b.kind = :kind)
     ORDER BY b.created_at DESC, b.id DESC LIMIT :limit
    """
)
LOCK = text("SELECT id FROM orders WHERE tenant_id = :tenant_id AND id = :id FOR UPDATE")
LOCK_BY_CODE = text(
    "SELECT id FROM orders WHERE tenant_id = :tenant_id AND code = :code FOR UPDATE"
)
INSERT = text(
    """
    INSERT INTO orders (tenant_id, id, code, kind, customer_id, amount_minor, currency, created_at)
    VALUES (:tenant_id, :id, :code, :kind, :customer_id, :amount_minor, :currency, :now)
    ON CONFLICT (tenant_id, code) DO NOTHING
    """
)
SET_STATE = text(
    """
    UPDATE orders SET state = CAST(:state AS text), changed_by = session_user,
                      paid_at = CASE WHEN CAST(:state AS text) = 'paid'
                                     THEN CAST(:now AS timestamptz) ELSE paid_at END
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
OPEN_PAGES = text(
    """
    SELECT id FROM operations
     WHERE tenant_id = :tenant_id AND order_id = :order_id
       AND kind IN ('checkout', 'payment-link') AND state IN ('new', 'open')
    """
)
LIVE_PAGE = text(
    """
    SELECT id FROM operations
     WHERE tenant_id = :tenant_id AND order_id = :order_id AND kind = 'checkout'
       AND state IN ('new', 'open') AND expires_at > :now
     ORDER BY id DESC LIMIT 1
    """
)


def order_by_code(tx: Tx, code: str) -> Order:
    """Return an order; codes are read in any case. Raises NotFoundError (``unknown_order``)."""
    row = tx.row(BY_CODE, code=code.strip().upper())
    if row is None:
        raise unknown_order(code)
    return _order(row)


def order_by_id(tx: Tx, order_id: UUID) -> Order:
    """Return an order by id; raises NotFoundError (``unknown_order``)."""
    row = tx.row(BY_ID, id=order_id)
    if row is None:
        raise unknown_order(str(order_id))
    return _order(row)


def locked_by_code(tx: Tx, code: str) -> Order:
    """Return an order whose row is locked until the transaction ends."""
    row = tx.row(LOCK_BY_CODE, code=code.strip().upper())
    if row is None:
        raise unknown_order(code)
    return order_by_id(tx, row.id)


def locked_by_id(tx: Tx, order_id: UUID) -> Order:
    """Return an order whose row is locked until the transaction ends."""
    tx.row(LOCK, id=order_id)
    return order_by_id(tx, order_id)


def is_order(tx: Tx, code: str) -> bool:
    """Tell whether a code names an order."""
    return tx.row(BY_CODE, code=code.strip().upper()) is not None


def orders(
    tx: Tx, *, state: str | None = None, kind: str | None = None, limit: int = 100
) -> list[Order]:
    """Return the latest orders, the newest first."""
    return [_order(row) for row in tx.rows(LATEST, state=state, kind=kind, limit=limit)]


def insert_order(tx: Tx, kind: str, amount: Money, customer_id: UUID | None) -> UUID:
    """Write an open order under a code that is free; returns its id.

    Codes begin with O after the dash, a letter that no booking's code has: the two never meet.
    """
    order_id = new_id()
    for attempt in range(CODE_ATTEMPTS):
        prefix, _, rest = booking_code(tx.tenant.code_prefix, 4 + attempt // 2).partition("-")
        if tx.run(
            INSERT,
            id=order_id,
            code=f"{prefix}-O{rest}",
            kind=kind,
            customer_id=customer_id,
            amount_minor=amount.minor,
            currency=amount.currency,
            now=tx.now,
        ):
            tx.concerns("order", order_id)
            return order_id
    raise AssertionError("no free order code in eight tries of growing length")


def set_state(tx: Tx, order: Order, state: str) -> None:
    """Write a state that the caller has checked."""
    tx.run(SET_STATE, id=order.id, state=state, now=tx.now)
    tx.concerns("order", order.id)


def today(tx: Tx) -> date:
    """Return the business's local day."""
    return clock.local_day(tx.now, tx.tenant.zone)


def unknown_order(code: str) -> NotFoundError:
    """Return the error for a code that names no order."""
    return NotFoundError(
        "unknown_order",
        f"There is no order '{code}'",
        hint="List them: bookra order list",
        details={"code": code},
    )


def _order(row: Row[Any]) -> Order:
    return Order(
        row.id,
        row.code,
        row.kind,
        row.state,
        Money(row.amount_minor, row.currency),
        row.customer_id,
        row.customer,
        row.created_at,
        row.paid_at,
        tuple(item_of(values, row.currency) for values in row.items or ()),
        row.bought,
        row.payment_url,
    )
