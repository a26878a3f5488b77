"""Policies and periods: windows, fees, and the days on which members are billed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.orders.periods import months_after, next_period
from bookra.engine.prices.policy import Fee, Policy, parse_fee, parse_window
from bookra.errors import InvalidInputError
from bookra.ids import new_id

VISIT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minutes"), [("24h", 1440), ("90m", 90), ("2d", 2880), ("48", 2880), ("0", 0)]
)
def test_a_window_is_read(text: str, minutes: int) -> None:
    assert parse_window(text) == minutes


@pytest.mark.parametrize("text", ["", "soon", "-1h", "1w", "366d", "1.5h"])
def test_a_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_window(text)


@pytest.mark.parametrize(
    ("text", "fee"),
    [("50%", Fee(bps=5000)), ("20.00", Fee(minor=2000)), ("none", None), ("0%", None), ("0", None)],
)
def test_a_fee_is_a_share_or_an_amount(text: str, fee: Fee | None) -> None:
    assert parse_fee(text, "EUR") == fee


@pytest.mark.parametrize("text", ["101%", "x", "-5", "5.001"])
def test_a_fee_that_can_not_be_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_fee(text, "EUR")


def test_a_cancellation_is_late_from_the_window_on() -> None:
    policy = Policy(new_id(), 1, "Text", 1440, None, None, VISIT)
    day_before = VISIT - timedelta(minutes=1440)
    assert not policy.is_late(VISIT, day_before)
    assert policy.is_late(VISIT, day_before + timedelta(seconds=1))


def test_a_member_of_the_31st_is_billed_at_the_end_of_shorter_months() -> None:
    start = date(2027, 1, 31)
    ends = [months_after(start, months) for months in range(1, 5)]
    assert ends == [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30), date(2027, 5, 31)]
    assert months_after(date(2027, 12, 5), 1) == date(2028, 1, 5)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(1, 12))
def test_periods_follow_each_other_without_a_gap(start: date, months: int) -> None:
    days = [start]
    for _ in range(12):
        begins, until = next_period(start, days[-1], months)
        assert begins == days[-1]
        days.append(until)
    assert days[-1] == months_after(start, 12 * months)
    assert all(
        28 * months <= (after - before).days <= 31 * months for before, after in pairwise(days)
    )
