"""Putting a line of a booking that exists to a time, with somebody, in units that are free.

The line keeps the price it was agreed on at, and the length it was sold with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bookra import clock
from bookra.engine.availability import slots
from bookra.engine.availability.actions import window_at
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.availability.visits import Plan
from bookra.engine.availability.window import LineWish, Window
from bookra.engine.bookings import statements
from bookra.engine.bookings.claiming import claim_first
from bookra.engine.bookings.model import Booking, Line
from bookra.engine.bookings.refusing import refusal, slot_taken
from bookra.engine.catalog.model import Segment
from bookra.engine.runtime import Tx


def place(tx: Tx, booking: Booking, line: Line, at: datetime, staff: str | None) -> None:
    """Claim one line's time and write it down; its former time has been released already.

    ``staff`` None is anybody. Raises as ``book`` does, notice and the grid left aside: what is
    agreed on already may be put anywhere that is free.
    """
    visit = VisitWish((Wish(line.service, staff),), sold=True)
    place_visit(tx, booking, [line], visit, at, anywhere=True)


def place_visit(
    tx: Tx,
    booking: Booking,
    lines: Sequence[Line],
    visit: VisitWish,
    at: datetime,
    *,
    anywhere: bool = False,
) -> None:
    """Claim the time of some lines of a booking, planned as ``visit``, and write it down.

    ``anywhere`` leaves the grid, notice and horizon aside. Raises as ``book`` does.
    """
    window = as_sold(window_at(tx, visit, at), lines)
    start = clock.to_epoch(at)
    who = slots.who_fits(window, start) if anywhere else slots.who_is_open(window, start)
    if not who:
        raise refusal(tx, visit, at)

    def write(plan: Plan) -> tuple[UUID, list[UUID]]:
        _write(tx, lines, visit, plan)
        return booking.id, [line.id for line in lines]

    if claim_first(tx, window, start, who, write, booking.hold_expires_at) is None:
        raise slot_taken(tx, visit, at, "Somebody else has just taken that time")


def as_sold(window: Window, lines: Sequence[Line]) -> Window:
    """Return the window for services as long as they were sold, whatever they last by now."""
    wishes = []
    for wish, line in zip(window.lines, lines, strict=True):
        minutes = int((line.ends_at - line.starts_at).total_seconds()) // 60
        service = wish.service
        if service.at_level(line.level).minutes != minutes:
            service = replace(service, segments=(Segment(busy=True, minutes=minutes),), levels=())
        wishes.append(LineWish(service, wish.staff))
    return replace(window, lines=tuple(wishes))


def _write(tx: Tx, lines: Sequence[Line], visit: VisitWish, plan: Plan) -> None:
    for line, wish, planned in zip(lines, visit.lines, plan, strict=True):
        person = planned.performer.person
        tx.run(
            statements.MOVE_LINE,
            id=line.id,
            staff_id=person.id,
            starts_at=clock.from_epoch(planned.start),
            ends_at=clock.from_epoch(planned.end),
            level=person.level,
            commission_bps=person.commission_bps,
            requested=line.requested and wish.staff == line.staff,
        )
