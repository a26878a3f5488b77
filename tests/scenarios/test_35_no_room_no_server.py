"""Scenario 35: the disk is full, the database restarts, no connection is left: said, and no harm.

Each is an error with its documented exit code, and what was there before is all there after.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from command_line import CommandLine
from factories import Salon, open_salon
from own_server import Own, own_server
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.database import open_pool
from bookra.engine.runtime import Tx
from bookra.errors import UnavailableError

FILL = text(
    "INSERT INTO outbox_aggregates (tenant_id, aggregate, last_sequence)"
    " VALUES (:tenant_id, :aggregate, 1)"
)
FILLED = text("SELECT count(*) FROM outbox_aggregates WHERE tenant_id = :tenant_id")
VISITS = text("SELECT count(*) FROM bookings WHERE tenant_id = :tenant_id")
A_ROW, A_DISK = 2000, "4m"
TEN, ELEVEN = "2026-11-24 10:00", "2026-11-24 11:00"


@pytest.fixture(scope="module")
def server() -> Iterator[Own]:
    with own_server() as own:
        yield own


@pytest.fixture
def own(server: Own) -> Own:
    server.begin()
    return server


@pytest.fixture
def salon(own: Own) -> Iterator[Salon]:
    pool = open_pool(own.database.conninfo, size=2)
    yield open_salon(own.database, pool)
    pool.dispose()


@pytest.fixture
def bookra(own: Own, tmp_path: Path) -> CommandLine:
    variables = {"BOOKRA_HOME": str(tmp_path / "home"), "BOOKRA_DATABASE_URL": own.database.url}
    return CommandLine.in_folder(tmp_path, **variables, BOOKRA_TENANT="luna")


def visits(salon: Salon) -> int:
    found = salon.ask(lambda tx: tx.row(VISITS))
    assert found is not None
    return int(found[0])


def administrator(own: Own) -> psycopg.Connection:
    return psycopg.connect(make_conninfo(**own.database.administrator), autocommit=True)


def test_a_server_that_is_away_is_said_and_after_its_restart_all_is_there(
    own: Own, salon: Salon, bookra: CommandLine
) -> None:
    kept: Booking = salon.book(TEN)
    own.end()
    try:
        refused = bookra("booking", "cancel", kept.code, "--json")
        assert (refused.code, refused.error["code"]) == (7, "database_unavailable")
        with pytest.raises(UnavailableError):
            salon.book(ELEVEN)
    finally:
        own.start()
    assert salon.booking(kept.code) == kept
    salon.book(ELEVEN)
    assert visits(salon) == 2


def test_when_no_connection_is_left_a_command_says_so_and_the_others_go_on(
    own: Own, salon: Salon, bookra: CommandLine
) -> None:
    salon.book(TEN)
    with administrator(own) as session:
        limit = sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}")
        name = sql.Identifier(own.database.name)
        session.execute(limit.format(name, sql.Literal(1)))
        refused = bookra("tenant", "show", "luna", "--json")
        assert refused.code == 7
        assert "connection" in refused.error["message"]
        salon.book(ELEVEN)  # whoever has one keeps it
        session.execute(limit.format(name, sql.Literal(-1)))
    assert bookra("tenant", "show", "luna", "--json").code == 0
    assert visits(salon) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a small disk")
def test_a_full_disk_refuses_and_leaves_what_was_there(own: Own, salon: Salon) -> None:
    disk = own.folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={A_DISK},mode=0777", "tmpfs", str(disk)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine mounts no disk for us")
    try:
        with administrator(own) as session:
            owner = (disk / "space").absolute()
            owner.mkdir()
            server_user = (own.folder / "home" / "postgres").stat()
            os.chown(owner, server_user.st_uid, server_user.st_gid)
            session.execute(f"CREATE TABLESPACE small LOCATION '{owner}'")  # type: ignore[call-overload]
            session.execute("ALTER TABLE bookra.outbox_aggregates SET TABLESPACE small")

        def fill(tx: Tx, rows: int) -> None:
            names = (secrets.token_hex(A_ROW // 2) for _ in range(rows))
            tx.run_many(FILL, [{"tenant_id": tx.tenant.id, "aggregate": name} for name in names])

        salon.act(lambda tx: fill(tx, 10))
        with pytest.raises(UnavailableError) as refused:
            salon.act(lambda tx: fill(tx, 4000))
        assert refused.value.code == "disk_full"
        found = salon.ask(lambda tx: tx.row(FILLED))
        assert found is not None
        assert found[0] == 10
        salon.customer("Somebody who comes while it is full")
    finally:
        own.end()
        subprocess.run(["umount", str(disk)], check=False)
