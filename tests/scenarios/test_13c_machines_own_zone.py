"""Scenario 13c: the same answers whatever the machine's and the server's own time zones are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from databases import Database
from factories import empty_salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.bookings.rota import day_snapshot
from bookra.engine.database import open_pool

DAYS = (date(2027, 3, 28), date(2027, 10, 31), date(2027, 1, 1))
ZONES = ("UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns")


@contextmanager
def machine_in(zone: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process believe that the machine stands in a zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()


def server_in(database: Database, zone: str) -> None:
    """Give the database's sessions another zone to begin with."""
    pool = open_pool(database.administrator, pooled=False)
    with pool.connect() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET timezone = '{zone}'"))
        connection.commit()


@pytest.mark.parametrize("zone", ZONES)
def test_slots_bookings_and_days_are_the_same_everywhere(
    database: Database, pool: Pool, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_in(database, zone)
    pool.dispose()
    with machine_in(zone, monkeypatch):
        salon = empty_salon(database, pool, now=datetime(2026, 12, 1, tzinfo=UTC))
        salon.staff("ana")
        salon.hours("ana", "mon-sun 01:00-04:00,22:30-00:30")
        salon.service("cut", "busy 30", "30.00")
        found = [[f"{slot.start:%d %H:%M}" for slot in salon.slots(str(day))[::4]] for day in DAYS]
        booked = salon.book("2027-03-28 23:45")
        seen = salon.ask(lambda tx: day_snapshot(tx, DAYS[0]))
    assert found == [
        ["27 23:00", "28 00:45", "28 20:30", "28 21:30"],
        ["30 22:00", "30 23:45", "31 00:45", "31 01:45", "31 21:30", "31 22:30"],
        ["31 23:00", "01 00:45", "01 01:45", "01 21:30", "01 22:30"],
    ]
    assert booked.starts_at == datetime(2027, 3, 28, 21, 45, tzinfo=UTC)
    assert [block.code for block in seen.blocks] == [booked.code]
