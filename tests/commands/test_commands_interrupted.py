"""Ctrl-C and a database that is away: a documented code, a few words, and nothing half-written."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time

import psycopg
import pytest
from front_desk import Desk
from moments import monday_at
from psycopg.conninfo import make_conninfo

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--at", monday_at("10:00"))
WAITS = (
    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
    " WHERE NOT l.granted AND d.datname = current_database()"
)


@pytest.mark.parametrize("words", [BOOK, (*BOOK, "--pay", "cash"), ("slots", "cut")])
def test_ctrl_c_ends_a_command_with_130_and_leaves_nothing(
    desk: Desk, words: tuple[str, ...]
) -> None:
    """The command waits for a table that is locked, in the midst of its work."""
    before = desk.rows()
    with psycopg.connect(make_conninfo(**desk.salon.database.administrator)) as session:
        session.execute("LOCK TABLE bookra.allocations IN ACCESS EXCLUSIVE MODE")
        with desk.process.start(*words) as command:
            await_waiting(desk, command)
            command.send_signal(signal.SIGINT)
            stdout, stderr = command.communicate(timeout=20)
    assert (command.returncode, stdout) == (130, "")
    assert "Traceback" not in stderr
    assert "bug" not in stderr
    assert desk.rows() == before


def await_waiting(desk: Desk, command: subprocess.Popen[str]) -> None:
    """Wait until the command waits for a lock."""
    deadline = time.monotonic() + 20
    with psycopg.connect(make_conninfo(**desk.salon.database.administrator)) as session:
        while session.execute(WAITS).fetchone() == (0,):
            assert command.poll() is None, command.communicate()
            assert time.monotonic() < deadline
            session.rollback()
            time.sleep(0.05)


def test_a_database_that_does_not_answer_is_exit_7(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        nowhere = f"postgresql://bookra@127.0.0.1:{taken.getsockname()[1]}/none"
        for words in (("day",), BOOK, ("tenant", "list"), ("relay", "drain"), ("db", "status")):
            ran = desk(*words, "--json", BOOKRA_DATABASE_URL=nowhere)
            assert (ran.code, ran.stdout) == (7, ""), words
            assert ran.error["code"] == "database_unavailable"


def test_a_database_that_does_not_exist_or_has_no_tables_is_exit_7(desk: Desk) -> None:
    url = desk.salon.database.url
    gone = url.replace(desk.salon.database.name, f"gone_{secrets.token_hex(4)}")
    ran = desk("day", "--json", BOOKRA_DATABASE_URL=gone)
    assert ran.code == 7


def test_a_database_url_that_cannot_be_read_is_exit_6_and_shows_no_password(desk: Desk) -> None:
    for url in ("mysql://ana:s3cret@h/db", "postgresql://ana:s3cret@h:port/db", "s3cret"):
        ran = desk("day", "--json", BOOKRA_DATABASE_URL=url)
        assert (ran.code, ran.error["code"]) == (6, "bad_database_url")
        assert "s3cret" not in ran.stderr


def test_a_wrong_password_is_told_as_such_and_not_shown(desk: Desk) -> None:
    right = desk.salon.database.conninfo["password"]
    url = desk.salon.database.url.replace(right, "s3cret-wrong")
    ran = desk("day", "--json", BOOKRA_DATABASE_URL=url)
    assert (ran.code, ran.error["code"]) == (5, "login_refused")
    assert "password" in ran.error["message"]
    assert "s3cret" not in ran.stderr
