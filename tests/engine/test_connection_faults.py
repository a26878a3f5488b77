"""A connection that fails at the worst moment: each has one clear end, and no half."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from factories import Salon
from proxied import proxied
from sqlalchemy import text

from bookra.engine.bookings.booking import book
from bookra.engine.database import open_pool
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.once import once
from bookra.errors import UnavailableError

BOOKINGS = text("SELECT code FROM bookings WHERE tenant_id = :tenant_id")

# A network of its own, whose only interface goes down in the midst of a statement.
BLACK_HOLE = textwrap.dedent(
    """
    import fcntl, socket, struct, sys, threading, time
    from bookra.engine.database import conninfo_of, open_pool

    def interface(flags):
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", flags))

    def pass_on(giver, taker):
        while said := giver.recv(65536):
            taker.sendall(said)

    def accept():
        while True:
            client, _ = listening.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{way['host']}/.s.PGSQL.{way['port']}")
            threading.Thread(target=pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=pass_on, args=(server, client), daemon=True).start()

    way = conninfo_of(sys.argv[1])
    interface(0x1 | 0x40)
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    port = str(listening.getsockname()[1])
    pool = open_pool({**way, "host": "127.0.0.1", "port": port, "tcp_user_timeout": "2000"})
    with pool.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        interface(0x40)
        begun = time.monotonic()
        try:
            connection.exec_driver_sql("SELECT 2")
        except Exception as error:
            print(type(error).__name__, flush=True)
    """
)


def test_a_commit_whose_reply_is_lost_is_found_by_its_key(salon: Salon) -> None:
    wanted = salon.request("2026-11-24 10:00")

    def command(tx: Tx) -> str:
        work = lambda: {"code": book(tx, wanted).code}  # noqa: E731
        return str(once(tx, "k-1", "book", {"at": "10:00"}, work)["code"])

    with proxied(salon.database.conninfo) as (proxy, way):
        pool = open_pool(way, size=1)
        engine = Engine(pool, now=lambda: salon.now)
        engine.ask(salon.slug, lambda tx: tx.now)
        proxy.lose_commit = True
        with pytest.raises(UnavailableError) as refused:
            engine.act(salon.slug, command, command="book")
        assert refused.value.code == "database_unavailable"
        assert proxy.lost.is_set()
        (row,) = salon.ask(lambda tx: tx.rows(BOOKINGS))
        assert engine.act(salon.slug, command, command="book") == row.code
        pool.dispose()
    assert len(salon.ask(lambda tx: tx.rows(BOOKINGS))) == 1


def test_a_server_that_accepts_and_says_nothing_is_unavailable_in_time(salon: Salon) -> None:
    with proxied(salon.database.conninfo) as (proxy, way):
        proxy.mute = True
        pool = open_pool({**way, "connect_timeout": "2"}, size=1)  # libpq knows no less
        with pytest.raises(UnavailableError) as refused:
            Engine(pool).ask(salon.slug, lambda tx: tx.now)
        assert refused.value.code == "database_unavailable"
        pool.dispose()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network of its own")
def test_a_network_that_swallows_everything_ends_a_statement(salon: Salon, tmp_path: Path) -> None:
    ran = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", BLACK_HOLE, salon.database.url],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=False,
    )
    if "unshare failed" in ran.stderr:
        pytest.skip("this machine gives nobody a network of its own")
    assert ran.stdout == "OperationalError\n", ran.stderr


def test_a_server_without_free_connections_is_told_as_such(salon: Salon) -> None:
    administrator = open_pool(salon.database.administrator, pooled=False)
    limit = f'ALTER DATABASE "{salon.database.name}" CONNECTION LIMIT '
    with administrator.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"{limit} 0")
        try:
            pool = open_pool(salon.database.conninfo, size=1)
            with pytest.raises(UnavailableError) as refused:
                Engine(pool).ask(salon.slug, lambda tx: tx.now)
        finally:
            connection.exec_driver_sql(f"{limit} -1")
    assert refused.value.code == "database_unavailable"  # exit code 7
    assert "too many connections" in refused.value.message
