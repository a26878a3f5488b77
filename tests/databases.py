"""The PostgreSQL server of a test run: one for all workers, and a database for each test.

Workers find the run's folder through the environment and start the server when a test first asks.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
from cleaning import emptied, fingerprint
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine as Pool
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from bookra.engine import migrating, roles
from bookra.engine.database import open_pool
from bookra.engine.embedded import SUPERUSER, EmbeddedServer

FOLDER_VARIABLE = "BOOKRA_TEST_FOLDER"
URL_VARIABLE = "BOOKRA_TEST_DATABASE_URL"
"""Names a server to test on instead, by the URL of a superuser: tests break things on purpose."""

PREFIX = "bookra-tests-"

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
    # Several workers at once, and tests among them that open some fifty sessions.
    "max_connections": "400",
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


class Warm:
    """The sessions of a database that are kept from one test to the next."""

    def __init__(self, database: Database, session: psycopg.Connection) -> None:
        self.session = session
        self.pids: set[int] = set()
        self.pool = open_pool(database.conninfo, size=10)
        self._name = database.name
        _ADMINISTRATORS[database.name] = open_pool(database.administrator, size=1)
        for pool in (self.pool, _ADMINISTRATORS[database.name]):
            event.listen(pool, "connect", self._met)

    def _met(self, driver: psycopg.Connection, _: object) -> None:
        self.pids.add(driver.info.backend_pid)

    def rests(self) -> bool:
        """Tell whether nobody holds a connection, and none that lies there is broken."""
        return not self.session.closed and all(
            _rests(pool) for pool in (self.pool, _ADMINISTRATORS[self._name])
        )

    def close(self) -> None:
        """End all of them."""
        self.pool.dispose()
        _ADMINISTRATORS.pop(self._name).dispose()
        self.session.close()


_ADMINISTRATORS: dict[str, Pool] = {}
"""Warm sessions of the administrator, by database."""


def administrator_of(database: Database) -> Pool:
    """Return connections of the administrator, warm if they can be."""
    warm = _ADMINISTRATORS.get(database.name)
    return warm or open_pool(database.administrator, pooled=False)


def _rests(pool: Pool) -> bool:
    """Tell whether nobody holds a connection, and none that lies there is broken."""
    kept = pool.pool
    assert isinstance(kept, QueuePool)
    if kept.checkedout():
        return False
    lying = [pool.connect() for _ in range(kept.checkedin())]
    drivers = [one.connection.driver_connection for one in lying]
    whole = all(
        isinstance(driver, psycopg.Connection)
        and driver.info.transaction_status == TransactionStatus.IDLE
        for driver in drivers
    )
    for one in lying:
        one.close()
    return whole


class Server:
    """The run's server, as each process of the run sees it. ``folder`` is the run's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run = folder.name.removeprefix(PREFIX).lower()
        self.login = f"bookra_tests_{self._run}"
        self.password = f"secret-{self._run}"
        self.template = f"bookra_tests_{self._run}"
        self._clean: list[str] = []
        self._warm: dict[str, Warm] = {}

    @cached_property
    def administrator(self) -> dict[str, str]:
        """libpq's keywords of the administrator; starts the embedded server if need be."""
        if url := os.environ.get(URL_VARIABLE):
            return {key: str(value) for key, value in conninfo_to_dict(url).items()}
        server = EmbeddedServer(self._folder / "home", settings=SETTINGS, scram=True)
        server.ensure_started()
        return server.conninfo(SUPERUSER, "postgres")

    @cached_property
    def maintenance(self) -> psycopg.Connection:
        """An administrative session outside any transaction and any test's database."""
        return psycopg.connect(make_conninfo(**self.administrator), autocommit=True)

    def close(self) -> None:
        """End this process' own session; another is opened when one is needed again."""
        for name in list(self._warm):
            self._leave(name)
        if "maintenance" in self.__dict__:
            self.__dict__.pop("maintenance").close()

    @contextmanager
    def clean(self, *, told: bool = True) -> Iterator[Database]:
        """Give a migrated, empty database to one test, and keep it for the next if possible.

        ``told`` says that other processes hear of it: then it has another name afterwards, so that
        what still runs of them doesn't find it. Else its sessions are kept as well, with all that
        the server has read and planned for them: that is most of what a small test costs.
        """
        name = self._clean.pop() if self._clean else self._create(template=True)
        try:
            yield self._database(name)
        except BaseException:
            self._leave(name)
            self._drop(name)
            raise
        if told or not self._kept_warm(name):
            self._leave(name)
            self._take_back(name)

    def pool(self, database: Database) -> Pool:
        """Return connections of the ordinary login to a test's database, warm if they can be."""
        warm = self._warm.get(database.name)
        if warm is None:
            warm = self._warm[database.name] = Warm(database, self._inside(database.name))
        return warm.pool

    @contextmanager
    def fresh(self, *, template: bool = True) -> Iterator[Database]:
        """Make a database for one test, migrated unless ``template`` is False, and drop it."""
        name = self._create(template=template)
        try:
            yield self._database(name)
        finally:
            self._drop(name)

    def kept(self) -> Database:
        """Make a migrated database that goes with its server."""
        return self._database(self._create(template=True))

    def _database(self, name: str) -> Database:
        return Database(
            name,
            _url({**self.administrator, "user": self.login, "password": self.password}, name),
            _url(self.administrator, name),
        )

    def _new_name(self) -> str:
        return f"{self.template}_{secrets.token_hex(4)}"

    def _create(self, *, template: bool) -> str:
        """Make a database and return its name."""
        name = self._new_name()
        with self._locked():
            self._make_template()
            source = self.template if template else "template0"
            # Copying files beats writing the copy to the log: 27 ms against 50.
            self.maintenance.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(source)
                )
            )
        return name

    def _kept_warm(self, name: str) -> bool:
        """Empty a database and keep it with its sessions; False when that can't be."""
        warm = self._warm.get(name)
        if warm is None or not warm.rests():
            return False
        try:
            made = _roles_of(warm.session)
        except psycopg.Error:  # its test has ended it
            return False
        if not emptied(warm.session, self._untouched, own=warm.pids):
            return False
        _drop_roles(self.maintenance, made)
        self._clean.append(name)
        return True

    def _leave(self, name: str) -> None:
        """End what was kept of a database's sessions."""
        if warm := self._warm.pop(name, None):
            warm.close()

    def _take_back(self, name: str) -> None:
        """Empty a database under a new name, or drop it if its test altered more than rows."""
        with self._inside(name) as session:
            made = _roles_of(session)
            usable = emptied(session, self._untouched)
        if not usable:
            self._drop(name)
            return
        _drop_roles(self.maintenance, made)
        renamed = self._new_name()
        self.maintenance.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(name), sql.Identifier(renamed)
            )
        )
        self._clean.append(renamed)

    @cached_property
    def _untouched(self) -> str:
        """The fingerprint of a database whose schema and rights are as the migrations left them."""
        return self._ready.read_text()

    @property
    def _ready(self) -> Path:
        return self._folder / "template-ready"

    def _inside(self, name: str) -> psycopg.Connection:
        return psycopg.connect(
            make_conninfo(**{**self.administrator, "dbname": name}), autocommit=True
        )

    def forget(self) -> None:
        """Drop what this run made on a server that outlives it."""
        for (name,) in self.maintenance.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [self.template]
        ).fetchall():
            _drop_database(self.maintenance, name)
        _drop_roles(self.maintenance, [self.login])
        self.close()

    def _make_template(self) -> None:
        """Make the login and the migrated template unless this run has them already."""
        if self._ready.exists():
            return
        self.maintenance.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(self.template))
        )
        pool = open_pool({**self.administrator, "dbname": self.template}, pooled=False)
        with pool.begin() as connection:
            migrating.upgrade(connection)
            roles.create_login(connection, self.login, self.password)
            roles.grant(connection, roles.PLATFORM, self.login)
        with self._inside(self.template) as session:
            self._ready.write_text(fingerprint(session))

    def _drop(self, name: str) -> None:
        """Drop a test's database, and the logins and roles of the businesses in it."""
        with self._inside(name) as session:
            made = _roles_of(session)
        _drop_database(self.maintenance, name)
        _drop_roles(self.maintenance, made)

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


def _drop_roles(session: psycopg.Connection, names: list[str]) -> None:
    for name in names:
        session.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def _drop_database(session: psycopg.Connection, name: str) -> None:
    session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _url(keywords: Mapping[str, str], name: str) -> str:
    """Return libpq's keywords as the URL that BOOKRA_DATABASE_URL takes."""
    rest = {key: keywords[key] for key in keywords if key not in ("user", "password", "dbname")}
    words = "&".join(f"{key}={quote(value, safe='')}" for key, value in rest.items())
    who = quote(keywords["user"], safe="")
    secret = f":{quote(keywords['password'], safe='')}" if "password" in keywords else ""
    return f"postgresql://{who}{secret}@/{name}?{words}"
