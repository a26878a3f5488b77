"""Moving the embedded database to a server: whole, shut behind itself, and never half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from databases import FOLDER_VARIABLE, URL_VARIABLE, Database, Server
from factories import Salon
from sqlalchemy import text

from bookra import bootstrap, removal, safekeeping
from bookra.config import Settings
from bookra.engine.backups import databases, restoring
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.taking import take_cash
from bookra.errors import BookraError, UnavailableError

HELD = text("SELECT count(*) FROM breakers WHERE tenant_id = :tenant_id")


@pytest.fixture
def embedded(salon: Salon, postgres: Server, environment: dict[str, str]) -> Iterator[Settings]:
    """Settings of the salon's database as an embedded one: the tests' own server is such a one.

    With ``environment``, since a move ends all sessions: none can be kept for the next test.
    """
    assert environment
    if os.environ.get(URL_VARIABLE):
        pytest.skip("the tests run on a named server: nothing is embedded here")
    booking = salon.book("2026-11-24 10:00")
    salon.act(lambda tx: take_cash(tx, booking.code))
    home = Path(os.environ[FOLDER_VARIABLE]) / "home"
    yield Settings(home=home, database=salon.database.name)
    databases.reopen(postgres.administrator, salon.database.name)
    with suppress(psycopg.errors.DependentObjectsStillExist):  # another worker's is at work
        postgres.maintenance.execute("DROP ROLE IF EXISTS bookra")


def refusal(settings: Settings, url: str) -> str:
    with pytest.raises(BookraError) as refused:
        removal.move(settings, url)
    return refused.value.code


def test_everything_is_there_afterwards_and_the_source_is_shut(
    embedded: Settings, salon: Salon, bare_database: Database
) -> None:
    before = salon.balances()
    looked = removal.move(embedded, bare_database.admin_url, dry_run=True)
    assert (looked.tenants, looked.restored) == (1, None)
    assert salon.book("2026-11-24 12:00").code, "a dry run shuts nothing"
    moved = removal.move(embedded, bare_database.admin_url)
    assert moved.restored is not None
    assert moved.restored.findings == ()
    assert "@" not in moved.server
    with pytest.raises(UnavailableError):
        salon.book("2026-11-24 13:00")
    there = bootstrap.open_engine(Settings(embedded.home, database_url=bare_database.admin_url))
    assert there.ask("luna", verify).ok
    assert there.ask("luna", lambda tx: tx.rows(HELD))[0][0] == 0, "nothing is held back"
    there.close()
    # The same again finds that it is done; another one is told that somebody works there.
    assert removal.move(embedded, bare_database.admin_url).already
    assert removal.take_back(embedded)
    assert salon.ask(verify).ok
    assert salon.balances() == before
    salon.book("2026-11-24 15:00")
    assert refusal(embedded, bare_database.admin_url) == "moved_before"


def test_what_goes_wrong_leaves_the_server_empty_and_the_source_open(
    embedded: Settings,
    salon: Salon,
    bare_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, "_record", fail)
    with pytest.raises(KeyboardInterrupt):
        removal.move(embedded, bare_database.admin_url)
    assert salon.book("2026-11-24 12:00").code
    assert safekeeping.tenants_in(Settings(embedded.home, database=bare_database.name)) == 0
    assert refusal(embedded, bare_database.url) == "needs_administrator"
    assert refusal(Settings(embedded.home, database_url="postgresql:///x"), "postgresql:///y") == (
        "not_embedded"
    )


def test_what_killed_commands_left_is_dropped_and_what_is_used_stays(
    postgres: Server, bare_database: Database
) -> None:
    server, name = postgres.administrator, bare_database.name
    left, used = (databases.scratch_name(name, "drill") for _ in range(2))
    for each in (left, used):
        databases.create(server, each)
    with psycopg.connect(psycopg.conninfo.make_conninfo(**{**server, "dbname": used})):
        databases.drop_leftovers(server, name, "drill")
        assert not databases.exists(server, left)
        assert databases.exists(server, used)
    databases.drop(server, used)
