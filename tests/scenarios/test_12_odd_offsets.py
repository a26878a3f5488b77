"""Scenario 12: zones at +05:30, +05:45 and −03:30 have slots on their own full hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from databases import Database
from factories import empty_salon
from sqlalchemy import Engine as Pool

ZONES = [
    ("Asia/Kolkata", "03:30"),
    ("Asia/Kathmandu", "03:15"),
    ("America/St_Johns", "12:30"),
    ("Australia/Eucla", "00:15"),
]


@pytest.mark.parametrize(("zone", "nine_in_utc"), ZONES)
def test_nine_o_clock_is_nine_o_clock(
    database: Database, pool: Pool, zone: str, nine_in_utc: str
) -> None:
    salon = empty_salon(database, pool, timezone=zone)
    salon.staff("ana")
    salon.hours("ana", "mon-sun 09:00-10:30")
    salon.service("cut", "busy 30", "30.00")
    listed = salon.slots("2026-11-25")
    shown = [f"{slot.start.astimezone(salon.zone):%H:%M}" for slot in listed]
    assert shown == ["09:00", "09:15", "09:30", "09:45", "10:00"]
    assert listed[0].start == datetime.fromisoformat(f"2026-11-25T{nine_in_utc}").replace(
        tzinfo=UTC
    )
    booked = salon.book("2026-11-25 09:00")
    assert booked.starts_at == listed[0].start
    assert salon.starts("2026-11-25") == ["09:30", "09:45", "10:00"]
