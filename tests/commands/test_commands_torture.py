"""``bookra torture`` as people run it: what it prints, how it ends, and what it leaves behind."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from command_line import CommandLine
from databases import Database
from psycopg.conninfo import make_conninfo

KEYS = {"attempts", "winners", "conflicts", "errors", "overlaps", "seconds"}
FEW = ("torture", "--writers", "4", "--attempts", "64", "--seed", "7")
LONG = ("torture", "--writers", "4", "--attempts", "20000", "--kind", "slot")
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def administrator(home: Path, database: Database) -> CommandLine:
    """The command line with a login that may open a business."""
    variables = {"BOOKRA_HOME": str(home / "data"), "BOOKRA_DATABASE_URL": database.admin_url}
    return CommandLine.in_folder(home, **variables)


def administer(database: Database, statement: str) -> None:
    with psycopg.connect(make_conninfo(**database.administrator)) as session:
        session.execute(statement)


def test_its_document_has_every_attempt_and_no_word_is_said_beside_it(
    administrator: CommandLine,
) -> None:
    ran = administrator(*FEW, "--json")
    assert (ran.code, ran.stderr) == (0, "")
    found = ran.json
    assert set(found) >= KEYS
    assert found["attempts"] == 64
    assert found["winners"] + sum(found["conflicts"].values()) + found["errors"] == 64
    assert (found["errors"], found["overlaps"], found["writers_died"]) == (0, 0, [])
    assert found["tenant"].startswith("torture-")
    assert found["seed"] == 7
    assert {kind["attempts"] for kind in found["kinds"].values()} == {8}
    assert found["seconds"] > 0


def test_people_get_columns_and_are_told_what_stays(administrator: CommandLine) -> None:
    ran = administrator(*FEW, "--kind", "direct", check=True)
    assert ran.stdout.startswith("direct\t64\t")
    assert "\nnobody, and no room or chair, is claimed twice at one time\t0\tyes\n" in ran.stdout
    business = next(line for line in ran.stdout.splitlines() if line.startswith("tenant"))
    slug = business.partition("\t")[2]
    assert f"The business {slug} stays in the database" in ran.stderr
    assert administrator("tenant", "list", "--json", check=True).json[0]["slug"] == slug


def test_a_broken_book_is_exit_8_and_the_document_is_still_there(
    administrator: CommandLine, database: Database
) -> None:
    administer(database, "ALTER TABLE bookra.allocations DROP CONSTRAINT allocations_no_overlap")
    ran = administrator(*FEW[:3], "--attempts", "240", "--kind", "direct", "--json")
    assert ran.code == 8
    assert ran.json["overlaps"] > 0
    assert ran.json["attempts"] == 240
    assert ran.error["code"] == "torture_found"
    assert ran.error["details"]["overlaps"] == ran.json["overlaps"]


def test_an_error_that_is_not_documented_is_exit_1(
    administrator: CommandLine, database: Database
) -> None:
    """Nothing overlaps, but the engine names a constraint that is not there."""
    administer(
        database,
        "ALTER TABLE bookra.allocations RENAME CONSTRAINT allocations_no_overlap TO another_name",
    )
    ran = administrator(*FEW, "--kind", "direct", "--json")
    assert ran.code == 1
    assert (ran.json["overlaps"], ran.error["code"]) == (0, "torture_errors")
    assert ran.json["errors"] == sum(ran.json["errors_by_code"].values()) > 0


def test_a_login_that_may_not_open_a_business_is_exit_5_and_nothing_is_made(
    cli: CommandLine,
) -> None:
    ran = cli(*FEW, "--json")
    assert (ran.code, ran.stdout) == (5, "")
    assert cli("tenant", "list", "--json", check=True).json == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--kind", "everything"), 6),
        (("--writers", "0"), 2),
        (("--attempts", "0"), 2),
        (("--writers", "5000"), 6),
    ],
)
def test_what_cannot_be_run_is_refused_before_a_business_is_opened(
    administrator: CommandLine, words: tuple[str, ...], code: int
) -> None:
    assert administrator("torture", *words).code == code
    assert administrator("tenant", "list", "--json", check=True).json == []


def test_ctrl_c_stops_every_writer_and_is_exit_130(
    administrator: CommandLine, database: Database
) -> None:
    with administrator.start(*LONG) as command:
        await_sessions(database, command, 5)
        command.send_signal(signal.SIGINT)
        stdout, stderr = command.communicate(timeout=40)
    assert (command.returncode, stdout) == (130, "")
    assert "stays in the database" in stderr
    assert "Traceback" not in stderr
    assert sessions_end(database, within_seconds=1.0)


def test_writers_end_when_the_one_who_leads_them_is_killed(
    administrator: CommandLine, database: Database
) -> None:
    with administrator.start(*LONG) as command:
        await_sessions(database, command, 5)
        command.kill()
        command.wait()
        assert sessions_end(database, within_seconds=20.0)


def sessions(database: Database) -> int:
    with psycopg.connect(make_conninfo(**database.administrator)) as session:
        row = session.execute(OTHERS).fetchone()
    assert row is not None
    return int(row[0])


def await_sessions(database: Database, command: subprocess.Popen[str], count: int) -> None:
    """Wait until so many sessions are open: the writers are at it."""
    deadline = time.monotonic() + 40
    while sessions(database) < count:
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def sessions_end(database: Database, *, within_seconds: float) -> bool:
    """Wait until nobody else is connected."""
    deadline = time.monotonic() + within_seconds
    while sessions(database):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
