"""All that decides what is free, loaded once, as plain values: the input of every pure rule here.

Instants are epoch seconds, spans are half-open ``(start, end)``: integers compare and sort in a
fraction of a datetime's time, and a month of fifty people holds tens of thousands of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.engine.availability.bookable import Absence, StaffTime, Unit, WeeklyShift
from bookra.engine.availability.hours import Shift
from bookra.engine.availability.spans import Span, merged, without
from bookra.engine.catalog.model import Service

LONGEST_ALLOCATION_HOURS = 25
"""Bounds how far before a window a search has to look; a day with 25 hours still fits."""

REACH_DAYS = 3
"""How far from a start a shift may begin that still matters: an overnight shift of the day before
yesterday reaches an early start's buffer, and a zone's day may be another one than the window's."""

_Week = tuple[str, UUID | None, tuple[WeeklyShift, ...]]


class _Instants(dict[tuple[str, date, Shift], Span]):
    """When a day's shift begins and ends: worked out once, since colleagues share their hours."""

    def __missing__(self, key: tuple[str, date, Shift]) -> Span:
        zone, day, (opens, closes) = key
        tz = clock.zone(zone)
        span = clock.opening(day, opens, tz), clock.closing(day, closes, tz)
        self[key] = span
        return span


@dataclass(frozen=True)
class Rota:
    """Who works when on some local days, and what already occupies them.

    ``closures`` maps a location, or None for all of them, to its closed days and their names.
    ``absences`` are known to a rota that is shown and to a window that explains.
    """

    staff: tuple[StaffTime, ...]
    zone: ZoneInfo
    first_day: date
    days: int
    closures: Mapping[UUID | None, Mapping[date, str]]
    absences: Mapping[UUID, tuple[Absence, ...]] = field(default_factory=dict, kw_only=True)

    @cached_property
    def span(self) -> Span:
        """The instants at which the first day begins and the last one ends."""
        end = self.first_day + timedelta(days=self.days)
        return clock.opening(self.first_day, 0, self.zone), clock.opening(end, 0, self.zone)

    @property
    def reach(self) -> Span:
        """The instants between which anything can matter to a start in the span."""
        begin, end = self.span
        margin = REACH_DAYS * 86_400
        return begin - margin, end + margin

    def offsets(self, zone: ZoneInfo) -> list[tuple[int, int, int]]:
        """Return ``(start, end, utc offset)`` pieces of ``zone`` that cover the span."""
        known = self._offsets.get(zone.key)
        if known is None:
            known = self._offsets[zone.key] = clock.constant_offset_spans(*self.span, zone)
        return known

    def closed(self, person: StaffTime, day: date) -> str | None:
        """Return why the whole place is closed on a day, unless the person has an exception."""
        if day in person.exceptions:
            return None
        for location in (person.location_id, None):
            name = self.closures.get(location, {}).get(day)
            if name is not None:
                return name
        return None

    def shifts_of(self, person: StaffTime, day: date) -> Sequence[Shift]:
        """Return a day's wall-clock shifts: an exception first, then closures, then the week."""
        if day in person.exceptions:
            return person.exceptions[day]
        if self.closed(person, day) is not None:
            return ()
        return [
            shift
            for _, shift, since, until in person.by_weekday[day.weekday()]
            if since <= day and (until is None or day < until)
        ]

    def working(self, person: StaffTime) -> list[Span]:
        """Return the merged working spans that touch the days, overnight shifts included."""
        return self._week(person)[1]

    def shifts(self, person: StaffTime) -> list[Span]:
        """Return the shifts that ``working`` merges, each by itself, by their beginning."""
        return self._week(person)[0]

    def _week(self, person: StaffTime) -> tuple[list[Span], list[Span]]:
        key = (person.zone.key, person.location_id, person.weekly)
        known = None if person.exceptions else self._weeks.get(key)
        if known is None:
            shifts = self._shifts(person)
            known = shifts, merged(shifts)
            if not person.exceptions:
                self._weeks[key] = known
        return known

    def _shifts(self, person: StaffTime) -> list[Span]:
        zone, instants = person.zone.key, self._instants
        spans = (
            instants[zone, day, shift]
            for day in self._reach
            for shift in self.shifts_of(person, day)
        )
        return sorted(span for span in spans if span[0] < span[1])

    @cached_property
    def _reach(self) -> list[date]:
        """The days on which a shift that still matters may begin."""
        steps = range(-REACH_DAYS, self.days + REACH_DAYS)
        return [self.first_day + timedelta(days=step) for step in steps]

    @cached_property
    def _instants(self) -> _Instants:
        return _Instants()

    @cached_property
    def _offsets(self) -> dict[str, list[tuple[int, int, int]]]:
        return {}

    @cached_property
    def _weeks(self) -> dict[_Week, tuple[list[Span], list[Span]]]:
        """Shifts and working spans by what decides them: colleagues share their hours."""
        return {}

    def free(self, person: StaffTime) -> list[Span]:
        """Return the working spans less what is allocated or busy in other calendars."""
        free = without(self.working(person), person.busy.starts, person.busy.ends)
        if person.external:
            away = merged(person.external)
            free = without(free, [start for start, _ in away], [end for _, end in away])
        return free


class LineWish(NamedTuple):
    """One service that is asked for, with somebody in particular or with anybody."""

    service: Service
    staff: str | None = None


@dataclass(frozen=True)
class Window(Rota):
    """A rota seen for one visit of one or several services.

    Notice and horizon bound the start relative to ``now``; the business's own rules stand here, a
    service may have others. ``places`` counts the visits of services with a daily limit.
    """

    lines: tuple[LineWish, ...]
    now: int
    granularity_minutes: int
    notice_seconds: int
    horizon_seconds: int
    units: tuple[Unit, ...] = ()
    parallel: bool = False
    max_wait_seconds: int = 0
    places: Mapping[tuple[UUID, date], int] = field(default_factory=dict)

    @property
    def service(self) -> Service:
        """The first service of the visit: its rules decide the grid of starts."""
        return self.lines[0].service

    @cached_property
    def step_seconds(self) -> int:
        """How far apart starts lie."""
        return (self.service.granularity_minutes or self.granularity_minutes) * 60

    @cached_property
    def notice(self) -> int:
        """The longest notice in seconds that a service of the visit asks for."""
        own = [line.service.notice_minutes for line in self.lines]
        return max(self.notice_seconds if n is None else n * 60 for n in own)

    @cached_property
    def horizon(self) -> int:
        """The shortest horizon in seconds of the visit's services."""
        own = [line.service.horizon_days for line in self.lines]
        return min(self.horizon_seconds if n is None else n * 86_400 for n in own)

    @cached_property
    def bounds(self) -> Span:
        """The first and last start that days, notice and horizon allow: a closed span."""
        begin, end = self.span
        return max(begin, self.now + self.notice), min(end - 1, self.now + self.horizon)

    @cached_property
    def memory(self) -> dict[object, object]:
        """What the rules have worked out already: derived from the window, so never out of date."""
        return {}
