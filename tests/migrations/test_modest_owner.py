"""A server where no superuser ever helps: everything is made by a login that may make roles.

The group roles belong to the whole server, so this needs one where nobody has made them yet.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from databases import SETTINGS, Database
from factories import Salon, open_salon
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Row, text
from sqlalchemy import Engine as Pool

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine import migrating, roles
from bookra.engine.commissions.split import split
from bookra.engine.database import open_pool
from bookra.engine.embedded import SUPERUSER, EmbeddedServer
from bookra.engine.payments.taking import take_cash
from bookra.engine.revision import HEAD
from bookra.engine.runtime import Engine, administrative_tx
from bookra.engine.tenancy import installation, operators
from bookra.engine.tenancy.logins import end_sessions
from bookra.engine.tenancy.operators import add_operator
from bookra.engine.transport.archive import opened
from bookra.engine.transport.arriving import arrive
from bookra.engine.transport.leaving import leave
from bookra.errors import NotAllowedError

RECORDED = text(
    "SELECT id, posted_at, recorded_by, written_in::text FROM entries"
    " WHERE tenant_id = :tenant_id ORDER BY id"
)
SPLITS = text("SELECT key, amount_minor FROM commission_splits WHERE tenant_id = :tenant_id")


@pytest.fixture
def owned() -> Iterator[Database]:
    """A database on a server of its own; its administrator is CREATEDB and CREATEROLE, no more."""
    folder = Path(tempfile.mkdtemp(prefix="bookra-", dir="/tmp"))
    folder.chmod(0o711)
    server = EmbeddedServer(folder / "home", settings=SETTINGS, scram=True)
    server.ensure_started()
    superuser = make_conninfo(**server.conninfo(SUPERUSER, "postgres"))
    with psycopg.connect(superuser, autocommit=True) as session:
        session.execute("CREATE ROLE dba LOGIN CREATEDB CREATEROLE PASSWORD 'x'")
        session.execute("CREATE DATABASE salons OWNER dba")
    host = server.conninfo("dba", "salons")["host"]
    url = f"postgresql://{{}}@/salons?host={host}&port=5432"
    yield Database("salons", url.format("app:secret"), url.format("dba:x"))
    server.stop(immediate=True)
    shutil.rmtree(folder)


def add_ordinary_login(connection: Connection) -> None:
    roles.create_login(connection, "app", "secret")
    roles.grant(connection, roles.PLATFORM, "app")


def moved(owned: Database, settings: Settings, salon: Salon) -> Sequence[Row[Any]]:
    """Move a salon to another database; return who recorded what there, and when."""
    with psycopg.connect(make_conninfo(**owned.administrator), autocommit=True) as session:
        session.execute("CREATE DATABASE moved")
    there = replace(settings, database_url=owned.admin_url.replace("/salons?", "/moved?"))
    bootstrap.upgrade(there)
    file = BytesIO()
    leave(salon.engine, salon.slug, file)
    with opened(file, HEAD) as archive, bootstrap.administration(there) as connection:
        arrive(connection, archive)
    pool = open_pool({**owned.administrator, "dbname": "moved"})
    found = Engine(pool).ask(salon.slug, lambda tx: tx.rows(RECORDED))
    pool.dispose()
    return found


def test_a_login_that_is_no_superuser_can_do_all_an_administrator_does(
    owned: Database, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=owned.admin_url)
    assert bootstrap.upgrade(settings).before is None
    assert bootstrap.upgrade(settings).before == HEAD
    with bootstrap.administration(settings) as connection:
        assert migrating.differences(connection) == []
    with bootstrap.administration(settings) as connection:
        add_ordinary_login(connection)
    ordinary = open_pool(owned.conninfo)
    salon = open_salon(owned, ordinary)
    booking = salon.book("2026-11-24 10:00")
    salon.act(lambda tx: take_cash(tx, booking.code))
    assert moved(owned, settings, salon) == salon.ask(lambda tx: tx.rows(RECORDED)) != []
    with bootstrap.administration(settings) as connection:
        tx = administrative_tx(connection, salon.tenant)
        assert add_operator(connection, tx, "rosa", "front-desk", "pw")[1]
    as_rosa = open_pool(owned.seen_by("rosa", "pw").conninfo)
    assert Engine(as_rosa).ask("luna", lambda tx: tx.tenant.slug) == "luna"
    _the_operator_is_changed_and_goes(settings, salon, as_rosa)
    for pool in (ordinary, as_rosa):
        pool.dispose()
    with bootstrap.administration(settings) as connection:
        migrating.downgrade(connection)
    assert bootstrap.upgrade(settings).before is None


def _the_operator_is_changed_and_goes(settings: Settings, salon: Salon, hers: Pool) -> None:
    """Who is no superuser changes, rotates and revokes what it made, and ends the sessions."""
    open_session = hers.connect()
    with bootstrap.administration(settings) as connection:
        tx = administrative_tx(connection, salon.tenant)
        assert operators.change_role(connection, tx, "rosa", "owner")[1]
        operators.rotate_password(connection, tx, "rosa", "other")
        assert operators.revoke(connection, tx, "rosa")[1]
        assert installation.add_login(connection, "relay_one", "relay", "pw")[1]
        assert installation.revoke_login(connection, "relay_one")
    with bootstrap.administration(settings) as connection:
        assert end_sessions(connection, "rosa") == 1
    open_session.invalidate()
    open_session.close()


def test_one_url_of_the_owner_is_enough_to_work(owned: Database, tmp_path: Path) -> None:
    """The owner steps down to the platform's role in each ordinary transaction."""
    settings = Settings(home=tmp_path, database_url=owned.admin_url)
    bootstrap.upgrade(settings)
    pool = open_pool(owned.administrator)
    salon = open_salon(owned, pool)
    salon.book("2026-11-24 10:00")
    assert salon.ask(lambda tx: tx.connection.exec_driver_sql("SELECT current_user").scalar()) == (
        roles.PLATFORM
    )
    pool.dispose()


def test_what_was_earned_outlives_a_step_down_and_up(owned: Database, tmp_path: Path) -> None:
    """Row-level security binds the owner too: a migration that fills in must see the rows."""
    settings = Settings(home=tmp_path, database_url=owned.admin_url)
    bootstrap.upgrade(settings)
    pool = open_pool(owned.administrator)
    salon = open_salon(owned, pool)
    booking = salon.book("2026-11-24 10:00")
    salon.act(lambda tx: take_cash(tx, booking.code))
    salon.act(lambda tx: split(tx, booking.id))
    earned = salon.ask(lambda tx: tx.rows(SPLITS))
    with bootstrap.administration(settings) as connection:
        migrating.downgrade(connection, "0003")
    bootstrap.upgrade(settings)
    pool.dispose()
    assert salon.ask(lambda tx: tx.rows(SPLITS)) == earned
    assert salon.booking(booking.code).paid == booking.price
    pool.dispose()


def test_an_ordinary_login_may_not_upgrade(owned: Database, tmp_path: Path) -> None:
    bootstrap.upgrade(Settings(home=tmp_path, database_url=owned.admin_url))
    with bootstrap.administration(Settings(home=tmp_path, database_url=owned.admin_url)) as admin:
        add_ordinary_login(admin)
        migrating.downgrade(admin)
    with pytest.raises(NotAllowedError):
        bootstrap.upgrade(Settings(home=tmp_path, database_url=owned.url))
