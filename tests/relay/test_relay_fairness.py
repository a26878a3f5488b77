"""Many tenants, one relay: a provider that is down or hangs for one delays nobody else."""

from __future__ import annotations

import pytest
from command_line import CommandLine
from connected import Connected, connect, live_salon
from databases import Database
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.config import Settings

FOREIGN_TOKEN = text(
    "UPDATE provider_accounts SET secret = :secret"
    " WHERE tenant_id = :tenant_id AND provider = 'google'"
)


@pytest.fixture
def sol(luna: Connected, database: Database, pool: Pool, settings: Settings) -> Connected:
    """Another salon beside Luna, with accounts of its own at the same stand-ins."""
    return connect(live_salon(database, pool, "sol"), settings, luna.url)


def test_a_tenant_whose_token_does_not_open_delays_nobody(luna: Connected, sol: Connected) -> None:
    sol.salon.act(lambda tx: tx.run(FOREIGN_TOKEN, secret=b"\0" * 60))
    for _ in range(5):
        sol.book()
    booking = luna.book()
    luna.drain()
    assert luna.seen(booking)["events"] == 1
    assert {row.last_error for row in sol.rows()} == {"wrong_key"}


def test_a_tenant_whose_calendar_hangs_delays_neither_links_nor_messages_of_others(
    luna: Connected, sol: Connected, bookra: CommandLine
) -> None:
    luna.outside.fault("google", "timeout", rate=1.0)
    for _ in range(12):
        sol.book()
    with bookra.start("relay", "run"):
        luna.until(lambda: sum(row.state == "leased" for row in sol.rows()) > 1)
        booking = luna.book_with_link()
        luna.until(lambda: luna.booking(booking).payment_url is not None, within_seconds=10)
        luna.pay(booking)
        luna.until(lambda: luna.seen(booking)["messages"] == 1, within_seconds=10)
        assert sum(row.topic == "calendar.upsert" for row in sol.rows()) == 12


def test_a_flood_of_one_tenant_does_not_hold_up_another(luna: Connected, sol: Connected) -> None:
    for _ in range(15):
        sol.book()
    luna.book()
    sol.drain()
    told = max(row.due_at for row in luna.rows("delivered"))  # when it was settled
    assert len(luna.rows("delivered")) == 2
    before = sum(row.due_at < told for row in sol.rows("delivered"))
    assert before < len(sol.rows("delivered")) / 2
