"""Whatever is typed as a text is kept as it is or refused in words: SQL, escapes, bytes, books.

The walk goes over the tree of commands, so that no option of tomorrow is forgotten. It tries some
of all pairs of option and text each time; ``BOOKRA_TEST_WALKS`` says how many, and
``BOOKRA_TEST_SEED`` says the same ones again.
"""

from __future__ import annotations

import csv
import io
import os
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from front_desk import Desk
from moments import coming_monday, monday_at
from psycopg.conninfo import make_conninfo

from bookra.commands.catalogue import COMMANDS
from bookra.commands.output import csv_text
from bookra.commands.root import LONGEST_WORD, load

PAIRS = int(os.environ.get("BOOKRA_TEST_WALKS", "60"))
SEED = int(os.environ.get("BOOKRA_TEST_SEED", "0")) or random.randrange(1, 1 << 31)

SQL = "x'); DROP TABLE bookra.customers CASCADE; --"
ESCAPES = "Ro\x1b[2J\x1b]8;;http://evil\x07sa\x1b]8;;\x07\x9b31m\u202eagev\u2066\u200b\ufeff\r"
HOSTILE = (
    SQL,
    'x" OR 1=1; SELECT pg_sleep(9); /*',
    "$$; TRUNCATE bookra.bookings; $$ :tenant_id %(id)s {0} \\",
    ESCAPES,
    "nul\x00byte",
    "lone \udcff surrogate",
    '=HYPERLINK("http://evil")',
    "../../../../etc/passwd",
    "[bold]x[/bold] \\[ %s",
    "x" * 19_000,
    "",
    " ",
    "-",
    "🦄" * 150,
)
EXIT_CODES = {0, 2, 3, 4, 5, 6, 7, 8}

# What serves until it is stopped, opens a screen, or is the machine's business and not a text's.
LEFT_OUT = ("db", "demo", "torture", "tui", "sandbox", "relay", "secret")

PLAUSIBLE = {
    "at": monday_at("10:00"),
    "commission": "40",
    "country": "DE",
    "currency": "EUR",
    "customer": "Rosa Vega",
    "cron": "0 3 * * *",
    "email": "rosa@example.com",
    "job": "ledger-verify",
    "name": "Rosa",
    "phone": "030 901820",
    "price": "45.00",
    "amount": "5.00",
    "service": "cut",
    "staff": "ana",
    "day": "2027-01-11",
    "from_day": "2027-01-11",
    "week": "mon-fri 09:00-17:00",
    "minutes": "30",
    "timezone": "Europe/Berlin",
    "role": "manager",
    "login": "somebody_else",
}


@dataclass(frozen=True)
class Place:
    """A text parameter of a command, and the words that lead there; ``{}`` is where it goes."""

    words: tuple[str, ...]
    name: str

    def __str__(self) -> str:
        return f"{' '.join(self.words[:3])} … {self.name}"


def places() -> list[Place]:
    """Return every text parameter of every command of the tree."""
    found: list[Place] = []
    for name, entry in COMMANDS.items():
        if name not in LEFT_OUT:
            found += _places((name,), load(name, entry))
    return found


def _places(path: tuple[str, ...], command: Any) -> Iterator[Place]:
    for name, child in getattr(command, "commands", {}).items():
        yield from _places((*path, name), child)
    if getattr(command, "commands", None):
        return
    texts = [p for p in command.params if _is_text(p)]
    for wanted in texts:
        words = list(path)
        for parameter in command.params:
            if parameter is wanted:
                words += _words(parameter, "{}")
            elif parameter.required:
                words += _words(parameter, _plausible(parameter))
        yield Place(tuple(words), wanted.name)


def _is_text(parameter: Any) -> bool:
    return isinstance(parameter.type, click.types.StringParamType) or (
        type(parameter.type).__name__ in ("StringParamType", "FuncParamType")
    )


def _words(parameter: Any, value: str) -> list[str]:
    if parameter.param_type_name == "argument":
        return [value]
    return [f"{parameter.opts[0]}={value}"]


def _plausible(parameter: Any) -> str:
    choices = getattr(parameter.type, "choices", None)
    if choices:
        return str(next(iter(choices)))
    if type(parameter.type).__name__.startswith(("Int", "Float")):
        return "1"
    return PLAUSIBLE.get(parameter.name, "cut")


def steering(text: str) -> set[str]:
    """Return the characters of a text that could steer a terminal."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {
        "\n",
        "\t",
    }


def test_the_walk_knows_the_commands() -> None:
    found = places()
    assert len(found) > 300
    assert len({place.words[:2] for place in found}) > 100


def test_no_text_in_any_command_is_a_bug_a_statement_or_an_escape(desk: Desk) -> None:
    chosen = random.Random(SEED)
    pairs = [(place, text) for place in places() for text in HOSTILE]
    for place, text in chosen.sample(pairs, min(PAIRS, len(pairs))):
        words = [word.replace("{}", text) for word in place.words]
        output = chosen.choice(("table", "csv", "json"))
        ran = desk(*words, f"--output={output}")
        said = f"BOOKRA_TEST_SEED={SEED} {[word[:60] for word in words]} {ran.stderr[-300:]}"
        unharmed = ran.code in EXIT_CODES and "Traceback" not in ran.stderr
        assert unharmed, said
        assert steering(ran.stdout + ran.stderr) == set(), said
        assert len(ran.stderr) < 2 * LONGEST_WORD, said
    assert desk("customer", "find", "Rosa", check=True)
    assert desk.rows()["services"] >= 1


KEPT = (
    ("customer add --name {} --json", "customer find {} --json", "name"),
    ("service add probe --name {} --minutes 30 --price 10 --json", "service list --json", "name"),
    ("staff add probe --name {} --json", "staff list --json", "name"),
    (
        "location add probe --name {} --timezone Europe/Berlin --json",
        "location list --json",
        "name",
    ),
    ("tenant brand --address {} --json", "tenant brand --json", "address"),
    ("promo add {} --percent 10 --json", "promo list --json", "code"),
    ("product add probe --name {} --price 9.00 --json", "product list --json", "name"),
)


@pytest.mark.parametrize("text", [SQL, HOSTILE[1], HOSTILE[2], 'O\'Brien "Bob" \\ %s ${x}'])
def test_a_statement_in_a_text_field_is_kept_as_a_text(desk: Desk, text: str) -> None:
    for write, read, field in KEPT:
        ran = desk(*(word.replace("{}", text) for word in write.split(" ")))
        if ran.code != 0:
            assert ran.code == 6, (write, ran.stderr)
            continue
        found = desk(*(word.replace("{}", text) for word in read.split(" ")), check=True).json
        listed = found if isinstance(found, list) else [found]
        assert text in [row[field] for row in listed], write


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_file_of_text_is_read_up_to_a_limit(desk: Desk, tmp_path: Path) -> None:
    """Whatever is longer is refused after a look at its beginning; what is no text, by name."""
    book, noise = tmp_path / "book.txt", tmp_path / "noise.bin"
    with book.open("wb") as file:
        file.truncate(100_000_000)
    noise.write_bytes(b"\xff\xfe\x00\xd8" * 10)
    before = desk.rows()
    for words in (
        ("tenant", "policy", "set", "--text"),
        ("message", "template", "set", "booking_confirmed", "--channel", "mail", "--text"),
        ("customer", "import"),
        ("calendar", "import", "ana"),
    ):
        for path in (book, noise):
            ran = desk(*words, str(path), "--json")
            assert ran.code in (2, 6), (words, ran)
            assert ran.error["code"] in ("too_large", "bad_file", "not_csv", "usage", "empty_file",
                                         "no_name_column", "bad_calendar"), ran.error  # fmt: skip
            assert len(ran.stderr) < 1_000
    assert desk.rows() == before


def test_a_word_as_long_as_a_book_is_refused_before_anything_is_opened(desk: Desk) -> None:
    for words in (
        ("customer", "add", "--name", "x" * 100_000_000),
        ("customer", "find", "ß" * 10_000_000),
        ("tenant", "brand", f"--address={'y' * 1_000_000}"),
    ):
        ran = desk(*words, "--json", BOOKRA_DATABASE_URL="postgresql://nobody@/nowhere?host=/none")
        assert (ran.code, ran.error["code"]) == (6, "too_long")
        assert len(ran.stderr) < 500


FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    " =1+1",
    "＝1+1",
    "Rosa;=1+1",
    "Rosa\n=1+1",
    "Rosa\r=1+1",
    "x;  @SUM(1)",
    "\x0b=1+1",
)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_spreadsheet_finds_a_formula_in_csv(separator: str) -> None:
    """However it splits the lines: a German one takes the semicolon."""
    text = csv_text([{"code": "LUN-1", "name": formula, "list": [formula]} for formula in FORMULAS])
    rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    cells = [cell.strip().strip('"') for row in rows for cell in row]
    assert cells
    for cell in cells:
        assert cell[:1] not in tuple("=+-@＝＋－＠\t\r"), cells
    exact = csv.DictReader(io.StringIO(text))
    assert next(exact)["name"] == "'=1+1"


def test_numbers_of_csv_stay_numbers_also_below_zero() -> None:
    document = {"amount": {"amount_minor": -4500, "currency": "EUR"}, "sum": "-45.00", "days": -3}
    (row,) = csv.DictReader(io.StringIO(csv_text([document])))
    assert (row["amount.amount_minor"], row["sum"], row["days"]) == ("-4500", "-45.00", "-3")


POISONED = {
    "customers": "name notes",
    "bookables": "name",
    "services": "name category short_name",
    "tenants": "name logo_text legal_name address",
    "bookings": "note",
}
READING = (
    "day {day}",
    "day {day} --sheet",
    "booking list",
    "booking show {code}",
    "booking history {code}",
    "explain {code}",
    "staff list",
    "service list",
    "service show cut",
    "tenant show",
    "tenant list",
    "tenant brand",
    "slots cut --from {day}",
    "why cut --staff ana --at {day}T10:00",
    "calendar export --out -",
    "ledger export --format csv",
    "ledger export --format beancount",
    "ledger export --format hledger",
    "report revenue",
    "report staff",
    "message preview booking_confirmed {code}",
    "customer find Rosa",
    "customer show Rosa",
    "hours show ana",
    "outbox list",
    "audit list",
)


def test_names_that_got_past_every_check_steer_no_terminal(desk: Desk) -> None:
    """By an import of before, or another program: what reads them prints them harmless."""
    booked = desk(
        *("book", "cut", "--staff", "ana", "--at", monday_at("10:00")),
        *("--customer", "Rosa Vega", "--json"),
        check=True,
    ).json
    with psycopg.connect(make_conninfo(**desk.salon.database.administrator)) as session:
        session.execute("SET row_security = off")
        for table, columns in POISONED.items():
            for column in columns.split():
                short = "Ro\x1b[2J" if column == "short_name" else f"Rosa {ESCAPES}"
                session.execute(f"UPDATE bookra.{table} SET {column} = %s".encode(), [short])
    shown = 0
    for number, reading in enumerate(READING):
        words = reading.format(code=booked["code"], day=str(coming_monday())).split()
        for output in ("table", ("csv", "json")[number % 2]):
            ran = desk(*words, f"--output={output}")
            assert ran.code in EXIT_CODES, (words, ran.stderr)
            ends = {"\r"} if words[0] == "calendar" else set()  # its lines end so, by its format
            assert steering(ran.stdout + ran.stderr) - ends == set(), (words, output)
            shown += "evil" in ran.stdout
    assert shown > 20
