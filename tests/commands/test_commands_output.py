"""What reaches a terminal, a pipe or a spreadsheet: never a control character, never a formula."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import unicodedata

import psycopg
import pytest
from command_line import BOOKRA
from front_desk import Desk
from moments import coming_monday, monday_at
from psycopg.conninfo import make_conninfo

EVIL = "Rosa\x1b[31m\x07\x7f\x9b2J\u202eVega\u2028x"
BOOK = ("book", "cut", "--staff", "ana", "--at", monday_at("10:00"), "--customer")


@pytest.fixture
def hostile(desk: Desk) -> Desk:
    """A desk whose customer's name got past our own checks: by an import, by another program."""
    desk(*BOOK, "Rosa Vega", check=True)
    with psycopg.connect(make_conninfo(**desk.salon.database.administrator)) as session:
        session.execute("SET row_security = off")
        session.execute("UPDATE bookra.customers SET name = %s", [EVIL])
    return desk


def controls(text: str) -> set[str]:
    """Return the characters of a text that could steer a terminal."""
    return {
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character not in "\n\t"
    }


@pytest.mark.parametrize("output", ["table", "csv", "json"])
@pytest.mark.parametrize(
    "words", [("booking", "list"), ("day", str(coming_monday())), ("customer", "find", "+4930")]
)
def test_control_characters_of_a_name_never_reach_the_terminal(
    hostile: Desk, words: tuple[str, ...], output: str
) -> None:
    ran = hostile(*words, "--output", output, check=True)
    assert "Rosa" in ran.stdout
    assert not controls(ran.stdout)
    assert not controls(ran.stderr)


def test_json_escapes_a_name_without_changing_it(hostile: Desk) -> None:
    (found,) = hostile("customer", "find", "+4930", "--json", check=True).json
    assert found["name"] == EVIL


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_control_characters_of_what_was_typed_never_come_back(
    front: Desk, more: tuple[str, ...]
) -> None:
    for words in (
        ("slots", "\x1b]0;owned\x07"),
        ("customer", "show", "\x9b2J"),
        ("slots", "cut", "--\x1b[2J"),
        ("day", "\x1b[2J"),
    ):
        ran = front(*words, *more)
        assert ran.code != 0
        assert not controls(ran.stderr + ran.stdout), words


def test_a_name_that_is_a_formula_is_only_text_in_csv(desk: Desk) -> None:
    for name in ('=HYPERLINK("http://evil")', "+1+1", "-2+3", "@SUM(A1)"):
        desk("customer", "add", "--name", name, check=True)
    ran = desk("customer", "find", "", "--output", "csv", check=True)
    rows = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert len(rows) == 5
    for row in rows:
        assert row["name"][0] in "R'"
        assert row["phone"][:1] in ("", "'")


def test_a_table_is_plain_columns_in_a_pipe(front: Desk) -> None:
    ran = front("staff", "list")
    assert [line.split("\t")[:2] for line in ran.stdout.splitlines()] == [
        ["ana", "Ana"],
        ["ben", "Ben"],
    ]
    assert "\x1b" not in ran.stdout


def test_a_value_of_several_lines_stays_in_its_column(desk: Desk) -> None:
    desk("tenant", "brand", "--address", "Main Street 1, 10115 Berlin", check=True)
    ran = desk("tenant", "brand", check=True)
    labels = [line.split("\t")[0] for line in ran.stdout.splitlines()]
    assert "address" in labels
    assert "10115 Berlin" not in labels


def test_remarks_go_to_stderr_and_quiet_silences_them(front: Desk) -> None:
    talkative, quiet = front("invoice", "list"), front("invoice", "list", "--quiet")
    assert talkative.stdout == quiet.stdout == quiet.stderr == ""
    assert "No invoices yet" in talkative.stderr


@pytest.mark.parametrize("output", ["--json", "--output=json"])
def test_errors_with_json_are_one_document_on_stderr(front: Desk, output: str) -> None:
    for words in (("slots", "nothing"), ("slots", "cut", "--days", "x"), ("slots",), ("nonsense",)):
        ran = front(*words, output)
        assert ran.stdout == ""
        assert set(json.loads(ran.stderr)) == {"error"}


def test_a_customer_called_json_does_not_change_the_format(front: Desk) -> None:
    ran = front("customer", "show", "json")
    assert ran.code == 3
    assert ran.stderr.startswith("unknown_customer: ")


@pytest.mark.parametrize("days", ["1", "366"], ids=["one page", "more than a buffer"])
def test_a_reader_that_leaves_early_is_no_error(desk: Desk, days: str) -> None:
    """As ``| head -1`` does."""
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [*BOOKRA, "slots", "cut", "--from", str(coming_monday()), "--days", days, "--json"],
        env=dict(desk.process.variables),
        cwd=desk.process.folder,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        os.close(writer)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
