"""All that decides what is free, loaded once, as plain values: the input of every pure rule here.

Instants are epoch seconds, spans are half-open ``(start, end)``: integers compare and sort in a
fraction of a datetime's time, and a month of fifty people holds tens of thousands of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.engine.availability.hours import Shift
from bookra.engine.catalog.model import Service

Span = tuple[int, int]

LONGEST_ALLOCATION_HOURS = 25
"""Bounds how far before a window a search has to look; a day with 25 hours still fits."""

REACH_DAYS = 2
"""How far from a start a shift may begin that still matters: an overnight shift of the day before
yesterday reaches an early start's buffer, a day-long visit with one ends the day after tomorrow."""


class Busy(NamedTuple):
    """An allocation of a staff member. ``held_until`` is 0 unless it belongs to a hold.

    A tuple, since a window holds thousands and a dataclass takes twice as long to make.
    """

    start: int
    end: int
    booking_id: str | None = None
    held_until: int = 0


class WeeklyShift(NamedTuple):
    """A shift of one weekday, in force from a day until before another one."""

    weekday: int
    shift: Shift
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True)
class StaffTime:
    """One staff member's rules and allocations. ``exceptions`` maps a day to its own shifts."""

    id: UUID
    slug: str
    name: str
    performs: bool
    commission_bps: int
    weekly: tuple[WeeklyShift, ...]
    exceptions: Mapping[date, tuple[Shift, ...]]
    busy: tuple[Busy, ...]

    @cached_property
    def by_weekday(self) -> tuple[list[WeeklyShift], ...]:
        """The rules of each weekday, Monday first."""
        week: tuple[list[WeeklyShift], ...] = tuple([] for _ in range(7))
        for rule in self.weekly:
            week[rule.weekday].append(rule)
        return week

    @cached_property
    def starts(self) -> list[int]:
        """The starts of ``busy``, which is sorted: for bisection."""
        return [busy.start for busy in self.busy]

    def overlapping(self, start: int, end: int) -> Busy | None:
        """Return an allocation that overlaps ``[start, end)``; allocations never overlap."""
        index = bisect_left(self.starts, end)
        found = self.busy[index - 1] if index else None
        return found if found is not None and found.end > start else None


class _Instants(dict[tuple[date, Shift], Span]):
    """When a day's shift begins and ends: worked out once, since colleagues share their hours."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, key: tuple[date, Shift]) -> Span:
        day, (opens, closes) = key
        span = clock.opening(day, opens, self._zone), clock.closing(day, closes, self._zone)
        self[key] = span
        return span


@dataclass(frozen=True)
class Rota:
    """Who works when on some local days, and what already occupies them."""

    staff: tuple[StaffTime, ...]
    zone: ZoneInfo
    first_day: date
    days: int
    closures: Mapping[date, str]

    @cached_property
    def span(self) -> Span:
        """The instants at which the first day begins and the last one ends."""
        end = self.first_day + timedelta(days=self.days)
        return clock.opening(self.first_day, 0, self.zone), clock.opening(end, 0, self.zone)

    @cached_property
    def offsets(self) -> list[tuple[int, int, int]]:
        """``(start, end, utc offset)`` pieces that cover the days."""
        return clock.constant_offset_spans(*self.span, self.zone)

    def shifts_of(self, person: StaffTime, day: date) -> Sequence[Shift]:
        """Return a day's wall-clock shifts: an exception first, then closures, then the week."""
        if day in person.exceptions:
            return person.exceptions[day]
        if day in self.closures:
            return ()
        return [
            shift
            for _, shift, since, until in person.by_weekday[day.weekday()]
            if since <= day and (until is None or day < until)
        ]

    def working(self, person: StaffTime) -> list[Span]:
        """Return the merged working spans that touch the days, overnight shifts included."""
        shifts = [(day, shift) for day in self._reach for shift in self.shifts_of(person, day)]
        return merged(span for span in map(self._instants.__getitem__, shifts) if span[0] < span[1])

    @cached_property
    def _reach(self) -> list[date]:
        """The days on which a shift that still matters may begin."""
        steps = range(-REACH_DAYS, self.days + REACH_DAYS)
        return [self.first_day + timedelta(days=step) for step in steps]

    @cached_property
    def _instants(self) -> _Instants:
        return _Instants(self.zone)

    def free(self, person: StaffTime) -> list[Span]:
        """Return the working spans less what is allocated."""
        return subtracted(self.working(person), [(busy.start, busy.end) for busy in person.busy])


@dataclass(frozen=True)
class Window(Rota):
    """A rota seen for one service. Notice and horizon bound the start relative to ``now``."""

    service: Service
    now: int
    granularity_minutes: int
    notice_seconds: int
    horizon_seconds: int


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return ``spans`` sorted, with those that touch or overlap joined."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def subtracted(spans: list[Span], taken: list[Span]) -> list[Span]:
    """Return sorted ``spans`` without the sorted ``taken`` ones, in one linear sweep."""
    result: list[Span] = []
    index = 0
    for start, end in spans:
        at = start
        while index and taken[index - 1][1] > start:
            index -= 1
        while index < len(taken) and taken[index][0] < end:
            busy_start, busy_end = taken[index]
            if busy_end > at:
                if busy_start > at:
                    result.append((at, busy_start))
                at = busy_end
            index += 1
        if at < end:
            result.append((at, end))
    return result


def intersected(left: list[Span], right: list[Span]) -> list[Span]:
    """Return the overlap of two sorted lists of CLOSED spans: both ends belong to a span."""
    result: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low <= high:
            result.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return result


def gaps_between(spans: Iterable[Span]) -> list[Span]:
    """Return the spans that lie between neighbours: the breaks of a day."""
    return [(before[1], after[0]) for before, after in pairwise(spans)]
