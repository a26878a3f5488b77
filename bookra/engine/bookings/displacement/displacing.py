"""Time off and blocks over what is booked: what is in the way is listed, or displaced, atomically.

A displaced visit keeps its code, its price and what is paid; it has lost the time of the lines
that can't take place, and waits in a queue (``proposals``) for somebody to approve another. No
message goes out before that.

Locks: the bookings in id order, then the bookable with the other units of its pool, then
allocations. Somebody may book in the same instant: the blocks are claimed by ON CONFLICT, and when
one is refused the attempt goes back to its savepoint, with its locks, and is made again: then the
new booking is in the way like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.availability.absences import (
    MEETING,
    erase,
    find_absence,
    find_bookable,
    record,
    same_absence,
)
from bookra.engine.availability.away import Absence, Bookable
from bookra.engine.bookings import statements, store
from bookra.engine.bookings.actions import set_status
from bookra.engine.bookings.displacement.in_the_way import (
    InTheWay,
    listed,
    refuse_all,
    refuse_immovable,
)
from bookra.engine.bookings.displacement.reseating import other_units, reseat
from bookra.engine.bookings.history import note
from bookra.engine.bookings.holds import cancel_checkouts
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.model import Booking, Status, require_next
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import UpsertCalendar
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import keep
from bookra.errors import UnavailableError

ROUNDS = 5
"""How often an attempt is made while others keep booking the very same time."""

# What an absence meets and can't leave alone: visits that are not over, and classes.
IN_THE_WAY = text(
    f"""
    SELECT DISTINCT o.booking_id, o.booking_line_id, o.session_id {MEETING}
       AND o.kind <> 'block' AND o.ends_at > :now
       AND NOT EXISTS (SELECT FROM bookings b WHERE b.tenant_id = o.tenant_id
                          AND b.id = o.booking_id AND b.status = 'completed')
     ORDER BY o.booking_id, o.booking_line_id, o.session_id
    """  # noqa: S608 - constants
)
# Holds on the pool's other units that have lapsed: what they hold is free to be given away.
LAPSED_ON = text(
    """
    SELECT DISTINCT o.booking_id FROM allocations o
     WHERE o.tenant_id = :tenant_id AND o.bookable_id = ANY(:bookables)
       AND o.starts_at < CAST(:until AS timestamptz) + interval '1 day'
       AND o.ends_at > CAST(:start AS timestamptz) - interval '1 day' AND o.held_until <= :now
    """
)
LOCK = text(
    "SELECT id FROM bookings WHERE tenant_id = :tenant_id AND id = ANY(:ids) ORDER BY id FOR UPDATE"
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an absence that was asked for. The lists hold the codes of bookings.

    ``reseated`` were put on another unit of the pool, ``expired`` were unpaid holds.
    """

    absence: Absence
    new: bool
    displaced: tuple[str, ...] = ()
    reseated: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Met:
    """What an attempt has met and locked: the lines of each booking, and the classes."""

    lines: dict[UUID, list[UUID]]
    sessions: list[UUID]


def add_absence(tx: Tx, bookable: Bookable, wanted: Absence, *, displace: bool = False) -> Recorded:
    """Write an absence and claim its time. The same again changes nothing.

    What is in the way on a unit gets another unit of its pool, if one is free. All else raises
    ConflictError (``in_the_way``) that lists it; with ``displace``, visits become ``displaced``
    and unpaid holds expire. Then a visit that is going on raises ConflictError (``in_service``),
    and a class (``class_in_the_way``): it is moved or cancelled as a whole.
    """
    for _ in range(ROUNDS):
        savepoint = tx.connection.begin_nested()
        done = _attempt(tx, bookable, wanted, displace=displace)
        if done is not None:
            keep(tx, savepoint)
            tx.concerns("absence", done.absence.id)
            return done
        savepoint.rollback()
    raise UnavailableError(
        "contended",
        f"Others keep booking {bookable.name} at that time",
        hint="Try again in a moment",
    )


def what_it_meets(tx: Tx, bookable: Bookable, start: datetime, until: datetime) -> list[InTheWay]:
    """Return what an absence would meet, by time: buffers count, as they do when it is written.

    Nothing is locked or written; what a unit's pool could take over is among it.
    """
    rows = _rows_in_the_way(tx, bookable, start, until)
    ids = dict.fromkeys(row.booking_id for row in rows if row.booking_id is not None)
    bookings = [store.booking_by_id(tx, booking_id) for booking_id in ids]
    standing = [booking for booking in bookings if not _lapsed(tx, booking)]
    return listed(tx, standing, [row.session_id for row in rows if row.session_id is not None])


def remove_absence(tx: Tx, words: str, kind: str) -> Absence:
    """Remove an absence, named by its id or the end of it; what others cover stays taken.

    Displaced visits stay in their queue; their old time is then among the proposals.
    """
    absence = find_absence(tx, words, kind)
    bookable = find_bookable(tx, absence.bookable)
    lock_bookables(tx, [bookable.id])
    erase(tx, bookable, absence)
    tx.concerns("absence", absence.id)
    return absence


def _attempt(tx: Tx, bookable: Bookable, wanted: Absence, *, displace: bool) -> Recorded | None:
    """Make one attempt; None when somebody booked meanwhile, and it is to be taken back."""
    units = other_units(tx, bookable)
    locked = _lock(tx, bookable, wanted, units)
    lock_bookables(tx, [bookable.id, *units])
    known = same_absence(tx, bookable, wanted)
    if known is not None:
        return Recorded(known, new=False)
    for booking in locked:
        if _lapsed(tx, booking):
            _expire(tx, booking)
    met = _met(tx, bookable, wanted)
    found = [booking for booking in locked if booking.id in met.lines]
    if len(found) < len(met.lines):
        return None
    reseated = _reseat_all(tx, bookable, units, found, met)
    left = [booking for booking in found if met.lines[booking.id]]
    if not displace:
        refuse_all(tx, bookable, left, met.sessions)
    refuse_immovable(tx, bookable, left, met.sessions)
    for booking in left:
        _displace(tx, booking, met.lines[booking.id], wanted, bookable)
    if not record(tx, bookable, wanted):
        return None
    holds = {booking.code for booking in left if booking.status is Status.HELD}
    displaced = tuple(booking.code for booking in left if booking.code not in holds)
    return Recorded(wanted, True, displaced, reseated, tuple(sorted(holds)))


def _lock(tx: Tx, bookable: Bookable, wanted: Absence, units: Sequence[UUID]) -> list[Booking]:
    """Lock, in id order, the bookings in the way and lapsed holds on units that may take over."""
    span = {"start": wanted.starts_at, "until": wanted.ends_at}
    ids = {row.booking_id for row in _rows_in_the_way(tx, bookable, **span)} - {None}
    if units:
        lapsed = tx.rows(LAPSED_ON, bookables=list(units), now=tx.now, **span)
        ids |= {row.booking_id for row in lapsed}
    rows = tx.rows(LOCK, ids=sorted(ids)) if ids else ()
    return [store.booking_by_id(tx, row.id) for row in rows]


def _met(tx: Tx, bookable: Bookable, wanted: Absence) -> _Met:
    met = _Met({}, [])
    for row in _rows_in_the_way(tx, bookable, wanted.starts_at, wanted.ends_at):
        if row.session_id is not None:
            met.sessions.append(row.session_id)
        else:
            met.lines.setdefault(row.booking_id, []).append(row.booking_line_id)
    return met


def _rows_in_the_way(
    tx: Tx, bookable: Bookable, start: datetime, until: datetime
) -> Sequence[Row[Any]]:
    return tx.rows(IN_THE_WAY, bookable_id=bookable.id, start=start, until=until, now=tx.now)


def _reseat_all(
    tx: Tx,
    bookable: Bookable,
    units: Sequence[UUID],
    found: Sequence[Booking],
    met: _Met,
) -> tuple[str, ...]:
    """Put what it can on other units, and take it out of ``met``; returns the bookings' codes."""
    reseated = []
    for booking in found:
        if booking.status is Status.IN_SERVICE:
            continue
        for line_id in tuple(met.lines[booking.id]):
            unit = reseat(tx, bookable.id, units, line_id=line_id)
            if unit is not None:
                met.lines[booking.id].remove(line_id)
                reseated.append(booking.code)
                facts = {"line": line_id, "from_unit": bookable.id, "to_unit": unit}
                note(tx, booking.id, "unit_changed", **facts)
                tx.concerns("booking", booking.id)
    for session_id in tuple(met.sessions):
        if reseat(tx, bookable.id, units, session_id=session_id) is not None:
            met.sessions.remove(session_id)
            tx.concerns("session", session_id)
    return tuple(dict.fromkeys(reseated))


def _displace(
    tx: Tx, booking: Booking, lines: Sequence[UUID], absence: Absence, bookable: Bookable
) -> None:
    """Take the time of some lines from a visit; an unpaid hold ends altogether."""
    if booking.status is Status.HELD:
        _expire(tx, booking)
        return
    for line_id in lines:
        tx.run(statements.RELEASE_LINE, booking_id=booking.id, line_id=line_id)
    if booking.status is not Status.DISPLACED:
        require_next(booking.code, booking.status, Status.DISPLACED)
        set_status(tx, booking, Status.DISPLACED)
        emit(tx, UpsertCalendar(booking.id))
    note(
        tx,
        booking.id,
        "displaced",
        absence=absence.id,
        bookable=bookable.id,
        lines=" ".join(map(str, lines)),
        was=booking.status.value,
    )


def _lapsed(tx: Tx, booking: Booking) -> bool:
    until = booking.hold_expires_at
    return booking.status is Status.HELD and until is not None and until <= tx.now


def _expire(tx: Tx, booking: Booking) -> None:
    """End a hold, with its link: nobody pays for what is gone."""
    tx.run(statements.RELEASE, booking_id=booking.id)
    set_status(tx, booking, Status.EXPIRED)
    cancel_checkouts(tx, booking.id)
