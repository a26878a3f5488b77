"""Why a time is not free: never at odds with the search, and in words that help."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from windows import window, windows

from bookra.engine.availability import slots
from bookra.engine.availability.bookable import Busy
from bookra.engine.availability.why import Reason, reasons
from bookra.engine.availability.window import Window

TUESDAY = date(2026, 11, 24)


def epoch(wall: str) -> int:
    """Seconds of a Berlin winter time on Tuesday."""
    return round(datetime.fromisoformat(f"2026-11-24T{wall}+01:00").timestamp())


def explained(seen: Window, wall: str) -> list[Reason]:
    return reasons(seen, seen.staff[0], epoch(wall))


@settings(max_examples=18)
@given(windows(), st.data())
def test_there_is_a_reason_exactly_when_the_time_is_not_open(
    seen: Window, data: st.DataObject
) -> None:
    begin, end = seen.span
    listed = slots.open_starts(seen)
    steps = st.integers(0, max(0, (end - begin - 1) // 60)).map(lambda m: begin + 60 * m)
    picked = st.one_of(steps, st.sampled_from([at for at, _ in listed])) if listed else steps
    if begin == end:
        return  # the day that Apia skipped
    wished = seen.lines[0].staff
    for person in (one for one in seen.staff if wished in (None, one.slug)):
        start = data.draw(picked)
        found = reasons(seen, person, start)
        assert (not found) == ((start, seen.staff.index(person)) in listed)
        assert all(reason.rule and reason.message and reason.opens_if for reason in found)


def test_a_start_off_the_grid_names_its_neighbours() -> None:
    (found,) = explained(window(TUESDAY, "09:00-18:00"), "10:20")
    assert (found.rule, found.opens_if) == ("granularity", "10:00 or 10:30")


def test_a_busy_time_names_the_booking_and_when_it_ends() -> None:
    taken = Busy(epoch("10:00"), epoch("10:45"), "a-booking")
    (found,) = explained(window(TUESDAY, "09:00-18:00", busy=[taken]), "10:30")
    assert (found.rule, found.message, found.booking_id) == (
        "busy",
        "Ana is busy 10:00-10:45",
        "a-booking",
    )
    assert "10:45" in found.opens_if


def test_a_hold_says_until_when() -> None:
    held = Busy(epoch("10:00"), epoch("10:45"), "a-booking", epoch("09:20"))
    (found,) = explained(window(TUESDAY, "09:00-18:00", busy=[held]), "10:30")
    assert found.rule == "hold"
    assert "until 09:20" in found.message


def test_what_only_the_buffer_meets_is_called_a_buffer() -> None:
    taken = Busy(epoch("10:00"), epoch("10:30"), "a-booking")
    seen = window(TUESDAY, "09:00-18:00", busy=[taken], before=15)
    assert [found.rule for found in explained(seen, "10:30")] == ["buffer"]


@pytest.mark.parametrize(
    ("wall", "words"), [("08:00", "not at work"), ("12:30", "break 13:00-14:00"), ("18:00", "not")]
)
def test_a_time_outside_the_shifts_says_so(wall: str, words: str) -> None:
    seen = window(TUESDAY, "09:00-13:00,14:00-18:00", segments="busy 60")
    (found,) = explained(seen, wall)
    assert found.rule == "outside_shift"
    assert words in found.message


def test_a_closed_day_names_the_holiday() -> None:
    seen = window(TUESDAY, "09:00-18:00", closures={TUESDAY: "Luna's birthday"})
    (found,) = explained(seen, "10:00")
    assert found.rule == "closed"
    assert "Luna's birthday" in found.message


def test_the_past_notice_and_horizon_each_have_their_own_words() -> None:
    now = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)  # 10:10 in Berlin
    assert explained(window(TUESDAY, "09:00-18:00", now=now), "10:00")[0].rule == "past"
    seen = window(TUESDAY, "09:00-18:00", now=now, notice_minutes=60)
    assert [found.rule for found in explained(seen, "11:00")] == ["notice"]
    long_before = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    seen = window(TUESDAY, "09:00-18:00", now=long_before, horizon_days=1)
    assert [found.rule for found in explained(seen, "10:00")] == ["horizon"]


def test_every_reason_is_told_once_the_most_general_first() -> None:
    taken = Busy(epoch("10:00"), epoch("11:00"), "a-booking")
    seen = window(
        TUESDAY, "09:00-18:00", segments="busy 30,gap 10,busy 20", busy=[taken], performs=False
    )
    assert [found.rule for found in explained(seen, "10:05")] == ["granularity", "skill", "busy"]


def test_every_reason_says_what_would_open_the_time() -> None:
    now = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
    taken = Busy(epoch("17:00"), epoch("17:30"), "a-booking")
    seen = window(TUESDAY, "11:00-18:00", now=now, notice_minutes=600, busy=[taken], performs=False)
    for wall in ("10:20", "10:00", "17:00"):
        found = explained(seen, wall)
        assert len(found) >= 2
        assert all(reason.opens_if for reason in found)
