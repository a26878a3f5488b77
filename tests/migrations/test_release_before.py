"""The release before works on the newest schema: while relays and desks are still the old ones.

Its statements were written down when it was current (``record_statements.py``). Each is prepared
and planned here with the rights of the role that it runs with.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from databases import Database
from psycopg import errors

from bookra import bootstrap
from bookra.config import Settings
from bookra.engine import migrating, roles
from bookra.engine.database import open_pool
from bookra.engine.revision import HEAD
from bookra.errors import UnavailableError

COMMIT, REVISION = "b3aa741939f67f2f42e40120c4caef1add9f1144", "0005"
"""The release before: 0.1, and what it made of a database."""

MOST_OF_THEM = 500
STATEMENTS = json.loads((Path(__file__).parent / "statements_0_1.json").read_text("utf-8"))
BIND = re.compile(r"(?<![:\w]):([a-z_]\w*)")
TYPES_FROM_VALUES = (
    errors.IndeterminateDatatype,
    errors.AmbiguousFunction,
    errors.AmbiguousParameter,
)
"""The driver tells the types of its values; without values the server may have to guess."""


def prepared(sql: str) -> tuple[str, int]:
    """Return a statement with numbered parameters, and how many they are."""
    names: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return BIND.sub(numbered, sql.replace("\\:", ":")), len(names)


def planned(session: psycopg.Connection, sql: str) -> str | None:
    """Plan a statement with no values; return the server's refusal, if it refuses."""
    words, number = prepared(sql)
    try:
        with session.transaction(force_rollback=True):
            session.execute(f"PREPARE one AS {words}")
            values = ", ".join(["NULL"] * number)
            session.execute(f"EXPLAIN EXECUTE one{f'({values})' if number else ''}")
    except psycopg.Error as error:
        if isinstance(error, TYPES_FROM_VALUES):
            return None
        return str(error).splitlines()[0]
    finally:
        session.execute("DEALLOCATE ALL")
    return None


def refusals(session: psycopg.Connection) -> dict[str, str]:
    """Return what the server refuses of the release's statements, by where they are from."""
    found = {}
    for each in STATEMENTS:
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", each["sql"]):
            why = planned(session, each["sql"])
            if why is not None:
                found[each["from"]] = why
    return found


@pytest.fixture
def session(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.url, autocommit=True) as opened:
        opened.execute("SET search_path = bookra, public")
        yield opened


def test_every_statement_of_the_release_before_is_still_planned(
    session: psycopg.Connection,
) -> None:
    assert len(STATEMENTS) > MOST_OF_THEM
    assert refusals(session) == {}


def test_a_column_that_went_would_be_noticed(
    database: Database, session: psycopg.Connection
) -> None:
    with psycopg.connect(database.admin_url) as administrator:
        administrator.execute("ALTER TABLE bookra.outbox RENAME COLUMN rescues TO rescued")
        administrator.execute("REVOKE INSERT ON bookra.customers FROM bookra_front_desk")
    found = refusals(session)
    assert "bookra.engine.outbox.rescuing:RESCUE" in found
    assert [why for why in found.values() if "permission denied for table customers" in why]


@pytest.fixture
def before(bare_database: Database) -> Database:
    """A database as the release before made it."""
    pool = open_pool(bare_database.administrator, pooled=False)
    with pool.begin() as connection:
        migrating.upgrade(connection, REVISION)
        login = bare_database.conninfo["user"]
        roles.grant(connection, roles.PLATFORM, login)
    return bare_database


def test_plans_that_were_kept_before_the_upgrade_serve_after_it(
    before: Database, tmp_path: Path
) -> None:
    """A session keeps the plans of its frequent statements; their shape must not change."""
    kept: list[tuple[str, str]] = []
    with psycopg.connect(before.url, autocommit=True) as session:
        session.execute("SET search_path = bookra, public")
        for number, each in enumerate(STATEMENTS):
            words, binds = prepared(each["sql"])
            with suppress(psycopg.Error):
                session.execute(f"PREPARE kept_{number} AS {words}")
                values = f"({', '.join(['NULL'] * binds)})" if binds else ""
                kept.append((each["from"], f"EXPLAIN EXECUTE kept_{number}{values}"))
        assert len(kept) > MOST_OF_THEM
        bootstrap.upgrade(Settings(home=tmp_path, database_url=before.admin_url))
        for place, statement in kept:
            try:
                session.execute(statement)
            except psycopg.Error as error:
                raise AssertionError(f"{place}: {error}") from None


def test_an_upgrade_gives_up_on_a_lock_that_nobody_lets_go(
    before: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "LOCK_MILLISECONDS", 50)
    settings = Settings(home=tmp_path, database_url=before.admin_url)
    with psycopg.connect(before.admin_url) as stuck:
        stuck.execute("SELECT count(*) FROM bookra.breakers")
        with pytest.raises(UnavailableError) as refused:
            bootstrap.upgrade(settings)
    assert refused.value.code == "locked"
    assert bootstrap.revision(settings) == REVISION
    assert bootstrap.upgrade(settings).after == HEAD


@pytest.fixture
def old_program(tmp_path: Path) -> Path:
    """The release before itself, with its own tests' builders, unpacked."""
    packed = subprocess.run(
        ["git", "archive", COMMIT, "bookra", "tests"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    if packed.returncode:
        pytest.skip("the release before is not in this clone's history")
    folder = tmp_path / "old"
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


def test_the_program_of_the_release_before_works_on_through_an_upgrade(
    before: Database, old_program: Path, tmp_path: Path
) -> None:
    """It books, delivers and is paid before, meanwhile and afterwards; once each, as always."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "old_desk.py"), str(tmp_path / "home")],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{old_program}:{old_program / 'tests'}",
            "OLD_DESK": json.dumps([before.name, before.url, before.admin_url]),
            "BOOKRA_LOG": "off",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as desk:
        assert desk.stdin is not None
        assert desk.stdout is not None
        assert desk.stdout.readline() == "working\n"
        upgraded = bootstrap.upgrade(Settings(home=tmp_path, database_url=before.admin_url))
        assert (upgraded.before, upgraded.after) == (REVISION, HEAD)
        desk.stdin.write("upgraded\n")
        desk.stdin.flush()
        assert desk.stdout.readline() == "once each\n"
    assert desk.returncode == 0
