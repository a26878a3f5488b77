"""Quiet hours by the wall clock: over midnight, and when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra import clock
from bookra.engine.messages.quiet import QuietHours, next_allowed, parse_quiet
from bookra.engine.messages.rules import lead_text, parse_leads
from bookra.errors import InvalidInputError

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(21 * 60, 8 * 60)
NOON = QuietHours(12 * 60, 13 * 60)


def at(wall: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("2026-11-23 20:59", "2026-11-23 20:59"),
        ("2026-11-23 21:00", "2026-11-24 08:00"),
        ("2026-11-24 00:30", "2026-11-24 08:00"),
        ("2026-11-24 07:59", "2026-11-24 08:00"),
        ("2026-11-24 08:00", "2026-11-24 08:00"),
    ],
)
def test_what_falls_into_the_night_waits_for_the_morning(asked: str, allowed: str) -> None:
    assert next_allowed(at(asked), NIGHT, BERLIN) == at(allowed)


def test_quiet_hours_may_lie_within_a_day() -> None:
    assert next_allowed(at("2026-11-24 12:30"), NOON, BERLIN) == at("2026-11-24 13:00")
    assert next_allowed(at("2026-11-24 13:00"), NOON, BERLIN) == at("2026-11-24 13:00")


def test_the_morning_is_the_wall_clocks_when_the_clocks_change() -> None:
    for day in ("2026-03-29", "2026-10-25"):
        assert next_allowed(at(f"{day} 00:30"), NIGHT, BERLIN) == at(f"{day} 08:00")


def test_quiet_hours_that_end_in_the_hour_that_is_skipped_end_with_it() -> None:
    quiet = QuietHours(22 * 60, 2 * 60 + 30)
    change = at("2026-03-29 03:00")
    assert next_allowed(at("2026-03-29 01:00"), quiet, BERLIN) == change


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_end_at_its_second_reading() -> None:
    quiet = QuietHours(22 * 60, 2 * 60 + 30)
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert next_allowed(datetime(2026, 10, 25, 0, 45, tzinfo=UTC), quiet, BERLIN) == second


def test_without_quiet_hours_any_time_is_right() -> None:
    moment = at("2026-11-24 03:00")
    assert next_allowed(moment, None, BERLIN) == moment
    assert next_allowed(moment, QuietHours(480, 480), BERLIN) == moment


@given(
    seconds=st.integers(1_760_000_000, 1_860_000_000),
    begins=st.integers(0, 1439),
    ends=st.integers(0, 1439),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_the_answer_is_never_earlier_never_quiet_and_within_a_day(
    seconds: int, begins: int, ends: int, zone: str
) -> None:
    tz, quiet, asked = ZoneInfo(zone), QuietHours(begins, ends), clock.from_epoch(seconds)
    allowed = next_allowed(asked, quiet, tz)
    assert asked <= allowed <= asked + timedelta(hours=26)
    assert next_allowed(allowed, quiet, tz) == allowed


def test_quiet_hours_are_written_as_they_are_read() -> None:
    assert str(parse_quiet(" 21:00 - 8:00 ")) == "21:00-08:00"
    assert parse_quiet("Off") is None


@pytest.mark.parametrize("text", ["", "21-8", "25:00-08:00", "21:00", "21:60-08:00", "on"])
def test_quiet_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="quiet"):
        parse_quiet(text)


def test_reminders_are_read_longest_first_and_each_once() -> None:
    assert parse_leads("2h, 24h,120m") == (1440, 120)
    assert parse_leads("none") == ()
    assert [lead_text(minutes) for minutes in (2880, 1440, 120, 90)] == ["2d", "24h", "2h", "90m"]


@pytest.mark.parametrize("text", ["", "24", "0h", "31d", "5m", "1h,2h,3h,4h,5h", "h", "24 hours"])
def test_reminders_that_are_of_no_use_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_leads(text)
    assert refused.value.code == "bad_reminders"
