"""Pay periods as they are written, chair rent by weeks and months, and what a run comes to."""

from __future__ import annotations

from datetime import date

import pytest

from bookra.engine.commissions.rules import Every
from bookra.engine.payouts.figures import Dues, Figures, State
from bookra.engine.payouts.period import Period, parse_period
from bookra.engine.payouts.rent import Due, RentTerms, falling_due
from bookra.errors import InvalidInputError

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "first", "last", "written"),
    [
        ("2026-11", "2026-11-01", "2026-11-30", "2026-11"),
        ("2028-02", "2028-02-01", "2028-02-29", "2028-02"),
        ("previous", "2026-10-01", "2026-10-31", "2026-10"),
        ("current", "2026-11-01", "2026-11-30", "2026-11"),
        ("2026-W47", "2026-11-16", "2026-11-22", "2026-W47"),
        ("2026-w53", "2026-12-28", "2027-01-03", "2026-W53"),
        ("2026-11-01..2026-11-15", "2026-11-01", "2026-11-15", "2026-11-01..2026-11-15"),
        ("2026-11-01..2026-11-30", "2026-11-01", "2026-11-30", "2026-11"),
    ],
)
def test_a_period_is_read_and_written(text: str, first: str, last: str, written: str) -> None:
    found = parse_period(text, TODAY)
    assert found == Period(date.fromisoformat(first), date.fromisoformat(last))
    assert str(found) == written
    assert parse_period(written, TODAY) == found


def test_the_month_before_january_is_december() -> None:
    assert str(parse_period("previous", date(2027, 1, 31))) == "2026-12"


@pytest.mark.parametrize(
    "text",
    [
        *("", "nov", "2026-13", "2026-00", "2026-W54", "2026-W00", "26-11", "0001-01"),
        *("9999-12", "9999-W52", "9999-12-01..9999-12-31"),
        *("2026-11-15..2026-11-01", "2026-01-01..2027-12-31", "2026-11-01..2026-11-31"),
    ],
)
def test_what_is_not_a_period_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not a pay period"):
        parse_period(text, TODAY)


def rent(amount: int, day: str, every: Every = Every.MONTH) -> RentTerms:
    return RentTerms(amount, every, date.fromisoformat(day))


def due(first: str, last: str, amount: int) -> Due:
    return Due(date.fromisoformat(first), date.fromisoformat(last), amount)


def test_rent_falls_due_on_the_first_day_of_each_month() -> None:
    terms = [rent(25_000, "2026-10-01")]
    assert falling_due(terms, None, date(2026, 9, 30)) == []
    assert falling_due(terms, None, date(2026, 11, 1)) == [
        due("2026-10-01", "2026-10-31", 25_000),
        due("2026-11-01", "2026-11-30", 25_000),
    ]


def test_what_was_accrued_does_not_fall_due_again() -> None:
    terms = [rent(25_000, "2026-10-01")]
    assert falling_due(terms, date(2026, 11, 30), date(2026, 11, 30)) == []
    assert falling_due(terms, date(2026, 10, 31), date(2026, 11, 30)) == [
        due("2026-11-01", "2026-11-30", 25_000)
    ]


def test_a_month_in_part_is_charged_by_its_days() -> None:
    assert falling_due([rent(30_000, "2026-11-16")], None, date(2026, 11, 30)) == [
        due("2026-11-16", "2026-11-30", 15_000)
    ]


def test_new_terms_cut_the_month_and_an_end_ends_it() -> None:
    terms = [rent(30_000, "2026-11-01"), rent(60_000, "2026-11-11"), rent(0, "2026-11-21")]
    assert falling_due(terms, None, date(2026, 12, 31)) == [
        due("2026-11-01", "2026-11-10", 10_000),
        due("2026-11-11", "2026-11-20", 20_000),
    ]


def test_new_terms_never_charge_an_accrued_day_again() -> None:
    terms = [rent(30_000, "2026-11-01"), rent(60_000, "2026-11-11")]
    assert falling_due(terms, date(2026, 11, 30), date(2026, 12, 1)) == [
        due("2026-12-01", "2026-12-31", 60_000)
    ]


def test_of_two_terms_from_one_day_the_later_counts() -> None:
    terms = [rent(100, "2026-11-02", Every.WEEK), rent(700, "2026-11-02", Every.WEEK)]
    assert falling_due(terms, None, date(2026, 11, 9)) == [
        due("2026-11-02", "2026-11-08", 700),
        due("2026-11-09", "2026-11-15", 700),
    ]


def test_a_run_adds_up_and_says_what_came_from_before() -> None:
    run = Figures(4000, 1500, 2000, 300, Dues(1000, 1500, 200, 300))
    assert (run.gross_minor, run.net_minor, run.carried_minor) == (5500, 2000, -1200)
    assert run.net_minor == run.gross_minor - run.clawback_minor - run.rent_minor - 1200
    assert run.sealed_state is State.APPROVED


@pytest.mark.parametrize("minor", [0, -1])
def test_a_run_that_comes_to_nothing_or_less_is_carried(minor: int) -> None:
    assert Figures(0, 0, 0, 0, Dues(minor)).sealed_state is State.CARRIED
