"""Classes that take place: give them more seats or fewer, move them, cancel them.

A session takes its teacher's time and a unit of each pool once (``new_classes``); its seats are
sold one by one (``seating``). Locks: the bookings of its seats in id order, then the session
alone, then the people and units whose time it takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra.engine.availability.sessions import (
    Session,
    find_class,
    session_by_code,
    session_by_id,
)
from bookra.engine.availability.starts import Performer
from bookra.engine.bookings import holds, statements, store
from bookra.engine.bookings.actions import set_status
from bookra.engine.bookings.announcing import announce
from bookra.engine.bookings.classes.adding import checked_capacity
from bookra.engine.bookings.classes.seating import move_lines, recount
from bookra.engine.bookings.classes.seats import lock_session, renumber, seats_of
from bookra.engine.bookings.classes.time import Wanted, give_time_back, queue_for_time, take_time
from bookra.engine.bookings.history import note
from bookra.engine.bookings.model import Booking, Status, require_next
from bookra.engine.catalog.model import Service
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import UpsertCalendar
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

MOVABLE = frozenset({Status.HELD, Status.CONFIRMED, Status.CHECKED_IN})

SET_CAPACITY = text(
    "UPDATE sessions SET capacity = :capacity, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)
CANCEL = text(
    "UPDATE sessions SET status = 'cancelled', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)
MOVE = text(
    """
    UPDATE sessions SET starts_at = :starts_at, ends_at = :ends_at, staff_id = :staff_id,
                        changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
# In id order and before the session, as everywhere.
LOCK_BOOKINGS = text(
    """
    SELECT b.id FROM bookings b
     WHERE b.tenant_id = :tenant_id
       AND b.id IN (SELECT t.booking_id FROM seats t
                     WHERE t.tenant_id = :tenant_id AND t.session_id = :session_id)
     ORDER BY b.id FOR UPDATE
    """
)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What cancelling a session did: who waits for another time, and which holds expired."""

    session: Session
    displaced: tuple[Booking, ...]
    expired: tuple[Booking, ...]


def set_capacity(tx: Tx, code: str, capacity: int) -> Session:
    """Give a session more seats, or fewer: seats with higher numbers get free lower ones.

    Raises ConflictError (``seats_sold``) when more seats are sold or held than that.
    """
    checked_capacity(capacity)
    session, bookings = _alone(tx, code)
    _expire(tx, bookings, lapsed_only=True)
    seats = seats_of(tx, session.id)
    if capacity < len(seats):
        raise ConflictError(
            "seats_sold",
            f"{len(seats)} seats of {session.code} are sold or held, more than {capacity}",
            hint=f"Look at them: bookra class seats {session.code}",
            details={"code": session.code, "sold": len(seats), "capacity": session.capacity},
        )
    for seat, number in renumber(tx, seats, capacity):
        note(tx, seat.booking_id, "seat_changed", from_seat=seat.seat_no, to_seat=number)
    tx.run(SET_CAPACITY, id=session.id, capacity=capacity)
    tx.concerns("session", session.id)
    return session_by_id(tx, session.id)


def cancel_session(tx: Tx, code: str) -> Cancelled:
    """Cancel a session: its teacher and room are free, its bookings wait for another time.

    Bookings become ``displaced``, unpaid holds expire; nobody is told before somebody has found
    them another time. Raises ConflictError (``illegal_state``) when it is over or has begun with
    somebody in it.
    """
    session, bookings = _alone(tx, code)
    _not_over(tx, session)
    expired = _expire(tx, bookings, lapsed_only=False)
    displaced = [booking for booking in bookings if booking not in expired]
    for booking in displaced:
        require_next(booking.code, booking.status, Status.DISPLACED)
        tx.run(statements.RELEASE, booking_id=booking.id)
        set_status(tx, booking, Status.DISPLACED)
        emit(tx, UpsertCalendar(booking.id))
        note(tx, booking.id, "displaced", session=session.id, was=booking.status.value)
    give_time_back(tx, session.id)
    tx.run(CANCEL, id=session.id)
    tx.concerns("session", session.id)
    return Cancelled(
        session_by_id(tx, session.id),
        tuple(store.booking_by_id(tx, booking.id) for booking in displaced),
        tuple(store.booking_by_id(tx, booking.id) for booking in expired),
    )


def move_session(
    tx: Tx, code: str, at: datetime, *, staff: str | None = None, anyway: bool = False
) -> Session:
    """Move a session to another time, or give it to somebody else; all its seats come along.

    Raises as adding one does, and ConflictError (``illegal_state``) when it is over or has begun
    with somebody in it.
    """
    session, bookings = _alone(tx, code)
    _not_over(tx, session)
    teacher = find_staff(tx, staff or session.staff)
    if (session.starts_at, session.staff_id) == (at, teacher.id):
        return session
    expired = _expire(tx, bookings, lapsed_only=True)
    staying = [booking for booking in bookings if booking not in expired]
    for booking in staying:
        _movable(booking)
    wanted = Wanted(session.service, teacher.slug, at, anyway)
    queue_for_time(tx, [wanted, wanted._replace(staff=session.staff)])
    give_time_back(tx, session.id)

    def write(performer: Performer, end: datetime) -> UUID:
        tx.run(MOVE, id=session.id, starts_at=at, ends_at=end, staff_id=performer.person.id)
        return session.id

    moved = session_by_id(tx, take_time(tx, wanted, write))
    service = find_class(tx, session.service)
    for booking in staying:
        _take_along(tx, service, booking, session, moved)
    tx.concerns("session", session.id)
    return moved


def _alone(tx: Tx, code: str) -> tuple[Session, list[Booking]]:
    """Lock the bookings of an open session, then the session; returns both as they are then.

    Somebody may take a seat between the two locks, so the bookings are looked for again.
    """
    session = session_by_code(tx, code)
    tx.rows(LOCK_BOOKINGS, session_id=session.id)
    lock_session(tx, session.id, alone=True)
    rows = tx.rows(LOCK_BOOKINGS, session_id=session.id)
    session = session_by_id(tx, session.id)
    if session.status != "open":
        raise _illegal(session, "is cancelled")
    return session, [store.booking_by_id(tx, row.id) for row in rows]


def _not_over(tx: Tx, session: Session) -> None:
    if session.ends_at <= tx.now:
        raise _illegal(session, "is over")


def _illegal(session: Session, state: str) -> ConflictError:
    return ConflictError(
        "illegal_state",
        f"The class {session.code} {state}",
        hint="List those to come: bookra class list",
        details={"code": session.code, "status": session.status},
    )


def _expire(tx: Tx, bookings: list[Booking], *, lapsed_only: bool) -> list[Booking]:
    """Expire holds that have lapsed, or all of them; returns those that did."""
    expired = [
        booking
        for booking in bookings
        if booking.status is Status.HELD and not (lapsed_only and _lives(tx, booking))
    ]
    holds.expire(tx, (booking.id for booking in expired))
    return expired


def _lives(tx: Tx, hold: Booking) -> bool:
    return hold.hold_expires_at is not None and hold.hold_expires_at > tx.now


def _movable(booking: Booking) -> None:
    if booking.status not in MOVABLE:
        raise ConflictError(
            "illegal_state",
            f"{booking.code} ({booking.customer}) is {booking.status.value.replace('_', ' ')}:"
            " the class has begun",
            details={"code": booking.code, "status": booking.status.value},
        )


def _take_along(
    tx: Tx, service: Service, booking: Booking, before: Session, after: Session
) -> None:
    """Move a booking to its session's new time, and tell the outside."""
    move_lines(tx, booking, after)
    recount(tx, service, booking, after)
    tx.run(statements.MOVE, id=booking.id, status=booking.status.value)
    note(
        tx,
        booking.id,
        "moved",
        from_start=before.starts_at,
        to_start=after.starts_at,
        from_staff=before.staff,
        to_staff=after.staff,
        session=after.id,
    )
    tx.concerns("booking", booking.id)
    if booking.status is not Status.HELD:
        announce(tx, booking, "booking_moved")
