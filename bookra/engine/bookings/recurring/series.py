"""A series: visits booked together, whole or not at all, and cancelled together from one on.

Every date is looked at before any is booked, so that all that stands in the way is named at once.
Locks: the people and units that may be claimed, before the first look; whoever else claims several
spans of theirs waits, and then sees what was booked here. A single visit that slips in between is
found by the claim itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.bookings import statements, store
from bookra.engine.bookings.actions import cancel, set_status
from bookra.engine.bookings.announcing import message
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.recurring.dates import Conflict, SeriesDate, SeriesRequest, looked_at
from bookra.engine.bookings.recurring.together import chosen_for_them, queue_for
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import UpsertCalendar
from bookra.engine.people.customers import require_bookable
from bookra.engine.people.staff import Staff, find_staff, staff_list
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import part
from bookra.errors import BookraError, ConflictError, InvalidInputError
from bookra.ids import new_id

CANCELLABLE = (Status.HELD, Status.CONFIRMED, Status.CHECKED_IN, Status.DISPLACED)

SHOWN = 10
"""How many dates in the way a message names; the details have them all."""

HOLD_MINUTES = 15
"""Visits are held first, and confirmed in the same transaction once it is known that all are."""

INSERT = text(
    "INSERT INTO series (tenant_id, id, customer_id, rule, created_at)"
    " VALUES (:tenant_id, :id, :customer_id, :rule, :now)"
)
# How much of each person's time is taken while the series runs.
# Index: allocations_tenant_id_bookable_id_starts_at_idx.
LOAD = text(
    """
    SELECT k.id, COALESCE(sum(EXTRACT(EPOCH FROM o.ends_at - o.starts_at)), 0)::bigint AS seconds
      FROM unnest(CAST(:staff AS uuid[])) AS k(id)
      LEFT JOIN allocations o ON o.tenant_id = :tenant_id AND o.bookable_id = k.id
       AND o.starts_at >= :first AND o.starts_at <= :last
     GROUP BY k.id
    """
)
SERIES_OF = text(
    "SELECT series_id, customer_id, starts_at FROM bookings"
    " WHERE tenant_id = :tenant_id AND id = :id"
)
# The customer is named for the index's sake: bookings_tenant_id_customer_id_idx.
LOCK_LATER = text(
    """
    SELECT id, code, starts_at FROM bookings
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND series_id = :series_id
       AND starts_at >= :start AND status = ANY(:statuses)
     ORDER BY id FOR UPDATE
    """
)


@dataclass(frozen=True, slots=True)
class Series:
    """What was booked together, and which dates were left out."""

    id: UUID
    rule: str
    bookings: tuple[Booking, ...]
    skipped: tuple[Conflict, ...]


def book_series(tx: Tx, request: SeriesRequest) -> Series:
    """Book every date, or none: ``skip_conflicts`` books those that can be.

    Raises InvalidInputError for a series without a sensible end or with a first date in the past,
    and ConflictError (``series_conflicts``) with every date that is in the way and its reason.
    """
    if request.at < tx.now:
        local = request.at.astimezone(tx.tenant.zone)
        raise InvalidInputError(
            "past", f"{local:%a %d %b %Y %H:%M} is in the past", hint="Choose a later first visit"
        )
    require_bookable(tx, request.customer_id)
    people = _performers(tx, request)
    queue_for(tx, [request.service], request.staff)
    dates = looked_at(tx, request)
    _refuse(request, dates)
    series_id = new_id()
    rule = rule_text(request)
    tx.run(INSERT, id=series_id, customer_id=request.customer_id, rule=rule, now=tx.now)
    tx.concerns("series", series_id)
    booked = list(_book_all(tx, request, people, dates, series_id))
    conflicts = [found for found in booked if isinstance(found, Conflict)]
    bookings = [found for found in booked if isinstance(found, Booking)]
    if conflicts and (not request.skip_conflicts or not bookings):
        raise _conflicts_error(request, conflicts, len(booked))
    if request.staff is None:
        chosen_for_them(tx, bookings)
    bookings = [_confirmed(tx, booking) for booking in bookings]
    message(tx, bookings[0], "series_confirmed")
    return Series(series_id, rule, tuple(bookings), tuple(conflicts))


def cancel_series(tx: Tx, code: str, each: Callable[..., Booking] = cancel) -> list[Booking]:
    """Cancel a booking and the later ones of its series, all or none; returns them by time.

    ``each`` cancels one: by itself only what is not paid, else with its refund (``payments.fees``).

    Those that are over or cancelled already stay as they are. Raises ConflictError
    (``not_in_series``), or what keeps any one of them from being cancelled, by its code.
    """
    booking = store.booking_by_code(tx, code)
    row = tx.row(SERIES_OF, id=booking.id)
    assert row is not None
    if row.series_id is None:
        raise ConflictError(
            "not_in_series",
            f"{booking.code} belongs to no series",
            hint=f"Cancel it alone: bookra booking cancel {booking.code}",
            details={"code": booking.code},
        )
    later = tx.rows(
        LOCK_LATER,
        customer_id=row.customer_id,
        series_id=row.series_id,
        start=row.starts_at,
        statuses=[status.value for status in CANCELLABLE],
    )
    codes = [found.code for found in sorted(later, key=lambda found: found.starts_at)]
    if booking.code not in codes:
        codes.insert(0, booking.code)  # it can't be cancelled: its error says why
    tx.concerns("series", row.series_id)
    first, *others = codes  # one message for all of them
    return [each(tx, first), *(each(tx, code, tells=False) for code in others)]


def rule_text(request: SeriesRequest) -> str:
    """Return what was asked for, in words: ``every 2 weeks, 10 times, until 2027-06-30``."""
    parts = [f"every {request.every}"]
    if request.count is not None:
        parts.append(f"{request.count} times")
    if request.until is not None:
        parts.append(f"until {request.until}")
    return ", ".join(parts)


def _performers(tx: Tx, request: SeriesRequest) -> list[Staff]:
    """Return who is asked for, or everybody who performs the service."""
    if request.staff is not None:
        return [find_staff(tx, request.staff)]
    return [
        person
        for person in staff_list(tx)
        if not person.services or request.service in person.services
    ]


def _refuse(request: SeriesRequest, dates: Sequence[SeriesDate]) -> None:
    """Raise for the dates in the way, unless they are to be skipped and some others are left."""
    conflicts = [found.conflict for found in dates if found.conflict]
    if conflicts and (not request.skip_conflicts or len(conflicts) == len(dates)):
        raise _conflicts_error(request, conflicts, len(dates))


def _conflicts_error(
    request: SeriesRequest, conflicts: Sequence[Conflict], visits: int
) -> ConflictError:
    shown = "; ".join(f"{found.start[:10]}: {found.message}" for found in conflicts[:SHOWN])
    more = f"; and {len(conflicts) - SHOWN} more" if len(conflicts) > SHOWN else ""
    skipping = "" if len(conflicts) == visits else "Book the others: --skip-conflicts"
    return ConflictError(
        "series_conflicts",
        f"{len(conflicts)} of {visits} visits can't be booked, so none was. {shown}{more}",
        hint=skipping or f"Look for another time: bookra slots {request.service}",
        details={
            "conflicts": [
                {"start": found.start, "code": found.code, "message": found.message}
                for found in conflicts
            ]
        },
    )


def _book_all(
    tx: Tx,
    request: SeriesRequest,
    people: Sequence[Staff],
    dates: Sequence[SeriesDate],
    series_id: UUID,
) -> Iterator[Booking | Conflict]:
    """Book date after date; who slipped in since the look turns up as a conflict."""
    keeper = _keeper(tx, people, dates)
    for found in dates:
        if found.at is None or found.conflict is not None:
            assert found.conflict is not None
            yield found.conflict
            continue
        staff = request.staff or keeper
        wanted = BookingRequest(
            request.service,
            staff,
            found.at,
            request.customer_id,
            hold_minutes=HOLD_MINUTES,
            series_id=series_id,
        )
        yield _book_one(tx, wanted)


def _book_one(tx: Tx, wanted: BookingRequest) -> Booking | Conflict:
    try:
        with part(tx):
            return book(tx, wanted)
    except BookraError as error:
        return Conflict(clock.rfc3339(wanted.at, tx.tenant.zone), error.code, error.message)


def _confirmed(tx: Tx, booking: Booking) -> Booking:
    """Confirm one visit, told to the calendar alone: the customer gets one message for all."""
    tx.run(statements.HOLD_UNTIL, booking_id=booking.id, held_until=None)
    set_status(tx, booking, Status.CONFIRMED)
    emit(tx, UpsertCalendar(booking.id))
    return store.booking_by_id(tx, booking.id)


def _keeper(tx: Tx, people: Sequence[Staff], dates: Sequence[SeriesDate]) -> str | None:
    """Return who is free on every date that is booked: of several, who has the least to do."""
    free = [found for found in dates if found.conflict is None and found.at is not None]
    counts = Counter(slug for found in free for slug in found.staff)
    able = [person for person in people if counts[person.slug] == len(free)]
    if len(able) < 2:
        return able[0].slug if able else None
    rows = tx.rows(LOAD, staff=[p.id for p in able], first=free[0].at, last=free[-1].at)
    seconds = {row.id: row.seconds for row in rows}
    return min(able, key=lambda person: (seconds[person.id], person.slug)).slug
