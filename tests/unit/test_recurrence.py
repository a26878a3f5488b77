"""Recurrence: checked against dateutil's rules wherever the two mean the same."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.bookings.recurring.recurrence import (
    MAX_STEP,
    MAX_VISITS,
    UNITS,
    Every,
    Wanted,
    nth,
    parse_every,
    wanted_days,
)
from bookra.errors import InvalidInputError

FREQUENCIES = {"day": DAILY, "week": WEEKLY, "month": MONTHLY}
FIRST = date(2026, 11, 24)

dates = st.dates(date(2020, 1, 1), date(2040, 12, 31))
everies = st.builds(Every, st.integers(1, MAX_STEP), st.sampled_from(UNITS))
counts = st.integers(1, MAX_VISITS)


def existing(days: tuple[Wanted, ...]) -> list[date]:
    return [day.date for day in days if day.date is not None]


@given(dates, everies, counts)
def test_a_count_gives_the_days_of_an_rrule_that_ends_on_the_last_of_them(
    first: date, every: Every, count: int
) -> None:
    days = wanted_days(first, every, count=count, until=None)
    assert len(days) == count
    last = existing(days)[-1]
    rule = rrule(
        FREQUENCIES[every.unit],
        interval=every.step,
        dtstart=datetime.combine(first, datetime.min.time()),
        until=datetime.combine(last, datetime.min.time()),
    )
    assert existing(days) == [found.date() for found in rule]


@given(dates, everies, st.integers(0, 400))
def test_an_end_date_gives_the_days_of_an_rrule_and_may_be_the_last_of_them(
    first: date, every: Every, span: int
) -> None:
    until = first + timedelta(days=span)
    rule = rrule(
        FREQUENCIES[every.unit],
        interval=every.step,
        dtstart=datetime.combine(first, datetime.min.time()),
        until=datetime.combine(until, datetime.min.time()),
    )
    expected = [found.date() for found in rule]
    if len(expected) > MAX_VISITS:
        with pytest.raises(InvalidInputError) as refused:
            wanted_days(first, every, count=None, until=until)
        assert refused.value.code == "series_too_long"
    else:
        assert existing(wanted_days(first, every, count=None, until=until)) == expected


@given(dates, everies, counts, st.integers(0, 4000))
def test_of_two_ends_the_earlier_one_holds(
    first: date, every: Every, count: int, span: int
) -> None:
    until = first + timedelta(days=span)
    both = wanted_days(first, every, count=count, until=until)
    by_count = wanted_days(first, every, count=count, until=None)
    limit = Wanted(until.year, until.month, until.day)
    assert both == tuple(day for day in by_count if day <= limit)


@given(dates, everies, st.integers(0, MAX_VISITS))
def test_every_visit_is_later_than_the_one_before(first: date, every: Every, number: int) -> None:
    assert nth(first, every, number) < nth(first, every, number + 1)


@given(everies)
def test_what_is_written_is_read_again(every: Every) -> None:
    assert parse_every(str(every)) == every


def test_a_month_without_the_day_is_named_and_counts() -> None:
    days = wanted_days(date(2027, 1, 31), Every(1, "month"), count=4, until=None)
    assert [str(day) for day in days] == ["2027-01-31", "2027-02-31", "2027-03-31", "2027-04-31"]
    assert [day.date for day in days] == [date(2027, 1, 31), None, date(2027, 3, 31), None]


def test_the_29th_of_february_is_there_in_leap_years_alone() -> None:
    days = wanted_days(date(2028, 2, 29), Every(12, "month"), count=5, until=None)
    assert [day.date is not None for day in days] == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("week", Every(1, "week")),
        ("weeks", Every(1, "week")),
        ("2 weeks", Every(2, "week")),
        ("4weeks", Every(4, "week")),
        (" Day ", Every(1, "day")),
        ("1 month", Every(1, "month")),
    ],
)
def test_how_often_is_read_in_plain_words(text: str, every: Every) -> None:
    assert parse_every(text) == every


@pytest.mark.parametrize("text", ["", "0 weeks", "fortnight", "100 days", "-1 week", "year", "2"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_every(text)
    assert refused.value.code == "bad_every"


@pytest.mark.parametrize(
    ("count", "until", "code"),
    [
        (None, None, "no_end"),
        (0, None, "bad_count"),
        (-3, None, "bad_count"),
        (3, date(2026, 11, 23), "no_visit"),
        (MAX_VISITS + 1, None, "series_too_long"),
        (None, date(2036, 1, 1), "series_too_long"),
    ],
)
def test_a_series_has_an_end_within_reason(
    count: int | None, until: date | None, code: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        wanted_days(FIRST, Every(1, "week"), count=count, until=until)
    assert refused.value.code == code


def test_the_longest_series_is_allowed_and_a_far_count_with_a_near_end_too() -> None:
    assert len(wanted_days(FIRST, Every(1, "week"), count=MAX_VISITS, until=None)) == MAX_VISITS
    near = wanted_days(FIRST, Every(1, "week"), count=5000, until=date(2026, 12, 8))
    assert [str(day) for day in near] == ["2026-11-24", "2026-12-01", "2026-12-08"]
