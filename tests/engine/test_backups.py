"""Backups: what they hold, what a restore proves and refuses, and where it leaves things."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg
import pytest
from databases import Database, Server
from factories import Salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra import bootstrap, safekeeping
from bookra.config import Settings
from bookra.engine import migrating
from bookra.engine.backups import restoring, taking, turn
from bookra.engine.backups.restoring import Wish
from bookra.engine.database import open_pool
from bookra.engine.ledger.days import close_all
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.taking import take_cash
from bookra.engine.runtime import Engine
from bookra.engine.tenancy.actions import visible
from bookra.errors import BookraError

SECRET = "+4930901820"
HELD = text("SELECT count(*) FROM breakers WHERE tenant_id = :tenant_id AND state = 'held'")
WRITTEN = text(
    "SELECT command FROM installation_events UNION ALL SELECT why FROM audit_baselines ORDER BY 1"
)


@dataclass(frozen=True)
class Saved:
    """A salon whose backup is on the disk, and settings of its administrator."""

    salon: Salon
    settings: Settings
    path: Path

    def elsewhere(self, database: Database) -> Settings:
        return replace(self.settings, database_url=database.admin_url)


@pytest.fixture
def saved(salon: Salon, settings: Settings, tmp_path: Path) -> Saved:
    booking = salon.book("2026-11-24 10:00")
    salon.customer("Emil Berg", phone=SECRET)
    salon.act(lambda tx: take_cash(tx, booking.code))
    own = replace(settings, database_url=salon.database.admin_url)
    path = tmp_path / "luna.backup"
    assert safekeeping.back_up(own, path)[1], "the installation's record has it"
    return Saved(salon, own, path)


@pytest.fixture
def empty(postgres: Server) -> Iterator[Database]:
    with postgres.fresh(template=False) as fresh:
        yield fresh


def test_a_restored_database_is_the_one_that_was_saved_and_works(
    saved: Saved, empty: Database
) -> None:
    assert saved.path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(saved.path) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        words = manifest.read().decode()
    assert SECRET not in words
    assert json.loads(words)["tenants"][0]["counts"]["customers"] == 2
    placed = safekeeping.restore(saved.elsewhere(empty), saved.path, Wish())
    assert placed.restored.findings == ()
    assert placed.restored.tenants == placed.restored.manifest.tenants
    pool = open_pool(empty.conninfo)
    there = replace(saved.salon, database=empty, pool=pool).at(saved.salon.now)
    assert there.ask(verify).ok
    assert there.balances() == saved.salon.balances()
    assert there.book("2026-11-24 12:00").code.startswith("LUN-")
    # There is no account, so all that waits is for ourselves: nothing is held.
    assert there.ask(lambda tx: tx.rows(HELD))[0][0] == 0
    found = there.engine.across_tenants(lambda c: list(c.execute(WRITTEN).scalars()))
    assert {"db restore", "restored"} <= set(found)
    assert "db backup" not in found, "it was noted after the snapshot"
    pool.dispose()


def test_what_is_no_whole_backup_changes_nothing(saved: Saved, empty: Database) -> None:
    own, raw = saved.elsewhere(empty), saved.path.read_bytes()
    manifest = raw.index(b'"revision": "0')
    cases: dict[str, bytes] = {
        "not_a_backup": b"PGDMP something else",
        "damaged_backup": raw[:-6000] + bytes(3000) + raw[-3000:],
        "restore_differs": raw.replace(b'"customers": 2', b'"customers": 3'),
        "backup_newer": raw[:manifest] + b'"revision": "9' + raw[manifest + 14 :],
    }
    for code, content in cases.items():
        broken = saved.path.with_name(f"{code}.backup")
        broken.write_bytes(content)
        assert refusal(partial(safekeeping.restore, own, broken, Wish())) == code
    assert refusal(lambda: safekeeping.restore(own, saved.path.with_name("no"), Wish())) == (
        "cannot_read"
    )
    with psycopg.connect(empty.admin_url) as session:
        assert session.execute("SELECT to_regclass('bookra.tenants')").fetchone() == (None,)


def test_businesses_that_are_there_are_replaced_only_on_request(
    saved: Saved, pool: Pool, tmp_path: Path
) -> None:
    assert refusal(lambda: safekeeping.restore(saved.settings, saved.path, Wish())) == (
        "database_not_empty"
    )
    assert refusal(lambda: safekeeping.back_up(saved.settings, saved.path)) == "file_exists"
    assert refusal(lambda: safekeeping.back_up(saved.settings, tmp_path / "no" / "x")) == (
        "cannot_write"
    )
    later = saved.salon.book("2026-11-24 15:00")
    safekeeping.restore(saved.settings, saved.path, Wish(replace=True))
    assert refusal(lambda: saved.salon.booking(later.code)) == "unknown_booking"
    assert not list(tmp_path.glob("*.partial"))


def test_a_second_backup_at_once_is_told_who_is_at_work(saved: Saved) -> None:
    before = saved.path.read_bytes()
    pool = open_pool(bootstrap.administrator(saved.settings), pooled=False)
    try:
        with pool.begin() as connection:
            turn.take(connection)
            with pytest.raises(BookraError) as caught:
                safekeeping.back_up(saved.settings, saved.path, overwrite=True)
    finally:
        pool.dispose()
    told = caught.value
    assert (told.exit_code, told.code) == (4, "job_running")
    assert told.details["holder"].endswith(f"process {os.getpid()}: db backup")
    assert told.details["holder"] in told.message
    assert told.details["since"] in told.message
    assert saved.path.read_bytes() == before
    safekeeping.back_up(saved.settings, saved.path, overwrite=True)
    assert saved.path.read_bytes() != before


def test_a_tampered_ledger_does_not_come_back_unnoticed(
    saved: Saved, empty: Database, tmp_path: Path
) -> None:
    """The day was closed before: its digest is what the rows are held against."""
    with psycopg.connect(saved.salon.database.admin_url) as session:
        session.execute("UPDATE bookra.entries SET posted_at = posted_at - interval '3 days'")
    close_all(Engine(saved.salon.pool), "luna", command=None)
    with psycopg.connect(saved.salon.database.admin_url) as session:
        session.execute("UPDATE bookra.transfers SET amount_minor = amount_minor + 100")
    path = tmp_path / "tampered.backup"
    safekeeping.back_up(saved.settings, path)
    own = saved.elsewhere(empty)
    assert refusal(lambda: safekeeping.restore(own, path, Wish())) == "restore_differs"
    placed = safekeeping.restore(own, path, Wish(anyway=True))
    assert any("is not what it was when it was closed" in each for each in placed.restored.findings)


def test_a_login_that_policies_bind_makes_no_backup_and_one_made_for_it_does(
    saved: Saved, postgres: Server, tmp_path: Path
) -> None:
    database = saved.salon.database
    assert refusal(lambda: taking.take(database.conninfo, tmp_path / "x")) == "needs_backup_role"
    login = f"{postgres.login}_saver"
    with psycopg.connect(database.admin_url, autocommit=True) as session:
        session.execute(f"CREATE ROLE {login} LOGIN BYPASSRLS PASSWORD 'secret'")
        session.execute(f"GRANT pg_read_all_data TO {login}")
        try:
            mine = database.seen_by(login, "secret")
            taken = taking.take(mine.conninfo, tmp_path / "mine.backup")
            assert taken.manifest.tenants[0].ledger.entries == 1
        finally:
            session.execute(f"DROP ROLE {login}")


def test_operators_come_back_without_passwords_and_strangers_get_nothing(
    saved: Saved, empty: Database, tmp_path: Path, postgres: Server
) -> None:
    here, known = f"{postgres.login}_ana", f"{postgres.login}_bo"
    tenant = saved.salon.tenant
    with bootstrap.administration(saved.settings) as connection:
        for login in (here, known):
            connection.execute(
                text(
                    "INSERT INTO bookra.operators (tenant_id, id, login, role, created_at)"
                    " VALUES (:tenant, gen_random_uuid(), :login, 'manager', now())"
                ),
                {"tenant": tenant.id, "login": login},
            )
        connection.execute(text(f"CREATE ROLE {known} LOGIN"))
    path = tmp_path / "operators.backup"
    safekeeping.back_up(saved.settings, path)
    placed = safekeeping.restore(saved.elsewhere(empty), path, Wish())
    assert placed.restored.left_alone == (known,)
    member = "SELECT pg_has_role(%s, %s, 'MEMBER')"
    with psycopg.connect(empty.admin_url) as session:
        role = f"bookra_t_{tenant.id.hex}"
        assert session.execute(member, [here, role]).fetchone() == (True,)
        assert session.execute(member, [known, role]).fetchone() == (False,)
        password = "SELECT rolpassword FROM pg_authid WHERE rolname = %s"
        assert session.execute(password, [here]).fetchone() == (None,)


def test_a_backup_of_the_release_before_is_migrated_and_held(
    saved: Saved, empty: Database, tmp_path: Path
) -> None:
    with bootstrap.administration(saved.settings) as connection:
        migrating.downgrade(connection, "0005")
    path = tmp_path / "older.backup"
    taking.take(saved.salon.database.administrator, path)
    placed = safekeeping.restore(saved.elsewhere(empty), path, Wish())
    assert placed.restored.manifest.revision == "0005"
    with bootstrap.administration(saved.elsewhere(empty)) as connection:
        assert migrating.inspect(connection).up_to_date
        assert restoring.how_many_tenants(connection) == 1
        assert [each.slug for each in visible(connection)] == ["luna"]


def refusal(call: Callable[[], object]) -> str:
    """Return the code of the error that a call raises."""
    with pytest.raises(BookraError) as refused:
        call()
    return refused.value.code
