"""PgBouncer in transaction mode before a test's database, run by the server's own account."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from databases import Database

PACKAGE = "pgbouncer"
SESSIONS = 3
"""Sessions of the server that all clients share: fewer than there are clients."""

SETTINGS = """\
[databases]
* = host={host} port={port}

[pgbouncer]
pool_mode = transaction
default_pool_size = {sessions}
unix_socket_dir = {folder}
listen_port = 5432
auth_type = scram-sha-256
auth_file = {folder}/users.txt
ignore_startup_parameters = options
logfile = {folder}/log
pidfile = {folder}/pid
"""


def program() -> str:
    """Return PgBouncer's path; installs Debian's package where that is missing and possible."""
    found = shutil.which(PACKAGE, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-y", "--no-install-recommends", PACKAGE]
        subprocess.run(install, capture_output=True, timeout=300, check=False)
        found = shutil.which(PACKAGE, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("PgBouncer is not here: as root, apt-get install pgbouncer")
    return found


@contextmanager
def pooled(database: Database) -> Iterator[Database]:
    """Put PgBouncer before the server of a database; gives the database as seen through it."""
    pgbouncer, keywords = program(), database.conninfo
    # A socket's path has little room, and the server's account must get there.
    folder = Path(tempfile.mkdtemp(prefix="bookra-pool-", dir="/tmp"))
    folder.chmod(0o755)
    host, port = keywords["host"], keywords.get("port", "5432")
    settings = SETTINGS.format(host=host, port=port, folder=folder, sessions=SESSIONS)
    (folder / "settings.ini").write_text(settings, "utf-8")
    users = f'"{keywords["user"]}" "{keywords["password"]}"\n'
    (folder / "users.txt").write_text(users, "utf-8")
    owner = Path(host).stat() if host.startswith("/") else folder.stat()
    for path in (folder, *folder.iterdir()):
        os.chown(path, owner.st_uid, owner.st_gid)
    lent = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    process = subprocess.Popen(
        [pgbouncer, "-q", folder / "settings.ini"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **lent,  # type: ignore[call-overload]
    )
    try:
        _await(folder / ".s.PGSQL.5432", process)
        before, after = f"host={host}".replace("/", "%2F"), f"host={folder}".replace("/", "%2F")
        assert before in database.url
        yield replace(database, url=database.url.replace(before, after))
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _await(path: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(2000):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(path))
            return
        assert process.poll() is None, (path.parent / "log").read_text("utf-8")
        time.sleep(0.01)
    raise AssertionError("PgBouncer never listened")
