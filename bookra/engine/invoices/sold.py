"""What a booking or an order sells, as lines of an invoice; the caller's lock lies on its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.model import Booking, Item
from bookra.engine.invoices.document import InvoiceLine
from bookra.engine.invoices.wording import words
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.money import Money

ORDER = text(
    f"""
    SELECT b.id, b.code, b.kind, b.customer_id, b.amount_minor, b.currency, b.created_at,
           b.paid_at, {bookings.ITEMS.format(owner="order_id")} AS items,
           ARRAY(SELECT g.code FROM gift_cards g
                  WHERE g.tenant_id = b.tenant_id AND g.order_id = b.id ORDER BY g.code) AS cards,
           ARRAY(SELECT concat_ws('|', p.code, p.visits, s.name) FROM packages p
                   LEFT JOIN services s ON s.tenant_id = p.tenant_id AND s.id = p.service_id
                  WHERE p.tenant_id = b.tenant_id AND p.order_id = b.id ORDER BY p.code) AS packages
      FROM orders b
     WHERE b.tenant_id = :tenant_id AND b.id = :id
       FOR UPDATE OF b
    """  # noqa: S608 - constants
)


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line or an item of a sale, with the id by which the ledger knows it."""

    part: UUID | None
    line: InvoiceLine


@dataclass(frozen=True, slots=True)
class Sale:
    """What an invoice is about, its row locked."""

    booking_id: UUID | None
    order_id: UUID | None
    code: str
    customer_id: UUID | None
    served_on: date
    currency: str
    lines: tuple[SoldLine, ...]
    note: str = ""


def sale_of(tx: Tx, booking_id: UUID | None, order_id: UUID | None) -> Sale:
    """Lock a booking or an order and return what it sells; raises NotFoundError."""
    if booking_id is not None:
        return _booking(tx, bookings.locked_by_id(tx, booking_id))
    row = tx.row(ORDER, id=order_id)
    if row is None:
        raise NotFoundError("unknown_order", f"There is no order {order_id}")
    return _order(tx, row)


def _booking(tx: Tx, booking: Booking) -> Sale:
    lines = [
        SoldLine(
            line.id,
            InvoiceLine(
                description=line.service_name,
                detail=f"{line.staff_name} · {_when(tx, line.starts_at)}",
                net=line.net,
                tax_bps=line.tax_bps,
                tax=line.tax,
                gross=line.net + line.tax,
                discount=_discount(line.discount_minor, line.net.currency),
            ),
        )
        for line in booking.lines
    ]
    return Sale(
        booking.id,
        None,
        booking.code,
        booking.customer_id,
        local_date(tx, booking.starts_at),
        booking.paid.currency,
        (*lines, *map(_item, booking.items)),
    )


def _order(tx: Tx, row: Row[Any]) -> Sale:
    items = [_item(bookings.item_of(values, row.currency)) for values in row.items or ()]
    language, price = tx.tenant.brand.language, Money(row.amount_minor, row.currency)
    note = ""
    if not items:
        detail = ", ".join([*row.cards, *(_package(text, language) for text in row.packages)])
        items = [SoldLine(None, untaxed(words(row.kind, language), price, detail))]
        note = words("untaxed", language)
    sold_on = local_date(tx, row.paid_at or row.created_at)
    owner = (None, row.id, row.code, row.customer_id)
    return Sale(*owner, sold_on, row.currency, tuple(items), note)


def _package(text: str, language: str) -> str:
    code, visits, *service = text.split("|", 2)
    worth = words("visits", language).format(visits) if visits != "0" else ""
    return " · ".join(part for part in (code, worth, *service) if part)


def _item(item: Item) -> SoldLine:
    line = InvoiceLine(
        description=item.name,
        quantity=item.quantity,
        net=item.net,
        tax_bps=item.tax_bps,
        tax=item.tax,
        gross=item.net + item.tax,
        discount=_discount(item.discount_minor, item.net.currency),
    )
    return SoldLine(item.id, line)


def _discount(minor: int, currency: str) -> Money | None:
    return Money(minor, currency) if minor else None


def untaxed(description: str, amount: Money, detail: str = "") -> InvoiceLine:
    """Return a line on which there is no tax."""
    free = Money(0, amount.currency)
    return InvoiceLine(
        description=description, detail=detail, net=amount, tax_bps=0, tax=free, gross=amount
    )


def local_date(tx: Tx, instant: datetime) -> date:
    """Return the day on which an instant falls where the business is."""
    return instant.astimezone(tx.tenant.zone).date()


def _when(tx: Tx, instant: datetime) -> str:
    from babel.dates import format_datetime

    local = instant.astimezone(tx.tenant.zone)
    return format_datetime(local, "short", locale=tx.tenant.brand.language)
