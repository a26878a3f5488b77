"""Goods and extras on a booking: added, and taken off again, while its price is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bookra.engine.bookings.history import note
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.pricing import LinePrice, line_price
from bookra.engine.catalog.products import Product, sold_product
from bookra.engine.people.staff import find_staff
from bookra.engine.prices.limits import check_limit
from bookra.engine.prices.ticket import locked_open, reprice
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

MOST = 1000

INSERT = text(
    """
    INSERT INTO booking_items (tenant_id, id, booking_id, order_id, product_id, staff_id, position,
                               quantity, net_minor, tax_minor, list_minor, tax_bps, currency,
                               created_at)
    SELECT :tenant_id, :id, CAST(:booking_id AS uuid), CAST(:order_id AS uuid), :product_id,
           CAST(:staff_id AS uuid), COALESCE(max(i.position), 0) + 1, :quantity, :net_minor,
           :tax_minor, :list_minor, :tax_bps, :currency, :now
      FROM booking_items i
     WHERE i.tenant_id = :tenant_id AND (i.booking_id = :booking_id OR i.order_id = :order_id)
    """
)
REMOVE = text(
    "DELETE FROM booking_items"
    " WHERE tenant_id = :tenant_id AND booking_id = :booking_id AND position = :position"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many of a product; ``price`` is of one, as it is listed, where it isn't the catalogue's.

    ``staff`` is the slug of who sells it.
    """

    product: str
    quantity: int = 1
    price: Money | None = None
    staff: str | None = None


def parse_wanted(words: str) -> Wanted:
    """Read ``oil`` or ``oil:2``; raises InvalidInputError (``bad_quantity``)."""
    product, colon, quantity = words.partition(":")
    if colon and not quantity.strip().isdecimal():
        raise InvalidInputError("bad_quantity", f"'{words}' is not PRODUCT:QUANTITY", hint="oil:2")
    return Wanted(product.strip(), int(quantity) if colon else 1)


def add_item(tx: Tx, code: str, wanted: Wanted) -> Booking:
    """Put goods or an extra on a booking; a discount of the booking holds for it too.

    Raises NotFoundError for no such product or person; ConflictError ``not_offered``,
    ``already_recognised``, ``illegal_state``.
    """
    booking = locked_open(tx, code)
    insert_item(tx, wanted, booking_id=booking.id)
    note(tx, booking.id, "item", added=wanted.product, quantity=wanted.quantity)
    return reprice(tx, booking)


def remove_item(tx: Tx, code: str, position: int) -> Booking:
    """Take the item at a position off a booking.

    Raises NotFoundError (``unknown_item``); ConflictError as ``add_item`` does, and
    ``over_discounted`` when more is paid than the rest costs; NotAllowedError
    ``discount_above_limit`` where an amount was taken off for it by hand.
    """
    booking = locked_open(tx, code)
    item = next((each for each in booking.items if each.position == position), None)
    if item is None or not tx.run(REMOVE, booking_id=booking.id, position=position):
        raise NotFoundError(
            "unknown_item",
            f"{booking.code} has no item {position}",
            hint=f"Look at it: bookra booking show {booking.code}",
            details={"code": booking.code},
        )
    if booking.discount is not None and booking.discount.amount_minor is not None:
        check_limit(tx, booking.id, booking.code, booking.discount)
    note(tx, booking.id, "item", removed=item.product, quantity=item.quantity)
    return reprice(tx, booking)


def item_price(tx: Tx, wanted: Wanted) -> LinePrice:
    """Return what so many of a product cost by now."""
    return _price(tx, sold_product(tx, wanted.product), wanted)[0]


def insert_item(
    tx: Tx, wanted: Wanted, *, booking_id: UUID | None = None, order_id: UUID | None = None
) -> LinePrice:
    """Write an item of a booking or an order, priced by now; returns its price for all of it."""
    product = sold_product(tx, wanted.product)
    staff_id = find_staff(tx, wanted.staff).id if wanted.staff else None
    price, tax_bps = _price(tx, product, wanted)
    row: dict[str, Any] = {"booking_id": booking_id, "order_id": order_id, "staff_id": staff_id}
    tx.run(
        INSERT,
        id=new_id(),
        product_id=product.id,
        quantity=wanted.quantity,
        net_minor=price.net.minor,
        tax_minor=price.tax.minor,
        list_minor=price.list_minor,
        tax_bps=tax_bps,
        currency=tx.tenant.currency,
        now=tx.now,
        **row,
    )
    return price


def _price(tx: Tx, product: Product, wanted: Wanted) -> tuple[LinePrice, int]:
    if not 1 <= wanted.quantity <= MOST:
        raise InvalidInputError("bad_quantity", f"{wanted.quantity} is not 1 to {MOST}")
    each = wanted.price or product.price
    if each.currency != tx.tenant.currency:
        raise InvalidInputError("wrong_currency", f"The business sells in {tx.tenant.currency}")
    tax_bps = tx.tenant.tax_bps if product.tax_bps is None else product.tax_bps
    whole = Money(each.minor * wanted.quantity, each.currency)
    return line_price(whole, tax_bps, inclusive=tx.tenant.tax_inclusive), tax_bps
