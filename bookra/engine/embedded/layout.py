"""The folders and files of an embedded server, and how they come to be.

``<home>`` belongs to the person who runs Bookra, ``<home>/postgres`` to the server's account.
Only folders made here get an owner or permissions; one that was there stays as it is.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bookra.engine.embedded.account import Account
from bookra.engine.embedded.postmaster import SOCKET_FILE, is_private
from bookra.errors import UnavailableError

LOCK_SECONDS = 300
"""Longer than one command may take to make, start or stop a server."""

# sun_path is 104 bytes on macOS and 108 on Linux, its closing NUL included.
SOCKET_PATH_BYTES = 103
# The same for every shell of a user, unlike $TMPDIR and $XDG_RUNTIME_DIR; the latter is also
# emptied at logout, under a server that goes on.
SHORT_ROOT = Path("/tmp")  # noqa: S108  the folder's owner and permissions are checked

# A comma would start a second host in libpq, a quote or a space end a setting.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+@~-]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything of the server in ``home`` is. ``home`` is absolute, without links."""

    home: Path

    @property
    def server_dir(self) -> Path:
        """The server account's own folder."""
        return self.home / "postgres"

    @property
    def data_dir(self) -> Path:
        """PostgreSQL's data folder: it exists only complete."""
        return self.server_dir / "data"

    @property
    def log(self) -> Path:
        """What the server says, without the texts of anybody's statements."""
        return self.server_dir / "server.log"

    @property
    def socket_dir(self) -> Path:
        """The private folder of the socket: inside the home, or a short one named after it."""
        inside = self.server_dir / "run"
        plain = _PLAIN_PATH.fullmatch(str(inside)) is not None
        if plain and len(str(inside / SOCKET_FILE)) <= SOCKET_PATH_BYTES:
            return inside
        import hashlib  # OpenSSL: 15 ms that a completed word does not wait for

        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return SHORT_ROOT / f"bookra-{digest}"

    @property
    def initialised(self) -> bool:
        """Tell whether the data folder was made."""
        return (self.data_dir / "PG_VERSION").is_file()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock under which the server is started or stopped; wait for it if need be.

        The system frees it when this process ends, however it ends. Python opens files so that
        no child inherits them: the server that is started under the lock does not hold it.
        Raises UnavailableError when it is not free after LOCK_SECONDS.
        """
        path = self.home / "postgres.lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        else:
            if os.geteuid() == 0:  # so that root's one visit does not lock the home's owner out
                owner = self.home.stat()
                os.fchown(lock, owner.st_uid, owner.st_gid)
        try:
            self._await_lock(lock)
            yield
        finally:
            os.close(lock)

    def _await_lock(self, lock: int) -> None:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
            else:
                return
        raise UnavailableError(
            "database_unavailable",
            f"Another command has kept the database's start to itself for {LOCK_SECONDS} seconds",
            hint=f"Find that command with: fuser {self.home / 'postgres.lock'}",
        )

    def make_home(self) -> None:
        """Make the home and the folders above it where they are missing.

        The server's account must be able to pass through root's: 0711. A user's are 0700.
        """
        mode = 0o711 if os.geteuid() == 0 else 0o700
        for folder in reversed([f for f in (self.home, *self.home.parents) if not f.exists()]):
            try:
                folder.mkdir(mode)
            except FileExistsError:
                continue  # another command was faster
            folder.chmod(mode)  # mkdir's mode went through the umask

    def make_server_dir(self, account: Account) -> None:
        """Make the server's folder, private to ``account``. Raises OSError when it can't be."""
        if self.server_dir.is_dir() and self.server_dir.stat().st_uid == account.uid:
            return
        fresh = tempfile.mkdtemp(prefix=".postgres-", dir=self.home)
        try:
            if os.geteuid() == 0:
                os.chown(fresh, account.uid, account.gid, follow_symlinks=False)
            Path(fresh).rename(self.server_dir)
        except OSError:
            Path(fresh).rmdir()
            raise

    def make_socket_dir(self, account: Account) -> None:
        """Make the socket's folder; refuse one that another user made or may enter.

        Who owns that folder could answer in the server's place. Raises UnavailableError.
        """
        if is_private(self.socket_dir, account.uid):
            return
        made = account.run(["mkdir", "-m", "700", self.socket_dir])
        if not is_private(self.socket_dir, account.uid):
            raise UnavailableError(
                "database_unavailable",
                f"{self.socket_dir} is not private to the user '{account.name}': {made.output}",
                hint="Remove that folder, or set BOOKRA_HOME to a shorter path",
            )
