"""Pruning: what a business need not keep goes, in batches; what it must keep can't."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from databases import Database
from factories import Salon, open_business, open_salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text
from teaching import give, offer

from bookra.engine.availability.calendars.places import places, remember
from bookra.engine.bookings.actions import no_show
from bookra.engine.database import open_pool
from bookra.engine.outbox import relays
from bookra.engine.privacy.erasing import erase
from bookra.engine.runtime import Engine
from bookra.engine.tenancy.rules import set_rules
from bookra.errors import InvalidInputError
from bookra.ids import new_id
from bookra.relay.jobs import prune as room
from bookra.relay.jobs.prune import PRUNES, prune

# What only an administrator can do: let rows look old.
FILLS = {
    "outbox_history": """
        INSERT INTO bookra.outbox_history (tenant_id, id, topic, destination, aggregate, sequence,
            payload, version, generation, attempts, rescues, created_at, settled_at, outcome)
        VALUES (:tenant_id, :id, 'invoice.issue', 'local', 'a', 1, '{}', 1, 1, 1, 0, :at, :at,
            'delivered')
        """,
    "command_results": """
        INSERT INTO bookra.command_results (tenant_id, id, key, command, fingerprint, result,
            created_at)
        VALUES (:tenant_id, :id, :key, 'book', 'f', '{}', :at)
        """,
    "inbox": """
        INSERT INTO bookra.inbox (tenant_id, id, provider, event_ref, kind, object_ref,
            happened_at, received_at, handled_at)
        VALUES (:tenant_id, :id, 'stripe', :key, 'charge.succeeded', 'ch_1', :at, :at, :at)
        """,
    "message_statuses": """
        INSERT INTO bookra.message_statuses (tenant_id, id, provider_ref, status, happened_at,
            received_at)
        VALUES (:tenant_id, :id, :key, 'read', :at, :at)
        """,
}
LAST_HEARD = text(
    "UPDATE bookra.relays SET last_tick_at = now() - make_interval(days => :days) WHERE id = :id"
)
KNOWN = text("SELECT id FROM relays")
COUNT = {
    table: text(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant_id") for table in PRUNES
}


@pytest.fixture
def salon(database: Database, pool: Pool) -> Salon:
    """A salon by the database's clock."""
    opened = open_salon(database, pool)
    return Salon(opened.database, opened.pool, opened.tenant, opened.now, Engine(pool))


def fill(salon: Salon, days_ago: float, count: int = 1) -> None:
    """Let each table hold ``count`` rows of so many days ago."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    administrator = open_pool(salon.database.administrator, pooled=False)
    with administrator.begin() as connection:
        for insert in FILLS.values():
            for _ in range(count):
                binds = {
                    "tenant_id": salon.tenant.id,
                    "id": new_id(),
                    "key": str(new_id()),
                    "at": at,
                }
                connection.execute(text(insert), binds)


def held(salon: Salon) -> Counter[str]:
    """Count what each table holds of the business."""
    return Counter(
        {
            table: salon.ask(lambda tx, query=query: tx.rows(query)[0][0])  # type: ignore[misc]
            for table, query in COUNT.items()
        }
    )


def test_what_is_older_than_the_business_keeps_it_goes_and_the_rest_stays(salon: Salon) -> None:
    salon.act(lambda tx: set_rules(tx, {"keep_days": 100}))
    fill(salon, 101, 3)
    fill(salon, 99, 2)
    assert prune(salon.engine, salon.slug) == Counter(dict.fromkeys(FILLS, 3))
    assert +held(salon) == Counter(dict.fromkeys(FILLS, 2))
    assert prune(salon.engine, salon.slug) == Counter()


def test_an_event_is_kept_for_longer_than_stripe_tells_of_it(salon: Salon) -> None:
    salon.act(lambda tx: set_rules(tx, {"keep_days": 7}))
    fill(salon, 30)
    gone = prune(salon.engine, salon.slug)
    assert "inbox" not in gone
    assert gone["outbox_history"] == 1


def test_an_event_that_is_open_is_never_forgotten(salon: Salon) -> None:
    fill(salon, 1000)
    open_ = text(
        "UPDATE inbox SET handled_at = NULL, changed_by = session_user WHERE tenant_id = :tenant_id"
    )
    salon.act(lambda tx: tx.run(open_))
    assert "inbox" not in prune(salon.engine, salon.slug)


def test_many_rows_go_in_batches_of_a_transaction_each(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "BATCH_ROWS", 2)
    fill(salon, 1000, 5)
    assert prune(salon.engine, salon.slug) == Counter(dict.fromkeys(FILLS, 5))
    monkeypatch.setattr(room, "LONGEST_BATCHES", 2)
    fill(salon, 1000, 5)
    assert prune(salon.engine, salon.slug) == Counter(dict.fromkeys(FILLS, 4))


def test_the_database_refuses_to_lose_what_is_a_week_old(salon: Salon) -> None:
    """Even from a relay whose clock is a year ahead; it ends all the same."""
    fill(salon, 6)
    ahead = salon.at(datetime.now(UTC) + timedelta(days=2000))
    assert prune(ahead.engine, salon.slug) == Counter()
    assert +held(salon) == Counter(dict.fromkeys(FILLS, 1))


def test_no_business_loses_what_is_anothers(salon: Salon) -> None:
    fill(salon, 1000)
    open_business(salon.database, "sol")
    assert prune(salon.engine, "sol") == Counter()
    assert +held(salon) == Counter(dict.fromkeys(FILLS, 1))


def test_where_an_event_stands_is_known_for_as_long_as_it_tells_of_somebody(
    database: Database, pool: Pool, tmp_path: Path
) -> None:
    salon = open_salon(database, pool)
    salon.connect_provider("google", tmp_path / "key", calendar="luna@example.org")
    offer(salon)
    rosa, noor = (salon.customer(name) for name in ("Rosa Vega", "Noor Haddad"))
    theirs = salon.book("2026-11-24 10:00", customer=rosa)
    anothers = salon.book("2026-11-24 11:00", customer=noor)
    class_, line, kept = give(salon).id, theirs.lines[0].id, anothers.lines[0].id
    events = {class_, line, kept}
    for event in events:
        salon.act(lambda tx, event=event: remember(tx, event, "luna@example.org"))  # type: ignore[misc]
    after = salon.later(days=2)
    after.act(lambda tx: no_show(tx, theirs.code))
    after.act(lambda tx: erase(tx, rosa.id))

    def known(days: int) -> set[UUID]:
        late = salon.later(days=days)
        prune(late.engine, late.slug)
        return set(late.ask(lambda tx: places(tx, events)))

    assert known(days=399) == events
    assert known(days=900) == {line, kept}  # it was not written again yet without the name
    administrator = open_pool(salon.database.administrator, pooled=False)
    with administrator.begin() as connection:
        connection.execute(text("DELETE FROM bookra.outbox"))
    assert known(days=900) == {kept}


def test_a_relay_that_was_last_heard_of_a_week_ago_is_forgotten_by_the_next(salon: Salon) -> None:
    long_gone, restarted, newest = new_id(), new_id(), new_id()

    def comes(relay: UUID) -> None:
        salon.engine.across_tenants(
            lambda c: relays.arrive(c, relay, host="desk-1", pid=4711, version="1.0"), write=True
        )

    comes(long_gone)
    comes(restarted)
    administrator = open_pool(salon.database.administrator, pooled=False)
    for relay, days in ((long_gone, 8), (restarted, 6)):
        with administrator.begin() as connection:
            connection.execute(LAST_HEARD, {"id": relay, "days": days})
    comes(newest)
    salon.engine.across_tenants(relays.forget, write=True)
    assert set(salon.ask(lambda tx: tx.connection.execute(KNOWN).scalars())) == {restarted, newest}


@pytest.mark.parametrize("days", [6, 36_501])
def test_how_long_things_are_kept_has_its_limits(salon: Salon, days: int) -> None:
    with pytest.raises(InvalidInputError, match="keep days"):
        salon.act(lambda tx: set_rules(tx, {"keep_days": days}))
