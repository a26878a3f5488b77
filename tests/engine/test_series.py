"""A series: the same wall-clock time every so often, booked whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from factories import Salon, open_salon
from racing import overlaps
from sqlalchemy import Engine as Pool
from sqlalchemy import event, text

from bookra.engine.availability.timetable import set_exception
from bookra.engine.bookings.actions import cancel, check_in
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.recurring.dates import SeriesRequest
from bookra.engine.bookings.recurring.recurrence import Every, parse_every
from bookra.engine.bookings.recurring.series import Series, book_series, cancel_series
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.taking import take_cash
from bookra.errors import ConflictError, InvalidInputError, NotFoundError

FIRST = "2026-11-24 10:00"
WEEK = Every(1, "week")
MOST_STATEMENTS_A_VISIT = 25
SERIES_IDS = text("SELECT series_id FROM bookings WHERE tenant_id = :tenant_id")
REQUESTED = text("SELECT DISTINCT requested FROM booking_lines WHERE tenant_id = :tenant_id")
COUNT = text("SELECT count(*) AS n FROM bookings WHERE tenant_id = :tenant_id")


@contextmanager
def counted(pool: Pool) -> Iterator[list[str]]:
    """Record every statement that goes through SQLAlchemy."""
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(pool, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(pool, "before_cursor_execute", note)


def wanted(
    salon: Salon,
    first: str = FIRST,
    *,
    staff: str | None = "ana",
    service: str = "cut",
    every: str = "week",
    count: int | None = 4,
    until: date | None = None,
    skip: bool = False,
) -> SeriesRequest:
    customer = salon.customer()
    at = salon.local(first)
    return SeriesRequest(
        service, staff, at, customer.id, parse_every(every), count, until, skip_conflicts=skip
    )


def booked(salon: Salon, request: SeriesRequest) -> Series:
    return salon.act(lambda tx: book_series(tx, request))


def refused(salon: Salon, request: SeriesRequest) -> ConflictError:
    with pytest.raises(ConflictError) as error:
        booked(salon, request)
    assert error.value.code == "series_conflicts"
    return error.value


def walls(salon: Salon, bookings: tuple[Booking, ...]) -> list[str]:
    return [f"{each.starts_at.astimezone(salon.zone):%Y-%m-%d %H:%M}" for each in bookings]


def count(salon: Salon) -> int:
    row = salon.ask(lambda tx: tx.row(COUNT))
    assert row is not None
    return int(row.n)


def test_every_visit_is_a_booking_of_its_own_with_the_series_id(salon: Salon) -> None:
    series = booked(salon, wanted(salon))
    assert walls(salon, series.bookings) == [
        "2026-11-24 10:00",
        "2026-12-01 10:00",
        "2026-12-08 10:00",
        "2026-12-15 10:00",
    ]
    assert {booking.status for booking in series.bookings} == {Status.CONFIRMED}
    assert {booking.hold_expires_at for booking in series.bookings} == {None}
    assert len({booking.code for booking in series.bookings}) == 4
    assert {row.series_id for row in salon.ask(lambda tx: tx.rows(SERIES_IDS))} == {series.id}
    assert (series.rule, series.skipped) == ("every week, 4 times", ())


def test_a_visit_of_a_series_never_lapses(salon: Salon) -> None:
    booked(salon, wanted(salon))
    with pytest.raises(ConflictError):
        salon.later(days=1, minutes=1).book("2026-12-01 10:00")


def test_the_wall_clock_stays_when_the_clocks_change(salon: Salon) -> None:
    spring = salon.at(salon.local("2027-03-01 09:00"))
    series = booked(spring, wanted(spring, "2027-03-22 10:00", count=2))
    assert walls(spring, series.bookings) == ["2027-03-22 10:00", "2027-03-29 10:00"]
    first, second = (booking.starts_at for booking in series.bookings)
    assert (second - first).total_seconds() == (7 * 24 - 1) * 3600


def test_a_time_that_the_clocks_jump_over_is_a_conflict(salon: Salon) -> None:
    salon.hours("ana", "sun 01:00-06:00")
    spring = salon.at(salon.local("2027-03-01 09:00"))
    request = wanted(spring, "2027-03-21 02:30", count=3)
    (conflict,) = refused(spring, request).details["conflicts"]
    assert (conflict["start"], conflict["code"]) == ("2027-03-28T02:30:00", "time_skipped")
    series = booked(spring, replace(request, skip_conflicts=True))
    assert walls(spring, series.bookings) == ["2027-03-21 02:30", "2027-04-04 02:30"]
    assert [skipped.code for skipped in series.skipped] == ["time_skipped"]


def test_a_month_without_the_day_is_a_conflict(salon: Salon) -> None:
    request = wanted(salon, "2026-12-30 10:00", every="month", count=3)
    (conflict,) = refused(salon, request).details["conflicts"]
    assert (conflict["start"], conflict["code"]) == ("2027-02-30T10:00:00", "day_missing")
    series = booked(salon, replace(request, skip_conflicts=True))
    assert walls(salon, series.bookings) == ["2026-12-30 10:00", "2027-01-30 10:00"]


def test_conflicting_dates_are_all_named_and_nothing_is_booked(salon: Salon) -> None:
    salon.act(lambda tx: set_exception(tx, "ana", date(2026, 12, 8), ()))
    salon.book("2026-12-01 10:15", customer=salon.customer("Mia Kern"))
    before = count(salon)
    error = refused(salon, wanted(salon))
    named = [(each["start"], each["code"]) for each in error.details["conflicts"]]
    assert named == [
        ("2026-12-01T10:00:00+01:00", "busy"),
        ("2026-12-08T10:00:00+01:00", "outside_shift"),
    ]
    assert "2 of 4 visits" in error.message
    assert "Ana is busy 10:15-11:00" in error.message
    assert "--skip-conflicts" in error.hint
    assert count(salon) == before


def test_the_rest_is_booked_when_conflicts_are_skipped(salon: Salon) -> None:
    salon.book("2026-12-01 10:15", customer=salon.customer("Mia Kern"))
    series = booked(salon, wanted(salon, skip=True))
    assert len(series.bookings) == 3
    assert [(each.start, each.code) for each in series.skipped] == [
        ("2026-12-01T10:00:00+01:00", "busy")
    ]


def test_a_series_of_conflicts_alone_is_refused_even_when_they_are_skipped(salon: Salon) -> None:
    request = wanted(salon, "2026-11-24 20:00", skip=True)
    error = refused(salon, request)
    assert len(error.details["conflicts"]) == 4
    assert count(salon) == 0


def test_anybody_means_one_person_for_all_when_one_is_free_for_all(salon: Salon) -> None:
    salon.book("2026-12-01 10:00", staff="ana", customer=salon.customer("Mia Kern"))
    series = booked(salon, wanted(salon, staff=None))
    assert {booking.lines[0].staff for booking in series.bookings} == {"ben"}


@pytest.mark.parametrize("staff", ["ana", None])
def test_only_who_was_asked_for_counts_as_asked_for(salon: Salon, staff: str | None) -> None:
    """A visit that must move keeps the person whom the customer wanted, if they wanted one."""
    booked(salon, wanted(salon, staff=staff))
    found = {row.requested for row in salon.ask(lambda tx: tx.rows(REQUESTED))}
    assert found == {staff is not None}


def test_of_two_who_are_free_the_one_with_less_to_do_gets_the_series(salon: Salon) -> None:
    salon.book("2026-12-02 15:00", staff="ana", customer=salon.customer("Mia Kern"))
    series = booked(salon, wanted(salon, staff=None))
    assert {booking.lines[0].staff for booking in series.bookings} == {"ben"}


def test_without_one_for_all_each_date_is_with_who_is_free(salon: Salon) -> None:
    mia = salon.customer("Mia Kern")
    salon.book("2026-12-01 10:00", staff="ana", customer=mia)
    salon.book("2026-12-08 10:00", staff="ben", customer=mia)
    series = booked(salon, wanted(salon, staff=None))
    staff = [booking.lines[0].staff for booking in series.bookings]
    assert (staff[1], staff[2]) == ("ben", "ana")


def test_a_date_on_which_nobody_is_free_is_a_conflict_for_anybody(salon: Salon) -> None:
    mia = salon.customer("Mia Kern")
    for staff in ("ana", "ben"):
        salon.book("2026-12-01 10:00", staff=staff, customer=mia)
    (conflict,) = refused(salon, wanted(salon, staff=None)).details["conflicts"]
    assert conflict["code"] == "slot_taken"
    assert conflict["message"] == "Nobody is free at 10:00 on Tue 01 Dec 2026"


def test_an_end_date_is_included_and_the_earlier_end_holds(salon: Salon) -> None:
    series = booked(salon, wanted(salon, count=None, until=date(2026, 12, 8)))
    assert len(series.bookings) == 3
    both = wanted(salon, "2026-11-24 14:00", count=10, until=date(2026, 12, 7))
    assert len(booked(salon, both).bookings) == 2


def test_a_first_visit_in_the_past_and_an_endless_series_are_refused(salon: Salon) -> None:
    with pytest.raises(InvalidInputError) as past:
        booked(salon, wanted(salon, "2026-11-20 10:00"))
    assert past.value.code == "past"
    with pytest.raises(InvalidInputError) as endless:
        booked(salon, wanted(salon, count=None))
    assert endless.value.code == "no_end"


@pytest.mark.parametrize(("service", "staff"), [("perm", "ana"), ("cut", "zoe")])
def test_what_does_not_exist_is_named_at_once(salon: Salon, service: str, staff: str) -> None:
    with pytest.raises(NotFoundError):
        booked(salon, wanted(salon, service=service, staff=staff))


def test_dates_beyond_the_horizon_are_conflicts(salon: Salon) -> None:
    error = refused(salon, wanted(salon, every="26 weeks", count=6))
    assert {each["code"] for each in error.details["conflicts"]} == {"horizon"}


def test_one_message_tells_of_the_whole_series(salon: Salon, tmp_path: Path) -> None:
    salon.customer(phone="030 901820")
    for provider in ("google", "whatsapp"):
        salon.connect_provider(provider, tmp_path / "key")
    request = replace(wanted(salon), customer_id=salon.customer(phone="030 901820").id)
    series = booked(salon, request)
    rows = salon.ask(outbox_rows)
    assert sorted(row.topic for row in rows) == ["calendar.upsert"] * 4 + ["message.send"]
    (message,) = [row for row in rows if row.topic == "message.send"]
    assert message.booking == series.bookings[0].code


def test_a_year_of_weeks_is_looked_at_once_and_booked_in_a_few_statements_each(
    salon: Salon,
) -> None:
    """A count, not a clock: the machine that runs this may be busy. Seconds: well under five."""
    request = wanted(salon, count=52, staff=None)
    with counted(salon.pool) as statements:
        began = time.process_time()
        series = booked(salon, request)
    assert len(series.bookings) == 52
    assert len(statements) < 52 * MOST_STATEMENTS_A_VISIT
    assert time.process_time() - began < 5


def test_a_year_of_conflicts_is_named_without_a_search_each(salon: Salon) -> None:
    request = wanted(salon, "2026-11-24 20:00", count=52)
    with counted(salon.pool) as statements:
        error = refused(salon, request)
    assert len(error.details["conflicts"]) == 52
    assert len(statements) < 20


def test_cancelling_a_series_cancels_this_visit_and_the_later_ones(salon: Salon) -> None:
    series = booked(salon, wanted(salon))
    other = booked(salon, wanted(salon, "2026-11-24 14:00"))
    second = series.bookings[1].code
    cancelled = salon.act(lambda tx: cancel_series(tx, second))
    assert [booking.code for booking in cancelled] == [b.code for b in series.bookings[1:]]
    assert {booking.status for booking in cancelled} == {Status.CANCELLED}
    assert salon.booking(series.bookings[0].code).status is Status.CONFIRMED
    assert salon.booking(other.bookings[3].code).status is Status.CONFIRMED
    assert "10:00" in salon.starts("2026-12-15")


def test_a_visit_that_was_cancelled_before_stays_as_it_is(salon: Salon) -> None:
    series = booked(salon, wanted(salon))
    salon.act(lambda tx: cancel(tx, series.bookings[2].code))
    cancelled = salon.act(lambda tx: cancel_series(tx, series.bookings[0].code))
    assert len(cancelled) == 3


def test_one_that_cannot_be_cancelled_keeps_all(salon: Salon) -> None:
    series = booked(salon, wanted(salon))
    salon.act(lambda tx: take_cash(tx, series.bookings[3].code))
    with pytest.raises(ConflictError) as paid:
        salon.act(lambda tx: cancel_series(tx, series.bookings[0].code))
    assert paid.value.code == "already_paid"
    assert series.bookings[3].code in paid.value.message
    assert {salon.booking(b.code).status for b in series.bookings} == {Status.CONFIRMED}


def test_a_booking_of_no_series_and_one_that_is_over_are_refused(salon: Salon) -> None:
    alone = salon.book("2026-11-25 10:00")
    with pytest.raises(ConflictError) as refusal:
        salon.act(lambda tx: cancel_series(tx, alone.code))
    assert refusal.value.code == "not_in_series"
    series = booked(salon, wanted(salon))
    salon.act(lambda tx: cancel(tx, series.bookings[0].code))
    with pytest.raises(ConflictError) as refusal:
        salon.act(lambda tx: cancel_series(tx, series.bookings[0].code))
    assert refusal.value.code == "illegal_state"
    assert salon.booking(series.bookings[1].code).status is Status.CONFIRMED


def test_a_checked_in_visit_goes_with_its_series(salon: Salon) -> None:
    series = booked(salon, wanted(salon))
    salon.act(lambda tx: check_in(tx, series.bookings[0].code))
    assert len(salon.act(lambda tx: cancel_series(tx, series.bookings[0].code))) == 4


def test_a_series_belongs_to_its_business(salon: Salon) -> None:
    series = booked(salon, wanted(salon))
    sol = open_salon(salon.database, salon.pool, "sol")
    with pytest.raises(NotFoundError):
        sol.act(lambda tx: cancel_series(tx, series.bookings[0].code))


def test_a_dry_run_shows_the_series_and_books_nothing(salon: Salon) -> None:
    request = wanted(salon)
    series = salon.act(lambda tx: book_series(tx, request), dry_run=True)
    assert (len(series.bookings), count(salon)) == (4, 0)
    assert overlaps(salon) == 0
