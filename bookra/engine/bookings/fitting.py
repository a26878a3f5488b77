"""Where a visit that is booked could go: asked before a move, by the rules that the move keeps.

Reads only. At the counter notice, horizon and the grid are left aside, as ``moving`` leaves them
for one line: what is agreed on already may be put anywhere that is free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bookra import clock
from bookra.engine.availability import slots
from bookra.engine.availability.actions import explain_visit, window_at
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.availability.store import load_window
from bookra.engine.availability.why import Reason
from bookra.engine.availability.window import LineWish, Window
from bookra.engine.bookings import store
from bookra.engine.bookings.model import Booking, Line
from bookra.engine.bookings.moving import chosen_lines, require_movable
from bookra.engine.bookings.placing import as_sold
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

LEFT_ASIDE = frozenset({"notice", "horizon", "granularity"})
"""Rules that a move at the counter does not keep."""
SEARCH_DAYS = 14


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a line may go to a time: until when it would last, and what keeps it from there."""

    ends_at: datetime
    reasons: tuple[Reason, ...] = ()


def fit_at(tx: Tx, code: str, line: int, staff: str, at: datetime) -> Fit:
    """Return whether ``move`` would put one line there. Raises as ``move`` for what can't move."""
    booking, found = _found(tx, code, line)
    visit = _wish(booking, found, staff)
    window = as_sold(window_at(tx, visit, at, named=True), [found])
    start = clock.to_epoch(at)
    who = slots.who_fits(window, start)
    if who:
        minutes = who[0].service.minutes
        ends_at = at + timedelta(minutes=minutes)
        return Fit(ends_at, _met_elsewhere(booking, found, at, ends_at))
    reasons = explain_visit(tx, visit, at, window).reasons
    binding = tuple(reason for reason in reasons if reason.rule not in LEFT_ASIDE)
    return Fit(at + (found.ends_at - found.starts_at), binding or reasons)


def next_fit(tx: Tx, code: str, line: int, staff: str, after: datetime) -> datetime | None:
    """Return the first start after an instant at which a person could have one line; or None.

    Of the starts on the grid, within two weeks; notice is left aside.
    """
    booking, found = _found(tx, code, line)
    visit = _wish(booking, found, staff)
    day = clock.local_day(after, tx.tenant.zone)
    window = as_sold(load_window(tx, visit, day, SEARCH_DAYS), [found])
    earliest = max(clock.to_epoch(after) + 1, window.now)
    for start in slots.free_at(_without_notice(window)):
        begins = clock.from_epoch(start)
        ends = begins + (found.ends_at - found.starts_at)
        if start >= earliest and not _met_elsewhere(booking, found, begins, ends):
            return begins
    return None


def position_of(booking: Booking, staff: str, starts_at: datetime) -> int:
    """Return the position of the line that is with a person from then on.

    Raises ConflictError (``changed_since``) where there is none: somebody has moved it.
    """
    for line in booking.lines:
        if (line.staff, line.starts_at) == (staff, starts_at):
            return line.position
    raise ConflictError(
        "changed_since",
        f"{booking.code} was moved by somebody else meanwhile",
        hint="The day shows where it is now; try again from there",
        details={"code": booking.code},
    )


def _found(tx: Tx, code: str, line: int) -> tuple[Booking, Line]:
    booking = require_movable(store.booking_by_code(tx, code), tx.now)
    (found,) = chosen_lines(booking, line)
    if found.session_id is not None:
        raise ConflictError(
            "not_movable",
            f"{booking.code} is a seat in a class: it goes to another class, not to a time",
            hint=f"Move it: bookra booking move {booking.code} --at T",
        )
    return booking, found


def _wish(booking: Booking, line: Line, staff: str) -> VisitWish:
    return VisitWish((Wish(line.service, staff),), own=booking.id, sold=True)


def _met_elsewhere(
    booking: Booking, moved: Line, at: datetime, until: datetime
) -> tuple[Reason, ...]:
    """Return which of the visit's other lines the customer, or the person, has at that time."""
    had = {one.id for one in booking.lines if _meet(one, moved.starts_at, moved.ends_at)}
    return tuple(
        Reason(
            "sequence",
            f"{one.service_name} with {one.staff_name} of the same visit is then",
            "moving that line first",
            str(booking.id),
            booking=booking.code,
        )
        for one in booking.lines
        if one.id != moved.id and one.id not in had and _meet(one, at, until)
    )


def _meet(line: Line, start: datetime, until: datetime) -> bool:
    return line.starts_at < until and start < line.ends_at


def _without_notice(window: Window) -> Window:
    lines = [LineWish(replace(service, notice_minutes=0), staff) for service, staff in window.lines]
    return replace(window, lines=tuple(lines))
