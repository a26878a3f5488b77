"""Windows of wishes: what people write, and the instants that it means."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.bookings.waitlist.windows import (
    MAX_WINDOWS,
    checked_windows,
    day_spans,
    local_days,
    parse_between,
    parse_window,
)
from bookra.errors import InvalidInputError

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""One o'clock in Berlin."""


def shown(text: str, now: datetime = MONDAY) -> list[str]:
    return [
        f"{start.astimezone(BERLIN):%d.%m. %H:%M}-{end.astimezone(BERLIN):%d.%m. %H:%M}"
        for start, end in parse_window(text, BERLIN, now)
    ]


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("thu 14:00-18:00", ["26.11. 14:00-26.11. 18:00"]),
        ("thursday 14:00-18:00", ["26.11. 14:00-26.11. 18:00"]),
        ("2026-12-24", ["24.12. 00:00-25.12. 00:00"]),
        ("tomorrow 09:00-12:00", ["24.11. 09:00-24.11. 12:00"]),
        ("fri 22:00-02:00", ["27.11. 22:00-28.11. 02:00"]),
        ("fri 20:00-24:00", ["27.11. 20:00-28.11. 00:00"]),
        ("thu 09:00-10:00,17:00-18:00", ["26.11. 09:00-26.11. 10:00", "26.11. 17:00-26.11. 18:00"]),
        ("wed,fri 14:00-18:00", ["25.11. 14:00-25.11. 18:00", "27.11. 14:00-27.11. 18:00"]),
    ],
)
def test_a_window_is_read_as_it_is_said(text: str, windows: list[str]) -> None:
    assert shown(text) == windows


def test_todays_weekday_is_today_until_its_window_is_over() -> None:
    assert shown("mon 09:00-18:00") == ["23.11. 09:00-23.11. 18:00"]
    assert shown("mon 09:00-12:00") == ["30.11. 09:00-30.11. 12:00"]
    assert shown("mon-tue 09:00-12:00") == [
        "30.11. 09:00-30.11. 12:00",
        "24.11. 09:00-24.11. 12:00",
    ]


def test_the_day_of_the_autumn_change_has_both_of_its_hours() -> None:
    """The first two o'clock opens the window, the second three o'clock closes it: two hours."""
    ((start, end),) = parse_window("2027-10-31 02:00-03:00", BERLIN, MONDAY)
    assert end - start == timedelta(hours=2)
    ((start, end),) = parse_window("2027-10-31", BERLIN, MONDAY)
    assert end - start == timedelta(hours=25)


@pytest.mark.parametrize(
    "text", ["", "  ", "noday 14:00-18:00", "thu 14:00", "thu 25:00-26:00", "thu closed", "thu pm"]
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_window(text, BERLIN, MONDAY)
    assert refused.value.code in ("bad_window", "bad_hours", "bad_date")


def test_days_between_are_whole_and_the_last_one_is_included() -> None:
    start, end = parse_between("2026-12-01", "2026-12-05", BERLIN, MONDAY)
    assert (start.isoformat(), end - start) == ("2026-11-30T23:00:00+00:00", timedelta(days=5))
    start, end = parse_between("2026-12-01T10:00", "tomorrow 14:30", BERLIN, MONDAY)
    assert end.isoformat() == "2026-11-24T13:30:00+00:00"
    with pytest.raises(InvalidInputError) as refused:
        parse_between("soon", "later", BERLIN, MONDAY)
    assert refused.value.code == "bad_time"


def test_windows_that_overlap_or_touch_are_one() -> None:
    hours = [timedelta(hours=n) for n in range(8)]
    given_windows = [
        (MONDAY + hours[3], MONDAY + hours[5]),
        (MONDAY + hours[1], MONDAY + hours[2]),
        (MONDAY + hours[4], MONDAY + hours[6]),
        (MONDAY + hours[6], MONDAY + hours[7]),
    ]
    assert checked_windows(given_windows, MONDAY) == (
        (MONDAY + hours[1], MONDAY + hours[2]),
        (MONDAY + hours[3], MONDAY + hours[7]),
    )


@pytest.mark.parametrize(
    ("from_hours", "to_hours", "code"),
    [(2, 2, "bad_window"), (3, 2, "bad_window"), (-3, 0, "past"), (1, 24 * 93, "bad_window")],
)
def test_a_window_that_nobody_can_wait_for_is_refused(
    from_hours: int, to_hours: int, code: str
) -> None:
    window = (MONDAY + timedelta(hours=from_hours), MONDAY + timedelta(hours=to_hours))
    with pytest.raises(InvalidInputError) as refused:
        checked_windows([window], MONDAY)
    assert refused.value.code == code


def test_some_window_is_needed_and_not_too_many() -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked_windows([], MONDAY)
    assert refused.value.code == "no_window"
    day = timedelta(days=1)
    many = [(MONDAY + n * day, MONDAY + n * day + day / 2) for n in range(MAX_WINDOWS + 1)]
    with pytest.raises(InvalidInputError) as refused:
        checked_windows(many, MONDAY)
    assert refused.value.code == "too_many_windows"


def test_the_days_of_windows_leave_out_what_is_over() -> None:
    window = (MONDAY - timedelta(days=3), MONDAY + timedelta(days=1))
    midnight = datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    friday = (midnight - timedelta(hours=2), midnight)
    assert local_days([window, friday], BERLIN, MONDAY) == [
        date(2026, 11, 23),
        date(2026, 11, 24),
        date(2026, 11, 27),
    ]


@given(st.sets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=40), st.integers(1, 60))
def test_every_day_is_searched_once_and_in_stretches_that_a_search_allows(
    days: set[date], longest: int
) -> None:
    spans = day_spans(sorted(days), longest)
    covered = [first + timedelta(days=n) for first, count in spans for n in range(count)]
    assert len(set(covered)) == len(covered)
    assert days <= set(covered)
    assert all(1 <= count <= longest for _, count in spans)
