"""The server itself: started when needed, left running, stopped on request.

Every command calls ``ensure_started``; only the first one after a boot starts anything. The
server outlives the command that started it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bookra.engine.embedded import binaries, cluster, postmaster
from bookra.engine.embedded.account import Account, barrier, server_account, unreachable
from bookra.engine.embedded.cluster import SUPERUSER, unavailable
from bookra.engine.embedded.layout import Layout
from bookra.errors import InvalidInputError, UnavailableError

__all__ = ["SUPERUSER", "EmbeddedServer", "ServerStatus"]

START_SECONDS = 120
"""How long recovery after a crash may take before a command gives up waiting for it."""

STOP_SECONDS = 60
ORPHANS_SECONDS = 15
"""How long the children of a killed server may keep its memory or its lock files."""

SOCKET_SECONDS = 3
"""How long a server that calls itself ready may leave its socket unanswered."""

_LEFT_BEHIND = ("pre-existing shared memory block", "already exists", "is empty")


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known of the server without starting it. ``version`` is the data's: ``18``."""

    running: bool
    pid: int | None
    data_dir: Path
    socket_dir: Path
    version: str | None
    initialised: bool


class EmbeddedServer:
    """The PostgreSQL server whose data is in ``<home>/postgres``.

    ``settings`` are further lines of its configuration. With ``scram`` every login but the
    superuser needs a password. Both count from the server's next start.
    """

    def __init__(
        self, home: Path, *, settings: Mapping[str, str] | None = None, scram: bool = False
    ) -> None:
        self._layout = Layout(Path(os.path.realpath(home)))
        self._settings = dict(settings or {})
        self._scram = scram

    def ensure_started(self) -> bool:
        """Start the server unless it runs; return True when this call started it.

        The first start makes the database. Commands that come at once wait for one of them.
        Raises InvalidInputError (``home_unreachable``) or UnavailableError
        (``database_unavailable``).
        """
        with self._failures_explained():
            if self._is_up():
                return False
            account = self._account()
            self._layout.make_home()
            with self._layout.locked():
                if self._settles_up(account):
                    return False
                self._start(account)
            return True

    def stop(self, *, immediate: bool = False) -> bool:
        """Stop the server and wait until it ended; return False when none ran.

        Sessions are ended. ``immediate`` skips the checkpoint: the next start recovers. Raises
        UnavailableError when it does not end.
        """
        with self._failures_explained():
            if not self._layout.server_dir.is_dir():
                return False
            account = server_account(self._layout.server_dir)
            with self._layout.locked():
                pid = self._live_pid(account)
                if pid is None:
                    return False
                os.kill(pid, signal.SIGQUIT if immediate else signal.SIGINT)
                self._await_end(pid, account)
            return True

    def status(self) -> ServerStatus:
        """Look, and change nothing."""
        with self._failures_explained():
            running, initialised = self._is_up(), self._layout.initialised
            record = postmaster.recorded(self._layout.data_dir) if running else None
            version_file = self._layout.data_dir / "PG_VERSION"
            return ServerStatus(
                running=record is not None,
                pid=record.pid if record else None,
                data_dir=self._layout.data_dir,
                socket_dir=self._layout.socket_dir,
                version=version_file.read_text("utf-8").strip() if initialised else None,
                initialised=initialised,
            )

    def conninfo(self, user: str, database: str) -> dict[str, str]:
        """Return libpq's keywords for a connection of ``user`` to ``database``."""
        return {
            "host": str(self._layout.socket_dir),
            "port": postmaster.PORT,
            "user": user,
            "dbname": database,
        }

    def binary(self, name: str) -> Path:
        """Return the path of a PostgreSQL program (``pg_dump``) for the current user to run."""
        return binaries.program(binaries.installed_folder(), name)

    def _is_up(self) -> bool:
        """Tell whether the server takes connections, without starting any process.

        The socket's folder is looked at first: in the system's temporary folder someone else
        could have made it, and answer there.
        """
        try:
            owner = self._layout.server_dir.stat().st_uid
        except FileNotFoundError:
            return False
        record = postmaster.recorded(self._layout.data_dir)
        return (
            record is not None
            and record.status == postmaster.READY
            and postmaster.is_private(self._layout.socket_dir, owner)
            and postmaster.answers(self._layout.socket_dir)
        )

    def _account(self) -> Account:
        """Return the server's account, once it is known that it can pass to the home."""
        account = server_account(self._layout.server_dir)
        home = self._layout.home
        existing = next(folder for folder in (home, *home.parents) if folder.exists())
        blocked = barrier(account, existing)
        if blocked is not None:
            raise unreachable(blocked, account)
        return account

    def _live_pid(self, account: Account) -> int | None:
        record = postmaster.recorded(self._layout.data_dir)
        if record and postmaster.is_server(record.pid, self._layout.data_dir, account):
            return record.pid
        return None

    def _settles_up(self, account: Account) -> bool:
        """Tell whether the server runs, after waiting for one that is coming up or going down.

        A command that was killed while it waited may have left either.
        """
        begun = time.monotonic()
        while (pid := self._live_pid(account)) is not None:
            if self._is_up():
                return True
            record = postmaster.recorded(self._layout.data_dir)
            ready = record is not None and record.status == postmaster.READY
            if time.monotonic() - begun > (SOCKET_SECONDS if ready else START_SECONDS):
                raise UnavailableError(
                    "database_unavailable",
                    f"The server runs (process {pid}) but does not answer in "
                    f"{self._layout.socket_dir}",
                    hint=f"Stop it with: kill -INT {pid}. Then try again",
                )
            time.sleep(0.05)
        return self._is_up()

    def _start(self, account: Account) -> None:
        layout = self._layout
        programs = binaries.folder_for(account)
        layout.make_server_dir(account)
        layout.make_socket_dir(account)
        cluster.clear_unfinished(layout)
        if not layout.initialised:
            durable = self._settings.get("fsync") != "off"
            cluster.initialise(layout, account, programs, durable=durable)
        cluster.configure(layout, account, self._settings, scram=self._scram)
        cluster.set_log_aside(layout)
        begun = time.monotonic()
        while (why := self._launch(account, programs)) is not None:
            orphans = any(text in why for text in _LEFT_BEHIND)
            if not orphans or time.monotonic() - begun > ORPHANS_SECONDS:
                raise unavailable("The database server did not start", why, layout)
            time.sleep(0.1)

    def _launch(self, account: Account, programs: Path) -> str | None:
        """Start the server once and wait until it is ready; return its last words if it failed.

        pg_ctl hands the names to a shell, so it gets none that a home's path could be in.
        """
        layout = self._layout
        postmaster.clear_stale(layout.data_dir, layout.socket_dir, account)
        said_before = layout.log.stat().st_size if layout.log.exists() else 0
        options = ["--pgdata=data", "--log=server.log", f"--timeout={START_SECONDS}"]
        done = account.run(
            [binaries.program(programs, "pg_ctl"), "start", "--silent", "--wait", *options],
            folder=layout.server_dir,
            timeout_seconds=START_SECONDS + 30,
        )
        if done.status == 0:
            return None
        said = layout.log.read_bytes()[said_before:] if layout.log.exists() else b""
        return said.decode("utf-8", "replace").strip() or done.output

    def _await_end(self, pid: int, account: Account) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while postmaster.is_server(pid, self._layout.data_dir, account):
            if time.monotonic() > deadline:
                raise UnavailableError(
                    "database_unavailable",
                    f"The server (process {pid}) did not stop in {STOP_SECONDS} seconds",
                    hint=f"See why in {self._layout.log}",
                )
            time.sleep(0.01)

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        """Turn what the operating system refuses into an error with its exit code."""
        home = self._layout.home
        try:
            yield
        except NotADirectoryError as error:
            raise InvalidInputError(
                "home_unreachable",
                f"{home} is not a folder, or lies below a file",
                hint="Set BOOKRA_HOME to a folder",
            ) from error
        except PermissionError as error:
            account = server_account(self._layout.server_dir)
            raise unreachable(Path(error.filename or home), account) from error
        except OSError as error:
            raise unavailable("The database can't be used", str(error), self._layout) from error
