"""Scenario 13: a shift across midnight, a closed day after it, a customer in another zone."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from factories import Salon

from bookra.engine.availability.closures import INSERT
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.errors import ConflictError
from bookra.ids import new_id


@pytest.fixture
def night(salon: Salon) -> Salon:
    """A salon whose Nia works from ten at night until two, and is closed on the 25th."""
    salon.staff("nia")
    salon.hours("nia", "mon-sun 22:00-02:00")
    salon.act(
        lambda tx: tx.run(
            INSERT, id=new_id(), day=date(2026, 11, 25), name="Stocktaking", location_id=None
        )
    )
    return salon


def test_a_night_that_has_begun_goes_on_into_a_closed_day(night: Salon) -> None:
    starts = night.starts("2026-11-25", staff="nia")
    assert starts == ["00:00", "00:15", "00:30", "00:45", "01:00", "01:15"]
    assert night.book("2026-11-25 01:15", staff="nia").lines[0].staff == "nia"


def test_no_night_begins_on_the_closed_day(night: Salon) -> None:
    assert night.starts("2026-11-26", staff="nia")[0] == "22:00"
    for wall in ("2026-11-25 22:00", "2026-11-26 00:30"):
        with pytest.raises(ConflictError) as refused:
            night.book(wall, staff="nia")
        assert refused.value.code == "not_offered"


def test_a_visit_over_midnight_takes_time_of_both_days(night: Salon) -> None:
    night.book("2026-11-24 23:30", staff="nia")
    assert night.starts("2026-11-24", staff="nia")[-1] == "22:45"
    assert night.starts("2026-11-25", staff="nia")[0] == "00:15"


def test_a_customer_elsewhere_books_the_same_instant(night: Salon) -> None:
    """Half past midnight in Berlin is still yesterday in New York, and half past three in Tokyo."""
    wall = datetime.fromisoformat("2026-11-24T18:30:00-05:00")
    wanted = BookingRequest("cut", "nia", wall, night.customer().id)
    booked = night.act(lambda tx: book(tx, wanted))
    assert booked.starts_at == night.local("2026-11-25 00:30")
    again = datetime.fromisoformat("2026-11-25T08:30:00+09:00")
    wanted = BookingRequest("cut", "nia", again, night.customer().id)
    with pytest.raises(ConflictError) as refused:
        night.act(lambda tx: book(tx, wanted))
    assert refused.value.code == "slot_taken"
