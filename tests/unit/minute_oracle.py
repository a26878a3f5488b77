"""What is free, minute by minute: slow, obvious, and sharing no code with the search it checks.

Its own reading of the wall clock: every minute of some days is looked up in the zone, and a rule's
edge is found among the readings. Nothing is subtracted, merged or intersected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bookra.engine.availability.window import StaffTime, Window

AROUND_DAYS = 4
"""A visit with its buffers lasts less than two days, and an overnight shift as long again."""


@dataclass(frozen=True)
class Minutes:
    """The wall clock's reading at each UTC minute from ``first`` on."""

    first: datetime
    walls: list[datetime]
    of_wall: dict[datetime, list[int]]

    def opening(self, wall: datetime) -> int:
        """Return the index of the first reading of ``wall``, or of the first later one."""
        return self.of_wall[wall][0] if wall in self.of_wall else self._first_after(wall)

    def closing(self, wall: datetime) -> int:
        """Return the index of the last reading of ``wall``, or of the first later one."""
        return self.of_wall[wall][-1] if wall in self.of_wall else self._first_after(wall)

    def _first_after(self, wall: datetime) -> int:
        return next(index for index, shown in enumerate(self.walls) if shown > wall)

    def epoch(self, index: int) -> int:
        return round((self.first + timedelta(minutes=index)).timestamp())


def read_minutes(zone: ZoneInfo, first_day: date, days: int) -> Minutes:
    """Look up every minute around some local days."""
    first = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
    first -= timedelta(days=AROUND_DAYS)
    walls, of_wall = [], defaultdict(list)
    for index in range((days + 2 * AROUND_DAYS) * 1440):
        wall = (first + timedelta(minutes=index)).astimezone(zone).replace(tzinfo=None, fold=0)
        walls.append(wall)
        of_wall[wall].append(index)
    return Minutes(first, walls, dict(of_wall))


def open_starts(window: Window, minutes: Minutes) -> list[tuple[int, int]]:
    """Return the open starts by trying every minute of the window's days for every person."""
    found = []
    midnight = datetime.combine(window.first_day, time())
    begin = minutes.opening(midnight)
    end = minutes.opening(midnight + timedelta(days=window.days))
    needed = _minutes_needed(window)
    free = [_free(window, person, minutes) for person in window.staff]
    for at in range(begin, end):
        wall, epoch = minutes.walls[at], minutes.epoch(at)
        if (wall.hour * 60 + wall.minute) % window.granularity_minutes:
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
        midnight = datetime.combine(day, time())
        for opens, closes in _shifts(window, person, day):
            start = minutes.opening(midnight + timedelta(minutes=opens))
            end = minutes.closing(midnight + timedelta(minutes=closes))
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
