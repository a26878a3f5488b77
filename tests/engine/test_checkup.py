"""What the doctor asks of the catalogue: silent on a sound database, and not on a weakened one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from databases import Database
from factories import Salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.checkup import hazards, weaknesses, zone_disagreements
from bookra.engine.database import open_pool

WEAKENED = {
    "ALTER TABLE bookra.bookings NO FORCE ROW LEVEL SECURITY": "table bookings has no forced",
    "DROP POLICY customers_tenant ON bookra.customers": "table customers has no forced policy",
    "CREATE TABLE bookra.spare (id int)": "table spare belongs to",
    "GRANT SELECT ON bookra.messages TO PUBLIC": "everybody may select messages",
    "GRANT UPDATE ON bookra.entries TO bookra_front_desk": "bookra_front_desk may change",
}


def test_a_weakened_right_is_named(salon: Salon, pool: Pool, database: Database) -> None:
    assert salon.engine.across_tenants(weaknesses) == []
    administrator = open_pool(database.administrator, pooled=False)
    with administrator.connect() as connection:
        for statement, expected in WEAKENED.items():
            connection.execute(text(statement))
            assert [words for words in weaknesses(connection) if expected in words], expected
            connection.rollback()


def test_the_server_and_this_machine_agree_on_zones_and_a_disagreement_is_named(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    ask = lambda: salon.engine.across_tenants(lambda c: zone_disagreements(c, now))  # noqa: E731
    assert ask() == []
    monkeypatch.setattr("bookra.engine.checkup._offset_seconds", lambda _moment, _zone: 3601)
    assert ask() == ["Europe/Berlin"]


def test_a_server_that_may_forget_is_named(pool: Pool) -> None:
    with pool.connect() as connection:
        connection.execute(text("SET synchronous_commit = off"))
        assert "synchronous_commit = off" in hazards(connection)
        connection.execute(text("SET synchronous_commit = on"))
        assert "synchronous_commit = on" not in hazards(connection)
        connection.execute(text("RESET synchronous_commit"))
