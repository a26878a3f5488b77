"""Transactions: what is committed, rolled back, tried again, seen, and written into the audit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from databases import Database
from factories import NOW, Salon, open_salon
from psycopg.conninfo import make_conninfo
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from bookra.engine.bookings.booking import book
from bookra.engine.bookings.store import bookings_between
from bookra.engine.database import open_pool
from bookra.engine.payments.taking import take_cash
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.actions import visible
from bookra.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    UnavailableError,
)

AUDIT = text(
    "SELECT command, subjects, recorded_by FROM audit"
    " WHERE tenant_id = :tenant_id AND command <> 'part' ORDER BY id"
)
COUNT = text("SELECT count(*) FROM customers WHERE tenant_id = :tenant_id")
TENANT = text("SELECT current_setting('app.tenant', true)")
TOUCH = text(
    "UPDATE bookables SET name = :name, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND slug = :slug"
)
NO_RIGHT = text("DELETE FROM entries WHERE tenant_id = :tenant_id")


def customers(salon: Salon) -> int:
    return int(salon.ask(lambda tx: tx.rows(COUNT))[0][0])


def test_a_dry_run_returns_the_result_and_leaves_nothing(salon: Salon) -> None:
    wanted = salon.request("2026-11-24 10:00")
    booked = salon.act(lambda tx: book(tx, wanted), dry_run=True)
    paid = salon.act(lambda tx: take_cash(tx, book(tx, wanted).code), dry_run=True)
    assert (booked.price.minor, paid.paid.minor) == (4500, 4500)
    assert salon.ask(lambda tx: bookings_between(tx, NOW, None)) == []
    assert salon.balances() == {}
    assert "10:00" in salon.starts("2026-11-24")


def test_every_change_leaves_a_line_in_the_audit_and_no_other_does(salon: Salon) -> None:
    wanted = salon.request("2026-11-24 10:00")
    before = len(salon.ask(lambda tx: tx.rows(AUDIT)))
    booked = salon.act(lambda tx: book(tx, wanted))
    salon.act(lambda tx: add_customer(tx, "Nobody"), dry_run=True)
    with pytest.raises(ConflictError):
        salon.act(lambda tx: book(tx, wanted))
    (row,) = salon.ask(lambda tx: tx.rows(AUDIT))[before:]
    assert (row.command, row.subjects) == ("test", [f"booking:{booked.id}"])
    assert row.recorded_by.startswith("bookra_tests_")


def test_a_question_can_not_write(salon: Salon) -> None:
    with pytest.raises(Exception, match="read-only"):
        salon.ask(lambda tx: add_customer(tx, "Rosa"))
    assert customers(salon) == 0


def test_a_question_at_one_moment_may_be_any_of_a_sessions_questions(
    salon: Salon, database: Database
) -> None:
    """Also the second, with which the server is told to keep the plan of the opening."""
    pool = open_pool(database.conninfo, size=1)
    engine = Engine(pool)
    for consistent in (True, True, False, True):
        found = engine.ask(salon.slug, lambda tx: tx.rows(COUNT), consistent=consistent)
        assert len(found) == 1
    pool.dispose()


def test_an_action_that_fails_leaves_nothing(salon: Salon) -> None:
    def half(tx: Tx) -> None:
        add_customer(tx, "Rosa")
        raise InvalidInputError("bad", "half-way")

    with pytest.raises(InvalidInputError):
        salon.act(half)
    assert customers(salon) == 0


def test_the_tenant_is_set_for_one_transaction_alone(salon: Salon) -> None:
    """The next borrower of a pooled connection must not find the last one's tenant."""
    single = open_pool(salon.database.conninfo, size=1)
    engine = Engine(single)
    assert engine.ask(salon.slug, lambda tx: tx.rows(TENANT))[0][0] == str(salon.tenant.id)
    found = engine.across_tenants(lambda connection: connection.execute(TENANT).scalar_one())
    assert found in (None, "")
    single.dispose()


def test_an_unknown_business_is_named(salon: Salon) -> None:
    with pytest.raises(NotFoundError) as refused:
        salon.engine.ask("nowhere", lambda tx: tx)
    assert refused.value.code == "unknown_tenant"


def test_nobody_who_works_for_a_business_may_change_its_slug_or_its_zone(salon: Salon) -> None:
    """The relay reads both for every business: a bad one would stop it for all."""
    for column, value in (("slug", "nova"), ("timezone", "Mars/Base"), ("created_at", "infinity")):
        change = text(
            f"UPDATE tenants SET {column} = '{value}', changed_by = session_user"
            " WHERE id = :tenant_id"
        )
        with pytest.raises(NotAllowedError):
            salon.act(lambda tx, change=change: tx.run(change))


def test_the_platform_sees_every_business(salon: Salon) -> None:
    open_salon(salon.database, salon.pool, "sol")
    assert [tenant.slug for tenant in salon.engine.across_tenants(visible)] == ["luna", "sol"]


def test_a_deadlock_is_tried_again(salon: Salon) -> None:
    """Two actions lock two rows crosswise; PostgreSQL ends one, which then runs once more."""
    meet, tries = threading.Barrier(2, timeout=30), [0, 0]

    def cross(number: int) -> None:
        def lock_both(tx: Tx) -> None:
            tries[number] += 1
            order = ("ana", "ben") if number == 0 else ("ben", "ana")
            tx.run(TOUCH, slug=order[0], name=f"{number}")
            if tries[number] == 1:
                meet.wait()
            tx.run(TOUCH, slug=order[1], name=f"{number}")

        salon.act(lock_both)

    threads = [threading.Thread(target=cross, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(tries) == 3


def test_what_the_database_forbids_is_said_in_words(salon: Salon) -> None:
    with pytest.raises(NotAllowedError) as refused:
        salon.act(lambda tx: tx.run(NO_RIGHT))
    assert refused.value.code == "not_allowed"


def test_a_bug_of_ours_is_not_dressed_up(salon: Salon) -> None:
    with pytest.raises(ProgrammingError):
        salon.ask(lambda tx: tx.rows(text("SELECT no_such_column FROM bookings")))


@contextmanager
def row_locked(database: Database) -> Iterator[None]:
    with psycopg.connect(make_conninfo(**database.administrator)) as session:
        session.execute("SELECT 1 FROM bookra.bookables FOR UPDATE")
        yield


def test_who_waits_too_long_for_a_lock_is_told(salon: Salon) -> None:
    def hurried(tx: Tx) -> None:
        tx.connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        tx.run(TOUCH, slug="ana", name="Ana")

    with row_locked(salon.database), pytest.raises(UnavailableError) as refused:
        salon.act(hurried)
    assert refused.value.code == "locked"


def test_a_session_that_an_administrator_ends_is_an_unavailable_database(salon: Salon) -> None:
    def cut_off(tx: Tx) -> None:
        pid = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(make_conninfo(**salon.database.administrator)) as session:
            session.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        add_customer(tx, "Rosa")

    with pytest.raises(UnavailableError) as refused:
        salon.act(cut_off)
    assert refused.value.code == "database_unavailable"
    assert customers(salon) == 0
    salon.customer()
    assert customers(salon) == 1


def test_every_session_is_pinned_to_utc_and_bounded(salon: Salon) -> None:
    shown = {
        name: salon.ask(
            lambda tx, name=name: tx.connection.exec_driver_sql(f"SHOW {name}").scalar_one()
        )
        for name in ("timezone", "statement_timeout", "lock_timeout")
    }
    assert shown == {"timezone": "UTC", "statement_timeout": "30s", "lock_timeout": "10s"}


def test_who_finds_every_connection_in_use_is_told(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = open_pool(salon.database.conninfo, size=1)
    monkeypatch.setattr(single.pool, "_timeout", 0.05)
    engine = Engine(single)

    def inside(_tx: Tx) -> None:
        engine.ask(salon.slug, lambda tx: tx)

    with pytest.raises(UnavailableError) as refused:
        engine.ask(salon.slug, inside)
    assert refused.value.code == "database_busy"
    single.dispose()
