"""A login or a database that is not the right one: told clearly by its code, and left alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
from databases import Database
from front_desk import Desk
from psycopg import sql
from psycopg.conninfo import make_conninfo

PASSWORD = "open-sesame-4711"
COMMANDS = (
    ("staff", "list"),
    ("customer", "add", "--name", "Rosa Vega"),
    ("tenant", "list"),
    ("doctor",),
)


@pytest.fixture
def administrator(desk: Desk) -> Iterator[psycopg.Connection]:
    """A superuser's session in the salon's database."""
    conninfo = make_conninfo(**desk.salon.database.administrator)
    with psycopg.connect(conninfo, autocommit=True) as session:
        yield session


@pytest.fixture
def stranger(administrator: psycopg.Connection) -> Iterator[str]:
    """A login of the server that nobody has given a role of Bookra's."""
    name = f"stranger_{secrets.token_hex(4)}"
    make = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    administrator.execute(make.format(sql.Identifier(name), sql.Literal(PASSWORD)))
    yield name
    administrator.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def refused(desk: Desk, url: str, code: int, words: set[str]) -> None:
    """Expect each command to end with ``code`` and one of ``words``, without the password."""
    for command in COMMANDS[:3]:
        ran = desk(*command, "--json", BOOKRA_DATABASE_URL=url)
        assert (ran.code, ran.stdout) == (code, ""), (command, ran)
        assert ran.error["code"] in words
        assert PASSWORD not in ran.stderr
        assert quote(PASSWORD) not in ran.stderr
    told = desk("doctor", BOOKRA_DATABASE_URL=url)
    assert told.code in (7, 8)
    assert PASSWORD not in told.stdout + told.stderr


def url_of(database: Database, login: str, password: str) -> str:
    return database.seen_by(login, password).url


def test_a_wrong_password_is_not_allowed_and_not_repeated(desk: Desk, stranger: str) -> None:
    before = desk.rows()
    wrong = url_of(desk.salon.database, stranger, f"{PASSWORD}-wrong")
    refused(desk, wrong, 5, {"login_refused"})
    refused(desk, url_of(desk.salon.database, "nobody_at_all", PASSWORD), 5, {"login_refused"})
    assert desk.rows() == before


def test_a_revoked_login_is_not_allowed(
    desk: Desk, administrator: psycopg.Connection, stranger: str
) -> None:
    administrator.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(stranger)))
    refused(desk, url_of(desk.salon.database, stranger, PASSWORD), 5, {"login_refused"})


def test_a_login_without_a_role_of_bookras_is_not_allowed(desk: Desk, stranger: str) -> None:
    before = desk.rows()
    refused(desk, url_of(desk.salon.database, stranger, PASSWORD), 5, {"not_allowed"})
    assert desk.rows() == before


def test_a_login_of_no_business_is_told_of_none(
    desk: Desk, administrator: psycopg.Connection, stranger: str
) -> None:
    grant = sql.SQL("GRANT bookra_front_desk TO {}").format(sql.Identifier(stranger))
    administrator.execute(grant)
    url = url_of(desk.salon.database, stranger, PASSWORD)
    ran = desk("staff", "list", "--json", BOOKRA_DATABASE_URL=url)
    assert (ran.code, ran.error["code"]) == (3, "unknown_tenant")
    assert desk("tenant", "list", "--json", BOOKRA_DATABASE_URL=url, check=True).json == []


def test_a_database_of_a_newer_version_is_left_alone(
    desk: Desk, administrator: psycopg.Connection
) -> None:
    before = desk.rows()
    administrator.execute("UPDATE bookra.alembic_version SET version_num = '9999'")
    for command in COMMANDS[:3]:
        ran = desk(*command, "--json")
        assert (ran.code, ran.error["code"]) == (7, "database_newer"), ran
    administrator.execute("UPDATE bookra.alembic_version SET version_num = '0006'")
    assert desk.rows() == before


def test_another_programs_database_is_left_alone(desk: Desk, bare_database: Database) -> None:
    with psycopg.connect(make_conninfo(**bare_database.administrator), autocommit=True) as session:
        session.execute("CREATE TABLE customers (id int)")
        session.execute("CREATE TABLE alembic_version (version_num text)")
        session.execute("INSERT INTO alembic_version VALUES ('0006')")
        for command in COMMANDS[:3]:
            ran = desk(*command, "--json", BOOKRA_DATABASE_URL=bare_database.url)
            assert (ran.code, ran.error["code"]) == (7, "not_migrated"), ran
        found = session.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace NOT IN"
            " ('pg_catalog'::regnamespace, 'information_schema'::regnamespace,"
            "  'pg_toast'::regnamespace)"
        ).fetchone()
        assert found == (2,)


def test_a_server_that_is_no_postgresql_is_unavailable(desk: Desk) -> None:
    url = "postgresql://rosa:open-sesame-4711@127.0.0.1:1/none?connect_timeout=1"
    refused(desk, url, 7, {"database_unavailable"})
