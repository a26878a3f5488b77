"""What a booking tells the outside when its time changes: the calendar's event, the message."""

from __future__ import annotations

from bookra.engine.bookings.model import Booking
from bookra.engine.messages.planning import plan
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import DeleteCalendar, UpsertCalendar
from bookra.engine.runtime import Tx


def announce(tx: Tx, booking: Booking, template: str = "booking_confirmed") -> None:
    """Emit what a booking that stands causes: the calendar's event and a message about it."""
    emit(tx, UpsertCalendar(booking.id))
    message(tx, booking, template)


def withdraw(tx: Tx, booking: Booking, *, tells: bool = True) -> None:
    """Emit what a booking that no longer stands causes; ``tells`` says whether to the customer."""
    emit(tx, DeleteCalendar(booking.id))
    if tells:
        message(tx, booking, "booking_cancelled")


def message(tx: Tx, booking: Booking, template: str, *, key: str | None = None) -> None:
    """Plan a message to the customer, if there is a way to reach them.

    Once for each ``key``; without one, once for each revision of the booking.
    """
    plan(tx, booking, template, once_key=key or f"{template}:{booking.id}:{booking.revision}")
