"""The notation of working hours: what is read, what is refused, and that it reads back."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bookra.engine.availability.hours import (
    Shift,
    format_shifts,
    parse_days,
    parse_shifts,
    parse_week,
)
from bookra.errors import InvalidInputError


def test_a_week_is_days_and_shifts() -> None:
    week = parse_week("mon-fri 14:00-18:00, 09:00-13:00")
    assert week.weekdays == (0, 1, 2, 3, 4)
    assert week.shifts == ((540, 780), (840, 1080))


def test_days_may_run_over_the_end_of_the_week() -> None:
    assert parse_days("sat-mon") == (0, 5, 6)
    assert parse_days("SUN,wed") == (2, 6)
    assert parse_days("mon-sun") == (0, 1, 2, 3, 4, 5, 6)


def test_an_overnight_shift_closes_on_the_next_day() -> None:
    assert parse_shifts("22:00-02:00") == ((1320, 1560),)
    assert parse_shifts("00:00-24:00") == ((0, 1440),)
    assert parse_shifts("18:00-00:00") == ((1080, 1440),)


def test_closed_is_a_day_without_shifts() -> None:
    assert parse_week("sat,sun Closed").shifts == ()


def test_shifts_may_touch() -> None:
    assert parse_shifts("09:00-13:00,13:00-18:00") == ((540, 780), (780, 1080))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon",
        "mon ",
        "funday 09:00-10:00",
        "mon- 09:00-10:00",
        "mon,,tue 09:00-10:00",
        "mon 09:00",
        "mon 9-10",
        "mon 24:00-25:00",
        "mon 09:60-10:00",
        "mon 09:00-13:00,12:59-18:00",
        "mon 22:00-02:00,01:59-05:00",
        "mon 09:00-10:00,closed",
    ],
)
def test_hours_that_can_not_be_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_week(text)
    assert refused.value.code == "bad_hours"
    assert "mon-fri 09:00-13:00" in refused.value.hint


@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1439)), min_size=1, max_size=4))
def test_shifts_that_are_shown_are_read_back_the_same(drawn: list[tuple[int, int]]) -> None:
    shifts: tuple[Shift, ...] = tuple(sorted((at, at + length) for at, length in drawn))
    assume(all(a[1] <= b[0] for a, b in pairwise(shifts)))
    assume(shifts[-1][1] - 1440 <= shifts[0][0])
    assert parse_shifts(format_shifts(shifts)) == shifts


def test_no_shifts_are_shown_as_closed() -> None:
    assert parse_shifts(format_shifts(())) == ()


def test_an_end_at_its_start_is_a_shift_round_the_clock() -> None:
    assert parse_shifts("09:00-09:00") == ((540, 540 + 1440),)
