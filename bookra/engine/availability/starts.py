"""When one person can start one service: working hours, allocations, units and limits in spans.

A start is open when every block of staff time of the service (busy segments and buffers, gaps
left out) lies in a free span, when a unit of each pool it needs is free, when the service is
offered then, and when neither the person nor the service has its day full. All of it is
arithmetic of spans, in time linear in them. Notice, horizon and the grid bound it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.engine.availability.bookable import StaffTime, Unit
from bookra.engine.availability.spans import (
    Span,
    closed_without,
    fitting,
    intersected,
    merged,
    united,
    without,
)
from bookra.engine.availability.window import Window
from bookra.engine.catalog.model import Blocks, Need, Service

DAY_SECONDS = 86_400


@dataclass(frozen=True, eq=False)
class Performer:
    """Somebody who can be asked for a line: their place in the window's staff, and their way of
    performing the service, with their level's price and segments.
    """

    index: int
    person: StaffTime
    service: Service


def performers(window: Window, line: int) -> list[Performer]:
    """Return who may perform a line of the visit, in the order of the staff."""
    key = ("performers", line)
    if key not in window.memory:
        service, wished = window.lines[line]
        levels: dict[str, Service] = {}
        window.memory[key] = [
            Performer(
                index, person, levels.setdefault(person.level, service.at_level(person.level))
            )
            for index, person in enumerate(window.staff)
            if person.performs(service) and wished in (None, person.slug)
        ]
    found = window.memory[key]
    assert isinstance(found, list)
    return found


def start_spans(window: Window, performer: Performer) -> list[Span]:
    """Return CLOSED spans of starts at which the service fits the person, units and limits."""
    found = window.memory.get(performer)
    if found is None:
        found = window.memory[performer] = _start_spans(window, performer)
    assert isinstance(found, list)
    return found


def _start_spans(window: Window, performer: Performer) -> list[Span]:
    person, service = performer.person, performer.service
    spans = fitting(window.free(person), service.busy_blocks())
    if service.offered:
        spans = intersected(spans, offered_starts(window, service, person.zone))
    for need in service.needs:
        if service.blocks_of(need.span):
            spans = intersected(spans, unit_starts(window, service, need, person))
    full = full_days(window, performer)
    return closed_without(spans, full) if full else spans


def offered_starts(window: Window, service: Service, zone: ZoneInfo) -> list[Span]:
    """Return CLOSED spans of starts at which the visit lies inside what the service offers."""
    key = ("offered", service, zone.key)
    if key not in window.memory:
        days = _days(zone, *window.reach)
        offered = merged(
            (clock.opening(day, opens, zone), clock.closing(day, closes, zone))
            for day in days
            for weekday, opens, closes in service.offered
            if day.weekday() == weekday
        )
        window.memory[key] = fitting(offered, [(0, service.minutes * 60)])
    found = window.memory[key]
    assert isinstance(found, list)
    return found


def unit_starts(window: Window, service: Service, need: Need, person: StaffTime) -> list[Span]:
    """Return CLOSED spans of starts at which some unit of the pool is free."""
    key = ("units", service, need, person.location_id)
    if key not in window.memory:
        units, blocks = units_for(window, need, person), service.blocks_of(need.span)
        window.memory[key] = united(*(unit_fits(window, unit, blocks) for unit in units))
    found = window.memory[key]
    assert isinstance(found, list)
    return found


def unit_fits(window: Window, unit: Unit, blocks: Blocks) -> list[Span]:
    """Return CLOSED spans of starts at which one unit is free for some blocks of a service."""
    key = ("unit", unit.id, blocks)
    if key not in window.memory:
        free = without([window.reach], unit.busy.starts, unit.busy.ends)
        window.memory[key] = fitting(free, blocks)
    found = window.memory[key]
    assert isinstance(found, list)
    return found


def units_for(window: Window, need: Need, person: StaffTime) -> list[Unit]:
    """Return the units of a pool that stand where the person works; both may be anywhere."""
    here = (None, person.location_id)
    return [
        unit
        for unit in window.units
        if unit.pool == need.pool and (person.location_id is None or unit.location_id in here)
    ]


def full_days(window: Window, performer: Performer) -> list[Span]:
    """Return the local days on which the person or the service has no place left, by time."""
    zone = performer.person.zone
    days = set(performer.person.places)
    days |= {day for service, day in window.places if service == performer.service.id}
    full = {
        day for day in days if any(limit.left < 1 for limit in limits_on(window, performer, day))
    }
    return merged(span for day in full for span in spans_of_day(day, zone))


class Limit(NamedTuple):
    """A daily limit: of a person or a service, on a local day, with so many places left."""

    subject_id: UUID
    day: date
    places: int
    left: int


def limits_on(window: Window, performer: Performer, day: date) -> list[Limit]:
    """Return the daily limits that bind a visit of this person and service on a local day."""
    person, service = performer.person, performer.service
    found = []
    if person.daily_limit is not None:
        left = person.daily_limit - person.places.get(day, 0)
        found.append(Limit(person.id, day, person.daily_limit, left))
    if service.daily_limit is not None:
        left = service.daily_limit - window.places.get((service.id, day), 0)
        found.append(Limit(service.id, day, service.daily_limit, left))
    return found


def limits_at(window: Window, performer: Performer, start: int) -> list[Limit]:
    """Return the daily limits that bind a visit that starts at an instant."""
    day = clock.local_day(clock.from_epoch(start), performer.person.zone)
    return limits_on(window, performer, day)


@lru_cache(maxsize=512)
def spans_of_day(day: date, zone: ZoneInfo) -> tuple[Span, ...]:
    """Return when the calendar on the wall shows a day.

    Two spans where the clock falls back over midnight, as in St John's until 2011.
    """
    midnight = clock.to_epoch(datetime.combine(day, time(), UTC))
    around = clock.constant_offset_spans(
        midnight - 2 * DAY_SECONDS, midnight + 3 * DAY_SECONDS, zone
    )
    shown = (
        (max(since, midnight - offset), min(until, midnight + DAY_SECONDS - offset))
        for since, until, offset in around
    )
    return tuple(span for span in shown if span[0] < span[1])


def _days(zone: ZoneInfo, begin: int, end: int) -> list[date]:
    first = clock.local_day(clock.from_epoch(begin), zone)
    last = clock.local_day(clock.from_epoch(end), zone)
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def on_grid(window: Window, performer: Performer, start: int) -> bool:
    """Tell whether ``start`` lies on the grid: the wall clock's, or the shift's own."""
    return any(
        begin <= start < end and (start - phase) % window.step_seconds == 0
        for begin, end, phase in grid(window, performer)
    )


def grid(window: Window, performer: Performer) -> list[tuple[int, int, int]]:
    """Return ``(begin, end, phase)`` pieces of time, in order.

    The starts in a piece are those that leave the same remainder as ``phase`` when they are
    divided by the window's step.
    """
    if performer.service.alignment == "shift":
        return _by_shift(window.shifts(performer.person))
    zone = performer.person.zone
    return [(begin, end, -offset) for begin, end, offset in window.offsets(zone)]


def _by_shift(shifts: list[Span]) -> list[tuple[int, int, int]]:
    """Return the pieces of a grid that begins anew with each shift; of two, the earlier one's."""
    pieces, covered = [], 0
    for opens, closes in shifts:
        if closes > covered:
            pieces.append((max(opens, covered), closes, opens))
            covered = closes
    return pieces
