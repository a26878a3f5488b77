"""Writes a booking's own rows: the booking under a code that is free, and a line a service."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from bookra import clock
from bookra.engine.availability.visits import Plan
from bookra.engine.bookings import store
from bookra.engine.bookings.model import Status
from bookra.engine.bookings.pricing import line_price
from bookra.engine.bookings.request import BookingRequest
from bookra.engine.runtime import Tx
from bookra.ids import booking_code, new_id

CODE_ATTEMPTS = 8


def insert_booking(
    tx: Tx, request: BookingRequest, start: datetime, end: datetime, held_until: datetime | None
) -> UUID:
    """Write a booking's own row under a code that is free; returns its id."""
    booking_id = new_id()
    for attempt in range(CODE_ATTEMPTS):
        inserted = tx.run(
            store.INSERT,
            id=booking_id,
            code=booking_code(tx.tenant.code_prefix, 4 + attempt // 2),
            customer_id=request.customer_id,
            status=(Status.HELD if held_until else Status.CONFIRMED).value,
            starts_at=start,
            ends_at=end,
            hold_expires_at=held_until,
            currency=tx.tenant.currency,
            series_id=request.series_id,
            now=tx.now,
        )
        if inserted:
            return booking_id
    raise AssertionError("no free booking code in eight tries of growing length")


def insert_lines(tx: Tx, plan: Plan, request: BookingRequest, booking_id: UUID) -> list[UUID]:
    """Write a line for each service of a plan, priced by now; returns their ids in order."""
    tenant, ids = tx.tenant, []
    wishes = request.visit().lines
    for position, (planned, wish) in enumerate(zip(plan, wishes, strict=True), start=1):
        person, service = planned.performer.person, planned.performer.service
        price = line_price(service.price, tenant.tax_bps, inclusive=tenant.tax_inclusive)
        ids.append(new_id())
        tx.run(
            store.INSERT_LINE,
            id=ids[-1],
            booking_id=booking_id,
            position=position,
            service_id=service.id,
            staff_id=person.id,
            starts_at=clock.from_epoch(planned.start),
            ends_at=clock.from_epoch(planned.end),
            net_minor=price.net.minor,
            tax_minor=price.tax.minor,
            tax_bps=tenant.tax_bps,
            commission_bps=person.commission_bps,
            currency=tenant.currency,
            level=person.level,
            requested=wish.staff is not None,
            session_id=None,
        )
    return ids
