"""The data folder's making, its settings, and who may log in.

Everything below the server's folder is written by the server's account, not by root on its
behalf: so a link that someone leaves there leads root nowhere.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from bookra.engine.embedded.account import Account
from bookra.engine.embedded.binaries import program
from bookra.engine.embedded.layout import Layout
from bookra.engine.embedded.postmaster import PORT
from bookra.errors import UnavailableError

SUPERUSER = "postgres"

INITDB_SECONDS = 300
LOG_BYTES = 4 * 1024 * 1024
"""A log larger than this is set aside at the next start."""

_SETTINGS = {
    "cluster_name": "bookra",
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "128MB",
    "max_connections": "100",
    # The outbox's rows come and go: what they leave is cleared away before it has grown.
    "autovacuum_naptime": "10s",
    # Statements and their errors carry names and phone numbers: they stay out of the log.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
# The builtin C.UTF-8 needs no locale of the operating system and sorts the same everywhere.
_INITDB = (
    f"--username={SUPERUSER} --encoding=UTF8 --locale=C --locale-provider=builtin "
    "--builtin-locale=C.UTF-8 --auth-local=trust --auth-host=reject --data-checksums "
    "--no-instructions"
).split()
_UNFINISHED = "data-new-"
# One user may enter the socket's folder: these rules are about logins, not about machines.
_TRUST = "local all all trust\nlocal replication all trust\n"
_SCRAM = (
    f"local all {SUPERUSER} trust\nlocal all all scram-sha-256\n"
    f"local replication {SUPERUSER} trust\n"
)
_HEADER = "# Written by Bookra at each start. ALTER SYSTEM changes a setting for good.\n"
_REPLACE = 'cat > "$1.new" && mv -f "$1.new" "$1"'


def initialise(layout: Layout, account: Account, programs: Path, *, durable: bool) -> None:
    """Make the data folder under another name and rename it: a kill leaves nothing half-made.

    An initdb that outlived its killed command keeps writing under its own name, so each try
    takes a new one. ``durable=False`` skips the wait for the disk (tests).
    """
    fresh = layout.server_dir / f"{_UNFINISHED}{os.urandom(4).hex()}"
    options = _INITDB if durable else [*_INITDB, "--no-sync"]
    made = account.run(
        [program(programs, "initdb"), "-D", fresh.name, *options],
        folder=layout.server_dir,
        timeout_seconds=INITDB_SECONDS,
    )
    try:
        if made.status != 0:
            raise unavailable("The database could not be made", made.output, layout)
        fresh.rename(layout.data_dir)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    # A rename that a power cut undoes would make the data look unfinished, and remove it.
    _sync_folder(layout.server_dir)


def configure(layout: Layout, account: Account, extra: Mapping[str, str], *, scram: bool) -> None:
    """Write the settings and the login rules that the next start reads.

    PostgreSQL reads what ``ALTER SYSTEM`` set after them, so that has the last word.
    """
    settings = {**_SETTINGS, "unix_socket_directories": str(layout.socket_dir), **extra}
    lines = "".join(f"{_name(key)} = {_quoted(value)}\n" for key, value in settings.items())
    _write(layout, account, "data/postgresql.conf", _HEADER + lines)
    _write(layout, account, "data/pg_hba.conf", _SCRAM if scram else _TRUST)


def clear_unfinished(layout: Layout) -> None:
    """Remove what killed first starts left. Call it under the start lock only."""
    for remains in layout.server_dir.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(remains, ignore_errors=True)


def set_log_aside(layout: Layout) -> None:
    """Rename a log that grew large, so that it and its successor stay bounded."""
    if layout.log.is_file() and layout.log.stat().st_size > LOG_BYTES:
        layout.log.rename(layout.log.with_suffix(".log.1"))


def unavailable(what: str, lines: str, layout: Layout) -> UnavailableError:
    """Return the error for a server that can't be made or started, with the last lines of why."""
    why = "\n".join(lines.strip().splitlines()[-12:])
    hint = f"The server's log is {layout.log}. See what is wrong with: bookra doctor"
    if "No space left on device" in why:
        hint = f"Free some space on the disk that holds {layout.home}, then try again"
    return UnavailableError("database_unavailable", f"{what}\n{why}" if why else what, hint=hint)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _write(layout: Layout, account: Account, name: str, text: str) -> None:
    command = ["/bin/sh", "-c", _REPLACE, "sh", name]
    written = account.run(command, folder=layout.server_dir, text=text)
    if written.status != 0:
        raise unavailable(f"{layout.server_dir / name} can't be written", written.output, layout)


def _name(setting: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_.]*", setting):
        raise ValueError(f"{setting!r} is not the name of a setting")
    return setting


def _quoted(value: str) -> str:
    if "\n" in value:
        raise ValueError("a setting is one line")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
