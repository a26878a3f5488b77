"""A PostgreSQL server of a file's own: what is done to it drops every session that it has."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from databases import SETTINGS, URL_VARIABLE, Database, Server
from psycopg.conninfo import make_conninfo

from bookra.engine.embedded import EmbeddedServer

# What was committed must outlive the server; only the machine itself does not fail here.
DURABLE = {**SETTINGS, "synchronous_commit": "on"}

A_BACKEND = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'bookra'"
    " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
)


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
        self.end()
        self.start()

    def start(self) -> None:
        """Start it again."""
        self._embedded.ensure_started()

    def kill_a_backend(self) -> None:
        """Kill one session's process: the server then drops all of them, and recovers."""
        with psycopg.connect(make_conninfo(**self.database.administrator)) as session:
            found = session.execute(A_BACKEND).fetchone()
        if found:
            os.kill(found[0], signal.SIGKILL)

    def end(self) -> None:
        """End it as a power cut does."""
        self._embedded.stop(immediate=True)


@contextmanager
def own_server() -> Iterator[Own]:
    """Start one, and take all of it away again; skips where the tests are given a server."""
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
