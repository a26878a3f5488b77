"""Booking seats in a class: a booking with one line a seat, in a session that is there already.

The session's staff and room are taken once, when it is made, so that only seats decide here, and
the database decides about them. Locks: the customer's turn, lapsed holds in the way (by booking
id), then seats.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra.engine.availability.sessions import (
    Session,
    day_and_time,
    find_class,
    session_by_id,
    sessions_at,
)
from bookra.engine.availability.starts import Limit
from bookra.engine.bookings import statements, store
from bookra.engine.bookings.announcing import announce
from bookra.engine.bookings.classes.refusing import Asked, check, too_late
from bookra.engine.bookings.classes.seats import (
    claim,
    lock_session,
    release_lapsed,
    seats_of_customer,
)
from bookra.engine.bookings.limits import Counted, take_place
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.pricing import LinePrice
from bookra.engine.bookings.request import BookingRequest
from bookra.engine.bookings.writing import agreed, insert_booking, tax_of
from bookra.engine.catalog.model import Service
from bookra.engine.people.customers import require_bookable
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import keep
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import new_id

MAX_SEATS = 50
MANY_PLACES = 10_000

# Two requests of one customer come one after the other, so that the second sees the first's seat.
TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtextextended(:turn, 0))")

MOVE_LINE = text(
    """
    UPDATE booking_lines SET session_id = :session_id, staff_id = :staff_id,
                             starts_at = :starts_at, ends_at = :ends_at, level = :level,
                             commission_bps = :commission_bps, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)


def book_seats(tx: Tx, request: BookingRequest) -> Booking:
    """Book seats in the session that starts at the time asked for, confirmed or held.

    ``request.seats`` is how many the customer is to have there: who has one already and says two
    gets one more. Raises InvalidInputError for the past, ConflictError ``not_offered`` when no
    class starts then or a rule forbids it, ``already_booked`` when the customer has that many, and
    ``class_full`` with the next sessions that have seats.
    """
    service = find_class(tx, request.service)
    if not 1 <= request.seats <= MAX_SEATS:
        raise InvalidInputError("bad_seats", f"{request.seats} seats is not 1 to {MAX_SEATS}")
    require_bookable(tx, request.customer_id)
    held_until = request.held_until(tx.now)
    tx.row(TAKE_TURNS, turn=f"seats:{request.customer_id}")
    found = sessions_at(tx, service, request.staff, request.at)
    found, missing = _beyond_own(tx, request, found)
    asked = Asked(service, request.staff, request.at, missing)
    check(tx, asked, found)
    for session in found:
        release_lapsed(tx, session)
        lock_session(tx, session.id, alone=False)
        booking_id = _try(tx, asked, session, request, held_until)
        if booking_id is not None:
            booking = store.booking_by_id(tx, booking_id)
            if booking.status is Status.CONFIRMED:
                announce(tx, booking)
            tx.concerns("booking", booking.id)
            return booking
    raise too_late(tx, asked)


def retake_seats(tx: Tx, booking: Booking) -> bool:
    """Take the seats of an expired booking again; False, and nothing written, when they are gone.

    True for a booking that has its seats. The caller has locked the booking.
    """
    if tx.row(statements.ALLOCATED, booking_id=booking.id) is not None:
        return True
    first = booking.lines[0]
    assert first.session_id is not None
    session = session_by_id(tx, first.session_id)
    if session.starts_at != first.starts_at:
        return False
    release_lapsed(tx, session)
    lock_session(tx, session.id, alone=False)
    return _seat(tx, booking, session, held_until=None)


def move_seats(tx: Tx, booking: Booking, at: datetime, staff: str | None = None) -> Session:
    """Move all seats of a booking to the session of its class that starts at ``at``; returns it.

    The caller has locked the booking, and writes its own times, state and history; the price
    stays as agreed. Raises as ``book_seats`` does.
    """
    service = find_class(tx, booking.lines[0].service)
    asked = Asked(service, staff, at, len(booking.lines))
    found = sessions_at(tx, service, staff, at)
    tx.run(statements.RELEASE, booking_id=booking.id)
    check(tx, asked, found)
    for session in found:
        release_lapsed(tx, session)
        lock_session(tx, session.id, alone=False)
        if _seat(tx, booking, session, held_until=booking.hold_expires_at):
            move_lines(tx, booking, session)
            return session
    raise too_late(tx, asked)


def move_lines(tx: Tx, booking: Booking, session: Session) -> None:
    """Write down that a booking's lines take place in a session, whatever they were before."""
    tx.run_many(
        MOVE_LINE,
        [
            {
                "id": line.id,
                "session_id": session.id,
                "staff_id": session.staff_id,
                "starts_at": session.starts_at,
                "ends_at": session.ends_at,
                "level": session.level,
                "commission_bps": session.commission_bps,
            }
            for line in booking.lines
        ],
    )


def recount(tx: Tx, service: Service, booking: Booking, session: Session) -> None:
    """Count a moved booking's seats on its session's day, also beyond the service's daily limit."""
    if service.daily_limit is None:
        return
    limit = Limit(service.id, session.day, MANY_PLACES, 0)
    for line in booking.lines:
        tx.run(statements.RELEASE_LINE, booking_id=booking.id, line_id=line.id)
        take_place(tx, limit, Counted(booking.id, line.id, booking.hold_expires_at))


def _seat(tx: Tx, booking: Booking, session: Session, *, held_until: datetime | None) -> bool:
    """Seat a booking that has lost its seats; False, and nothing written, when it can't be."""
    service = find_class(tx, booking.lines[0].service)
    lines = [line.id for line in booking.lines]
    savepoint = tx.connection.begin_nested()
    if _claim(tx, service, session, booking.id, lines, held_until):
        keep(tx, savepoint)
        return True
    savepoint.rollback()
    return False


def _beyond_own(tx: Tx, request: BookingRequest, found: list[Session]) -> tuple[list[Session], int]:
    """Return where to look and for how many seats, beyond those that the customer has there."""
    own = seats_of_customer(tx, [session.id for session in found], request.customer_id)
    for session in found:
        if session.id not in own:
            continue
        count, code = own[session.id]
        if count >= request.seats:
            has = "a seat" if count == 1 else f"{count} seats"
            when = day_and_time(tx, session.starts_at)
            raise ConflictError(
                "already_booked",
                f"The customer has {has} in {session.service_name} {when} already: {code}",
                hint=f"For one more in the same class: --seats {count + 1}",
                details={"code": code, "seats": count, "class": session.code},
            )
        return [session], request.seats - count
    return found, request.seats


def _try(
    tx: Tx,
    asked: Asked,
    session: Session,
    request: BookingRequest,
    held_until: datetime | None,
) -> UUID | None:
    """Write the booking into one session; None, and nothing written, when its seats are gone."""
    savepoint = tx.connection.begin_nested()
    start, end = session.starts_at, session.ends_at
    booking_id = insert_booking(tx, request, start, end, held_until)
    seats = [asked.service.at_level(session.level)] * asked.seats
    lines = [
        _insert_line(tx, asked, session, booking_id, position, price)
        for position, price in enumerate(agreed(tx, seats, request.customer_id), start=1)
    ]
    if _claim(tx, asked.service, session, booking_id, lines, held_until):
        keep(tx, savepoint)
        return booking_id
    savepoint.rollback()
    return None


def _claim(
    tx: Tx,
    service: Service,
    session: Session,
    booking_id: UUID,
    lines: list[UUID],
    held_until: datetime | None,
) -> bool:
    """Claim a seat for each line, and its place of the service's day where that has a limit.

    A person's own limit is about visits and does not count seats.
    """
    if not claim(tx, session, booking_id, lines, held_until):
        return False
    if service.daily_limit is None:
        return True
    limit = Limit(service.id, session.day, service.daily_limit, 0)
    return all(take_place(tx, limit, Counted(booking_id, line, held_until)) for line in lines)


def _insert_line(
    tx: Tx, asked: Asked, session: Session, booking_id: UUID, position: int, price: LinePrice
) -> UUID:
    line_id = new_id()
    tx.run(
        statements.INSERT_LINE,
        id=line_id,
        booking_id=booking_id,
        position=position,
        service_id=session.service_id,
        staff_id=session.staff_id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        net_minor=price.net.minor,
        tax_minor=price.tax.minor,
        discount_minor=price.discount_minor,
        list_minor=price.list_minor,
        tax_bps=tax_of(tx, asked.service),
        commission_bps=session.commission_bps,
        currency=price.net.currency,
        level=session.level,
        requested=asked.staff is not None,
        session_id=session.id,
    )
    return line_id
