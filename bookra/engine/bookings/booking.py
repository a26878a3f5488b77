"""Booking a visit: the check that listing made, then the insert that the database decides.

Whatever Python believes, the exclusion constraint has the last word: an allocation that meets
another is not inserted, and the whole transaction ends in ``slot_taken`` with the next free slots.
Locks: expired holds in the way (by booking id), then allocations in staff order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability import slots, why
from bookra.engine.availability.actions import Slot, nearest, window_at
from bookra.engine.availability.window import StaffTime, Window
from bookra.engine.bookings import store
from bookra.engine.bookings.holds import release_lapsed_in_the_way
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.pricing import line_price
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import SendMessage, UpsertCalendar
from bookra.engine.people.customers import customer_by_id
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, InvalidInputError
from bookra.ids import booking_code, new_id

CODE_ATTEMPTS = 8

# Fairness: least booked minutes that week, then least recently booked, then slug.
FAIRNESS = text(
    """
    SELECT k.id,
           COALESCE(sum(EXTRACT(EPOCH FROM o.ends_at - o.starts_at))
             FILTER (WHERE o.starts_at >= :week AND o.starts_at < :next_week), 0) AS booked,
           max(l.id::text) AS last_line
      FROM unnest(CAST(:staff AS uuid[])) AS k(id)
      LEFT JOIN allocations o ON o.tenant_id = :tenant_id AND o.bookable_id = k.id
       AND o.starts_at >= :week AND o.starts_at < :next_week
      LEFT JOIN LATERAL (SELECT l.id FROM booking_lines l
                          WHERE l.tenant_id = :tenant_id AND l.staff_id = k.id
                          ORDER BY l.id DESC LIMIT 1) l ON true
     GROUP BY k.id
    """
)


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What is asked for. ``staff`` None is anybody; ``hold_minutes`` None confirms at once."""

    service: str
    staff: str | None
    at: datetime
    customer_id: UUID
    hold_minutes: int | None = None


def book(tx: Tx, request: BookingRequest) -> Booking:
    """Book a visit, confirmed or held, with its effects in the same transaction.

    Raises InvalidInputError for the past, ConflictError ``not_offered`` when a rule forbids it,
    and ConflictError ``slot_taken`` with the next free slots when somebody has it.
    """
    window = window_at(tx, request.service, request.staff, request.at)
    customer_by_id(tx, request.customer_id)
    start = clock.to_epoch(request.at)
    candidates = [person for person in window.staff if slots.is_open(window, person, start)]
    if not candidates:
        raise _refusal(tx, window, request)
    held_until = _held_until(tx, request.hold_minutes)
    for person in _by_fairness(tx, candidates, request.at):
        _clear_the_way(tx, window, person, start)
        booking_id = _try(tx, window, person, request, held_until)
        if booking_id is not None:
            booking = store.booking_by_id(tx, booking_id)
            if booking.status is Status.CONFIRMED:
                announce(tx, booking)
            tx.concerns("booking", booking.id)
            return booking
    local = request.at.astimezone(tx.tenant.zone)
    who = candidates[0].name if request.staff else "Everybody"
    raise slot_taken(tx, request, f"{who} is busy at {local:%a %d %b %H:%M}")


def announce(tx: Tx, booking: Booking) -> None:
    """Emit what a confirmed booking causes: the calendar's event and the confirmation."""
    emit(tx, UpsertCalendar(booking.id))
    if customer_by_id(tx, booking.customer_id).phone:
        emit(tx, SendMessage(booking.id, "booking_confirmed"))


def slot_taken(tx: Tx, request: BookingRequest, message: str) -> ConflictError:
    """Return the conflict of a slot that somebody else has, with the next free ones."""
    free = nearest(tx, request.service, request.staff, request.at)
    times = ", ".join(f"{slot.start.astimezone(tx.tenant.zone):%a %H:%M}" for slot in free)
    staff = f" --staff {request.staff}" if request.staff else ""
    return ConflictError(
        "slot_taken",
        f"{message}." + (f" Next free: {times}" if free else " Nothing is free near it"),
        hint=f"Try: bookra slots {request.service}{staff}",
        details={"nearest": [slot_details(tx, slot) for slot in free]},
    )


def slot_details(tx: Tx, slot: Slot) -> dict[str, object]:
    """Return a slot as scripts get it: JSON-ready."""
    return {
        "start": clock.rfc3339(slot.start, tx.tenant.zone),
        "end": clock.rfc3339(slot.end, tx.tenant.zone),
        "staff": slot.staff,
        "service": slot.service,
        "price": {"amount_minor": slot.price.minor, "currency": slot.price.currency},
    }


def _refusal(tx: Tx, window: Window, request: BookingRequest) -> BookraError:
    """Return the error for a start that is not open: the first reason of the person asked for."""
    start = clock.to_epoch(request.at)
    person = next((p for p in window.staff if p.performs), window.staff[0])
    refused = why.reasons(window, person, start)
    first = refused[0]
    if first.rule == "past":
        return InvalidInputError("past", first.message, hint="Choose a later time")
    if first.rule in ("busy", "hold", "buffer"):
        return slot_taken(tx, request, first.message)
    return ConflictError(
        "not_offered",
        first.message,
        hint=f"It would need {first.opens_if}. See: bookra slots {request.service}",
        details={
            "reasons": [{"rule": r.rule, "message": r.message} for r in refused],
            "nearest": [
                slot_details(tx, slot)
                for slot in nearest(tx, request.service, request.staff, request.at)
            ],
        },
    )


def _by_fairness(tx: Tx, people: Sequence[StaffTime], at: datetime) -> list[StaffTime]:
    """Order candidates by least booked minutes that week, least recently booked, slug."""
    if len(people) == 1:
        return list(people)
    day = clock.local_day(at, tx.tenant.zone)
    monday = day - timedelta(days=day.weekday())
    rows = tx.rows(
        FAIRNESS,
        staff=[person.id for person in people],
        week=clock.from_epoch(clock.opening(monday, 0, tx.tenant.zone)),
        next_week=clock.from_epoch(clock.opening(monday + timedelta(7), 0, tx.tenant.zone)),
    )
    rank = {row.id: (row.booked, row.last_line or "") for row in rows}
    return sorted(people, key=lambda person: (*rank[person.id], person.slug))


def _held_until(tx: Tx, hold_minutes: int | None) -> datetime | None:
    if hold_minutes is None:
        return None
    if not 1 <= hold_minutes <= 1440:
        raise InvalidInputError("bad_hold", f"A hold of {hold_minutes} minutes is not 1 to 1440")
    return tx.now + timedelta(minutes=hold_minutes)


def _clear_the_way(tx: Tx, window: Window, person: StaffTime, start: int) -> None:
    blocks = window.service.busy_blocks()
    first, last = blocks[0], blocks[-1]
    release_lapsed_in_the_way(
        tx,
        [person.id],
        clock.from_epoch(start + first[0]),
        clock.from_epoch(start + last[0] + last[1]),
    )


def _try(
    tx: Tx,
    window: Window,
    person: StaffTime,
    request: BookingRequest,
    held_until: datetime | None,
) -> UUID | None:
    """Write the booking for one person; None, and nothing written, when their time is taken."""
    savepoint = tx.connection.begin_nested()
    booking_id = _insert_booking(tx, window, request, held_until)
    line_id = _insert_line(tx, window, person, request, booking_id)
    blocks = window.service.busy_blocks()
    claims = claims_of(booking_id, line_id, person.id, request.at, blocks, held_until)
    if allocate(tx, claims):
        savepoint.commit()
        return booking_id
    savepoint.rollback()
    return None


def claims_of(
    booking_id: UUID,
    line_id: UUID,
    staff_id: UUID,
    start: datetime,
    blocks: Sequence[tuple[int, int]],
    held_until: datetime | None = None,
) -> list[dict[str, object]]:
    """Return the allocations that a line needs; ``blocks`` are seconds from its start."""
    return [
        {
            "id": new_id(),
            "bookable_id": staff_id,
            "starts_at": start + timedelta(seconds=offset),
            "ends_at": start + timedelta(seconds=offset + length),
            "booking_id": booking_id,
            "booking_line_id": line_id,
            "held_until": held_until,
        }
        for offset, length in blocks
    ]


def allocate(tx: Tx, claims: Sequence[dict[str, object]]) -> bool:
    """Claim spans of people's time; False as soon as the exclusion constraint refuses one."""
    return all(tx.run(store.ALLOCATE, **claim) for claim in claims)


def _insert_booking(
    tx: Tx, window: Window, request: BookingRequest, held_until: datetime | None
) -> UUID:
    booking_id = new_id()
    for attempt in range(CODE_ATTEMPTS):
        inserted = tx.run(
            store.INSERT,
            id=booking_id,
            code=booking_code(tx.tenant.code_prefix, 4 + attempt // 2),
            customer_id=request.customer_id,
            status=(Status.HELD if held_until else Status.CONFIRMED).value,
            starts_at=request.at,
            ends_at=request.at + timedelta(minutes=window.service.minutes),
            hold_expires_at=held_until,
            currency=tx.tenant.currency,
            now=tx.now,
        )
        if inserted:
            return booking_id
    raise AssertionError("no free booking code in eight tries of growing length")


def _insert_line(
    tx: Tx, window: Window, person: StaffTime, request: BookingRequest, booking_id: UUID
) -> UUID:
    line_id, tenant, service = new_id(), tx.tenant, window.service
    price = line_price(service.price, tenant.tax_bps, inclusive=tenant.tax_inclusive)
    tx.run(
        store.INSERT_LINE,
        id=line_id,
        booking_id=booking_id,
        position=1,
        service_id=service.id,
        staff_id=person.id,
        starts_at=request.at,
        ends_at=request.at + timedelta(minutes=service.minutes),
        net_minor=price.net.minor,
        tax_minor=price.tax.minor,
        tax_bps=tenant.tax_bps,
        commission_bps=person.commission_bps,
        currency=tenant.currency,
    )
    return line_id
