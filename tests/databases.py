"""The PostgreSQL server of a test run: one for all workers, and a fresh database a test.

The run's first process makes a folder and ends the server in it; workers find the folder through
the environment and start the server when a test first asks. The folder is locked as long as the
run lives, so a later run can end what a killed one left behind.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bookra.engine import migrating, roles
from bookra.engine.database import open_pool
from bookra.engine.embedded import SUPERUSER, EmbeddedServer

FOLDER_VARIABLE = "BOOKRA_TEST_FOLDER"
URL_VARIABLE = "BOOKRA_TEST_DATABASE_URL"
"""Names a server to test on instead, by the URL of a superuser: tests break things on purpose."""

PREFIX = "bookra-tests-"
SHORT_ROOT = Path("/tmp")
"""A socket's path has little room, and the server's account can't enter a private folder."""

# Nothing here outlives the run; autovacuum would hold the template when it is cloned, and tests
# that provoke deadlocks need not wait a second for each.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "scram_iterations": "16",
    "deadlock_timeout": "100ms",
}


@dataclass(frozen=True)
class Database:
    """A database of one test. ``url`` is the program's ordinary login, never a superuser."""

    name: str
    url: str
    admin_url: str

    @property
    def conninfo(self) -> dict[str, str]:
        """libpq's keywords of the ordinary login."""
        return {key: str(value) for key, value in conninfo_to_dict(self.url).items()}

    @property
    def administrator(self) -> dict[str, str]:
        """libpq's keywords of the login that makes roles and tables."""
        return {key: str(value) for key, value in conninfo_to_dict(self.admin_url).items()}

    def seen_by(self, login: str, password: str) -> Database:
        """Return the same database with another login as the program's."""
        url = _url({**self.conninfo, "user": login, "password": password}, self.name)
        return replace(self, url=url)


class Server:
    """The run's server, as each process of the run sees it. ``folder`` is the run's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run = folder.name.removeprefix(PREFIX).lower()
        self.login = f"bookra_tests_{self._run}"
        self.password = f"secret-{self._run}"
        self.template = f"bookra_tests_{self._run}"

    @cached_property
    def administrator(self) -> dict[str, str]:
        """libpq's keywords of the administrator; starts the embedded server if need be."""
        if url := os.environ.get(URL_VARIABLE):
            return {key: str(value) for key, value in conninfo_to_dict(url).items()}
        server = EmbeddedServer(self._folder / "home", settings=SETTINGS, scram=True)
        server.ensure_started()
        return server.conninfo(SUPERUSER, "postgres")

    @contextmanager
    def maintenance(self) -> Iterator[psycopg.Connection]:
        """Open an administrative session outside any transaction."""
        with psycopg.connect(make_conninfo(**self.administrator), autocommit=True) as session:
            yield session

    @contextmanager
    def fresh(self, *, template: bool = True) -> Iterator[Database]:
        """Make a database for one test, migrated unless ``template`` is False, and drop it."""
        name = f"{self.template}_{secrets.token_hex(4)}"
        with self._locked():
            self._make_template()
            with self.maintenance() as session:
                source = self.template if template else "template0"
                # Copying files beats writing the copy to the log: 27 ms against 50.
                session.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                        sql.Identifier(name), sql.Identifier(source)
                    )
                )
        try:
            yield Database(
                name,
                _url({**self.administrator, "user": self.login, "password": self.password}, name),
                _url(self.administrator, name),
            )
        finally:
            self._drop(name)

    def forget(self) -> None:
        """Drop what this run made on a server that outlives it."""
        with self.maintenance() as session:
            for (name,) in session.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.template]
            ).fetchall():
                _drop_database(session, name)
            session.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.login)))

    def _make_template(self) -> None:
        """Make the login and the migrated template unless this run has them already."""
        ready = self._folder / "template-ready"
        if ready.exists():
            return
        with self.maintenance() as session:
            session.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(
                    sql.Identifier(self.template)
                )
            )
        pool = open_pool({**self.administrator, "dbname": self.template}, pooled=False)
        with pool.begin() as connection:
            migrating.upgrade(connection)
            roles.create_login(connection, self.login, self.password)
            roles.grant(connection, roles.PLATFORM, self.login)
        ready.touch()

    def _drop(self, name: str) -> None:
        """Drop a test's database, and the logins and roles of the businesses in it."""
        with psycopg.connect(make_conninfo(**{**self.administrator, "dbname": name})) as session:
            made = _roles_of(session)
        with self.maintenance() as session:
            _drop_database(session, name)
            for role in made:
                session.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time make a database: a template in use can't be cloned."""
        with (self._folder / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _roles_of(session: psycopg.Connection) -> list[str]:
    """Return the roles that stand for this database's businesses and operators."""
    tenants = session.execute("SELECT to_regclass('bookra.tenants')").fetchone()
    if tenants == (None,):
        return []
    made = []
    for (tenant,) in session.execute("SELECT id FROM bookra.tenants").fetchall():
        session.execute("SELECT set_config('app.tenant', %s, false)", [str(tenant)])
        found = session.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = %s"
            " OR rolname IN (SELECT login FROM bookra.operators)",
            [roles.tenant_role(tenant)],
        ).fetchall()
        made += [name for (name,) in found]
    return made


def _drop_database(session: psycopg.Connection, name: str) -> None:
    session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _url(keywords: Mapping[str, str], name: str) -> str:
    """Return libpq's keywords as the URL that BOOKRA_DATABASE_URL takes."""
    rest = {key: keywords[key] for key in keywords if key not in ("user", "password", "dbname")}
    words = "&".join(f"{key}={quote(value, safe='')}" for key, value in rest.items())
    who = quote(keywords["user"], safe="")
    secret = f":{quote(keywords['password'], safe='')}" if "password" in keywords else ""
    return f"postgresql://{who}{secret}@/{name}?{words}"


class Run:
    """The run's folder and its lock, held by the process that started the run."""

    def __init__(self) -> None:
        end_stale_runs()
        made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=SHORT_ROOT))
        made.chmod(0o711)
        self._lock = _lock(made)
        # It gets the name that other runs look for once it is locked, not before.
        self.folder = made.rename(made.with_name(made.name.removeprefix(".")))

    def end(self) -> None:
        """Stop the server, if a test started it, and remove every trace."""
        if URL_VARIABLE in os.environ and (self.folder / "template.lock").exists():
            Server(self.folder).forget()
        _end(self.folder)
        if self._lock is not None:
            os.close(self._lock)


def end_stale_runs() -> None:
    """Stop the servers of runs that were killed: their folders are no longer locked."""
    for folder in SHORT_ROOT.glob(f"{PREFIX}*"):
        try:
            lock = _lock(folder)
        except OSError:
            continue  # another user's, or another run was faster
        if lock is not None:
            _end(folder)
            os.close(lock)


def _end(folder: Path) -> None:
    EmbeddedServer(folder / "home").stop(immediate=True)
    shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: Path) -> int | None:
    """Lock a run's folder; None when its run lives."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
