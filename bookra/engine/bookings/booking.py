"""Booking a visit: the check that listing made, then the insert that the database decides.

A visit of one service or several is planned by the rules that list it, written with its effects
in one transaction, and claimed: the exclusion constraint has the last word, and the whole ends in
``slot_taken`` with the next free slots when it says no. The lock order is in ``locks``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bookra import clock
from bookra.engine.availability import slots
from bookra.engine.availability.actions import checked, window_at
from bookra.engine.availability.asked import VisitWish
from bookra.engine.availability.store import holder
from bookra.engine.availability.visits import Plan
from bookra.engine.bookings import statements, store
from bookra.engine.bookings.announcing import announce
from bookra.engine.bookings.claiming import claim_first
from bookra.engine.bookings.classes.seating import book_seats
from bookra.engine.bookings.holds import cancel_checkouts
from bookra.engine.bookings.locks import take_turns
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.refusing import refusal, slot_taken
from bookra.engine.bookings.request import BookingRequest
from bookra.engine.bookings.writing import insert_booking, insert_lines
from bookra.engine.people.customers import require_bookable
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

__all__ = ["BookingRequest", "book"]


def book(tx: Tx, request: BookingRequest) -> Booking:
    """Book a visit, confirmed or held, with its effects in the same transaction.

    Raises InvalidInputError for the past, ConflictError ``not_offered`` when a rule forbids it,
    and ConflictError ``slot_taken`` with the next free slots when somebody has it. A hold that
    the request names is given up for it.
    """
    anybody = any(wish.staff is None for wish in request.visit().lines)
    if anybody and request.hold_code is not None:
        take_turns(tx, request.at)  # before the hold's row is locked
    replaced = None if request.hold_code is None else _hold(tx, request.hold_code)
    visit = checked(request.visit(own=replaced.id if replaced else None))
    window = window_at(tx, visit, request.at, named=True)
    require_bookable(tx, request.customer_id)
    if window.service.capacity is not None:
        if replaced is not None:
            _give_up(tx, replaced)
        return book_seats(tx, request)
    start = clock.to_epoch(request.at)
    can = slots.who_fits if request.anywhere else slots.who_is_open
    who = can(window, start)
    if not who:
        raise refusal(tx, visit, request.at, window)
    if anybody:
        take_turns(tx, request.at)
    if replaced is not None:
        _give_up(tx, replaced)
    held_until = request.held_until(tx.now)
    booking_id = claim_first(
        tx, window, start, who, lambda plan: _write(tx, plan, request, held_until), held_until
    )
    if booking_id is None:
        raise _taken(tx, visit, request.at, who[0].person.name)
    return _booked(tx, booking_id)


def _booked(tx: Tx, booking_id: UUID) -> Booking:
    booking = store.booking_by_id(tx, booking_id)
    if booking.status is Status.CONFIRMED:
        announce(tx, booking)
    tx.concerns("booking", booking.id)
    return booking


def _taken(tx: Tx, visit: VisitWish, at: datetime, name: str) -> ConflictError:
    who = name if visit.first.staff else "Everybody"
    local = at.astimezone(tx.tenant.zone)
    return slot_taken(tx, visit, at, f"{who} is busy at {local:%a %d %b %H:%M}")


def _hold(tx: Tx, code: str) -> Booking:
    """Return the hold that a request takes the place of, its row locked."""
    held = store.locked_by_id(tx, holder(tx, code))
    if held.status is not Status.HELD:
        raise ConflictError("not_held", f"{held.code} is {held.status.value}, not a hold")
    return held


def _give_up(tx: Tx, hold: Booking) -> None:
    tx.run(statements.RELEASE, booking_id=hold.id)
    tx.run(statements.SET_STATUS, id=hold.id, status=Status.CANCELLED.value, hold_expires_at=None)
    cancel_checkouts(tx, hold.id)
    tx.concerns("booking", hold.id)


def _write(
    tx: Tx, plan: Plan, request: BookingRequest, held_until: datetime | None
) -> tuple[UUID, Sequence[UUID]]:
    start, end = min(line.start for line in plan), max(line.end for line in plan)
    booking_id = insert_booking(
        tx, request, clock.from_epoch(start), clock.from_epoch(end), held_until
    )
    return booking_id, insert_lines(tx, plan, request, booking_id)
