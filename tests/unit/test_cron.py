"""When schedules are due, on both days of change and in every zone."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.clock import from_epoch, opening, to_epoch
from bookra.engine.schedules.cron import due_times, latest_due, next_due
from bookra.errors import InvalidInputError

BERLIN = ZoneInfo("Europe/Berlin")
BEIRUT = ZoneInfo("Asia/Beirut")
HAVANA = ZoneInfo("America/Havana")

ZONES = sorted(available_timezones() - {"localtime"})


def at(wall: str, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """Return the instant of a wall time."""
    return datetime.fromisoformat(wall).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def walls(cron: str, zone: ZoneInfo, after: str, count: int) -> list[str]:
    """Return the next due times as the wall clock shows them, with the offset from UTC."""
    found = islice(due_times(cron, zone, at(after, zone)), count)
    return [due.astimezone(zone).strftime("%m-%d %H:%M%z") for due in found]


def test_a_month_end_a_weekday_and_a_time_are_due_where_the_clock_shows_them() -> None:
    assert walls("0 6 1 * *", BERLIN, "2026-11-23T09:00", 2) == [
        "12-01 06:00+0100",
        "01-01 06:00+0100",
    ]
    assert walls("15 3 * * mon-fri", BERLIN, "2026-11-27T09:00", 1) == ["11-30 03:15+0100"]
    assert walls("30 18 L * *", BERLIN, "2026-11-23T09:00", 1) == ["11-30 18:30+0100"]


def test_a_job_at_midnight_is_due_on_the_day_on_which_there_is_no_midnight() -> None:
    """Beirut goes from 23:59 to 01:00; a cron trigger of APScheduler leaves that day out."""
    assert walls("0 0 * * *", BEIRUT, "2026-03-28T00:00", 2) == [
        "03-29 01:00+0300",
        "03-30 00:00+0300",
    ]


def test_a_time_that_the_clocks_jump_over_is_due_right_after_the_jump() -> None:
    assert walls("30 2 * * *", BERLIN, "2026-03-28T12:00", 2) == [
        "03-29 03:00+0200",
        "03-30 02:30+0200",
    ]


def test_a_time_that_the_clock_shows_twice_is_due_once() -> None:
    assert walls("30 2 * * *", BERLIN, "2026-10-24T12:00", 2) == [
        "10-25 02:30+0200",
        "10-26 02:30+0100",
    ]
    assert walls("0 0 * * *", HAVANA, "2026-10-31T12:00", 2) == [
        "11-01 00:00-0400",
        "11-02 00:00-0500",
    ]


def test_what_was_due_at_the_first_reading_is_not_due_again_at_the_second() -> None:
    second = at("2026-10-25T02:10", BERLIN, fold=1)
    assert next_due("30 2 * * *", BERLIN, second) == at("2026-10-26T02:30", BERLIN)


def test_two_times_within_one_jump_are_one_run() -> None:
    assert walls("*/30 2 * * *", BERLIN, "2026-03-29T00:00", 2) == [
        "03-29 03:00+0200",
        "03-30 02:00+0200",
    ]
    assert walls("0 2,3 * * *", BERLIN, "2026-03-29T00:00", 2) == [
        "03-29 03:00+0200",
        "03-30 02:00+0200",
    ]


def test_every_six_hours_is_four_times_on_each_day() -> None:
    for day in ("2026-03-29", "2026-10-25"):
        found = walls("0 */6 * * *", BERLIN, f"{day}T00:00", 3)
        assert [wall[6:11] for wall in found] == ["06:00", "12:00", "18:00"]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_every_hour_is_each_hour_that_passes(day: str, hours: int) -> None:
    start = at(f"{day}T00:00", BERLIN)
    end = start + timedelta(hours=hours)
    assert end.astimezone(BERLIN).time() == time(0)
    found = list(takewhile(lambda due: due <= end, due_times("0 * * * *", BERLIN, start)))
    assert found == [start + timedelta(hours=hour) for hour in range(1, hours + 1)]


def test_a_day_that_a_zone_left_out_is_made_up_for_when_the_next_begins() -> None:
    apia = ZoneInfo("Pacific/Apia")  # went from 29 to 31 December 2011
    assert walls("0 3 * * *", apia, "2011-12-29T12:00", 2) == [
        "12-31 00:00+1400",
        "12-31 03:00+1400",
    ]


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(1975, 1, 1), date(2037, 11, 1)),
    minute=st.integers(0, 24 * 60 - 1),
)
def test_a_daily_job_is_due_once_on_each_day_of_every_zone(
    zone: str, day: date, minute: int
) -> None:
    """As the hours of work are read: the first reading, and where there is none, the change."""
    place = ZoneInfo(zone)
    start, end = (opening(day + timedelta(days), 12 * 60, place) for days in (0, 40))
    edges = {opening(day + timedelta(days), minute, place) for days in range(42)}
    expected = sorted(edge for edge in edges if start < edge <= end)
    cron = f"{minute % 60} {minute // 60} * * *"
    found = takewhile(
        lambda due: due <= end, map(to_epoch, due_times(cron, place, from_epoch(start)))
    )
    assert list(found) == expected


@given(zone=st.sampled_from(ZONES), epoch=st.integers(0, 2_100_000_000))
def test_on_no_day_of_any_zone_is_midnight_left_out(zone: str, epoch: int) -> None:
    found = next_due("0 0 * * *", ZoneInfo(zone), from_epoch(epoch))
    assert 0 < to_epoch(found) - epoch <= 26 * 3600


FIELD = st.one_of(st.just("*"), st.text("01259*/-,#LW", min_size=1, max_size=4))


@given(st.lists(FIELD, min_size=5, max_size=5).map(" ".join))
def test_whatever_is_typed_is_a_due_time_or_a_refusal(cron: str) -> None:
    now = from_epoch(1_800_000_000)
    with suppress(InvalidInputError):
        assert next_due(cron, BERLIN, now) > now


@pytest.mark.parametrize("cron", ["*/5 * * * *", "0 6 1 * *", "15 3 * * *", "0 0 29 2 *"])
@pytest.mark.parametrize("pause", [timedelta(minutes=7), timedelta(days=3), timedelta(days=900)])
def test_after_a_pause_the_latest_due_time_alone_is_made_up_for(
    cron: str, pause: timedelta
) -> None:
    first = next_due(cron, BERLIN, at("2024-01-01T00:00", BERLIN))
    now = first + (min(pause, timedelta(days=60)) if cron.startswith("*") else pause)
    every = [first, *takewhile(lambda due: due <= now, due_times(cron, BERLIN, first))]
    assert latest_due(cron, BERLIN, first, now) == every[-1]


@pytest.mark.parametrize(
    "cron",
    ["", "6", "0 6 1 *", "0 0 6 1 * *", "60 6 * * *", "0 24 * * *", "0 6 31 2 *", "every day",
     "0 6 * * 8", "*/0 * * * *", "0 6 30 2 *", "0-99 1 * * *", "*-3 1 * * *"],
)  # fmt: skip
def test_what_is_no_expression_is_refused_in_words(cron: str) -> None:
    with pytest.raises(InvalidInputError, match="can't be a schedule") as caught:
        next_due(cron, BERLIN, at("2026-11-23T09:00", BERLIN))
    assert caught.value.code == "bad_cron"
