"""Windows for the pure rules of availability: built by hand, or drawn by Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bookra.engine.availability.bookable import Busy, StaffTime, Taken, Unit, WeeklyShift
from bookra.engine.availability.hours import Shift, parse_shifts
from bookra.engine.availability.window import LineWish, Window
from bookra.engine.catalog.model import (
    Need,
    Offered,
    Segment,
    Service,
    ServiceLevel,
    parse_segments,
)
from bookra.money import Money

LONG_AGO = date(2000, 1, 1)
PRICE = Money(4500, "EUR")
PLACES = (None, UUID(int=101), UUID(int=102))
POOLS = ("chair", "room")

# Days on which the clock changes, and the days beside them; Havana's and Santiago's at midnight.
CHANGES = (
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("America/New_York", date(2027, 3, 14)),
    ("America/New_York", date(2027, 11, 7)),
    ("Australia/Lord_Howe", date(2027, 10, 3)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),
    ("America/Havana", date(2027, 3, 14)),
    ("America/Havana", date(2027, 11, 7)),
    ("America/Santiago", date(2027, 9, 5)),
    ("America/Santiago", date(2027, 4, 4)),
    ("Antarctica/Troll", date(2027, 3, 28)),
    ("Antarctica/Troll", date(2027, 10, 31)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Kathmandu", date(2027, 1, 15)),
    ("Asia/Kolkata", date(2027, 6, 15)),
    ("America/St_Johns", date(2027, 11, 7)),
    ("America/St_Johns", date(2011, 3, 13)),
    ("America/St_Johns", date(2010, 11, 7)),
)
ELSEWHERE = ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu")


def every_day(shifts: str) -> tuple[WeeklyShift, ...]:
    """Return shifts that hold on every weekday, for good."""
    return tuple(
        WeeklyShift(weekday, shift, LONG_AGO, None)
        for weekday in range(7)
        for shift in parse_shifts(shifts)
    )


def service(slug: str = "cut", segments: str = "busy 30", number: int = 9, **rules: Any) -> Service:
    """Return a service with the rules that are given."""
    return Service(
        UUID(int=number),
        slug,
        slug.capitalize(),
        "",
        PRICE,
        parse_segments(segments),
        **rules,
    )


def person(
    number: int = 1,
    name: str = "ana",
    shifts: str = "09:00-18:00",
    *,
    zone: str = "Europe/Berlin",
    busy: Sequence[Busy] = (),
    **rules: Any,
) -> StaffTime:
    """Return somebody who works the same shifts on every day."""
    return StaffTime(
        UUID(int=number),
        name,
        name.capitalize(),
        ZoneInfo(zone),
        weekly=every_day(shifts),
        busy=Taken.of(busy),
        **rules,
    )


def window_of(
    day: date,
    staff: Sequence[StaffTime],
    lines: Sequence[LineWish],
    *,
    zone: str = "Europe/Berlin",
    days: int = 1,
    granularity: int = 30,
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC),
    notice_minutes: int = 0,
    horizon_days: int = 36_500,
    wait_minutes: int = 0,
    **rules: Any,
) -> Window:
    """Return the window of some days in which some people are asked for some lines."""
    return Window(
        lines=tuple(lines),
        staff=tuple(staff),
        zone=ZoneInfo(zone),
        first_day=day,
        days=days,
        now=round(now.timestamp()),
        granularity_minutes=granularity,
        notice_seconds=notice_minutes * 60,
        horizon_seconds=horizon_days * 86_400,
        max_wait_seconds=wait_minutes * 60,
        **({"closures": {}} | rules),
    )


def window(
    day: date,
    shifts: str,
    *,
    zone: str = "Europe/Berlin",
    segments: str = "busy 30",
    before: int = 0,
    after: int = 0,
    busy: Sequence[Busy] = (),
    exceptions: Mapping[date, tuple[Shift, ...]] | None = None,
    closures: Mapping[date, str] | None = None,
    performs: bool = True,
    granularity: int = 30,
    now: datetime = datetime(2000, 1, 1, tzinfo=UTC),
    notice_minutes: int = 0,
    horizon_days: int = 36_500,
    days: int = 1,
    rules: Mapping[str, Any] | None = None,
) -> Window:
    """Return Ana's window; ``shifts`` hold on every weekday, ``rules`` are the service's own."""
    buffers: dict[str, Any] = {"buffer_before_minutes": before, "buffer_after_minutes": after}
    ana = person(
        shifts=shifts,
        zone=zone,
        busy=busy,
        skills=None if performs else frozenset(),
        exceptions=exceptions or {},
    )
    return window_of(
        day,
        [ana],
        [LineWish(service(segments=segments, **buffers, **(rules or {})))],
        zone=zone,
        days=days,
        granularity=granularity,
        now=now,
        notice_minutes=notice_minutes,
        horizon_days=horizon_days,
        closures={None: closures or {}},
    )


def _shifts(*, at_least: int = 0) -> st.SearchStrategy[tuple[Shift, ...]]:
    one = st.tuples(st.integers(0, 95), st.integers(8, 96)).map(
        lambda drawn: (drawn[0] * 15, (drawn[0] + drawn[1]) * 15)
    )
    return st.lists(one, min_size=at_least, max_size=2).map(tuple)


@st.composite
def _segments(draw: st.DrawFn, longest: int = 18) -> tuple[Segment, ...]:
    lengths = draw(st.lists(st.integers(1, longest), min_size=1, max_size=5))
    if len(lengths) % 2 == 0:
        lengths.pop()
    return tuple(Segment(index % 2 == 0, 5 * n) for index, n in enumerate(lengths))


@st.composite
def _service(draw: st.DrawFn, number: int, *, rich: bool, longest: int) -> Service:
    rarely = st.sampled_from([False, False, True])
    levels: tuple[ServiceLevel, ...] = ()
    if draw(rarely):
        own = draw(st.one_of(st.just(()), _segments(longest)))
        levels = (ServiceLevel("senior", Money(6000, "EUR"), own),)
    offered = st.tuples(st.integers(0, 6), st.integers(0, 47), st.integers(12, 48)).map(
        lambda drawn: Offered(drawn[0], drawn[1] * 30, (drawn[1] + drawn[2]) * 30)
    )
    spans = st.sampled_from(["visit", "busy", "gap"])
    needs = st.dictionaries(st.sampled_from(POOLS), spans, max_size=2)
    return Service(
        UUID(int=900 + number),
        f"s{number}",
        f"S{number}",
        "",
        PRICE,
        draw(_segments(longest)),
        draw(st.sampled_from([0, 0, 0, 0, 10, 10, 480])),
        draw(st.sampled_from([0, 0, 0, 0, 15, 15, 480])),
        granularity_minutes=draw(st.sampled_from([None, None, 10, 60])),
        alignment=draw(st.sampled_from(["clock", "clock", "shift"])),
        notice_minutes=draw(st.sampled_from([None, None, None, 0, 120])),
        horizon_days=draw(st.sampled_from([None, None, None, None, 2])),
        daily_limit=draw(st.sampled_from([None, None, 1, 2])) if rich else None,
        levels=levels,
        offered=tuple(draw(st.lists(offered, min_size=4, max_size=12))) if draw(rarely) else (),
        needs=tuple(Need(*need) for need in draw(needs).items()) if rich and draw(rarely) else (),
    )


@st.composite
def _taken(draw: st.DrawFn, first_day: date) -> Taken:
    at = round(datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC).timestamp())
    at -= 2 * 86_400
    busy: list[Busy] = []
    spans = st.tuples(st.integers(0, 300), st.integers(1, 200))
    for gap, length in draw(st.lists(spans, max_size=8)):
        start = at + gap * 300
        at = start + length * 60
        booking = str(UUID(int=len(busy) + 1))
        busy.append(Busy(start, at, booking, draw(st.sampled_from([0, at]))))
    return Taken.of(busy)


@st.composite
def _external(draw: st.DrawFn, first_day: date) -> tuple[tuple[int, int], ...]:
    """Draw busy times of other calendars: they overlap each other, and come in no order."""
    begin = round(datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC).timestamp())
    one = st.tuples(st.integers(-1440, 2 * 1440), st.integers(1, 600)).map(
        lambda drawn: (begin + drawn[0] * 60, begin + (drawn[0] + drawn[1]) * 60)
    )
    return tuple(draw(st.lists(one, max_size=3)))


@st.composite
def _person(
    draw: st.DrawFn, number: int, first_day: date, days: int, zone: str, *, rich: bool
) -> StaffTime:
    near = st.integers(-2, days + 1).map(lambda step: first_day + timedelta(days=step))
    usual = draw(_shifts(at_least=1))
    extra = draw(st.lists(st.tuples(st.integers(0, 6), _shifts(), near, st.booleans()), max_size=2))
    weekly = tuple(
        WeeklyShift(weekday, shift, LONG_AGO, None) for weekday in range(7) for shift in usual
    ) + tuple(
        WeeklyShift(weekday, shift, LONG_AGO if ends else day, day if ends else None)
        for weekday, shifts, day, ends in extra
        for shift in shifts
    )
    name = f"p{number}"
    limit = draw(st.sampled_from([None, None, 1, 2])) if rich else None
    places = st.dictionaries(near, st.integers(1, 3), max_size=3)
    return StaffTime(
        UUID(int=number + 1),
        name,
        name,
        ZoneInfo(draw(st.sampled_from([zone, zone, zone, *ELSEWHERE]))),
        level=draw(st.sampled_from(["", "", "senior", "junior"])),
        location_id=draw(st.sampled_from(PLACES)),
        weekly=weekly,
        exceptions=draw(st.dictionaries(near, _shifts(), max_size=2)),
        busy=draw(_taken(first_day)),
        external=draw(_external(first_day)),
        daily_limit=limit,
        places=draw(places) if limit else {},
    )


@st.composite
def _units(draw: st.DrawFn, first_day: date) -> tuple[Unit, ...]:
    pools = draw(st.lists(st.sampled_from(POOLS), max_size=5))
    return tuple(
        Unit(
            UUID(int=500 + number),
            f"u{number}",
            f"U{number}",
            pool,
            draw(st.sampled_from(PLACES)),
            draw(_taken(first_day)),
        )
        for number, pool in enumerate(pools)
    )


@st.composite
def windows(draw: st.DrawFn, lines: int = 1, *, rich: bool = True) -> Window:
    """Draw windows of one or two days for a few people, most of them at a clock change.

    Not ``rich``: without units and limits, and each line of a visit with people of its own.
    """
    zone, changes_on = draw(st.sampled_from(CHANGES))
    first_day = changes_on + timedelta(days=draw(st.integers(-1, 1)))
    days = draw(st.integers(1, 2))
    longest = 18 if lines == 1 else 6
    services = [draw(_service(number, rich=rich, longest=longest)) for number in range(lines)]
    staff = []
    for number in range(draw(st.integers(lines, lines + 1))):
        drawn = draw(_person(number, first_day, days, zone, rich=rich))
        skills = (
            draw(st.sampled_from([None, None, None, None, None, frozenset[UUID]()]))
            if rich
            else None
        )
        if lines > 1 and not rich:
            skills = frozenset({services[number % lines].id})
        staff.append(StaffTime(**{**vars(drawn), "skills": skills}))
    near = st.integers(-1, days).map(lambda step: first_day + timedelta(days=step))
    noon = datetime(first_day.year, first_day.month, first_day.day, 12, tzinfo=UTC)
    closed = st.dictionaries(near, st.just("Holiday"), max_size=1)
    counted = st.tuples(st.sampled_from([one.id for one in services]), near)
    ahead = st.one_of(st.just(40 * 60), st.just(40 * 60), st.integers(-20 * 60, 96 * 60))
    wished = st.sampled_from([*[None] * 6, *(one.slug for one in staff)])
    return Window(
        lines=tuple(LineWish(one, draw(wished) if rich else None) for one in services),
        staff=tuple(staff),
        zone=ZoneInfo(zone),
        first_day=first_day,
        days=days,
        closures=draw(st.dictionaries(st.sampled_from(PLACES), closed, max_size=2)),
        now=round(noon.timestamp()) - draw(ahead) * 60,
        granularity_minutes=draw(st.sampled_from([5, 10, 15, 20, 30, 60, 240])),
        notice_seconds=draw(st.sampled_from([0, 0, 3600, 86_400])),
        horizon_seconds=draw(st.sampled_from([3 * 86_400, 365 * 86_400])),
        units=draw(_units(first_day)) if rich else (),
        parallel=draw(st.booleans()) if lines > 1 else False,
        max_wait_seconds=draw(st.sampled_from([0, 5, 15, 30])) * 60,
        places=draw(st.dictionaries(counted, st.integers(1, 2), max_size=2)) if rich else {},
    )
