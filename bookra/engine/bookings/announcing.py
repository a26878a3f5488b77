"""What a booking tells the outside when its time changes: the calendar's event, the message."""

from __future__ import annotations

from bookra.engine.bookings.model import Booking
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import DeleteCalendar, SendMessage, UpsertCalendar
from bookra.engine.people.customers import customer_by_id
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import account


def announce(tx: Tx, booking: Booking, template: str = "booking_confirmed") -> None:
    """Emit what a booking that stands causes: the calendar's event and a message about it."""
    emit(tx, UpsertCalendar(booking.id))
    message(tx, booking, template)


def withdraw(tx: Tx, booking: Booking, *, tells: bool = True) -> None:
    """Emit what a booking that no longer stands causes; ``tells`` says whether to the customer."""
    emit(tx, DeleteCalendar(booking.id))
    if tells:
        message(tx, booking, "booking_cancelled")


def message(tx: Tx, booking: Booking, template: str) -> None:
    """Emit a message to the customer, if there is a number to send it to."""
    if account(tx, SendMessage.destination) and customer_by_id(tx, booking.customer_id).phone:
        emit(tx, SendMessage(booking.id, template))
