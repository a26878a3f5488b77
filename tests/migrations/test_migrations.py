"""Migrations: they make what the models say, and can be run twice, at once, back, and by few."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from alembic.script import ScriptDirectory
from databases import Database
from factories import open_salon
from sqlalchemy import Connection, text

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine import migrating
from bookra.engine.database import open_pool
from bookra.engine.payments.taking import take_cash
from bookra.engine.revision import HEAD
from bookra.errors import UnavailableError


@contextmanager
def administering(database: Database) -> Iterator[Connection]:
    pool = open_pool(database.administrator, pooled=False)
    with pool.begin() as connection:
        yield connection


def tables(connection: Connection) -> set[str]:
    found = connection.execute(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'bookra'")
    ).scalars()
    return set(found)


def test_the_models_and_the_migrated_database_are_the_same(database: Database) -> None:
    with administering(database) as connection:
        assert migrating.differences(connection) == []


def test_a_difference_would_be_seen(database: Database) -> None:
    with administering(database) as connection:
        connection.execute(text("ALTER TABLE bookra.bookings ADD COLUMN stray text"))
        assert "stray" in str(migrating.differences(connection))


def test_the_program_asks_for_the_newest_revision() -> None:
    script = ScriptDirectory(str(migrating.scripts()))
    assert script.get_heads() == [HEAD]


def test_down_to_nothing_and_up_again_gives_the_same_schema(database: Database) -> None:
    with administering(database) as connection:
        before = tables(connection)
        migrating.downgrade(connection)
        assert tables(connection) == {"alembic_version"}
    with administering(database) as connection:
        migrating.upgrade(connection)
        assert tables(connection) == before
        assert migrating.differences(connection) == []


def test_each_revision_can_be_left_and_entered_on_its_own(database: Database) -> None:
    script = ScriptDirectory(str(migrating.scripts()))
    for revision in script.walk_revisions():
        if revision.down_revision is None:
            continue
        with administering(database) as connection:
            migrating.downgrade(connection, str(revision.down_revision))
            assert migrating.inspect(connection).current == revision.down_revision
            migrating.upgrade(connection, revision.revision)
            assert migrating.inspect(connection).current == revision.revision


def test_the_program_works_after_a_way_down_and_up(database: Database) -> None:
    with administering(database) as connection:
        migrating.downgrade(connection)
    with administering(database) as connection:
        migrating.upgrade(connection)
    pool = open_pool(database.conninfo)
    assert open_salon(database, pool).book("2026-11-24 10:00").code.startswith("LUN-")
    pool.dispose()


def test_what_was_paid_before_is_known_to_be_recognised_after_the_upgrade(
    database: Database,
) -> None:
    pool = open_pool(database.conninfo)
    salon = open_salon(database, pool)
    paid, unpaid = (salon.book(f"2026-11-24 {hour}:00") for hour in (10, 11))
    salon.act(lambda tx: take_cash(tx, paid.code))
    pool.dispose()
    with administering(database) as connection:
        migrating.downgrade(connection, "0003")
        migrating.upgrade(connection)
    pool = open_pool(database.conninfo)
    salon = replace(salon, pool=pool).at(salon.now)
    assert salon.booking(paid.code).recognised_at == salon.now
    assert salon.booking(unpaid.code).recognised_at is None
    pool.dispose()


PATIENTLY = text("SET LOCAL lock_timeout = '5min'")
"""The first upgrade keeps the second waiting, for as long as it takes on a busy machine."""


def test_two_upgrades_at_once_are_both_content(bare_database: Database) -> None:
    failures: list[BaseException] = []

    def upgrade() -> None:
        try:
            with administering(bare_database) as connection:
                connection.execute(PATIENTLY)
                migrating.upgrade(connection)
        except BaseException as error:
            failures.append(error)

    both = [threading.Thread(target=upgrade) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(300)
    assert failures == []
    with administering(bare_database) as connection:
        assert migrating.inspect(connection).up_to_date


def test_an_upgrade_that_fails_leaves_nothing(bare_database: Database) -> None:
    with suppress(ZeroDivisionError), administering(bare_database) as connection:
        migrating.upgrade(connection)
        assert "bookings" in tables(connection)
        1 / 0  # noqa: B018 - anything that ends the transaction
    with administering(bare_database) as connection:
        assert tables(connection) == set()
        assert migrating.inspect(connection).current is None


def test_a_database_of_a_newer_program_is_refused(database: Database, settings: Settings) -> None:
    with administering(database) as connection:
        connection.execute(text("UPDATE bookra.alembic_version SET version_num = '9999'"))
    with administering(database) as connection, pytest.raises(UnavailableError) as refused:
        migrating.upgrade(connection)
    assert refused.value.code == "database_newer"
    with pytest.raises(UnavailableError) as refused:
        bootstrap.open_engine(settings)
    assert refused.value.code == "database_newer"


def test_a_database_without_tables_says_how_to_get_them(bare_database: Database) -> None:
    for url in (bare_database.url, bare_database.admin_url):
        settings = Settings(home=migrating.scripts(), database_url=url)
        with pytest.raises(UnavailableError) as refused:
            bootstrap.open_engine(settings)
        assert refused.value.code == "not_migrated"
        assert "bookra db upgrade" in refused.value.hint
