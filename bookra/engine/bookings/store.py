"""Reads bookings whole: lines, items, what is paid, the pay link; and locks them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.clock import from_epoch
from bookra.engine.bookings.model import Booking, Item, Line, Status
from bookra.engine.bookings.pricing import Discount
from bookra.engine.ledger.store import PAID_AND_REFUNDED
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.money import Money

LINES = """
    (SELECT json_agg(json_build_array(
              l.id, l.service_id, s.slug, s.name, l.staff_id, k.slug, k.name,
              EXTRACT(EPOCH FROM l.starts_at)::bigint, EXTRACT(EPOCH FROM l.ends_at)::bigint,
              l.net_minor, l.tax_minor, l.tax_bps, l.commission_bps, l.position, l.level,
              l.requested, l.session_id, l.discount_minor, l.list_minor) ORDER BY l.position)
       FROM booking_lines l
       JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id
       JOIN bookables k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id
      WHERE l.tenant_id = b.tenant_id AND l.booking_id = b.id)
"""
ITEMS = """
    (SELECT json_agg(json_build_array(
              i.id, p.slug, p.name, p.kind, p.category, COALESCE(k.slug, ''), i.quantity,
              i.net_minor, i.tax_minor, i.tax_bps, i.discount_minor, i.position, i.list_minor)
              ORDER BY i.position)
       FROM booking_items i
       JOIN products p ON p.tenant_id = i.tenant_id AND p.id = i.product_id
       LEFT JOIN bookables k ON k.tenant_id = i.tenant_id AND k.id = i.staff_id
      WHERE i.tenant_id = b.tenant_id AND i.{owner} = b.id)
"""
"""The items of ``b`` as a JSON array; ``owner`` is ``booking_id`` or ``order_id``."""
PROMO = """
    (SELECT json_build_array(p.code, p.service_id) FROM promo_codes p
      WHERE p.tenant_id = b.tenant_id AND p.id = b.promo_id)
"""
# The pay link is the payments room's row; showing a booking without it would cost a second trip.
PAY_LINK = """
    (SELECT o.url FROM operations o
      WHERE o.tenant_id = b.tenant_id AND o.booking_id = b.id
        AND o.kind IN ('checkout', 'payment-link') AND o.state = 'open'
      ORDER BY o.created_at DESC LIMIT 1)
"""
SELECT = f"""
    SELECT b.id, b.code, b.status, b.customer_id, c.name AS customer, b.starts_at, b.ends_at,
           b.hold_expires_at, b.revision, b.currency, b.series_id, b.recognised_at, b.policy_id,
           b.policy_accepted_at, b.note, b.discount_kind, b.discount_bps, b.discount_minor,
           {PROMO} AS promo, {LINES} AS lines, {ITEMS.format(owner="booking_id")} AS items,
           {PAID_AND_REFUNDED} AS paid_and_refunded, {PAY_LINK} AS payment_url
      FROM bookings b
      JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
     WHERE b.tenant_id = :tenant_id
"""  # noqa: S608 - constants
BY_CODE = text(SELECT + " AND b.code = :code")
BY_ID = text(SELECT + " AND b.id = :id")
BETWEEN = text(
    SELECT
    + """
       AND b.starts_at >= :start AND (CAST(:until AS timestamptz) IS NULL OR b.starts_at < :until)
       AND (CAST(:status AS text) IS NULL OR b.status = :status)
     ORDER BY b.starts_at, b.code
     LIMIT :limit
    """
)
LOCK = text("SELECT id FROM bookings WHERE tenant_id = :tenant_id AND id = :id FOR UPDATE")
LOCK_BY_CODE = text(
    "SELECT id FROM bookings WHERE tenant_id = :tenant_id AND code = :code FOR UPDATE"
)


def booking_by_code(tx: Tx, code: str) -> Booking:
    """Return a booking; codes are read in any case. Raises NotFoundError (``unknown_booking``)."""
    row = tx.row(BY_CODE, code=code.strip().upper())
    if row is None:
        raise unknown_booking(code)
    return _booking(row)


def booking_by_id(tx: Tx, booking_id: UUID) -> Booking:
    """Return a booking by id; raises NotFoundError (``unknown_booking``)."""
    row = tx.row(BY_ID, id=booking_id)
    if row is None:
        raise unknown_booking(str(booking_id))
    return _booking(row)


def locked_by_code(tx: Tx, code: str) -> Booking:
    """Return a booking whose row is locked until the transaction ends."""
    row = tx.row(LOCK_BY_CODE, code=code.strip().upper())
    if row is None:
        raise unknown_booking(code)
    return booking_by_id(tx, row.id)


def locked_by_id(tx: Tx, booking_id: UUID) -> Booking:
    """Return a booking whose row is locked until the transaction ends."""
    tx.row(LOCK, id=booking_id)
    return booking_by_id(tx, booking_id)


def locked_both(tx: Tx, code: str, other: str) -> tuple[Booking, Booking]:
    """Return two bookings whose rows are locked, in id order, until the transaction ends."""
    found = [booking_by_code(tx, code), booking_by_code(tx, other)]
    for booking_id in sorted({booking.id for booking in found}):
        tx.row(LOCK, id=booking_id)
    return booking_by_id(tx, found[0].id), booking_by_id(tx, found[1].id)


def bookings_between(
    tx: Tx,
    start: datetime,
    until: datetime | None,
    *,
    status: Status | None = None,
    limit: int | None = None,
) -> list[Booking]:
    """Return bookings that start in ``[start, until)``, by time."""
    rows: Sequence[Row[Any]] = tx.rows(
        BETWEEN, start=start, until=until, status=status.value if status else None, limit=limit
    )
    return [_booking(row) for row in rows]


def unknown_booking(code: str) -> NotFoundError:
    """Return the error for a code that names no booking."""
    return NotFoundError(
        "unknown_booking",
        f"There is no booking '{code}'",
        hint="List them: bookra booking list",
        details={"code": code},
    )


def _booking(row: Row[Any]) -> Booking:
    paid_minor, refunded_minor = row.paid_and_refunded
    return Booking(
        row.id,
        row.code,
        Status(row.status),
        row.customer_id,
        row.customer,
        row.starts_at,
        row.ends_at,
        row.hold_expires_at,
        row.revision,
        tuple(_line(values, row.currency) for values in row.lines),
        Money(paid_minor, row.currency),
        row.payment_url,
        row.series_id,
        tuple(item_of(values, row.currency) for values in row.items or ()),
        refunded_minor,
        row.recognised_at,
        row.policy_id,
        row.policy_accepted_at,
        _discount(row),
        row.note,
    )


def item_of(values: list[Any], currency: str) -> Item:
    """Return one item from an element of ``ITEMS``."""
    item, product, name, kind, category, staff, quantity, net, tax, tax_bps = values[:10]
    discount, position, listed = values[10:]
    return Item(
        UUID(item),
        product,
        name,
        kind,
        category,
        staff,
        quantity,
        Money(net, currency),
        Money(tax, currency),
        tax_bps,
        discount,
        position,
        listed,
    )


def _discount(row: Row[Any]) -> Discount | None:
    if row.discount_kind is None:
        return None
    promo, service_id = row.promo or (None, None)
    return Discount(
        row.discount_kind,
        row.discount_bps,
        row.discount_minor,
        UUID(service_id) if service_id else None,
        promo,
    )


def _line(values: list[Any], currency: str) -> Line:
    line, service_id, service, service_name, staff_id, staff, staff_name, start, end = values[:9]
    net, tax, tax_bps, commission_bps, position, level, requested, session_id = values[9:17]
    return Line(
        UUID(line),
        UUID(service_id),
        service,
        service_name,
        UUID(staff_id),
        staff,
        staff_name,
        from_epoch(start),
        from_epoch(end),
        Money(net, currency),
        Money(tax, currency),
        tax_bps,
        commission_bps,
        position,
        level,
        requested,
        UUID(session_id) if session_id else None,
        *values[17:],
    )
