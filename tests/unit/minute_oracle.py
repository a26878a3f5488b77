"""What is free, minute by minute: slow, obvious, and sharing no code with the search it checks.

Its own reading of the wall clock: every minute of some days is looked up in the zone, and a rule's
edge is found among the readings. Nothing is subtracted, merged or intersected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from bookra.engine.availability.window import StaffTime, Window

AROUND_DAYS = 4
"""A visit with its buffers lasts less than two days, and an overnight shift as long again."""


@dataclass(frozen=True)
class Minutes:
    """What the wall clock shows at each UTC minute from ``first`` on, itself in minutes."""

    first: datetime
    walls: list[int]

    def opening(self, wall: int) -> int:
        """Return the index of the first reading of ``wall``, or of the first later one."""
        try:
            return self.walls.index(wall)
        except ValueError:
            return self._first_after(wall)

    def closing(self, wall: int) -> int:
        """Return the index of the last reading of ``wall``, or of the first later one."""
        found = self.opening(wall)
        while wall in (later := self.walls[found + 1 : found + 24 * 60]):
            found += 1 + later.index(wall)
        return found

    def _first_after(self, wall: int) -> int:
        return next(index for index, shown in enumerate(self.walls) if shown > wall)

    def epoch(self, index: int) -> int:
        return round(self.first.timestamp()) + 60 * index


def wall_minutes(day: date, minute: int) -> int:
    """Return a wall-clock time as one number; ``minute`` may pass a day."""
    return day.toordinal() * 1440 + minute


def read_minutes(zone: ZoneInfo, first_day: date, days: int) -> Minutes:
    """Look up every minute around some local days; neighbouring days share one reading."""
    assert days <= 2
    return _read(zone.key, first_day.toordinal() // 4 * 4)


@cache
def _read(zone: str, ordinal: int) -> Minutes:
    first = datetime.combine(date.fromordinal(ordinal - AROUND_DAYS), time(), UTC)
    tz, walls = ZoneInfo(zone), []
    for index in range((4 + 2 + 2 * AROUND_DAYS) * 1440):
        shown = (first + timedelta(minutes=index)).astimezone(tz)
        walls.append(wall_minutes(shown, shown.hour * 60 + shown.minute))
    return Minutes(first, walls)


def open_starts(window: Window, minutes: Minutes) -> list[tuple[int, int]]:
    """Return the open starts by trying every minute of the window's days for every person."""
    found = []
    begin = minutes.opening(wall_minutes(window.first_day, 0))
    end = minutes.opening(wall_minutes(window.first_day, window.days * 1440))
    needed = _minutes_needed(window)
    free = [_free(window, person, minutes) for person in window.staff]
    for at in range(begin, end):
        wall, epoch = minutes.walls[at], minutes.epoch(at)
        if wall % 1440 % window.granularity_minutes:
            continue
        if not window.notice_seconds <= epoch - window.now <= window.horizon_seconds:
            continue
        for index, person in enumerate(window.staff):
            if person.performs and all(free[index][at + offset] for offset in needed):
                found.append((epoch, index))
    return found


def _minutes_needed(window: Window) -> list[int]:
    """Return the minutes from a start in which the staff member is needed."""
    service = window.service
    needed, at = list(range(-service.buffer_before_minutes, 0)), 0
    for segment in service.segments:
        if segment.busy:
            needed += range(at, at + segment.minutes)
        at += segment.minutes
    return needed + list(range(at, at + service.buffer_after_minutes))


def _free(window: Window, person: StaffTime, minutes: Minutes) -> list[bool]:
    free = [False] * len(minutes.walls)
    for step in range(1 - AROUND_DAYS, window.days + AROUND_DAYS - 2):
        day = window.first_day + timedelta(days=step)
        for opens, closes in _shifts(window, person, day):
            start = minutes.opening(wall_minutes(day, opens))
            end = minutes.closing(wall_minutes(day, closes))
            for index in range(start, end):
                free[index] = True
    first = minutes.epoch(0)
    for busy in person.busy:
        for index in range((busy.start - first) // 60, (busy.end - first) // 60):
            if 0 <= index < len(free):
                free[index] = False
    return free


def _shifts(window: Window, person: StaffTime, day: date) -> Sequence[tuple[int, int]]:
    """Return the shifts that begin on a day: exceptions beat closures, closures beat the week."""
    if day in person.exceptions:
        return person.exceptions[day]
    if day in window.closures:
        return ()
    in_force = (
        rule
        for rule in person.weekly
        if rule.weekday == day.isoweekday() - 1
        and rule.valid_from <= day
        and not (rule.valid_until and rule.valid_until <= day)
    )
    return [rule.shift for rule in in_force]
