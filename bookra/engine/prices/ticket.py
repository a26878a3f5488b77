"""The price of a visit, worked out again when its discount or its items change.

Each part keeps the price as it was listed when it was agreed; what is taken off is shared out over
all of them. Only while the price is open: once it is revenue, nothing changes it any more.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.holds import cancel_checkouts
from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.bookings.pricing import Discount, Priced, line_price, taken_off
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.money import Money

# What an older release booked has no listed price: it knew no discounts, so that the price paid is
# the price listed. A line that a package pays is fixed.
PARTS = text(
    """
    SELECT l.id, true AS is_line, l.service_id, l.tax_bps, l.net_minor, l.tax_minor,
           l.discount_minor,
           COALESCE(l.list_minor,
                    l.net_minor + CASE WHEN :inclusive THEN l.tax_minor ELSE 0 END) AS list_minor,
           EXISTS (SELECT FROM package_uses u
                    WHERE u.tenant_id = l.tenant_id AND u.booking_line_id = l.id) AS fixed
      FROM booking_lines l
     WHERE l.tenant_id = :tenant_id AND l.booking_id = :booking_id
    UNION ALL
    SELECT i.id, false, NULL, i.tax_bps, i.net_minor, i.tax_minor, i.discount_minor, i.list_minor,
           false
      FROM booking_items i
     WHERE i.tenant_id = :tenant_id AND i.booking_id = :booking_id
     ORDER BY is_line DESC, id
    """
)
SET_LINE = text(
    """
    UPDATE booking_lines SET net_minor = :net, tax_minor = :tax, discount_minor = :discount,
                             list_minor = :listed, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
SET_ITEM = text(
    """
    UPDATE booking_items SET net_minor = :net, tax_minor = :tax, discount_minor = :discount,
                             changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
OPEN = OCCUPYING | {Status.COMPLETED, Status.DISPLACED}

Change = tuple[TextClause, dict[str, Any]]
"""A statement and its binds that write one part's new price."""


def locked_open(tx: Tx, code: str) -> Booking:
    """Return a booking whose price may still change, its row locked.

    Raises ConflictError: ``already_recognised`` once its price is revenue, ``illegal_state`` for
    one that is over.
    """
    booking = bookings.locked_by_code(tx, code)
    if booking.recognised_at is not None:
        raise ConflictError(
            "already_recognised",
            f"{booking.code} is paid in full or done: its price can't change any more",
            hint=f"Give money back instead: bookra refund {booking.code}",
            details={"code": booking.code},
        )
    if booking.status not in OPEN:
        raise ConflictError(
            "illegal_state",
            f"{booking.code} is {booking.status.value.replace('_', ' ')}: its price stays",
            hint=f"Look at it: bookra booking show {booking.code}",
            details={"code": booking.code, "status": booking.status.value},
        )
    return booking


def reprice(tx: Tx, booking: Booking) -> Booking:
    """Work out every part's price by the booking's discount; the caller has locked its row.

    Links that ask for another amount than is due from now on are closed. Raises ConflictError
    (``over_discounted``) when the price would fall below what is paid.
    """
    current = bookings.booking_by_id(tx, booking.id)
    for statement, row in _changes(tx, current.id, current.discount):
        tx.run(statement, **row)
    priced = bookings.booking_by_id(tx, booking.id)
    if priced.price.minor < priced.paid.minor:
        raise ConflictError(
            "over_discounted",
            f"{priced.code} would cost {priced.price}, and {priced.paid} is paid already",
            hint=f"Give some of it back first: bookra refund {priced.code}",
            details={"code": priced.code},
        )
    if priced.price != booking.price:
        cancel_checkouts(tx, booking.id)
    tx.concerns("booking", booking.id)
    return priced


def listed(tx: Tx, booking_id: UUID) -> Money:
    """Return what a booking's parts are listed at together, without any discount."""
    rows = tx.rows(PARTS, booking_id=booking_id, inclusive=tx.tenant.tax_inclusive)
    return Money(sum(row.list_minor for row in rows), tx.tenant.currency)


def _changes(tx: Tx, booking_id: UUID, discount: Discount | None) -> list[Change]:
    rows = tx.rows(PARTS, booking_id=booking_id, inclusive=tx.tenant.tax_inclusive)
    parts = [Priced(row.list_minor, row.service_id, row.fixed) for row in rows]
    changes: list[Change] = []
    for row, off in zip(rows, taken_off(discount, parts), strict=True):
        if row.fixed:
            continue
        price = line_price(
            Money(row.list_minor, tx.tenant.currency),
            row.tax_bps,
            inclusive=tx.tenant.tax_inclusive,
            off_minor=off,
        )
        wanted = (price.net.minor, price.tax.minor, price.discount_minor)
        if wanted != (row.net_minor, row.tax_minor, row.discount_minor):
            binds = {"id": row.id, "net": wanted[0], "tax": wanted[1], "discount": wanted[2]}
            if row.is_line:
                changes.append((SET_LINE, {**binds, "listed": row.list_minor}))
            else:
                changes.append((SET_ITEM, binds))
    return changes
