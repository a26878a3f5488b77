"""Scenario 10: hours that start after noon, on the day the clocks change, keep their own times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from databases import Database
from factories import empty_salon
from sqlalchemy import Engine as Pool

CHANGES = [
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("America/New_York", date(2027, 3, 14)),
    ("America/New_York", date(2027, 11, 7)),
    ("Australia/Sydney", date(2027, 4, 4)),
]


@pytest.mark.parametrize(("zone", "day"), CHANGES, ids=str)
def test_hours_from_one_in_the_afternoon_start_at_one(
    database: Database, pool: Pool, zone: str, day: date
) -> None:
    before = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=3)
    salon = empty_salon(database, pool, now=before, timezone=zone)
    salon.staff("ana")
    salon.hours("ana", "mon-sun 13:00-15:00")
    salon.service("cut", "busy 30", "30.00")
    wanted = ["13:00", "13:15", "13:30", "13:45", "14:00", "14:15", "14:30"]
    for step in (-1, 0, 1):
        there = day + timedelta(days=step)
        assert salon.starts(str(there)) == wanted
    booked = salon.book(f"{day} 14:30")
    assert booked.starts_at.astimezone(salon.zone).hour == 14
    assert booked.ends_at - booked.starts_at == timedelta(minutes=30)
