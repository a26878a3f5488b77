"""Scenario 16: moving a booking works in zones west of Greenwich, also over midnight in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from databases import Database
from factories import empty_salon
from racing import overlaps
from sqlalchemy import Engine as Pool

from bookra.engine.bookings.moving import move, swap

ZONES = ["America/Los_Angeles", "America/St_Johns", "Pacific/Honolulu", "Pacific/Pago_Pago"]


@pytest.mark.parametrize("zone", ZONES)
def test_an_evening_that_is_tomorrow_in_utc_can_be_moved(
    database: Database, pool: Pool, zone: str
) -> None:
    salon = empty_salon(database, pool, now=datetime(2026, 11, 23, 20, tzinfo=UTC), timezone=zone)
    for name in ("ana", "ben"):
        salon.staff(name)
        salon.hours(name, "mon-sun 09:00-23:30")
    salon.service("cut", "busy 45", "45.00")
    late = salon.book("2026-11-24 22:30")
    assert late.starts_at.date() != late.starts_at.astimezone(salon.zone).date()
    moved = salon.act(lambda tx: move(tx, late.code, salon.local("2026-11-24 09:00")))
    assert moved.starts_at == salon.local("2026-11-24 09:00")
    back = salon.act(lambda tx: move(tx, late.code, salon.local("2026-11-25 22:45")))
    assert f"{back.starts_at.astimezone(salon.zone):%d %H:%M}" == "25 22:45"
    other = salon.book("2026-11-24 22:00", staff="ben")
    left, right = salon.act(lambda tx: swap(tx, late.code, other.code))
    assert (left.starts_at, right.starts_at) == (other.starts_at, back.starts_at)
    assert "22:00" in salon.starts("2026-11-24")
    assert overlaps(salon) == 0
