"""Taking back what was noted by mistake: an arrival, a no-show, time off that displaced visits.

These are not steps of a visit's life (``model.NEXT``) but corrections of one: they say nothing to
the customer, who was told nothing, and never touch money. Where the time has been given to
somebody else meanwhile, ConflictError (``changed_since``) says so and nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from bookra import clock
from bookra.engine.availability import slots
from bookra.engine.availability.absences import find_absence, find_bookable
from bookra.engine.availability.actions import window_at
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.availability.away import Absence
from bookra.engine.availability.visits import Plan
from bookra.engine.bookings import statements, store
from bookra.engine.bookings.actions import set_status
from bookra.engine.bookings.claiming import claim_first
from bookra.engine.bookings.displacement.displacing import remove_absence
from bookra.engine.bookings.displacement.proposing import lost_lines
from bookra.engine.bookings.history import history, note
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.model import Booking, Line, Status
from bookra.engine.bookings.moving import window_people
from bookra.engine.bookings.placing import as_sold
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import UpsertCalendar
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

MONEY = frozenset({"kept", "charged"})
"""What a note of a no-show says when it cost something."""


def undo_check_in(tx: Tx, code: str) -> Booking:
    """Note that the customer has not arrived after all."""
    booking = _in_state(store.locked_by_code(tx, code), Status.CHECKED_IN)
    set_status(tx, booking, Status.CONFIRMED)
    note(tx, booking.id, "check_in_taken_back")
    return store.booking_by_id(tx, booking.id)


def undo_no_show(tx: Tx, code: str) -> Booking:
    """Let a visit stand again, at its own time with its own people, that was noted as a no-show.

    Raises ConflictError (``money_moved``) when a fee was kept or charged.
    """
    booking = _in_state(store.locked_by_code(tx, code), Status.NO_SHOW)
    if booking.paid or booking.refunded_minor or _cost(tx, booking):
        raise ConflictError(
            "money_moved",
            f"{booking.code} was noted as a no-show with money: that is not taken back",
            hint=f"Give it back: bookra refund {booking.code} --help",
            details={"code": booking.code},
        )
    _reclaim(tx, booking, booking.lines)
    set_status(tx, booking, Status.CONFIRMED)
    note(tx, booking.id, "no_show_taken_back")
    return store.booking_by_id(tx, booking.id)


def undo_absence(tx: Tx, words: str, kind: str, codes: Sequence[str]) -> Absence:
    """Remove an absence, and put the visits that it displaced back to where they were.

    A visit that has another time by now keeps it. Locks: the bookings in id order, then everybody.
    """
    absence = find_absence(tx, words, kind)
    found = sorted((store.booking_by_code(tx, code) for code in codes), key=lambda one: one.id)
    locked = [store.locked_by_id(tx, one.id) for one in found]
    back = [one for one in locked if one.status is Status.DISPLACED]
    lines = {one.id: lost_lines(tx, one) for one in back}
    people = {find_bookable(tx, absence.bookable).id}
    for line in (line for lost in lines.values() for line in lost):
        people |= window_people(tx, _wish(line), line.starts_at)
    lock_bookables(tx, sorted(people))
    remove_absence(tx, words, kind)
    for booking in back:
        _reclaim(tx, booking, lines[booking.id])
        tx.run(statements.MOVE, id=booking.id, status=_status_before(tx, booking).value)
        emit(tx, UpsertCalendar(booking.id))
        note(tx, booking.id, "displacement_taken_back", absence=absence.id)
        tx.concerns("booking", booking.id)
    return absence


def _in_state(booking: Booking, status: Status) -> Booking:
    if booking.status is not status:
        raise ConflictError(
            "changed_since",
            f"{booking.code} is {booking.status.value.replace('_', ' ')} by now",
            hint=f"Look at it: bookra booking show {booking.code}",
            details={"code": booking.code, "status": booking.status.value},
        )
    return booking


def _cost(tx: Tx, booking: Booking) -> bool:
    """Tell whether a note says that the no-show cost something."""
    return any(
        change.kind == "no-show" and MONEY & change.facts.keys()
        for change in history(tx, booking.id)
    )


def _status_before(tx: Tx, booking: Booking) -> Status:
    for change in reversed(history(tx, booking.id)):
        if change.kind == "displaced" and change.facts.get("was") == Status.CHECKED_IN.value:
            return Status.CHECKED_IN
        if change.kind == "displaced":
            break
    return Status.CONFIRMED


def _wish(line: Line) -> VisitWish:
    return VisitWish((Wish(line.service, line.staff),), sold=True)


def _reclaim(tx: Tx, booking: Booking, lines: Sequence[Line]) -> None:
    """Claim the time of some lines again, also where it has begun already."""
    for line in lines:
        window = as_sold(window_at(tx, _wish(line), line.starts_at), [line])
        start = clock.to_epoch(line.starts_at)
        window = replace(window, now=min(window.now, start))
        who = slots.who_fits(window, start)

        def kept(plan: Plan, line: Line = line) -> tuple[UUID, list[UUID]]:
            del plan
            return booking.id, [line.id]

        if not who or claim_first(tx, window, start, who, kept) is None:
            local = line.starts_at.astimezone(tx.tenant.zone)
            raise ConflictError(
                "changed_since",
                f"{line.staff_name} is no longer free at {local:%H:%M}: it can't be taken back",
                hint=f"Look at it: bookra why {line.service} --staff {line.staff}"
                f" --at {local:%Y-%m-%dT%H:%M}",
                details={"code": booking.code},
            )
