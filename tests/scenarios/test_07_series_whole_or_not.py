"""Scenario 7: a series is booked whole or not at all; an error shown means nothing was booked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from factories import Salon
from racing import overlaps
from sqlalchemy import text

from bookra.engine.bookings.booking import book
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.recurring.dates import SeriesRequest
from bookra.engine.bookings.recurring.recurrence import Every
from bookra.engine.bookings.recurring.series import Series, book_series
from bookra.errors import BookraError, ConflictError

Result = TypeVar("Result")

ROUNDS = 6
VISITS = 6
WRITTEN = text(
    "SELECT (SELECT count(*) FROM bookings WHERE tenant_id = :tenant_id) AS bookings,"
    " (SELECT count(*) FROM allocations WHERE tenant_id = :tenant_id) AS allocations,"
    " (SELECT count(*) FROM series WHERE tenant_id = :tenant_id) AS series"
)


def weekly(
    salon: Salon, first: str, *, staff: str | None, name: str = "Rosa Vega"
) -> SeriesRequest:
    customer = salon.customer(name)
    return SeriesRequest(
        "cut", staff, salon.local(first), customer.id, Every(1, "week"), count=VISITS
    )


def written(salon: Salon) -> tuple[int, int, int]:
    row = salon.ask(lambda tx: tx.row(WRITTEN))
    assert row is not None
    return (row.bookings, row.allocations, row.series)


def together(work: Sequence[Callable[[], Result]]) -> list[Result | BookraError]:
    """Run all of ``work`` at once; a refusal is a result, anything else is raised."""
    start = threading.Barrier(len(work), timeout=30)

    def run(one: Callable[[], Result]) -> Result | BookraError:
        start.wait()
        try:
            return one()
        except BookraError as error:
            return error

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(run, work))


def test_one_taken_date_in_the_middle_keeps_the_whole_series_out(salon: Salon) -> None:
    salon.book("2026-12-15 10:00", customer=salon.customer("Mia Kern"))
    before = written(salon)
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: book_series(tx, weekly(salon, "2026-11-24 10:00", staff="ana")))
    (conflict,) = refused.value.details["conflicts"]
    assert conflict["start"] == "2026-12-15T10:00:00+01:00"
    assert written(salon) == before


@pytest.mark.parametrize("staff", ["ana", None])
def test_of_two_series_for_the_same_times_one_is_whole_and_the_other_none(
    salon: Salon, staff: str | None
) -> None:
    """Anybody is two people here, so both get theirs; a third and a fourth series do not."""
    people = 1 if staff else 2
    names = [f"Customer {number}" for number in range(2 * people)]
    requests = [weekly(salon, "2026-11-24 10:00", staff=staff, name=name) for name in names]
    found = together(
        [lambda r=request: salon.act(lambda tx: book_series(tx, r)) for request in requests]
    )
    whole = [series for series in found if isinstance(series, Series)]
    assert [len(series.bookings) for series in whole] == [VISITS] * people
    assert {error.code for error in found if isinstance(error, BookraError)} == {"series_conflicts"}
    assert written(salon) == (VISITS * people, VISITS * people, people)
    assert overlaps(salon) == 0


def test_series_that_cross_in_time_race_without_half_of_either(salon: Salon) -> None:
    """One runs forwards from November, the other meets it in the middle: no deadlock, no half."""
    for number in range(ROUNDS):
        hour = 9 + number
        one = weekly(salon, f"2026-11-24 {hour:02d}:00", staff="ana")
        other = weekly(salon, f"2026-12-08 {hour:02d}:15", staff="ana", name="Mia Kern")
        before = written(salon)
        found = together(
            [lambda r=request: salon.act(lambda tx: book_series(tx, r)) for request in (one, other)]
        )
        assert sum(isinstance(each, Series) for each in found) == 1
        after = written(salon)
        assert [b - a for a, b in zip(before, after, strict=True)] == [VISITS, VISITS, 1]
    assert overlaps(salon) == 0


def test_a_single_visit_and_a_series_race_for_a_date(salon: Salon) -> None:
    for number in range(ROUNDS):
        hour = 9 + number
        series = weekly(salon, f"2026-11-24 {hour:02d}:00", staff="ana")
        single = salon.request(f"2026-12-08 {hour:02d}:15", customer=salon.customer("Mia Kern"))
        before = written(salon)
        work: list[Callable[[], Series | Booking]] = [
            lambda s=series: salon.act(lambda tx: book_series(tx, s)),
            lambda s=single: salon.act(lambda tx: book(tx, s)),
        ]
        whole, visit = together(work)
        assert isinstance(whole, Series) != isinstance(visit, Booking)
        booked = VISITS if isinstance(whole, Series) else 1
        assert written(salon)[0] - before[0] == booked
    assert overlaps(salon) == 0
