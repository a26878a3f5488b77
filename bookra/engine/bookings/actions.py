"""Verbs on a booking that exists: confirm, cancel, and the steps of a visit. Locks its row."""

from __future__ import annotations

from datetime import datetime

from bookra import clock
from bookra.engine.bookings import statements, store
from bookra.engine.bookings.announcing import announce, withdraw
from bookra.engine.bookings.classes.seating import retake_seats
from bookra.engine.bookings.holds import cancel_checkouts
from bookra.engine.bookings.model import Booking, Status, require_next
from bookra.engine.bookings.placing import place
from bookra.engine.bookings.promo_uses import retake_use
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import keep, part
from bookra.errors import ConflictError, InvalidInputError, NotFoundError


def confirm(tx: Tx, booking: Booking) -> Booking:
    """Confirm a held booking (its row locked by the caller) and emit what that causes."""
    require_next(booking.code, booking.status, Status.CONFIRMED)
    tx.run(statements.HOLD_UNTIL, booking_id=booking.id, held_until=None)
    set_status(tx, booking, Status.CONFIRMED)
    confirmed = store.booking_by_id(tx, booking.id)
    announce(tx, confirmed)
    return confirmed


def retake(tx: Tx, booking: Booking) -> bool:
    """Claim the time of an expired booking again; False, and nothing written, when it is taken.

    With the people and at the times that were booked, in any units that are free, and at the price
    that was agreed: also False when its promo code has been used up meanwhile. Also False when
    the time has passed, or a person or service of then is no longer there: the money goes back.
    """
    if tx.row(statements.ALLOCATED, booking_id=booking.id) is not None:
        return True
    savepoint = tx.connection.begin_nested()
    if _retake_time(tx, booking) and retake_use(tx, booking.id):
        keep(tx, savepoint)
        return True
    savepoint.rollback()
    return False


def _retake_time(tx: Tx, booking: Booking) -> bool:
    if booking.lines[0].session_id is not None:
        return retake_seats(tx, booking)
    try:
        with part(tx):
            for line in booking.lines:
                place(tx, booking, line, line.starts_at, line.staff)
    except (ConflictError, InvalidInputError, NotFoundError):
        return False
    return True


def cancel(tx: Tx, code: str, *, tells: bool = True) -> Booking:
    """Cancel an unpaid booking: free its time, its pay link and its calendar event.

    ``tells`` False sends no message: who cancels several sends one for all of them.

    Raises ConflictError for a booking that is over (``illegal_state``) or paid (``already_paid``):
    what was paid is given back by ``payments.fees``.
    """
    booking = store.locked_by_code(tx, code)
    require_next(booking.code, booking.status, Status.CANCELLED)
    if booking.paid:
        raise ConflictError(
            "already_paid",
            f"{booking.code} is paid ({booking.paid}): cancelling it owes a refund",
            hint=f"Cancel it with its refund: bookra booking cancel {booking.code}",
            details={"code": booking.code},
        )
    return call_off(tx, booking, Status.CANCELLED, tells=tells)


def call_off(tx: Tx, booking: Booking, status: Status, *, tells: bool = True) -> Booking:
    """End a visit that will not take place: free its time, its links and its calendar event.

    The caller has locked the booking and deals with what was paid. Raises ConflictError
    (``illegal_state``).
    """
    require_next(booking.code, booking.status, status)
    tx.run(statements.RELEASE, booking_id=booking.id)
    set_status(tx, booking, status)
    cancel_checkouts(tx, booking.id)
    if booking.status is not Status.HELD:
        withdraw(tx, booking, tells=tells)
    return store.booking_by_id(tx, booking.id)


def check_in(tx: Tx, code: str) -> Booking:
    """Note that the customer has arrived."""
    return _advance(tx, code, Status.CHECKED_IN)


def complete(tx: Tx, code: str) -> Booking:
    """Note that the visit is over."""
    return _advance(tx, code, Status.COMPLETED)


def no_show(tx: Tx, code: str) -> Booking:
    """Note that the customer did not come, and free the rest of their time; money stays put.

    Raises ConflictError ``not_its_day`` before the day of the visit: a fee may hang on it.
    """
    booking = _advance(tx, code, Status.NO_SHOW)
    _require_its_day(tx, booking)
    tx.run(statements.RELEASE, booking_id=booking.id)
    cancel_checkouts(tx, booking.id)
    return booking


def set_status(
    tx: Tx, booking: Booking, status: Status, *, hold_expires_at: datetime | None = None
) -> None:
    """Write a status that the caller has checked, and count the revision up."""
    tx.run(
        statements.SET_STATUS, id=booking.id, status=status.value, hold_expires_at=hold_expires_at
    )
    tx.concerns("booking", booking.id)


def _require_its_day(tx: Tx, booking: Booking) -> None:
    zone = tx.tenant.zone
    if clock.local_day(booking.starts_at, zone) > clock.local_day(tx.now, zone):
        raise ConflictError(
            "not_its_day",
            f"{booking.code} is on {booking.starts_at.astimezone(zone):%a %d %b}: who does not come"
            " is known on the day",
            hint=f"Who calls it off before cancels: bookra booking cancel {booking.code}",
            details={"code": booking.code},
        )


def _advance(tx: Tx, code: str, status: Status) -> Booking:
    booking = store.locked_by_code(tx, code)
    require_next(booking.code, booking.status, status)
    set_status(tx, booking, status)
    return store.booking_by_id(tx, booking.id)
