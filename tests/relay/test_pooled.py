"""The program behind PgBouncer in transaction mode: every transaction may meet another session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from connected import ONCE_PAID, Connected, connected_salon, live_salon
from databases import Server
from pooling import SESSIONS, pooled
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from bookra.config import Settings
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.model import Status
from bookra.engine.database import SESSION_SETTINGS, open_pool
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.locks import held
from bookra.engine.tenancy.once import once
from bookra.errors import BookraError, ConflictError, UnavailableError
from bookra.relay.waking import Waking
from bookra.tui.engine_desk import EngineDesk

CLIENTS = 4 * SESSIONS
WHERE = text(
    "SELECT pg_backend_pid() AS pid, session_user AS login,"
    " current_setting('app.tenant') AS tenant,"
    " current_setting('search_path') AS path, current_setting('statement_timeout') AS patience"
)
LEFT = """
    SELECT current_setting('app.tenant', true), current_setting('lock_timeout'),
           (SELECT count(*) FROM pg_prepared_statements), current_user = session_user
"""


@pytest.fixture(scope="module")
def luna(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """A connected salon whose every connection goes through PgBouncer."""
    home = tmp_path_factory.mktemp("pooled")
    with postgres.fresh() as database, pooled(database) as seen:
        pool = open_pool(seen.conninfo, size=CLIENTS)
        settings = Settings(home=home, database_url=seen.url)
        with connected_salon(seen, pool, settings) as connected:
            yield connected
        pool.dispose()


def test_a_visit_is_booked_paid_and_delivered_through_it(luna: Connected) -> None:
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    luna.poll()
    luna.drain_past_failures()
    assert luna.booking(booking).status is Status.CONFIRMED
    assert luna.seen(booking) == ONCE_PAID
    luna.prove_the_money()


def test_a_transaction_has_its_settings_and_leaves_nothing_to_the_next(luna: Connected) -> None:
    """The same statement often enough to be prepared, and by more clients than sessions."""
    sol = live_salon(luna.salon.database, luna.salon.pool, "sol")
    login = luna.salon.database.conninfo["user"]

    def one(number: int) -> int:
        salon = (luna.salon, sol)[number % 2]
        row = salon.engine.ask(salon.slug, lambda tx: tx.row(WHERE))
        assert row is not None
        assert (row.tenant, row.login) == (str(salon.tenant.id), login)
        assert row.path.replace(" ", "") == SESSION_SETTINGS["search_path"]
        assert row.patience == "30s"
        return int(row.pid)

    with ThreadPoolExecutor(CLIENTS) as clients:
        pids = set(clients.map(one, range(20 * CLIENTS)))
    assert 1 < len(pids) <= SESSIONS
    through = make_conninfo(**luna.salon.database.conninfo)
    for _ in range(2 * SESSIONS):
        with psycopg.connect(through) as session:
            tenant, timeout, prepared, itself = session.execute(LEFT).fetchone() or ()
        assert tenant in (None, "")
        assert (timeout, prepared, itself) == ("0", 0, True)


def test_one_of_many_gets_a_time_and_a_key_does_its_work_once(luna: Connected) -> None:
    wanted, salon = luna.request(phone=None), luna.salon

    def attempt(number: int) -> str:
        try:
            return salon.engine.act(salon.slug, lambda tx: book(tx, wanted), command="test").code
        except BookraError as refused:
            return refused.code

    def keyed(number: int) -> str:
        def produce(tx: Tx) -> dict[str, int]:
            return {"number": number}

        found = salon.engine.act(
            salon.slug,
            lambda tx: once(tx, "pooled", "test", {}, lambda: produce(tx)),
            command="test",
        )
        return json.dumps(found)

    with ThreadPoolExecutor(CLIENTS) as clients:
        codes = list(clients.map(attempt, range(CLIENTS)))
        results = set(clients.map(keyed, range(CLIENTS)))
    assert len([code for code in codes if code.startswith("LUN-")]) == 1
    assert len(results) == 1


def test_a_job_is_held_whatever_session_renews_it(luna: Connected) -> None:
    engine, slug = luna.salon.engine, luna.slug
    with held(engine, slug, "membership bill"):
        with pytest.raises(ConflictError), held(engine, slug, "membership bill"):
            pass
        with held(engine, slug, "payout run"):
            pass
    with held(engine, slug, "membership bill") as again:
        assert not again.lost


def test_nobody_listens_through_it_and_screens_and_relays_read_instead(luna: Connected) -> None:
    desk = EngineDesk(luna.salon.engine, luna.slug)
    with pytest.raises(UnavailableError) as caught, desk.changes():
        pass
    assert caught.value.code == "not_heard"
    waking = Waking(luna.salon.engine, lambda: None)
    waking.start()
    waking._thread.join(20)
    assert not waking._thread.is_alive()
