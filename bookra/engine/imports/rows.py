"""The rows of an imported appointment: one booking with one line, under a code that is free."""

from __future__ import annotations

from uuid import UUID

from bookra.engine.bookings import statements
from bookra.engine.bookings.model import Status
from bookra.engine.bookings.pricing import LinePrice, line_price
from bookra.engine.bookings.writing import CODE_ATTEMPTS, tax_of
from bookra.engine.imports.appointments import Appointment
from bookra.engine.runtime import Tx
from bookra.ids import booking_code, new_id
from bookra.money import Money


def insert(tx: Tx, wanted: Appointment, customer_id: UUID, status: Status) -> tuple[UUID, UUID]:
    """Write a booking and its line; returns their ids."""
    booking_id = _insert_booking(tx, wanted, customer_id, status)
    line_id = new_id()
    price = _price(tx, wanted, status)
    tx.run(
        statements.INSERT_LINE,
        id=line_id,
        booking_id=booking_id,
        position=1,
        service_id=wanted.service.id,
        staff_id=wanted.staff.id,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        net_minor=price.net.minor,
        tax_minor=price.tax.minor,
        discount_minor=price.discount_minor,
        list_minor=price.list_minor,
        tax_bps=tax_of(tx, wanted.service),
        commission_bps=wanted.staff.commission_bps,
        currency=tx.tenant.currency,
        level=wanted.staff.level,
        requested=True,
        session_id=None,
    )
    return booking_id, line_id


def _price(tx: Tx, wanted: Appointment, status: Status) -> LinePrice:
    """Return what the line costs here: nothing for what is over, the file's price for the rest."""
    agreed = wanted.price or wanted.service.at_level(wanted.staff.level).price
    if status is not Status.CONFIRMED:
        agreed = Money(0, agreed.currency)
    rate = tax_of(tx, wanted.service)
    return line_price(agreed, rate, inclusive=tx.tenant.tax_inclusive)


def _insert_booking(tx: Tx, wanted: Appointment, customer_id: UUID, status: Status) -> UUID:
    booking_id = new_id()
    for attempt in range(CODE_ATTEMPTS):
        inserted = tx.run(
            statements.INSERT,
            id=booking_id,
            code=booking_code(tx.tenant.code_prefix, 4 + attempt // 2),
            customer_id=customer_id,
            status=status.value,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            hold_expires_at=None,
            currency=tx.tenant.currency,
            series_id=None,
            discount_kind=None,
            discount_bps=None,
            accepted_via=None,
            note="",
            now=tx.now,
        )
        if inserted:
            return booking_id
    raise AssertionError("no free booking code in eight tries of growing length")
