"""Windows for the pure rules of availability: built by hand, or drawn by Hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bookra.engine.availability.hours import Shift, parse_shifts
from bookra.engine.availability.window import Busy, StaffTime, WeeklyShift, Window
from bookra.engine.catalog.model import Segment, Service, parse_segments
from bookra.money import Money

LONG_AGO = date(2000, 1, 1)

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
) -> Window:
    """Return one person's window of one day; ``shifts`` hold on every weekday."""
    weekly = tuple(
        WeeklyShift(weekday, shift, LONG_AGO, None)
        for weekday in range(7)
        for shift in parse_shifts(shifts)
    )
    ana = StaffTime(
        UUID(int=1), "ana", "Ana", performs, 4000, weekly, exceptions or {}, tuple(busy)
    )
    return Window(
        service=Service(
            UUID(int=9),
            "cut",
            "Cut",
            "",
            Money(4500, "EUR"),
            parse_segments(segments),
            before,
            after,
        ),
        staff=(ana,),
        zone=ZoneInfo(zone),
        first_day=day,
        days=1,
        closures=closures or {},
        now=round(now.timestamp()),
        granularity_minutes=granularity,
        notice_seconds=notice_minutes * 60,
        horizon_seconds=horizon_days * 86_400,
    )


def _shifts(*, at_least: int = 0) -> st.SearchStrategy[tuple[Shift, ...]]:
    one = st.tuples(st.integers(0, 95), st.integers(8, 96)).map(
        lambda drawn: (drawn[0] * 15, (drawn[0] + drawn[1]) * 15)
    )
    return st.lists(one, min_size=at_least, max_size=2).map(tuple)


@st.composite
def _segments(draw: st.DrawFn) -> tuple[Segment, ...]:
    lengths = draw(st.lists(st.integers(1, 18), min_size=1, max_size=5))
    if len(lengths) % 2 == 0:
        lengths.pop()
    return tuple(Segment(index % 2 == 0, 5 * n) for index, n in enumerate(lengths))


@st.composite
def _person(draw: st.DrawFn, number: int, first_day: date, days: int) -> StaffTime:
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
    exceptions = draw(st.dictionaries(near, _shifts(), max_size=2))
    at = round(datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC).timestamp())
    at -= 2 * 86_400
    busy: list[Busy] = []
    for gap, length in draw(
        st.lists(st.tuples(st.integers(0, 300), st.integers(1, 200)), max_size=8)
    ):
        start = at + gap * 300
        at = start + length * 60
        busy.append(Busy(start, at, str(UUID(int=len(busy))), draw(st.sampled_from([0, at]))))
    name = f"p{number}"
    performs = draw(st.sampled_from([True, True, True, False]))
    return StaffTime(UUID(int=number), name, name, performs, 0, weekly, exceptions, tuple(busy))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Draw windows of one or two days for one or two people, most of them at a clock change."""
    zone, changes_on = draw(st.sampled_from(CHANGES))
    first_day = changes_on + timedelta(days=draw(st.integers(-1, 1)))
    days = draw(st.integers(1, 2))
    staff = tuple(
        draw(_person(number, first_day, days)) for number in range(draw(st.integers(1, 2)))
    )
    near = st.integers(-1, days).map(lambda step: first_day + timedelta(days=step))
    noon = datetime(first_day.year, first_day.month, first_day.day, 12, tzinfo=UTC)
    ahead = draw(st.integers(-20 * 60, 96 * 60))
    return Window(
        service=Service(
            UUID(int=9),
            "cut",
            "Cut",
            "",
            Money(4500, "EUR"),
            draw(_segments()),
            draw(st.sampled_from([0, 0, 0, 10, 480])),
            draw(st.sampled_from([0, 0, 0, 15, 480])),
        ),
        staff=staff,
        zone=ZoneInfo(zone),
        first_day=first_day,
        days=days,
        closures=draw(st.dictionaries(near, st.just("Holiday"), max_size=1)),
        now=round(noon.timestamp()) - ahead * 60,
        granularity_minutes=draw(st.sampled_from([5, 10, 15, 20, 30, 60, 240])),
        notice_seconds=draw(st.sampled_from([0, 3600, 86_400])),
        horizon_seconds=draw(st.sampled_from([3 * 86_400, 365 * 86_400])),
    )
