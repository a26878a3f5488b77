"""Scenario 13b: the exact slots of Berlin's two nights with a change, listed and booked."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from databases import Database
from factories import Salon, empty_salon
from sqlalchemy import Engine as Pool

from bookra.engine.availability.hours import parse_shifts
from bookra.engine.availability.timetable import set_exception
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.catalog.actions import set_service
from bookra.errors import BookraError

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)


@pytest.fixture
def berlin(database: Database, pool: Pool) -> Salon:
    """A salon in Berlin with half-hour slots, early in 2027."""
    salon = empty_salon(database, pool, now=datetime(2027, 3, 1, tzinfo=UTC))
    salon.staff("ana")
    salon.service("cut", "busy 30", "30.00")
    salon.act(lambda tx: set_service(tx, "cut", {"granularity_minutes": 30}))
    return salon


def booked(salon: Salon, day: date) -> list[str]:
    """Book every listed start; return the times, as the wall shows them with their offsets."""
    found = []
    for slot in salon.slots(str(day)):
        wanted = BookingRequest("cut", "ana", slot.start, salon.customer().id)
        at = salon.act(lambda tx: book(tx, wanted)).starts_at  # noqa: B023
        found.append(f"{at.astimezone(salon.zone):%H:%M%z}")
    return found


def test_from_one_to_four_in_spring_there_are_four_half_hours(berlin: Salon) -> None:
    berlin.hours("ana", "mon-sun 01:00-04:00")
    assert booked(berlin, SPRING) == ["01:00+0100", "01:30+0100", "03:00+0200", "03:30+0200"]


def test_a_shift_in_the_hour_that_does_not_exist_gives_none(berlin: Salon) -> None:
    berlin.hours("ana", "mon-sun 02:00-03:00")
    assert booked(berlin, SPRING) == []
    at = datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    wanted = BookingRequest("cut", "ana", at, berlin.customer().id)
    with pytest.raises(BookraError) as refused:
        berlin.act(lambda tx: book(tx, wanted))
    assert refused.value.code == "not_offered"


def test_an_exception_from_half_past_two_starts_at_three(berlin: Salon) -> None:
    berlin.hours("ana", "mon-sun 09:00-10:00")
    berlin.act(lambda tx: set_exception(tx, "ana", SPRING, parse_shifts("02:30-04:00")))
    assert booked(berlin, SPRING) == ["03:00+0200", "03:30+0200"]


def test_in_autumn_nothing_of_the_shift_is_lost(berlin: Salon) -> None:
    berlin.hours("ana", "mon-sun 01:00-04:00")
    seen = berlin.at(datetime(2027, 10, 20, tzinfo=UTC))
    assert booked(seen, AUTUMN) == [
        *("01:00+0200", "01:30+0200", "02:00+0200", "02:30+0200"),
        *("02:00+0100", "02:30+0100", "03:00+0100", "03:30+0100"),
    ]
