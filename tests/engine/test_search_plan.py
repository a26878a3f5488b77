"""How the search is planned: once a session where that lasts, and then still through its index."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from databases import Database
from factories import Salon, open_salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.availability.actions import find_slots
from bookra.engine.database import PREPARED_AFTER, open_pool
from bookra.engine.runtime import Engine, Tx

DAY = date(2026, 11, 24)
INDEX = "allocations_tenant_id_bookable_id_starts_at_idx"
INDEXED = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Bitmap Index Scan"}
KEPT = text("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%allocations%'")
PLANNED = text(
    "SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%allocations%'"
)
# Years of half-hours for everybody; written by the administrator at once.
FILL = text(
    """
    INSERT INTO bookra.allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)
    SELECT b.tenant_id, gen_random_uuid(), b.id, at, at + interval '30 minutes', 'block'
      FROM bookra.bookables b,
           generate_series(timestamptz '2024-01-01', timestamptz '2026-11-24 10:00', '4 hours') at
    """
)


def searched(engine: Engine, salon: Salon) -> list[str]:
    """Search on one connection until its plan would be kept; return the kept statements."""

    def listing(tx: Tx) -> int:
        return len(find_slots(tx, "cut", None, DAY, 1))

    found = {engine.ask(salon.slug, listing) for _ in range(PREPARED_AFTER + 2)}
    assert len(found) == 1
    assert found != {0}
    return [row.statement for row in engine.ask(salon.slug, lambda tx: tx.rows(KEPT))]


@pytest.fixture
def alone(salon: Salon) -> Iterator[Pool]:
    """A pool of one connection, so that every search meets the same session."""
    pool = open_pool(salon.database.conninfo, size=1)
    yield pool
    pool.dispose()


def test_a_session_plans_the_search_once(salon: Salon, alone: Pool) -> None:
    assert len(searched(Engine(alone, now=lambda: salon.now), salon)) == 1


def test_a_session_that_books_plans_who_is_free_for_nobody_in_particular(
    salon: Salon, alone: Pool
) -> None:
    """The server would plan it for each person asked for, and take longer over that than over all
    the rest of the booking.
    """
    here = replace(salon, engine=Engine(alone, now=lambda: salon.now))
    for hour in range(PREPARED_AFTER + 2):
        here.book(f"{DAY} {10 + hour}:00")
    assert {row.custom_plans for row in here.ask(lambda tx: tx.rows(PLANNED))} == {0}


def test_a_dry_run_does_not_break_the_searches_after_it(salon: Salon, alone: Pool) -> None:
    """A rollback throws the plans away, on both sides."""
    engine = Engine(alone, now=lambda: salon.now)
    searched(engine, salon)
    engine.act(salon.slug, lambda tx: None, command="test", dry_run=True)
    assert engine.ask(salon.slug, lambda tx: tx.rows(KEPT)) == []
    assert len(searched(engine, salon)) == 1


def test_behind_a_pooler_nothing_is_kept_in_a_session(salon: Salon, tmp_path: Path) -> None:
    """PgBouncer gives each transaction another session, and tells clients a made-up process id."""
    with pooler(salon.database, tmp_path) as folder:
        pool = open_pool({**salon.database.conninfo, "host": str(folder)}, size=1)
        assert searched(Engine(pool, now=lambda: salon.now), salon) == []
        pool.dispose()


def test_a_plan_for_any_values_still_goes_through_the_index(
    database: Database, pool: Pool, salon: Salon, alone: Pool
) -> None:
    """After some searches PostgreSQL may plan for all that follow, without their values."""
    open_salon(database, pool, "sol")
    administrator = open_pool(database.administrator, pooled=False)
    with administrator.begin() as connection:
        assert connection.execute(FILL).rowcount > 20_000
        connection.execute(text("ANALYZE"))
    (statement,) = searched(Engine(alone, now=lambda: salon.now), salon)
    touching = [
        node
        for node in nodes(generic_plan(alone, statement))
        if node.get("Relation Name") == "allocations" or node.get("Index Name", "") == INDEX
    ]
    assert {node["Node Type"] for node in touching} <= INDEXED
    assert {node.get("Index Name") for node in touching} - {None} == {INDEX}


def generic_plan(pool: Pool, statement: str) -> dict[str, Any]:
    with pool.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        explained = driver.pgconn.exec_(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}".encode())
        assert explained.ntuples, explained.error_message
        plan: dict[str, Any] = json.loads(explained.get_value(0, 0))[0]["Plan"]
        return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


@contextmanager
def pooler(database: Database, folder: Path) -> Iterator[Path]:
    """Stand between clients and the server on a socket in ``folder``; tell a made-up process id."""
    port = database.conninfo.get("port", "5432")
    server = f"{database.conninfo['host']}/.s.PGSQL.{port}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / f".s.PGSQL.{port}"))
        listening.listen()
        threading.Thread(target=accept, args=(listening, server), daemon=True).start()
        yield folder
        listening.shutdown(socket.SHUT_RDWR)


def accept(listening: socket.socket, server: str) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(server)
        for relayed in ((client, upstream, False), (upstream, client, True)):
            threading.Thread(target=relay, args=relayed, daemon=True).start()


def relay(source: socket.socket, target: socket.socket, disguised: bool) -> None:
    # The thread of the other direction may have closed both.
    with suppress(OSError), source, target, source.makefile("rb") as stream:
        while disguised and (head := stream.read(5)):
            kind, length = struct.unpack("!cI", head)
            body = stream.read(length - 4) if length > 4 else b""
            disguised = kind != b"K"
            target.sendall(head + (body if disguised else struct.pack("!I", 7) + body[4:]))
        while chunk := stream.read1(65_536):
            target.sendall(chunk)
