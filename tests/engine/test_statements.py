"""What is said to the server: sessions that died, plans that were lost, errors, the last word."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from factories import Salon
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine as Pool
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from bookra.engine.database import open_pool
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import AUDIT, AUDITED, OPENED, Engine, Tx
from bookra.errors import UnavailableError

COUNT = text("SELECT count(*) AS found FROM customers WHERE tenant_id = :tenant_id")
KEPT = text("SELECT count(*) AS found FROM pg_prepared_statements WHERE name = :name")
USED = text(
    "SELECT custom_plans + generic_plans AS found FROM pg_prepared_statements WHERE name = :name"
)
NOTED = text(
    "SELECT command, count(*) AS found FROM audit WHERE tenant_id = :tenant_id GROUP BY command"
)
PID = text("SELECT pg_backend_pid() AS pid")
BROKEN = text("SELECT CAST(:phone AS uuid)")
RENAME = text(
    "UPDATE tenants SET legal_name = :name, changed_by = session_user WHERE id = :tenant_id"
)
END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = ANY(%s)"


@pytest.fixture
def single(salon: Salon) -> Iterator[Pool]:
    pool = open_pool(salon.database.conninfo, size=1)
    yield pool
    pool.dispose()


def pid(engine: Engine, slug: str) -> int:
    return int(engine.ask(slug, lambda tx: tx.rows(PID))[0].pid)


def end(salon: Salon, *pids: int) -> None:
    with psycopg.connect(make_conninfo(**salon.database.administrator)) as session:
        session.execute(END, [list(pids)])


def test_a_session_that_died_while_it_was_idle_is_replaced(salon: Salon, single: Pool) -> None:
    """Nobody asks a session whether it lives before it is used: its first message tells."""
    engine = Engine(single)
    last = pid(engine, salon.slug)
    for write in (False, True):
        end(salon, last)
        if write:
            engine.act(salon.slug, lambda tx: add_customer(tx, "Rosa"), command="test")
        gone, last = last, pid(engine, salon.slug)
        assert gone != last
    assert salon.ask(lambda tx: tx.rows(COUNT))[0].found == 1


def test_a_session_that_dies_within_an_action_is_an_error_and_not_said_again(
    salon: Salon, single: Pool
) -> None:
    tries: list[int] = []

    def cut_off(tx: Tx) -> None:
        tries.append(1)
        end(salon, tx.rows(PID)[0].pid)
        tx.rows(COUNT)

    with pytest.raises(UnavailableError) as refused:
        Engine(single).act(salon.slug, cut_off, command="test")
    assert (refused.value.code, len(tries)) == ("database_unavailable", 1)


def test_a_session_that_dies_within_a_savepoint_is_an_error_like_any(
    salon: Salon, single: Pool
) -> None:
    def cut_off(tx: Tx) -> None:
        with tx.connection.begin_nested():
            end(salon, tx.rows(PID)[0].pid)
            tx.rows(COUNT)

    with pytest.raises(UnavailableError) as refused:
        Engine(single).act(salon.slug, cut_off, command="test")
    assert refused.value.code == "database_unavailable"


def test_a_session_that_dies_before_its_commit_commits_nothing(salon: Salon, single: Pool) -> None:
    def cut_off(tx: Tx) -> None:
        add_customer(tx, "Rosa")
        end(salon, tx.rows(PID)[0].pid)

    with pytest.raises(UnavailableError) as refused:
        Engine(single).act(salon.slug, cut_off, command="test")
    assert refused.value.code == "database_unavailable"
    assert salon.ask(lambda tx: tx.rows(COUNT))[0].found == 0


def test_the_plan_of_the_opening_is_kept_and_found_again_after_rollbacks(
    salon: Salon, single: Pool
) -> None:
    """psycopg lets the server forget every plan after a rollback, the runtime's own too."""
    engine = Engine(single)

    def kept(tx: Tx) -> int:
        return int(tx.rows(KEPT, name=OPENED.name)[0].found)

    assert [engine.ask(salon.slug, kept) for _ in range(3)] == [0, 1, 1]
    for _ in range(8):  # often enough for psycopg to keep plans of its own
        engine.act(salon.slug, lambda tx: tx.rows(COUNT), command=None)
    engine.act(salon.slug, lambda tx: tx.rows(COUNT), command=None, dry_run=True)
    engine.act(salon.slug, lambda tx: tx.rows(COUNT), command=None)
    assert engine.ask(salon.slug, kept) == 1


def test_the_audit_row_goes_by_a_kept_plan_unless_that_was_lost_meanwhile(
    salon: Salon, single: Pool
) -> None:
    """It is said with the commit: if its plan is gone by then, all that was done is undone."""
    engine = Engine(single)
    runs: list[int] = []

    def taken_back(tx: Tx) -> None:
        savepoint = tx.connection.begin_nested()
        tx.rows(COUNT)
        savepoint.rollback()
        tx.rows(COUNT)  # with it psycopg has every plan forgotten
        add_customer(tx, "Kim")

    def forgetful(tx: Tx) -> None:
        runs.append(1)
        add_customer(tx, "Rosa")
        if len(runs) == 1:
            tx.connection.exec_driver_sql("DEALLOCATE ALL")

    for _ in range(3):
        engine.act(salon.slug, lambda tx: None, command="plain")
    assert engine.ask(salon.slug, lambda tx: tx.rows(USED, name=AUDITED.name))[0].found == 2
    for _ in range(2):
        engine.act(salon.slug, taken_back, command="in parts")
    engine.act(salon.slug, lambda tx: None, command="plain")  # which finds the plan lost
    engine.act(salon.slug, forgetful, command="forgetful")
    noted = salon.ask(lambda tx: tx.rows(NOTED))
    found = {row.command: row.found for row in noted}
    assert (found["plain"], found["in parts"], found["forgetful"]) == (4, 2, 1)
    assert len(runs) == 2
    assert salon.ask(lambda tx: tx.rows(COUNT))[0].found == 3  # Rosa once


def test_a_session_behind_a_pooler_keeps_no_plan(salon: Salon, single: Pool) -> None:
    engine = Engine(single)
    with single.connect() as connection:
        connection.connection.driver_connection.prepare_threshold = None  # type: ignore[union-attr]
    names = text("SELECT name FROM pg_prepared_statements WHERE :tenant_id IS NOT NULL")
    for _ in range(8):
        found = engine.ask(salon.slug, lambda tx: tx.rows(names))
    assert found == []


def test_each_transaction_sees_the_business_as_it_is_now(salon: Salon) -> None:
    before = salon.ask(lambda tx: tx.tenant)
    assert salon.ask(lambda tx: tx.tenant) is before
    salon.act(lambda tx: tx.run(RENAME, name="Luna Nova"))
    assert salon.ask(lambda tx: tx.tenant.brand.legal_name) == "Luna Nova"


def test_an_error_does_not_repeat_the_values_that_caused_it(salon: Salon) -> None:
    def refused(tx: Tx) -> None:
        with pytest.raises(DBAPIError) as error:
            tx.rows(BROKEN, phone="x")
        assert "tenant_id" not in str(error.value)
        raise error.value

    with pytest.raises(Exception, match="does not fit"):
        salon.ask(refused)


def test_an_action_that_hides_a_refusal_can_not_be_committed(salon: Salon) -> None:
    def hide(tx: Tx) -> None:
        add_customer(tx, "Rosa")
        with pytest.raises(DBAPIError):
            tx.rows(BROKEN, phone="x")

    with pytest.raises(DBAPIError, match="aborted"):
        salon.act(hide)
    assert salon.ask(lambda tx: tx.rows(COUNT))[0].found == 0


def test_who_listens_hears_each_statement_of_an_action_and_its_audit_row(
    salon: Salon, single: Pool
) -> None:
    heard: list[str] = []
    event.listen(single, "before_cursor_execute", lambda _c, _k, words, *_: heard.append(words))
    engine = Engine(single)
    engine.act(salon.slug, lambda tx: tx.rows(COUNT), command="it's %s \\ noted")
    assert [words.split()[0] for words in heard[-2:]] == ["SELECT", "INSERT"]
    found = text("SELECT command FROM audit WHERE tenant_id = :tenant_id ORDER BY id DESC LIMIT 1")
    assert salon.ask(lambda tx: tx.rows(found))[0].command == "it's %s \\ noted"
    assert str(AUDIT).split()[2] == heard[-1].split()[2]
