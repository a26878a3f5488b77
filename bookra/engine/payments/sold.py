"""What money was paid for: a booking, or an order of goods or of value (a gift card, a package).

Refunds and disputes deal with both in one way. Whoever reads one here has locked its row: the
booking or the order comes before everything else in the lock order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.model import Booking
from bookra.engine.ledger import chart
from bookra.engine.ledger.rules.sales import Fact, Sale
from bookra.engine.ledger.rules.value import OWED_ON
from bookra.engine.payments.tab import sale_of, sales_of
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError

_ORDER = f"""
    SELECT b.id, b.code, b.kind, b.currency, b.paid_at,
           {bookings.ITEMS.format(owner="order_id")} AS items
      FROM orders b WHERE b.tenant_id = :tenant_id
"""  # noqa: S608 - constants
ORDER = text(_ORDER + " AND b.id = :id FOR UPDATE OF b")
ORDER_BY_CODE = text(_ORDER + " AND b.code = :code FOR UPDATE OF b")
BOOKING_ID = text("SELECT id FROM bookings WHERE tenant_id = :tenant_id AND code = :code")

GIFT_VALUE = text(
    """
    SELECT COALESCE(sum(balance_minor), 0)::bigint AS minor FROM gift_cards
     WHERE tenant_id = :tenant_id AND order_id = :id AND state IN ('active', 'expired')
    """
)
PACKAGE_VALUE = text(
    """
    SELECT COALESCE(sum(p.price_minor - COALESCE((SELECT sum(u.amount_minor) FROM package_uses u
                                                   WHERE u.tenant_id = p.tenant_id
                                                     AND u.package_id = p.id), 0)), 0)::bigint
           AS minor
      FROM packages p
     WHERE p.tenant_id = :tenant_id AND p.order_id = :id AND p.state = 'active'
    """
)
# Before what nobody has used is added up: a visit that is used at this moment counts or waits.
LOCK_PACKAGES = text(
    "SELECT id FROM packages WHERE tenant_id = :tenant_id AND order_id = :id FOR UPDATE"
)
# An order holds one gift card or package; were there several, each gives what it has.
SPEND_GIFT = text(
    """
    UPDATE gift_cards SET balance_minor = balance_minor - :minor, changed_by = session_user
     WHERE tenant_id = :tenant_id AND order_id = :id AND balance_minor >= :minor
    """
)
SPEND_PACKAGE = text(
    """
    UPDATE packages SET state = 'void', changed_by = session_user
     WHERE tenant_id = :tenant_id AND order_id = :id AND state = 'active'
    """
)
RESTORE_PACKAGE = text(
    """
    UPDATE packages SET state = 'active', changed_by = session_user
     WHERE tenant_id = :tenant_id AND order_id = :id AND state = 'void'
    """
)


@dataclass(frozen=True, slots=True)
class Sold:
    """A booking or an order, its row locked, with what it sells.

    ``recognised`` says whether it is revenue by now; ``value`` is the account on which bought
    value is owed, empty for everything else. Never both.
    """

    id: UUID
    code: str
    currency: str
    sales: tuple[Sale, ...]
    recognised: bool
    value: str = ""
    booking: Booking | None = None

    @property
    def booking_id(self) -> UUID | None:
        """The booking's id, None for an order."""
        return None if self.booking is None else self.id

    @property
    def order_id(self) -> UUID | None:
        """The order's id, None for a booking."""
        return self.id if self.booking is None else None

    def fact(self, tx: Tx, key: str, memo: str = "") -> Fact:
        """Return what an entry about it says of itself."""
        return Fact(key, tx.now, self.currency, self.booking_id, self.order_id, memo)


def locked(tx: Tx, code: str) -> Sold:
    """Lock a booking or an order by its code; raises NotFoundError (``unknown_booking``)."""
    wanted = code.strip().upper()
    if tx.row(BOOKING_ID, code=wanted) is None:
        row = tx.row(ORDER_BY_CODE, code=wanted)
        if row is not None:
            tx.rows(LOCK_PACKAGES, id=row.id)
            return _order(row)
    return sold_of(bookings.locked_by_code(tx, code))


def locked_by_id(tx: Tx, booking_id: UUID | None, order_id: UUID | None) -> Sold:
    """Lock a booking or an order by its id; raises NotFoundError."""
    if booking_id is not None:
        return sold_of(bookings.locked_by_id(tx, booking_id))
    row = tx.row(ORDER, id=order_id)
    if row is None:
        raise NotFoundError("unknown_order", f"There is no order {order_id}")
    tx.rows(LOCK_PACKAGES, id=row.id)
    return _order(row)


def sold_of(booking: Booking) -> Sold:
    """Return a booking that the caller has locked."""
    return Sold(
        booking.id,
        booking.code,
        booking.paid.currency,
        tuple(sales_of(booking)),
        booking.recognised_at is not None,
        booking=booking,
    )


def value_left(tx: Tx, sold: Sold) -> int:
    """Return what of bought value nobody has used: so much of it can be given back."""
    question = GIFT_VALUE if sold.value == chart.GIFT_CARDS else PACKAGE_VALUE
    row = tx.row(question, id=sold.id)
    return int(row.minor) if row is not None else 0


def take_value(tx: Tx, sold: Sold, minor: int) -> None:
    """Take bought value away from whoever holds it, so that it isn't used and given back too.

    Raises ConflictError (``over_refund``) when somebody was quicker to use it.
    """
    if sold.value == chart.GIFT_CARDS and not tx.run(SPEND_GIFT, id=sold.id, minor=minor):
        raise ConflictError("over_refund", f"The gift card of {sold.code} was just used")
    if sold.value == chart.PACKAGES and minor >= value_left(tx, sold):
        tx.run(SPEND_PACKAGE, id=sold.id)


def restore_value(tx: Tx, sold: Sold, minor: int) -> None:
    """Give bought value back to whoever held it: its refund came to nothing."""
    if sold.value == chart.GIFT_CARDS:
        tx.run(SPEND_GIFT, id=sold.id, minor=-minor)
    elif sold.value:
        tx.run(RESTORE_PACKAGE, id=sold.id)


def _order(row: Row[Any]) -> Sold:
    items = [bookings.item_of(values, row.currency) for values in row.items or ()]
    sales = tuple(sale_of(item) for item in items)
    value = OWED_ON.get(row.kind, "")
    return Sold(row.id, row.code, row.currency, sales, bool(row.paid_at) and not value, value)
