"""The calls that keep a calendar equal to the bookings. No transaction is open in a call."""

from __future__ import annotations

from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.bookings.store import booking_by_id
from bookra.engine.runtime import Tenant
from bookra.relay.delivery import SKIPPED, Delivery, Route
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.providers.google_calendar import CalendarEvent

SHOWN_IN_CALENDAR = OCCUPYING | {Status.COMPLETED, Status.NO_SHOW}


def sync_calendar(delivery: Delivery) -> Outcome:
    """Make the calendar equal the booking as it is now: one event a line, or none."""
    booking, tenant = delivery.ask(
        lambda tx: (booking_by_id(tx, delivery.payload.visit_id), tx.tenant)
    )
    account, calendar = delivery.clients.google(delivery.item.tenant)
    calendar_id = account.config["calendar"]
    shown = booking.status in SHOWN_IN_CALENDAR
    outcome: Outcome = SKIPPED
    for event in _events(booking, tenant):
        outcome = delivery.called(
            account,
            lambda event=event: (  # type: ignore[misc]
                calendar.upsert(calendar_id, event)
                if shown
                else calendar.delete(calendar_id, event.id)
            ),
        )
        if not isinstance(outcome, Delivered):
            return outcome
    return outcome


def _events(booking: Booking, tenant: Tenant) -> list[CalendarEvent]:
    """Return an event a line. Its id is ours, so inserting it twice is refused by Google."""
    return [
        CalendarEvent(
            id=line.id.hex,
            summary=f"{line.service_name} · {booking.customer}",
            description=f"{booking.code} · {line.staff_name}",
            starts_at=line.starts_at,
            ends_at=line.ends_at,
            zone=tenant.zone.key,
            booking_code=booking.code,
            revision=booking.revision,
        )
        for line in booking.lines
    ]


ROUTES = {
    "calendar.upsert": Route(sync_calendar),
    "calendar.delete": Route(sync_calendar),
}
