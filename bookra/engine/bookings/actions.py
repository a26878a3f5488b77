"""Verbs on a booking that exists: confirm, cancel, and the steps of a visit. Locks its row."""

from __future__ import annotations

from datetime import datetime

from bookra.engine.bookings import store
from bookra.engine.bookings.booking import allocate, announce, claims_of
from bookra.engine.bookings.holds import cancel_checkouts, release_lapsed_in_the_way
from bookra.engine.bookings.model import Booking, Status, require_next
from bookra.engine.catalog.actions import find_service
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import DeleteCalendar, SendMessage
from bookra.engine.people.customers import customer_by_id
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError


def confirm(tx: Tx, booking: Booking) -> Booking:
    """Confirm a held booking (its row locked by the caller) and emit what that causes."""
    require_next(booking.code, booking.status, Status.CONFIRMED)
    tx.run(store.HOLD_UNTIL, booking_id=booking.id, held_until=None)
    set_status(tx, booking, Status.CONFIRMED)
    confirmed = store.booking_by_id(tx, booking.id)
    announce(tx, confirmed)
    return confirmed


def retake(tx: Tx, booking: Booking) -> bool:
    """Claim the time of an expired booking again; False, and nothing written, when it is taken."""
    if tx.row(store.ALLOCATED, booking_id=booking.id) is not None:
        return True
    savepoint = tx.connection.begin_nested()
    claims: list[dict[str, object]] = []
    for line in booking.lines:
        release_lapsed_in_the_way(tx, [line.staff_id], line.starts_at, line.ends_at)
        blocks = find_service(tx, line.service).busy_blocks()
        claims += claims_of(booking.id, line.id, line.staff_id, line.starts_at, blocks)
    claims.sort(key=lambda claim: (str(claim["bookable_id"]), str(claim["starts_at"])))
    if allocate(tx, claims):
        savepoint.commit()
        return True
    savepoint.rollback()
    return False


def cancel(tx: Tx, code: str) -> Booking:
    """Cancel an unpaid booking: free its time, its pay link and its calendar event.

    Raises ConflictError for a booking that is over (``illegal_state``) or paid (``already_paid``).
    """
    booking = store.locked_by_code(tx, code)
    require_next(booking.code, booking.status, Status.CANCELLED)
    if booking.paid:
        raise ConflictError(
            "already_paid",
            f"{booking.code} is paid ({booking.paid}): cancelling it would owe a refund",
            hint="Paid bookings can't be cancelled in this version",
            details={"code": booking.code},
        )
    tx.run(store.RELEASE, booking_id=booking.id)
    set_status(tx, booking, Status.CANCELLED)
    cancel_checkouts(tx, booking.id)
    if booking.status is not Status.HELD:
        emit(tx, DeleteCalendar(booking.id))
        if customer_by_id(tx, booking.customer_id).phone:
            emit(tx, SendMessage(booking.id, "booking_cancelled"))
    return store.booking_by_id(tx, booking.id)


def check_in(tx: Tx, code: str) -> Booking:
    """Note that the customer has arrived."""
    return _advance(tx, code, Status.CHECKED_IN)


def complete(tx: Tx, code: str) -> Booking:
    """Note that the visit is over."""
    return _advance(tx, code, Status.COMPLETED)


def no_show(tx: Tx, code: str) -> Booking:
    """Note that the customer did not come, and free the rest of their time."""
    booking = _advance(tx, code, Status.NO_SHOW)
    tx.run(store.RELEASE, booking_id=booking.id)
    cancel_checkouts(tx, booking.id)
    return booking


def set_status(
    tx: Tx, booking: Booking, status: Status, *, hold_expires_at: datetime | None = None
) -> None:
    """Write a status that the caller has checked, and count the revision up."""
    tx.run(store.SET_STATUS, id=booking.id, status=status.value, hold_expires_at=hold_expires_at)
    tx.concerns("booking", booking.id)


def _advance(tx: Tx, code: str, status: Status) -> Booking:
    booking = store.locked_by_code(tx, code)
    require_next(booking.code, booking.status, status)
    set_status(tx, booking, status)
    return store.booking_by_id(tx, booking.id)
