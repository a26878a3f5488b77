"""Open starts: the same as a bitmap of minutes says, and the numbers that others got wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_oracle import open_starts as starts_by_minutes
from windows import person, service, window, window_of, windows

from bookra import clock
from bookra.engine.availability import slots
from bookra.engine.availability.bookable import Busy, Taken, Unit
from bookra.engine.availability.hours import parse_shifts
from bookra.engine.availability.starts import performers, spans_of_day
from bookra.engine.availability.window import LineWish, Window
from bookra.engine.catalog.model import Need, Offered, Segment, ServiceLevel
from bookra.money import Money

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
TUESDAY = date(2026, 11, 24)


def shown(seen: Window) -> list[str]:
    return [
        f"{clock.from_epoch(start).astimezone(seen.zone):%H:%M}"
        for start, _ in slots.open_starts(seen)
    ]


def busy(start: str, end: str) -> Busy:
    """An allocation at UTC times of Tuesday."""
    first, last = (datetime.fromisoformat(f"2026-11-24T{at}Z") for at in (start, end))
    return Busy(clock.to_epoch(first), clock.to_epoch(last))


@settings(max_examples=18)
@given(windows())
def test_the_search_finds_what_trying_every_minute_finds(seen: Window) -> None:
    assert slots.open_starts(seen) == starts_by_minutes(seen)


@settings(max_examples=18)
@given(windows())
def test_what_is_listed_is_open_and_nothing_between_is(seen: Window) -> None:
    listed = set(slots.open_starts(seen))
    begin, end = seen.span
    for who in performers(seen, 0):
        for start in range(begin, end, 300):
            assert slots.is_open(seen, who, start) == ((start, who.index) in listed)


def test_a_day_that_the_clock_goes_back_to_is_full_in_both_its_parts() -> None:
    """St John's went back from 00:01 to 23:01 of the day before, which had its hour again."""
    zone, day = ZoneInfo("America/St_Johns"), date(2010, 11, 6)
    parts = spans_of_day(day, zone)
    assert len(parts) == 2
    shown = {
        clock.local_day(clock.from_epoch(at), zone)
        for begin, end in parts
        for at in range(begin, end, 60)
    }
    assert shown == {day}
    assert sum(end - begin for begin, end in parts) == 25 * 3600 - 60


def test_a_limit_takes_the_first_starts() -> None:
    seen = window(TUESDAY, "09:00-18:00")
    assert slots.open_starts(seen, limit=3) == slots.open_starts(seen)[:3]


def test_the_spring_day_in_berlin_has_four_half_hours_from_one_to_four() -> None:
    assert shown(window(SPRING, "01:00-04:00")) == ["01:00", "01:30", "03:00", "03:30"]


def test_a_shift_in_the_spring_gap_has_no_slot() -> None:
    assert shown(window(SPRING, "02:00-03:00")) == []


def test_an_exception_that_opens_in_the_gap_starts_after_it() -> None:
    own = {SPRING: parse_shifts("02:30-04:00")}
    assert shown(window(SPRING, "09:00-10:00", exceptions=own)) == ["03:00", "03:30"]


def test_nothing_of_a_shift_is_lost_on_the_autumn_day() -> None:
    assert shown(window(AUTUMN, "01:00-04:00")) == [
        *("01:00", "01:30", "02:00", "02:30"),
        *("02:00", "02:30", "03:00", "03:30"),
    ]


def test_a_shift_that_closes_in_the_autumn_hour_lasts_until_its_second_reading() -> None:
    assert shown(window(AUTUMN, "02:00-02:30")) == ["02:00", "02:30", "02:00"]


def test_hours_after_noon_are_whole_on_the_day_the_clocks_change() -> None:
    for day in (SPRING, AUTUMN):
        assert shown(window(day, "13:00-15:00")) == ["13:00", "13:30", "14:00", "14:30"]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns"])
def test_zones_off_the_full_hour_have_slots_on_their_own_full_hour(zone: str) -> None:
    assert shown(window(TUESDAY, "09:00-11:00", zone=zone)) == ["09:00", "09:30", "10:00", "10:30"]


def test_a_visit_ends_by_the_end_of_the_shift() -> None:
    assert shown(window(TUESDAY, "09:00-10:00", segments="busy 45", granularity=15)) == [
        "09:00",
        "09:15",
    ]


def test_a_gap_may_lie_over_another_visit() -> None:
    """Colour develops from 09:30 to 09:50 while Ana is with somebody else."""
    seen = window(
        TUESDAY,
        "09:00-10:05",
        segments="busy 30,gap 20,busy 15",
        granularity=15,
        busy=[busy("08:30", "08:50")],
    )
    assert shown(seen) == ["09:00"]


def test_buffers_need_free_staff_time_but_are_no_part_of_the_visit() -> None:
    seen = window(TUESDAY, "09:00-10:30", before=30, after=15, granularity=15)
    assert shown(seen) == ["09:30", "09:45"]


def test_visits_may_touch() -> None:
    seen = window(TUESDAY, "09:00-10:30", busy=[busy("08:30", "09:00")])
    assert shown(seen) == ["09:00", "10:00"]


def test_what_reaches_over_a_break_takes_time_on_both_sides() -> None:
    seen = window(TUESDAY, "09:00-10:00,10:30-12:00", busy=[busy("08:30", "10:00")])
    assert shown(seen) == ["09:00", "11:00", "11:30"]


def test_a_shift_across_midnight_goes_on_before_a_closed_day() -> None:
    wednesday = date(2026, 11, 25)
    seen = window(wednesday, "22:00-02:00", closures={wednesday: "Closed"})
    assert shown(seen) == ["00:00", "00:30", "01:00", "01:30"]


def test_a_day_long_visit_may_end_in_a_shift_two_days_on() -> None:
    seen = window(TUESDAY, "00:00-24:00", segments="busy 1440", after=480, granularity=60)
    assert "23:00" in shown(seen)


def test_notice_and_horizon_bound_the_starts() -> None:
    now = datetime(2026, 11, 24, 8, 10, tzinfo=UTC)  # 09:10 in Berlin
    assert shown(window(TUESDAY, "09:00-11:00", now=now)) == ["09:30", "10:00", "10:30"]
    assert shown(window(TUESDAY, "09:00-11:00", now=now, notice_minutes=50)) == ["10:00", "10:30"]
    earlier = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert shown(window(TUESDAY, "09:00-11:00", now=earlier, horizon_days=1)) == [
        "09:00",
        "09:30",
        "10:00",
    ]


def test_who_does_not_perform_the_service_has_no_slot() -> None:
    assert shown(window(TUESDAY, "09:00-11:00", performs=False)) == []


@settings(max_examples=18)
@given(windows(lines=1), st.integers(1, 2))
def test_a_list_of_several_days_is_the_lists_of_its_days(seen: Window, back: int) -> None:
    """A list and a booking look at windows of their own; they must not differ."""
    first = seen.first_day - timedelta(days=back)
    longer = replace(seen, first_day=first, days=seen.days + back)
    begin, end = seen.span
    listed = [at for at in slots.open_starts(longer) if begin <= at[0] < end]
    assert listed == slots.open_starts(seen)


def test_the_shifts_own_grid_begins_anew_with_each_shift() -> None:
    seen = window(TUESDAY, "09:10-11:00,13:05-14:10", rules={"alignment": "shift"})
    assert shown(seen) == ["09:10", "09:40", "10:10", "13:05", "13:35"]


def test_shifts_that_touch_keep_their_own_grids() -> None:
    seen = window(TUESDAY, "09:00-10:10,10:10-11:30", rules={"alignment": "shift"})
    assert shown(seen) == ["09:00", "09:30", "10:00", "10:10", "10:40"]


@pytest.mark.parametrize("back", [0, 1, 3, 5])
def test_round_the_clock_a_shifts_grid_does_not_depend_on_the_window(back: int) -> None:
    """Four hours do not divide a day of 23: counted from last week they would lie elsewhere."""
    monday = SPRING + timedelta(days=1)
    seen = window(
        monday - timedelta(days=back),
        "00:00-24:00",
        days=1 + back,
        granularity=240,
        rules={"alignment": "shift"},
    )
    assert shown(seen)[-6:] == ["00:00", "04:00", "08:00", "12:00", "16:00", "20:00"]


def test_a_service_may_have_a_grid_a_notice_and_a_horizon_of_its_own() -> None:
    now = datetime(2026, 11, 24, 8, 10, tzinfo=UTC)  # 09:10 in Berlin
    own = {"granularity_minutes": 20, "notice_minutes": 30}
    seen = window(TUESDAY, "09:00-10:30", now=now, notice_minutes=600, rules=own)
    assert shown(seen) == ["09:40", "10:00"]
    far = window(TUESDAY, "09:00-10:30", now=now - timedelta(days=3), rules={"horizon_days": 2})
    assert shown(far) == []


def test_a_service_is_sold_in_its_own_hours_alone() -> None:
    sold = {"offered": (Offered(1, 600, 660), Offered(1, 690, 720), Offered(2, 0, 1440))}
    seen = window(TUESDAY, "09:00-18:00", granularity=15, before=15, rules=sold)
    assert shown(seen) == ["10:00", "10:15", "10:30", "11:30"]


def test_somebody_elsewhere_works_by_their_own_clock() -> None:
    """Nine o'clock in New York is fifteen in Berlin, and in the week between fourteen."""
    ann = person(shifts="09:00-10:00", zone="America/New_York")
    for day, first in ((TUESDAY, "15:00"), (date(2027, 3, 16), "14:00")):
        seen = window_of(day, [ann], [LineWish(service())])
        assert shown(seen)[0] == first


def test_another_calendar_takes_time_and_a_full_day_takes_all() -> None:
    ten, eleven = (busy(f"{hour}:00", f"{hour}:30") for hour in ("09", "10"))
    away = ((eleven.start, eleven.end), (ten.start, ten.end + 600))
    ana = person(shifts="09:30-12:00", external=away, daily_limit=2)
    seen = window_of(TUESDAY, [ana], [LineWish(service())])
    assert shown(seen) == ["09:30", "11:30"]
    full = replace(ana, places={TUESDAY: 2})
    assert shown(window_of(TUESDAY, [full], [LineWish(service())])) == []


def test_a_unit_stays_taken_through_the_gap_or_in_the_gap_alone() -> None:
    """Colour is busy 10:00-10:30 and 11:00-11:30; the only chair is taken 10:30-11:00 UTC+1."""
    chair = Unit(UUID(int=7), "c", "C", "chair", None, Taken.of([busy("09:30", "10:00")]))
    found = {}
    for span in ("visit", "busy", "gap"):
        wanted = service("color", "busy 30,gap 30,busy 30", needs=(Need("chair", span),))
        ana = person(shifts="10:00-11:30")
        seen = window_of(TUESDAY, [ana], [LineWish(wanted)], units=(chair,))
        found[span] = shown(seen)
    assert found == {"visit": [], "busy": ["10:00"], "gap": []}


def test_a_unit_of_another_place_is_of_no_use() -> None:
    here, there = UUID(int=101), UUID(int=102)
    wanted = service(needs=(Need("chair"),))
    for stands, works, open_then in (
        (here, here, True),
        (there, here, False),
        (None, here, True),
        (there, None, True),
    ):
        chair = Unit(UUID(int=7), "c", "C", "chair", stands)
        ana = person(location_id=works)
        seen = window_of(TUESDAY, [ana], [LineWish(wanted)], units=(chair,))
        assert bool(shown(seen)) is open_then


def test_a_senior_is_done_sooner() -> None:
    quick = ServiceLevel("senior", Money(6000, "EUR"), (Segment(True, 30),))
    wanted = service(segments="busy 60", levels=(quick,))
    staff = [person(shifts="09:00-10:00"), person(2, "ben", "09:00-10:00", level="senior")]
    seen = window_of(TUESDAY, staff, [LineWish(wanted)])
    assert [index for _, index in slots.open_starts(seen)] == [0, 1, 1]
