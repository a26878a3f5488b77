"""A primary and a standby that streams from it, of the embedded binaries, for a file of tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from databases import SETTINGS, Database
from psycopg.conninfo import make_conninfo

from bookra.engine.embedded import SUPERUSER, EmbeddedServer

STREAMING = {**SETTINGS, "wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}


@dataclass(frozen=True)
class Pair:
    """Two homes with a server each; the second one's data is the first one's."""

    primary: Path
    standby: Path

    def session(self, home: Path, database: str = "bookra") -> psycopg.Connection:
        """Open a superuser's session on one of the two."""
        keywords = EmbeddedServer(home).conninfo(SUPERUSER, database)
        return psycopg.connect(make_conninfo(**keywords), autocommit=True)

    def url(self, home: Path) -> str:
        """Return the ordinary login's URL."""
        keywords = EmbeddedServer(home).conninfo("bookra", "bookra")
        host = keywords["host"].replace("/", "%2F")
        return f"postgresql://bookra@/bookra?host={host}&port={keywords['port']}"

    def pause(self, *, paused: bool) -> None:
        """Let the standby keep what it receives to itself, or go on."""
        with self.session(self.standby) as session:
            verb = "pause" if paused else "resume"
            session.execute(f"SELECT pg_wal_replay_{verb}()".encode())

    @property
    def database(self) -> Database:
        """The primary as the factories know a database."""
        keywords = EmbeddedServer(self.primary).conninfo(SUPERUSER, "bookra")
        admin = self.url(self.primary).replace("//bookra@", f"//{keywords['user']}@")
        return Database("bookra", self.url(self.primary), admin)


@contextmanager
def pair() -> Iterator[Pair]:
    """Start a migrated primary and its standby; stop both at the end."""
    folder = Path(tempfile.mkdtemp(prefix="bookra-pair-", dir="/tmp"))
    folder.chmod(0o755)
    found = Pair(folder / "one", folder / "two")
    servers = [EmbeddedServer(home, settings=STREAMING) for home in (found.primary, found.standby)]
    try:
        servers[0].ensure_started()
        yield from _with_standby(found, servers)
    finally:
        for server in servers:
            server.stop(immediate=True)
        shutil.rmtree(folder, ignore_errors=True)


def _with_standby(found: Pair, servers: list[EmbeddedServer]) -> Iterator[Pair]:
    from bookra import bootstrap
    from bookra.config import Settings

    bootstrap.upgrade(Settings(home=found.primary))
    status = servers[0].status()
    data = found.standby / "postgres" / "data"
    data.parent.mkdir(parents=True)
    found.standby.chmod(0o711)
    copy = ["-D", str(data), "-R", "-X", "stream", "-c", "fast", "--no-sync"]
    way = ["-h", str(status.socket_dir), "-p", "5432", "-U", SUPERUSER]
    subprocess.run([servers[0].binary("pg_basebackup"), *copy, *way], check=True)
    owner = status.data_dir.stat()
    for path in (data.parent, *data.parent.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    servers[1].ensure_started()
    yield found
