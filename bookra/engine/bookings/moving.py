"""Moving a booking, and swapping two: the code, the price and the history stay.

An UPDATE can't use ON CONFLICT, so a move releases the old time and claims the new one in one
transaction: if the new one is refused, all of it is undone. Locks: the bookings in id order, then
every person and unit that is given up or may be claimed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import combinations, pairwise
from uuid import UUID

from bookra import clock
from bookra.engine.availability import starts
from bookra.engine.availability.actions import window_at
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.availability.window import Window
from bookra.engine.bookings import statements, store
from bookra.engine.bookings.announcing import announce
from bookra.engine.bookings.claiming import clear_the_way
from bookra.engine.bookings.classes.seating import move_seats
from bookra.engine.bookings.history import note
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.model import Booking, Line, Status
from bookra.engine.bookings.placing import place, place_visit
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import SplitCommission
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError

KEEP = ""
"""Says that the same people perform the visit at its new time."""

MOVABLE = frozenset({Status.HELD, Status.CONFIRMED, Status.CHECKED_IN, Status.DISPLACED})
WAIT_MINUTES = 15


def move(
    tx: Tx, code: str, at: datetime, *, staff: str | None = KEEP, line: int | None = None
) -> Booking:
    """Move a booking to another time, or to somebody else; None is whoever is free.

    ``line`` moves that line alone, and ``staff`` of a visit of several lines needs it. A displaced
    booking is confirmed again. Raises ConflictError ``illegal_state``, ``slot_taken``,
    ``not_offered``; InvalidInputError ``past``; NotFoundError for a line that is not there.
    """
    booking = require_movable(store.locked_by_code(tx, code), tx.now)
    if booking.lines[0].session_id is not None:
        move_seats(tx, booking, at, None if staff == KEEP else staff)
        return _moved(tx, booking)
    lines = chosen_lines(booking, line)
    visit = wished_visit(booking, lines, staff)
    if _stays(booking, lines, visit, at):
        return booking
    _lock(tx, [booking.id], _make_way(tx, visit._replace(own=booking.id), at))
    _release(tx, booking, lines)
    if line is None:
        place_visit(tx, booking, lines, visit, at)
    else:
        place(tx, booking, lines[0], at, visit.first.staff)
    moved = _moved(tx, booking)
    _check_one_place(booking, moved)
    return moved


def swap(tx: Tx, code: str, other: str) -> tuple[Booking, Booking]:
    """Exchange the times and the people of two bookings of one line each, both or neither."""
    left, right = store.locked_both(tx, code, other)
    _check_swap(left, right)
    for booking in (left, right):
        require_movable(booking, tx.now)
    pairs = ((left, right.lines[0]), (right, left.lines[0]))
    ids: set[UUID] = set()
    for booking, there in pairs:
        lines = (Wish(booking.lines[0].service, there.staff),)
        wish = VisitWish(lines, own=booking.id, sold=True)
        ids |= _make_way(tx, wish, there.starts_at)
    _lock(tx, [left.id, right.id], ids)
    for booking in (left, right):
        tx.run(statements.RELEASE, booking_id=booking.id)
    for booking, there in pairs:
        place(tx, booking, booking.lines[0], there.starts_at, there.staff)
    return _moved(tx, left, kind="swapped"), _moved(tx, right, kind="swapped")


def window_people(tx: Tx, visit: VisitWish, at: datetime) -> set[UUID]:
    """Return everybody, and every unit, that a visit at that time may claim."""
    return _claimable(window_at(tx, visit, at))


def _make_way(tx: Tx, visit: VisitWish, at: datetime) -> set[UUID]:
    """Expire lapsed holds where a visit is to go; return everybody and every unit it may claim.

    Bookings before bookables: who has queued for a person must not wait for a hold's row any more.
    """
    window = window_at(tx, visit, at)
    clear_the_way(tx, window, clock.to_epoch(at))
    return _claimable(window)


def _claimable(window: Window) -> set[UUID]:
    ids = {unit.id for unit in window.units}
    for line in range(len(window.lines)):
        ids |= {who.person.id for who in starts.performers(window, line)}
    return ids


def require_movable(booking: Booking, now: datetime) -> Booking:
    """Return the booking; raises ConflictError (``illegal_state``) if it can't be moved now."""
    lapsed = booking.hold_expires_at is not None and booking.hold_expires_at <= now
    if booking.status not in MOVABLE or lapsed:
        state = "expired" if lapsed else booking.status.value.replace("_", " ")
        raise ConflictError(
            "illegal_state",
            f"{booking.code} is {state} and can't be moved",
            hint=f"Look at it: bookra booking show {booking.code}",
            details={"code": booking.code, "status": booking.status.value},
        )
    return booking


def chosen_lines(booking: Booking, line: int | None) -> list[Line]:
    """Return the line at that position, or all; raises NotFoundError (``unknown_line``)."""
    if line is None:
        return list(booking.lines)
    for found in booking.lines:
        if found.position == line:
            return [found]
    raise NotFoundError(
        "unknown_line",
        f"{booking.code} has {len(booking.lines)} lines, not a line {line}",
        details={"code": booking.code},
    )


def wished_visit(booking: Booking, lines: list[Line], staff: str | None) -> VisitWish:
    """Return the visit to search for: as it was arranged, with the people that are wished."""
    if staff != KEEP and len(lines) > 1:
        raise InvalidInputError(
            "several_lines",
            f"{booking.code} has {len(lines)} services: say which one gets somebody else",
            hint="Such as: --line 2 --staff ana",
        )
    gaps = [
        (after.starts_at - before.ends_at).total_seconds() // 60
        for before, after in pairwise(lines)
    ]
    return VisitWish(
        tuple(Wish(line.service, line.staff if staff == KEEP else staff) for line in lines),
        parallel=len({line.starts_at for line in lines}) < len(lines),
        max_wait_minutes=int(max([WAIT_MINUTES, *gaps])),
        sold=True,
    )


def _stays(booking: Booking, lines: list[Line], visit: VisitWish, at: datetime) -> bool:
    """Tell whether the move asks for what is there already."""
    same = lines[0].starts_at == at and visit.first.staff == lines[0].staff
    return same and booking.status is not Status.DISPLACED


def _lock(tx: Tx, bookings: Iterable[UUID], ids: set[UUID]) -> None:
    rows = tx.rows(statements.BOOKABLES_OF, bookings=list(bookings))
    lock_bookables(tx, ids | {row.bookable_id for row in rows})


def _release(tx: Tx, booking: Booking, lines: list[Line]) -> None:
    if len(lines) == len(booking.lines):
        tx.run(statements.RELEASE, booking_id=booking.id)
        return
    for line in lines:
        tx.run(statements.RELEASE_LINE, booking_id=booking.id, line_id=line.id)


def _moved(tx: Tx, before: Booking, kind: str = "moved") -> Booking:
    """Write the visit's new span and state, its history, and what the outside is told."""
    status = before.status
    if status is Status.DISPLACED and not tx.rows(statements.LOST_LINES, booking_id=before.id):
        status = Status.CONFIRMED
    tx.run(statements.MOVE, id=before.id, status=status.value)
    after = store.booking_by_id(tx, before.id)
    for old, new in zip(before.lines, after.lines, strict=True):
        if (old.starts_at, old.staff) != (new.starts_at, new.staff):
            facts = {"line": old.position, "from_start": old.starts_at, "to_start": new.starts_at}
            note(tx, before.id, kind, **facts, from_staff=old.staff, to_staff=new.staff)
    if status in (Status.CONFIRMED, Status.CHECKED_IN):
        announce(tx, after, "booking_moved")
    if after.recognised_at is not None and _people(before) != _people(after):
        emit(tx, SplitCommission(before.id))
    tx.concerns("booking", before.id)
    return after


def _people(booking: Booking) -> list[str]:
    """Return who performs each line: who gets a paid visit's commission."""
    return [line.staff for line in booking.lines]


def _check_one_place(before: Booking, after: Booking) -> None:
    """Raise when a line has been put over another one: the customer can't be in two places."""
    had = _at_once(before)
    for left, right in _at_once(after) - had:
        raise ConflictError(
            "lines_overlap",
            f"Line {right} of {after.code} would begin while line {left} goes on",
            hint=f"Move the whole visit: bookra booking move {after.code} --at T",
            details={"code": after.code, "lines": [left, right]},
        )


def _at_once(booking: Booking) -> set[tuple[int, int]]:
    """Return the pairs of lines, by position, that the customer has at the same time."""
    return {
        (one.position, other.position)
        for one, other in combinations(booking.lines, 2)
        if one.starts_at < other.ends_at and other.starts_at < one.ends_at
    }


def _check_swap(left: Booking, right: Booking) -> None:
    if left.id == right.id:
        raise InvalidInputError("same_booking", f"{left.code} can't be swapped with itself")
    for booking in (left, right):
        if len(booking.lines) > 1 or booking.lines[0].session_id is not None:
            raise ConflictError(
                "not_swappable",
                f"{booking.code} is a visit of several services or a seat in a class",
                hint=f"Move it: bookra booking move {booking.code} --at T",
            )
