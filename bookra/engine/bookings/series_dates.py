"""The dates of a series, each looked at: who is free then, or what is in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from bookra import clock
from bookra.engine.availability.actions import explain_visit, find_slots
from bookra.engine.availability.asked import visit_of
from bookra.engine.bookings.recurrence import Every, Wanted, wanted_days
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError

TELLS_OF_EVERYBODY = frozenset(
    {"closed", "notice", "horizon", "granularity", "service_hours", "no_class", "class_full"}
)
"""Rules that refuse a time whoever works: one person's answer explains it for all."""


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """What is asked for; ``staff`` None is anybody. One of ``count`` and ``until`` ends it."""

    service: str
    staff: str | None
    at: datetime
    customer_id: UUID
    every: Every
    count: int | None = None
    until: date | None = None
    skip_conflicts: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """A date that can't be booked, and why. ``start`` is the wall time when there is no instant."""

    start: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SeriesDate:
    """A date of the series: free for ``staff``, or in ``conflict``."""

    at: datetime | None
    staff: tuple[str, ...] = ()
    conflict: Conflict | None = None


def looked_at(tx: Tx, request: SeriesRequest) -> list[SeriesDate]:
    """Return every date of a series with who is free, or with why nobody is.

    Raises InvalidInputError for a series without a sensible end.
    """
    return [_look(tx, request, day, at) for day, at in _wanted(tx, request)]


def _wanted(tx: Tx, request: SeriesRequest) -> list[tuple[Wanted, datetime | None]]:
    """Return the days with their instants: the same wall time in the business's zone each day.

    None stands for a time that the calendar or the clock of that day does not have.
    """
    local = request.at.astimezone(tx.tenant.zone)
    days = wanted_days(local.date(), request.every, count=request.count, until=request.until)
    found: list[tuple[Wanted, datetime | None]] = [(days[0], request.at)]
    for day in days[1:]:
        wall = datetime.combine(day.date, local.time()) if day.date else None
        try:
            found.append((day, clock.resolve(wall, tx.tenant.zone) if wall else None))
        except InvalidInputError:  # the clocks jump over it
            found.append((day, None))
    return found


def _look(tx: Tx, request: SeriesRequest, day: Wanted, at: datetime | None) -> SeriesDate:
    """Return who is free on a date, or why nobody is."""
    clock_text = f"{request.at.astimezone(tx.tenant.zone):%H:%M}"
    if at is None:
        code = "time_skipped" if day.date else "day_missing"
        why = (
            f"{day} {clock_text} does not exist in {tx.tenant.zone.key}: the clocks go forward then"
            if day.date
            else f"There is no {day}: the month is too short"
        )
        return SeriesDate(None, conflict=Conflict(f"{day}T{clock_text}:00", code, why))
    local_day = clock.local_day(at, tx.tenant.zone)
    slots = find_slots(tx, request.service, request.staff, local_day, 1)
    free = tuple(slot.staff for slot in slots if slot.start == at)
    if free:
        return SeriesDate(at, free)
    return SeriesDate(at, conflict=_why_not(tx, request, at))


def _why_not(tx: Tx, request: SeriesRequest, at: datetime) -> Conflict:
    """Return why a date is not free: by the person asked for, or of everybody at once."""
    start = clock.rfc3339(at, tx.tenant.zone)
    reasons = explain_visit(tx, visit_of(request.service, request.staff), at).reasons
    if reasons and (request.staff is not None or reasons[0].rule in TELLS_OF_EVERYBODY):
        return Conflict(start, reasons[0].rule, reasons[0].message)
    local = at.astimezone(tx.tenant.zone)
    nobody = f"Nobody is free at {local:%H:%M} on {local:%a %d %b %Y}"
    return Conflict(start, "slot_taken", nobody)
