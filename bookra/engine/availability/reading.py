"""Turns the rows of the one statement in ``store`` into the values that the rules work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from bookra import clock
from bookra.engine.availability.bookable import StaffTime, Taken, Unit, WeeklyShift
from bookra.engine.availability.hours import Shift
from bookra.engine.catalog.model import Need, Offered, Segment, Service, ServiceLevel
from bookra.money import Money

UNIX_DAY = date(1970, 1, 1).toordinal()

Rows = Sequence[Row[Any]]
Places = Mapping[tuple[UUID, date], int]
Week = tuple[tuple[int, int, int, int, int | None], ...]


def services(rows: Rows, currency: str) -> dict[str, Service]:
    """Return the services by slug."""
    return {row.slug: _service(row, currency) for row in rows if row.kind == "service"}


def people(rows: Rows, zone: ZoneInfo, taken: Places) -> tuple[StaffTime, ...]:
    """Return the staff by slug; who has no zone of their own lives in the business's."""
    found = sorted((row for row in rows if row.kind == "person"), key=lambda row: str(row.slug))
    return tuple(_person(row, zone, taken) for row in found)


def units(rows: Rows) -> tuple[Unit, ...]:
    """Return the units of the pools that the services need, by slug."""
    found = sorted((row for row in rows if row.kind == "unit"), key=lambda row: str(row.slug))
    return tuple(
        Unit(row.id, row.slug, row.name, row.facts[0], _id(row.facts[1]), _taken(row))
        for row in found
    )


def closures(rows: Rows) -> dict[UUID | None, dict[date, str]]:
    """Return the closed days of each location; those of None are everybody's."""
    closed: dict[UUID | None, dict[date, str]] = {}
    for location, day, name in _facts(rows, "closures"):
        closed.setdefault(_id(location), {})[_day(day)] = name
    return closed


def places(rows: Rows) -> dict[tuple[UUID, date], int]:
    """Return how many visits a limited person or service has on a local day."""
    return {(UUID(subject), _day(day)): count for subject, day, count in _facts(rows, "places")}


def _facts(rows: Rows, kind: str) -> list[list[Any]]:
    return next((row.facts for row in rows if row.kind == kind), None) or []


def _service(row: Row[Any], currency: str) -> Service:
    facts = row.facts
    segments: dict[str, list[Segment]] = {}
    for level, _, kind, minutes in sorted(facts["segments"]):
        segments.setdefault(level, []).append(Segment(kind == "busy", minutes))
    return Service(
        row.id,
        row.slug,
        row.name,
        facts["category"],
        Money(facts["price"], currency),
        tuple(segments.get("", ())),
        facts["before"],
        facts["after"],
        granularity_minutes=facts["granularity"],
        alignment=facts["alignment"],
        notice_minutes=facts["notice"],
        horizon_days=facts["horizon"],
        daily_limit=facts["daily_limit"],
        capacity=facts["capacity"],
        tax_bps=facts["tax"],
        levels=tuple(
            ServiceLevel(level, Money(price, currency), tuple(segments.get(level, ())))
            for level, price in facts["levels"]
        ),
        offered=tuple(Offered(*stretch) for stretch in facts["offered"]),
        needs=tuple(Need(pool, span) for pool, span in facts["needs"]),
    )


def _person(row: Row[Any], zone: ZoneInfo, taken: Places) -> StaffTime:
    commission_bps, level, location, own_zone, daily_limit, skills = row.facts
    return StaffTime(
        id=row.id,
        slug=row.slug,
        name=row.name,
        zone=clock.zone(own_zone) if own_zone else zone,
        commission_bps=commission_bps,
        skills=None if skills is None else frozenset(map(UUID, skills)),
        level=level,
        location_id=_id(location),
        weekly=_weekly(tuple(map(tuple, row.weekly or ()))),
        exceptions=_exceptions(row),
        busy=_taken(row),
        external=tuple((start, end) for start, end in row.away or ()),
        daily_limit=daily_limit,
        places={day: count for (subject, day), count in taken.items() if subject == row.id},
    )


@lru_cache(maxsize=1024)
def _weekly(week: Week) -> tuple[WeeklyShift, ...]:
    """Return the rules of a week; colleagues share them, and so do one search and the next."""
    return tuple(
        WeeklyShift(weekday, (opens, closes), _day(since), None if until is None else _day(until))
        for weekday, opens, closes, since, until in week
    )


def _exceptions(row: Row[Any]) -> dict[date, tuple[Shift, ...]]:
    """Return the days with shifts of their own; a day without any has one row of NULLs."""
    days: dict[date, tuple[Shift, ...]] = {}
    for number, opens, closes in row.exceptions or ():
        day = _day(number)
        days[day] = days.get(day, ()) + (() if opens is None else ((opens, closes),))
    return days


def _taken(row: Row[Any]) -> Taken:
    """Return one bookable's allocations, by time; the arrays are NULL when there are none."""
    if row.starts is None:
        return Taken()
    return Taken(row.starts, row.ends, row.bookings or (), row.held or ())


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _day(since_1970: int) -> date:
    return date.fromordinal(UNIX_DAY + since_1970)
