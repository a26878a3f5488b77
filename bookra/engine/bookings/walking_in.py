"""Somebody walks in: who is free for a service first today, and booking them at once.

Notice and the grid are left aside: the customer stands at the counter, and has arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability import starts
from bookra.engine.availability.actions import window_at
from bookra.engine.availability.asked import visit_of
from bookra.engine.bookings import actions
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.people.customers import Customer, add_customer, customer_by_id
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.money import Money

ANONYMOUS = "Walk-in"
"""The name of the customer on file who stands for everybody that gives none."""
STEP_SECONDS = 300
"""Visits of walk-ins begin on full five minutes."""

ON_FILE = text(
    """
    SELECT id FROM customers
     WHERE tenant_id = :tenant_id AND name = :name AND phone IS NULL AND email IS NULL
     ORDER BY id LIMIT 1
    """
)


@dataclass(frozen=True, slots=True)
class Opening:
    """The first time today at which somebody could begin a service."""

    service: str
    service_name: str
    staff: str
    staff_name: str
    starts_at: datetime
    ends_at: datetime
    price: Money


def first_opening(tx: Tx, service: str) -> Opening | None:
    """Return who could begin a service first today, from now on; None if nobody can."""
    window = window_at(tx, visit_of(service, None), tx.now)
    if window.service.capacity is not None:
        return None
    found: list[tuple[int, int]] = []
    people = {who.index: who for who in starts.performers(window, 0)}
    for who in people.values():
        spans = starts.start_spans(window, who)
        begins = (_next_step(max(low, window.now)) for low, high in spans if high >= window.now)
        fitting = [at for at in begins if any(low <= at <= high for low, high in spans)]
        found += [(fitting[0], who.index)] if fitting else []
    until = clock.to_epoch(_midnight(tx))
    first = min((one for one in found if one[0] < until), default=None)
    if first is None:
        return None
    who, begin = people[first[1]], clock.from_epoch(first[0])
    end = begin + timedelta(minutes=who.service.minutes)
    own = who.service
    return Opening(own.slug, own.name, who.person.slug, who.person.name, begin, end, own.price)


def walk_in(tx: Tx, service: str, customer_id: UUID | None) -> Booking:
    """Book the first opening of a service, and note that the customer has arrived.

    None stands for somebody who gives no name. Raises ConflictError (``nobody_free``), and what
    ``book`` raises.
    """
    found = first_opening(tx, service)
    if found is None:
        raise ConflictError(
            "nobody_free",
            f"Nobody is free for {service} any more today",
            hint=f"See other days: bookra slots {service}",
        )
    customer = anonymous(tx) if customer_id is None else customer_by_id(tx, customer_id)
    request = BookingRequest(service, found.staff, found.starts_at, customer.id, anywhere=True)
    return actions.check_in(tx, book(tx, request).code)


def anonymous(tx: Tx) -> Customer:
    """Return the customer who stands for all that give no name; the first one adds them."""
    row = tx.row(ON_FILE, name=ANONYMOUS)
    return add_customer(tx, ANONYMOUS)[0] if row is None else customer_by_id(tx, row.id)


def _next_step(epoch: int) -> int:
    return -(-epoch // STEP_SECONDS) * STEP_SECONDS


def _midnight(tx: Tx) -> datetime:
    zone = tx.tenant.zone
    tomorrow = clock.local_day(tx.now, zone) + timedelta(days=1)
    return clock.from_epoch(clock.opening(tomorrow, 0, zone))
