"""Open starts: the same as a bitmap of minutes says, and the numbers that others got wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from minute_oracle import open_starts as starts_by_minutes
from minute_oracle import read_minutes
from windows import window, windows

from bookra import clock
from bookra.engine.availability import slots
from bookra.engine.availability.hours import parse_shifts
from bookra.engine.availability.window import Busy, Window

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


@settings(max_examples=150)
@given(windows())
def test_the_search_finds_what_trying_every_minute_finds(seen: Window) -> None:
    minutes = read_minutes(seen.zone, seen.first_day, seen.days)
    assert slots.open_starts(seen) == starts_by_minutes(seen, minutes)


@settings(max_examples=40)
@given(windows())
def test_what_is_listed_is_open_and_nothing_between_is(seen: Window) -> None:
    listed = set(slots.open_starts(seen))
    begin, end = seen.span
    for index, person in enumerate(seen.staff):
        for start in range(begin, end, 300):
            assert slots.is_open(seen, person, start) == ((start, index) in listed)


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
