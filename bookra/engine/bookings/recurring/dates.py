"""The dates of a series, each looked at: who is free then, or what is in the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from bookra import clock
from bookra.engine.availability import slots, why
from bookra.engine.availability.actions import CODES, MAX_DAYS, explain_visit, find_slots
from bookra.engine.availability.asked import visit_of
from bookra.engine.availability.store import load_window
from bookra.engine.availability.window import Window
from bookra.engine.bookings.recurring.recurrence import Every, Wanted, wanted_days
from bookra.engine.bookings.waitlist.windows import day_spans
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError

TELLS_OF_EVERYBODY = frozenset(
    {"closed", "notice", "horizon", "granularity", "service_hours", "no_class", "class_full"}
)
"""Rules that refuse a time whoever works: one person's answer explains it for all."""

FAR_APART_DAYS = 31
"""Dates of one window: a load costs more than a month of somebody's day in it."""


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
    """A date of the series: free for ``staff``, or in ``conflict``, by the id of a booking."""

    at: datetime | None
    staff: tuple[str, ...] = ()
    conflict: Conflict | None = None
    in_the_way: str | None = None

    def naming(self, codes: Mapping[str, str]) -> SeriesDate:
        """Return the date with the code of the booking that is in the way, if one is."""
        code = codes.get(self.in_the_way or "")
        if code is None or self.conflict is None:
            return self
        message = f"{self.conflict.message} ({code})"
        return replace(self, conflict=replace(self.conflict, message=message))


def looked_at(tx: Tx, request: SeriesRequest) -> list[SeriesDate]:
    """Return every date of a series with who is free, or with why nobody is.

    One load for a year of dates; a class, whose sessions are its only starts, is asked date by
    date. Raises InvalidInputError for a series without a sensible end.
    """
    wanted = _wanted(tx, request)
    windows = _windows(tx, request, [at for _, at in wanted if at is not None])
    found = [
        _missing(tx, request, day) if at is None else _look(tx, request, windows, at)
        for day, at in wanted
    ]
    return _with_codes(tx, found)


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


def _windows(tx: Tx, request: SeriesRequest, starts: Sequence[datetime]) -> dict[date, Window]:
    """Return what is known of each date's day: neighbouring dates share one window."""
    visit = visit_of(request.service, request.staff)
    days = [clock.local_day(at, tx.tenant.zone) for at in starts]
    windows: dict[date, Window] = {}
    for first, count in day_spans(days, MAX_DAYS, apart_days=FAR_APART_DAYS):
        window = load_window(tx, visit, first, count, explaining=True)
        windows |= {first + timedelta(days=n): window for n in range(count)}
    return windows


def _missing(tx: Tx, request: SeriesRequest, day: Wanted) -> SeriesDate:
    """Return a date that the calendar or the clock does not have."""
    zone = tx.tenant.zone
    wall = f"{request.at.astimezone(zone):%H:%M}"
    code, text = "day_missing", f"There is no {day}: the month is too short"
    if day.date:
        code = "time_skipped"
        text = f"{day} {wall} does not exist in {zone.key}: the clocks go forward then"
    return SeriesDate(None, conflict=Conflict(f"{day}T{wall}:00", code, text))


def _look(
    tx: Tx, request: SeriesRequest, windows: Mapping[date, Window], at: datetime
) -> SeriesDate:
    """Return who is free on a date, or why nobody is."""
    day = clock.local_day(at, tx.tenant.zone)
    window, start = windows[day], clock.to_epoch(at)
    if window.service.capacity is not None:
        return _look_in_class(tx, request, day, at)
    free = tuple(who.person.slug for who in slots.who_is_open(window, start))
    if free:
        return SeriesDate(at, free)
    people = [who for who in window.staff if who.performs(window.service)] or window.staff
    refused = min((why.reasons(window, person, start) for person in people), key=len)
    named = refused[0].booking_id if request.staff is not None else None
    return SeriesDate(at, conflict=_conflict(tx, request, at, refused), in_the_way=named)


def _look_in_class(tx: Tx, request: SeriesRequest, day: date, at: datetime) -> SeriesDate:
    found = find_slots(tx, request.service, request.staff, day, 1)
    free = tuple(slot.staff for slot in found if slot.start == at)
    if free:
        return SeriesDate(at, free)
    refused = explain_visit(tx, visit_of(request.service, request.staff), at).reasons
    return SeriesDate(at, conflict=_conflict(tx, request, at, refused))


def _conflict(
    tx: Tx, request: SeriesRequest, at: datetime, refused: Sequence[why.Reason]
) -> Conflict:
    """Return why a date is not free: by the person asked for, or of everybody at once."""
    start = clock.rfc3339(at, tx.tenant.zone)
    if refused and (request.staff is not None or refused[0].rule in TELLS_OF_EVERYBODY):
        return Conflict(start, refused[0].rule, refused[0].message)
    local = at.astimezone(tx.tenant.zone)
    nobody = f"Nobody is free at {local:%H:%M} on {local:%a %d %b %Y}"
    return Conflict(start, "slot_taken", nobody)


def _with_codes(tx: Tx, dates: Sequence[SeriesDate]) -> list[SeriesDate]:
    """Name the bookings that are in the way of a person who was asked for."""
    ids = {found.in_the_way for found in dates if found.in_the_way is not None}
    codes = {str(row.id): row.code for row in tx.rows(CODES, ids=sorted(ids))} if ids else {}
    return [found.naming(codes) for found in dates]
