"""Whether the server process lives, read from the files it keeps, and the mending of stale ones.

PostgreSQL refuses to start while the process number in its lock files belongs to a living
process of the same user. After a crash of the machine that number may be anybody's, or the file
empty. The server's working folder is its data folder: that tells it from any other process.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bookra.engine.embedded.account import Account

PORT = "5432"
"""Only names the socket: the server listens on no network."""

SOCKET_FILE = f".s.PGSQL.{PORT}"
READY = "ready"

_PID_LINE, _STATUS_LINE = 0, 7
_CONNECT_SECONDS = 5.0
# A server writes its number right after it creates the file; an older empty file is a crash's.
_EMPTY_FILE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What ``postmaster.pid`` says: the server's process number and its status word."""

    pid: int
    status: str


def recorded(data_dir: Path) -> Postmaster | None:
    """Return what the data folder's lock file says, true or stale; None without a number."""
    try:
        lines = (data_dir / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        pid = int(lines[_PID_LINE])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    status = lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else ""
    return Postmaster(pid, status) if pid > 0 else None


def answers(socket_dir: Path) -> bool:
    """Tell whether something listens on the server's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_CONNECT_SECONDS)
        try:
            client.connect(str(socket_dir / SOCKET_FILE))
        except OSError as error:
            return error.errno == errno.EAGAIN  # its queue is full: busy, so it lives
    return True


def is_private(folder: Path, uid: int) -> bool:
    """Tell whether ``folder`` is a real folder of ``uid`` that no other user may enter."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077


def is_server(pid: int, data_dir: Path, account: Account) -> bool:
    """Tell whether the process ``pid`` lives and works in ``data_dir``, as only its server does."""
    if not is_alive(pid):
        return False
    if sys.platform == "darwin":
        listing = account.run(["lsof", "-a", "-p", str(pid), "-d", "cwd", "-Fn"]).output
        return f"n{data_dir}" in listing.splitlines()
    folder = Path(f"/proc/{pid}/cwd")
    try:
        return folder.samefile(data_dir)
    except PermissionError:
        # Root in a container may lack the right to look into others; the same user has it.
        return account.run(["test", folder, "-ef", data_dir]).status == 0
    except OSError:
        return False  # gone since, or a zombie


def is_alive(pid: int) -> bool:
    """Tell whether a process has this number, a zombie included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clear_stale(data_dir: Path, socket_dir: Path, account: Account) -> None:
    """Remove lock files that would stop a start although no server of ``data_dir`` lives.

    Call it under the start lock only. Files of a dead process stay: PostgreSQL replaces these
    itself, after it looked whether children of that process still use the shared memory.
    """
    for path in (data_dir / "postmaster.pid", socket_dir / f"{SOCKET_FILE}.lock"):
        try:
            written = path.lstat().st_mtime
            first_line = path.read_text("utf-8", "replace").partition("\n")[0].strip()
        except FileNotFoundError:
            continue
        if first_line.lstrip("-").isdigit():
            pid = abs(int(first_line))
            stale = is_alive(pid) and not is_server(pid, data_dir, account)
        else:
            stale = time.time() - written > _EMPTY_FILE_SECONDS
        if stale:
            path.unlink(missing_ok=True)
