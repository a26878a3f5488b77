"""Scenario 11: what is listed on the day of the change is booked, at the times that were listed.

And notice that ends on that day counts hours that pass, not hours on the wall.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from databases import Database
from factories import empty_salon
from sqlalchemy import Engine as Pool

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.catalog.actions import set_service

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)


@pytest.mark.parametrize("day", [SPRING, AUTUMN], ids=str)
def test_every_listed_start_is_booked_as_listed(database: Database, pool: Pool, day: date) -> None:
    now = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    salon = empty_salon(database, pool, now=now)
    salon.staff("ana")
    salon.hours("ana", "mon-sun 00:00-24:00")
    salon.service("cut", "busy 30", "30.00")
    customer = salon.customer().id
    listed = salon.slots(str(day))
    assert len(listed) == (23 if day == SPRING else 25) * 4
    for slot in listed[::2]:
        wanted = BookingRequest("cut", "ana", slot.start, customer)
        booked = salon.act(lambda tx: book(tx, wanted))  # noqa: B023
        assert (booked.starts_at, booked.ends_at) == (slot.start, slot.end)
    assert salon.slots(str(day)) == []


@pytest.mark.parametrize(
    ("day", "first"), [(SPRING, "11:15"), (AUTUMN, "09:15"), (date(2027, 6, 8), "10:15")], ids=str
)
def test_notice_of_a_day_is_twenty_four_hours(
    database: Database, pool: Pool, day: date, first: str
) -> None:
    """Asked at 10:10 on the day before: the wall shows 11:10, 9:10 or 10:10 when it has passed."""
    salon = empty_salon(database, pool)
    at = salon.local(f"{day - timedelta(days=1)} 10:10")
    salon.staff("ana")
    salon.hours("ana", "mon-sun 08:00-20:00")
    salon.service("cut", "busy 30", "30.00")
    salon.act(lambda tx: set_service(tx, "cut", {"notice_minutes": 24 * 60}))
    seen = salon.at(at)
    assert seen.starts(str(day))[0] == first
    seen.book(f"{day} {first}")
