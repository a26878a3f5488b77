"""The database server fails under load, and everything goes on as if it had not.

It is a server of these tests' own: what is done to it drops every session that it has.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from connected import Connected, connected_salon
from databases import SETTINGS, URL_VARIABLE, Database, Server
from factories import open_salon
from psycopg.conninfo import make_conninfo
from relays import relays
from single_effects import prove
from sqlalchemy import text
from tormenting import Torment

from bookra.config import Settings
from bookra.engine.database import open_pool
from bookra.engine.embedded import EmbeddedServer
from bookra.engine.runtime import Tx
from bookra.errors import UnavailableError

TIMES = int(os.environ.get("BOOKRA_TEST_SERVER_KILLS", "4"))
SEED = 20261123

# What was committed must outlive the server; only the machine itself does not fail here.
DURABLE = {**SETTINGS, "synchronous_commit": "on"}

A_BACKEND = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'bookra'"
    " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
)
FILL = text(
    "INSERT INTO outbox_aggregates (tenant_id, aggregate, last_sequence)"
    " VALUES (:tenant_id, :aggregate, 1)"
)
FILLED = text("SELECT count(*) FROM outbox_aggregates WHERE tenant_id = :tenant_id")
A_ROW, A_DISK = 2000, "4m"


class Own:
    """A server of the tests' own, with a new database for each of them."""

    database: Database

    def __init__(self, folder: Path) -> None:
        self.folder, self._server = folder, Server(folder)
        self._embedded = EmbeddedServer(folder / "home", settings=DURABLE, scram=True)
        self._embedded.ensure_started()

    def begin(self) -> None:
        """Make another database the one that it is about."""
        self.database = self._server.kept()
        self._server.close()

    def restart(self) -> None:
        """End it as a power cut does, and start it again."""
        self._embedded.stop(immediate=True)
        self._embedded.ensure_started()

    def kill_a_backend(self) -> None:
        """Kill one session's process: the server then drops all of them, and recovers."""
        with psycopg.connect(make_conninfo(**self.database.administrator)) as session:
            found = session.execute(A_BACKEND).fetchone()
        if found:
            os.kill(found[0], signal.SIGKILL)

    def end(self) -> None:
        self._embedded.stop(immediate=True)


@pytest.fixture(scope="module")
def own_server() -> Iterator[Own]:
    if URL_VARIABLE in os.environ:
        pytest.skip("the named server is not ours to kill")
    folder = Path(tempfile.mkdtemp(prefix="bookra-own-", dir="/tmp"))
    folder.chmod(0o711)
    opened = Own(folder)
    try:
        yield opened
    finally:
        opened.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own(own_server: Own) -> Own:
    own_server.begin()
    return own_server


@pytest.fixture
def luna(own: Own, tmp_path: Path) -> Iterator[Connected]:
    pool = open_pool(own.database.conninfo, size=10)
    settings = Settings(home=tmp_path / "home", database_url=own.database.url)
    with connected_salon(own.database, pool, settings) as connected:
        yield connected
    pool.dispose()


def test_a_server_that_is_killed_and_restarted_under_load_leaves_nothing_partial(
    own: Own, luna: Connected
) -> None:
    """The relays live on, and find the server again by themselves."""
    assert luna.settings.database_url is not None
    with relays(luna.settings.home, luna.settings.database_url) as paddock:
        torment = Torment(luna, paddock, SEED)
        torment.connect_mail()

        def harm() -> None:
            (own.restart if torment.counts["harms"] % 2 else own.kill_a_backend)()
            torment.counts["harms"] += 1

        ended = torment.go(lambda now: now.counts["harms"] < TIMES, pause_seconds=1.0, harm=harm)
        assert ended == [-signal.SIGKILL] * 2
        torment.settle()
    assert torment.counts["book"] + torment.counts["book_by_link"] > 0
    prove(luna)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a small disk")
def test_a_full_disk_refuses_and_leaves_what_was_there(own: Own) -> None:
    pool = open_pool(own.database.conninfo, size=2)
    salon = open_salon(own.database, pool)
    disk = own.folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={A_DISK},mode=0777", "tmpfs", str(disk)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine mounts no disk for us")
    try:
        with psycopg.connect(
            make_conninfo(**own.database.administrator), autocommit=True
        ) as session:
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
        pool.dispose()
        own.end()
        subprocess.run(["umount", str(disk)], check=False)
