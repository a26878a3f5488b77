"""The wall clock: gaps, overlaps and odd offsets, in the zones where they happen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookra import clock
from bookra.errors import InvalidInputError

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Pacific/Apia",
        "America/Havana",
        "America/Santiago",
        "Antarctica/Troll",
        "Pacific/Kiritimati",
    ]
)


def utc(epoch: int) -> str:
    return f"{clock.from_epoch(epoch):%m-%d %H:%M}"


def edges(day: date, opens: int, closes: int, zone: str) -> tuple[str, str]:
    tz = ZoneInfo(zone)
    return utc(clock.opening(day, opens, tz)), utc(clock.closing(day, closes, tz))


def test_a_shift_over_the_spring_change_is_an_hour_shorter() -> None:
    assert edges(SPRING, 60, 240, "Europe/Berlin") == ("03-28 00:00", "03-28 02:00")


def test_a_shift_inside_the_spring_gap_is_empty() -> None:
    assert edges(SPRING, 120, 180, "Europe/Berlin") == ("03-28 01:00", "03-28 01:00")


def test_an_edge_in_the_gap_is_the_instant_of_the_change() -> None:
    assert edges(SPRING, 150, 240, "Europe/Berlin") == ("03-28 01:00", "03-28 02:00")
    assert edges(SPRING, 60, 150, "Europe/Berlin") == ("03-28 00:00", "03-28 01:00")


def test_in_autumn_an_opening_is_the_first_reading_and_a_closing_the_second() -> None:
    assert edges(AUTUMN, 150, 150, "Europe/Berlin") == ("10-31 00:30", "10-31 01:30")


def test_lord_howe_moves_its_clock_by_half_an_hour() -> None:
    assert edges(date(2027, 10, 3), 120, 180, "Australia/Lord_Howe") == (
        "10-02 15:30",
        "10-02 16:00",
    )
    assert edges(date(2027, 4, 4), 105, 105, "Australia/Lord_Howe") == (
        "04-03 14:45",
        "04-03 15:15",
    )


def test_kathmandu_is_five_hours_and_three_quarters_ahead() -> None:
    assert edges(date(2026, 11, 24), 540, 1080, "Asia/Kathmandu") == ("11-24 03:15", "11-24 12:15")


def test_saint_johns_is_three_and_a_half_hours_behind() -> None:
    assert edges(date(2026, 11, 24), 540, 1080, "America/St_Johns") == (
        "11-24 12:30",
        "11-24 21:30",
    )


def test_the_day_that_apia_skipped_has_no_working_time() -> None:
    apia = ZoneInfo("Pacific/Apia")
    skipped = date(2011, 12, 30)
    assert clock.opening(skipped, 540, apia) == clock.closing(skipped, 1080, apia)
    assert clock.opening(skipped, 0, apia) == clock.opening(date(2011, 12, 31), 0, apia)


def test_a_minute_past_midnight_belongs_to_an_overnight_shift() -> None:
    assert edges(date(2026, 11, 24), 1320, 1560, "Europe/Berlin") == ("11-24 21:00", "11-25 01:00")


@given(ZONES, st.dates(date(2005, 1, 1), date(2037, 12, 31)), st.integers(0, 1440))
def test_an_edge_shows_its_wall_time_unless_no_clock_ever_did(
    zone: str, day: date, minute: int
) -> None:
    tz = ZoneInfo(zone)
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    first, last = (
        clock.from_epoch(edge(day, minute, tz)) for edge in (clock.opening, clock.closing)
    )
    shown = [at.astimezone(tz).replace(tzinfo=None) for at in (first, last)]
    if shown == [wall, wall]:
        assert first <= last
        return
    # In a gap both are the change itself: a second earlier the clock showed a time before.
    assert first == last
    before = (first - timedelta(seconds=1)).astimezone(tz).replace(tzinfo=None)
    assert before < wall < shown[0]


@settings(max_examples=60)
@given(ZONES, st.dates(date(2005, 1, 1), date(2037, 12, 1)), st.integers(1, 400))
def test_pieces_of_one_offset_cover_a_span_without_a_gap(zone: str, day: date, hours: int) -> None:
    tz = ZoneInfo(zone)
    start = clock.to_epoch(datetime.combine(day, datetime.min.time(), UTC))
    end = start + hours * 3600
    pieces = clock.constant_offset_spans(start, end, tz)
    assert [a for a, _, _ in pieces] == [start, *(b for _, b, _ in pieces[:-1])]
    assert pieces[-1][1] == end
    for begin, until, offset in pieces:
        for at in {*range(begin, until, 900), until - 1}:
            assert clock.utc_offset_seconds(at, tz) == offset


def test_epoch_seconds_round_down_and_come_back() -> None:
    before = datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)
    assert clock.to_epoch(before) == -1
    assert clock.from_epoch(-1) == datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_an_unknown_zone_is_named() -> None:
    for name in ("Europe/Atlantis", "../etc/passwd", ""):
        with pytest.raises(InvalidInputError) as refused:
            clock.zone(name)
        assert refused.value.code == "unknown_zone"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-24T14:30", "2026-11-24 13:30"),
        ("2026-11-24 14:30", "2026-11-24 13:30"),
        ("2026-11-24T14:30:00+01:00", "2026-11-24 13:30"),
        ("2026-11-24T14:30Z", "2026-11-24 14:30"),
        ("tomorrow 9:05", "2026-11-24 08:05"),
        ("Tomorrow 9:05", "2026-11-24 08:05"),
        ("14:30", "2026-11-23 13:30"),
        ("thu pm", "2026-11-26 12:00"),
        ("Thu 14:30", "2026-11-26 13:30"),
        ("TUE 14:30", "2026-11-24 13:30"),
        ("monday am", "2026-11-23 08:00"),
        ("today noon", "2026-11-23 11:00"),
        ("sun evening", "2026-11-29 16:00"),
        ("tomorrowT14:30", "2026-11-24 13:30"),
        ("2027-10-31T02:30", "2027-10-31 00:30"),
        ("2027-10-31T02:30+01:00", "2027-10-31 01:30"),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, instant: str) -> None:
    assert f"{clock.parse_moment(text, BERLIN, NOW):%Y-%m-%d %H:%M}" == instant


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-11-24", "bad_time"),
        ("2026-11-24T25:00", "bad_time"),
        ("", "bad_time"),
        ("2026-02-30 10:00", "bad_date"),
        ("someday 10:00", "bad_date"),
        ("monkey 10:00", "bad_date"),
        ("9999-12-31T23:59", "bad_date"),
        ("0001-01-01 00:00", "bad_date"),
        ("0001-01-01T00:00+14:00", "bad_time"),
        ("2027-03-28T02:30", "time_skipped"),
    ],
)
def test_what_names_no_moment_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        clock.parse_moment(text, BERLIN, NOW)
    assert refused.value.code == code


@given(st.text() | st.datetimes().map(str) | st.datetimes().map(datetime.isoformat), ZONES)
def test_whatever_is_typed_is_a_moment_or_a_named_refusal(text: str, zone: str) -> None:
    assert read_or_refused(text, ZoneInfo(zone)) in {"utc", "bad_time", "bad_date", "time_skipped"}


def read_or_refused(text: str, tz: ZoneInfo) -> str:
    try:
        return "utc" if clock.parse_moment(text, tz, NOW).tzinfo is UTC else "another zone"
    except InvalidInputError as refused:
        return refused.code


def test_a_skipped_time_names_the_next_one_that_exists() -> None:
    with pytest.raises(InvalidInputError) as refused:
        clock.parse_moment("2027-03-28 02:30", BERLIN, NOW)
    assert "03:00" in refused.value.hint


def test_today_is_the_zones_own() -> None:
    kiritimati = ZoneInfo("Pacific/Kiritimati")
    late = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert clock.parse_day("today", kiritimati, late) == date(2026, 11, 24)
    assert clock.parse_day("today", BERLIN, late) == date(2026, 11, 23)


def test_an_instant_is_written_with_its_offset() -> None:
    assert clock.rfc3339(datetime(2027, 10, 31, 1, 30, tzinfo=UTC), BERLIN) == (
        "2027-10-31T02:30:00+01:00"
    )
