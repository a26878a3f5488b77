"""What is free, minute by minute: slow, obvious, and sharing no code with the search it checks.

Its own reading of the wall clock: every minute of some days is looked up in the zone, and a rule's
edge is found among the readings. Nothing is subtracted, merged or intersected: a person, a unit
and a service each have a map with a byte a minute.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from bookra.engine.availability.bookable import StaffTime, Taken, Unit
from bookra.engine.availability.visits import Plan
from bookra.engine.availability.window import Window
from bookra.engine.catalog.model import Segment, Service

AROUND_DAYS = 4
"""A visit with its buffers lasts less than two days, and an overnight shift as long again."""

Block = tuple[int, int]
"""Minutes from a start, the last one excluded."""


@dataclass(frozen=True, eq=False)
class Minutes:
    """What the wall clock shows at each UTC minute from ``first`` on, itself in minutes."""

    first: datetime
    walls: list[int]

    @cached_property
    def readings(self) -> dict[int, list[int]]:
        """The minutes at which the clock shows each time: none, one, or two."""
        found: dict[int, list[int]] = {}
        for index, wall in enumerate(self.walls):
            found.setdefault(wall, []).append(index)
        return found

    def opening(self, wall: int) -> int:
        """Return the index of the first reading of ``wall``, or of the first later one."""
        return self.readings.get(wall, (self._first_after(wall),))[0]

    def closing(self, wall: int) -> int:
        """Return the index of the last reading of ``wall``, or of the first later one."""
        return self.readings.get(wall, (self._first_after(wall),))[-1]

    def _first_after(self, wall: int) -> int:
        if wall in self.readings:
            return -1
        return next(index for index, shown in enumerate(self.walls) if shown > wall)

    def epoch(self, index: int) -> int:
        """Return the instant of a minute."""
        return round(self.first.timestamp()) + 60 * index

    def index(self, epoch: int) -> int:
        """Return the minute of an instant."""
        return (epoch - round(self.first.timestamp())) // 60

    def day(self, index: int) -> date:
        """Return the day that the calendar on the wall shows."""
        return date.fromordinal(self.walls[index] // 1440)


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


def as_performed(service: Service, person: StaffTime) -> list[Segment]:
    """Return the segments of a service as a person of some level performs it."""
    own = [level.segments for level in service.levels if level.level == person.level]
    return list((own and own[0]) or service.segments)


def length(service: Service, person: StaffTime) -> int:
    """Return how many minutes the customer is there."""
    return sum(segment.minutes for segment in as_performed(service, person))


def needed(service: Service, person: StaffTime, span: str) -> list[Block]:
    """Return the minutes from a start in which the person, or a unit for ``span``, is needed."""
    before, after = service.buffer_before_minutes, service.buffer_after_minutes
    if span == "visit":
        return [(-before, length(service, person) + after)]
    blocks, at = [], 0
    for segment in as_performed(service, person):
        if segment.busy == (span == "busy"):
            blocks.append((at, at + segment.minutes))
        at += segment.minutes
    return [(-before, 0), *blocks, (at, at + after)] if span == "busy" else blocks


class Oracle:
    """One window, painted minute by minute."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.minutes = read_minutes(window.zone, window.first_day, window.days)
        self._known: dict[object, bool] = {}
        self._sold: dict[object, bytearray] = {}

    @cached_property
    def range(self) -> range:
        """The minutes of the window's own days."""
        first, days = self.window.first_day, self.window.days
        return range(
            self.minutes.opening(wall_minutes(first, 0)),
            self.minutes.opening(wall_minutes(first, days * 1440)),
        )

    @cached_property
    def _hours(self) -> list[list[tuple[int, int]]]:
        return [self._shifts(person) for person in self.window.staff]

    @cached_property
    def people(self) -> list[bytearray]:
        """The free minutes of each person, in the order of the staff."""
        return [self._free(person) for person in self.window.staff]

    @cached_property
    def units(self) -> dict[UUID, bytearray]:
        """The free minutes of each unit."""
        size = len(self.minutes.walls)
        return {
            unit.id: self._less(bytearray(b"\1" * size), unit.busy) for unit in self.window.units
        }

    def open_starts(self) -> list[tuple[int, int]]:
        """Return the open starts by trying every minute of the window's days for every person."""
        return [
            (self.minutes.epoch(at), index)
            for at in self.range
            for index in range(len(self.window.staff))
            if self.on_grid(at, index) and self.in_time(at) and self.goes(0, at, index)
        ]

    def in_time(self, at: int) -> bool:
        """Tell whether notice and horizon of every service allow a start."""
        window = self.window
        ahead = self.minutes.epoch(at) - window.now
        for service, _ in window.lines:
            notice, horizon = service.notice_minutes, service.horizon_days
            if ahead < (window.notice_seconds if notice is None else notice * 60):
                return False
            if ahead > (window.horizon_seconds if horizon is None else horizon * 86_400):
                return False
        return True

    def on_grid(self, at: int, index: int) -> bool:
        """Tell whether a start lies on the grid of the clock or of the shift it lies in."""
        service, person = self.window.lines[0].service, self.window.staff[index]
        step = service.granularity_minutes or self.window.granularity_minutes
        if service.alignment == "clock":
            return self._clock(person).walls[at] % 1440 % step == 0
        begun = [start for start, end in self._hours[index] if start <= at < end]
        return bool(begun) and (at - min(begun)) % step == 0

    def goes(self, line: int, at: int, index: int) -> bool:
        """Tell whether a person can take a line at a minute, and somebody else the others."""
        key = (line, at, index)
        if key not in self._known:
            self._known[key] = self.fits(line, at, index) and self._rest(line, at, index)
        return self._known[key]

    def _rest(self, line: int, at: int, index: int) -> bool:
        window = self.window
        if line + 1 == len(window.lines):
            return True
        moments = [at]
        if not window.parallel:
            done = at + length(window.lines[line].service, window.staff[index])
            moments = list(range(done, done + window.max_wait_seconds // 60 + 1))
        people = range(len(window.staff))
        return any(self.goes(line + 1, then, other) for then in moments for other in people)

    def fits(self, line: int, at: int, index: int) -> bool:
        """Tell whether one line alone can be had from a person at a minute."""
        (service, wished), person = self.window.lines[line], self.window.staff[index]
        if wished not in (None, person.slug):
            return False
        if person.skills is not None and service.id not in person.skills:
            return False
        return (
            self.whole(self.people[index], at, needed(service, person, "busy"))
            and self._offered(service, person, at)
            and all(
                any(
                    self.serves(unit, person, service, span, pool, at) for unit in self.window.units
                )
                for pool, span in service.needs
                if needed(service, person, span)
            )
            and self.places_left(service, person, at)[0] > 0
            and self.places_left(service, person, at)[1] > 0
        )

    def whole(self, free: bytearray, at: int, blocks: Sequence[Block]) -> bool:
        """Tell whether every minute of some blocks from ``at`` is free."""
        return all(free.find(0, at + start, at + end) < 0 for start, end in blocks)

    def serves(
        self, unit: Unit, person: StaffTime, service: Service, span: str, pool: str, at: int
    ) -> bool:
        """Tell whether a unit is of the pool, where the person is, and free when it is needed."""
        near = person.location_id is None or unit.location_id in (None, person.location_id)
        return (
            unit.pool == pool
            and near
            and self.whole(self.units[unit.id], at, needed(service, person, span))
        )

    def places_left(self, service: Service, person: StaffTime, at: int) -> tuple[int, int]:
        """Return how many visits the person and the service may still have on the day."""
        day, many = self._clock(person).day(at), 1_000_000
        own = (person.daily_limit or many) - person.places.get(day, 0)
        return own, (service.daily_limit or many) - self.window.places.get((service.id, day), 0)

    def _clock(self, person: StaffTime) -> Minutes:
        return read_minutes(person.zone, self.window.first_day, self.window.days)

    def _days(self) -> Iterator[date]:
        for step in range(1 - AROUND_DAYS, self.window.days + AROUND_DAYS - 2):
            yield self.window.first_day + timedelta(days=step)

    def _shifts(self, person: StaffTime) -> list[tuple[int, int]]:
        """Return the minutes at which a person's shifts begin and end."""
        clock = self._clock(person)
        return [
            (clock.opening(wall_minutes(day, opens)), clock.closing(wall_minutes(day, closes)))
            for day in self._days()
            for opens, closes in _shifts_on(self.window, person, day)
        ]

    def _free(self, person: StaffTime) -> bytearray:
        free = bytearray(len(self.minutes.walls))
        for start, end in self._shifts(person):
            free[start:end] = b"\1" * max(0, end - start)
        for start, end in person.external:
            for index in range(self.minutes.index(start), self.minutes.index(end)):
                free[index] = 0
        return self._less(free, person.busy)

    def _less(self, free: bytearray, taken: Taken) -> bytearray:
        for start, end, *_ in taken:
            for index in range(self.minutes.index(start), self.minutes.index(end)):
                if 0 <= index < len(free):
                    free[index] = 0
        return free

    def _offered(self, service: Service, person: StaffTime, at: int) -> bool:
        if not service.offered:
            return True
        key = (service.id, person.zone.key)
        if key not in self._sold:
            self._sold[key] = self._painted(service, self._clock(person))
        return self.whole(self._sold[key], at, [(0, length(service, person))])

    def _painted(self, service: Service, clock: Minutes) -> bytearray:
        sold = bytearray(len(self.minutes.walls))
        for day in self._days():
            for weekday, opens, closes in service.offered:
                if day.isoweekday() == weekday + 1:
                    start = clock.opening(wall_minutes(day, opens))
                    end = clock.closing(wall_minutes(day, closes))
                    sold[start:end] = b"\1" * max(0, end - start)
        return sold

    def objections(self, plan: Plan, start: int) -> list[str]:
        """Return what is wrong with a plan: nothing, if it can be booked as it is."""
        found = [] if plan[0].start == start else ["does not begin at the start"]
        people = {person.id: index for index, person in enumerate(self.window.staff)}
        claimed: set[tuple[UUID, int]] = set()
        counted: dict[object, int] = {}
        for line, planned in enumerate(plan):
            person, service = planned.performer.person, self.window.lines[line].service
            at = self.minutes.index(planned.start)
            if not self.fits(line, at, people[person.id]):
                found.append(f"line {line} can't be had then")
            taken = [(person.id, needed(service, person, "busy"))]
            units = {unit.pool: unit for unit, _ in planned.units}
            for pool, span in service.needs:
                blocks = needed(service, person, span)
                if blocks and not self.serves(units[pool], person, service, span, pool, at):
                    found.append(f"line {line} has a unit of '{pool}' that is not free")
                if blocks:
                    taken.append((units[pool].id, blocks))
            for bookable, blocks in taken:
                for minute in (at + n for first, last in blocks for n in range(first, last)):
                    if (bookable, minute) in claimed:
                        found.append(f"line {line} takes somebody twice")
                    claimed.add((bookable, minute))
            day = self._clock(person).day(at)
            for subject, left in zip(
                (person.id, service.id), self.places_left(service, person, at), strict=True
            ):
                counted[subject, day] = counted.get((subject, day), 0) + 1
                if counted[subject, day] > left:
                    found.append(f"line {line} takes a place too many")
        return found + self._out_of_order(plan)

    def _out_of_order(self, plan: Plan) -> list[str]:
        found = []
        for line, (before, after) in enumerate(pairwise(plan)):
            done = before.start + 60 * length(
                self.window.lines[line].service, before.performer.person
            )
            latest = before.start if self.window.parallel else done + self.window.max_wait_seconds
            earliest = before.start if self.window.parallel else done
            if not earliest <= after.start <= latest:
                found.append(f"line {line + 1} does not follow")
        return found


def open_starts(window: Window) -> list[tuple[int, int]]:
    """Return the open starts of a window, by time and staff."""
    return Oracle(window).open_starts()


def _shifts_on(window: Window, person: StaffTime, day: date) -> Sequence[tuple[int, int]]:
    """Return the shifts that begin on a day: exceptions beat closures, closures beat the week."""
    if day in person.exceptions:
        return person.exceptions[day]
    if any(day in window.closures.get(place, {}) for place in (None, person.location_id)):
        return ()
    in_force = (
        rule
        for rule in person.weekly
        if rule.weekday == day.isoweekday() - 1
        and rule.valid_from <= day
        and not (rule.valid_until and rule.valid_until <= day)
    )
    return [rule.shift for rule in in_force]
