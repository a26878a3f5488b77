"""What can't be done is refused with the documented exit code, in words, and changes nothing."""

from __future__ import annotations

import pytest
from front_desk import Desk
from moments import monday_at, skipped_time

TENANT = ("tenant", "create", "sol", "--name", "Sol", "--country", "DE")
BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--at")

REFUSED = [
    (3, "unknown_tenant", ("day", "--tenant", "nobody")),
    (3, "unknown_staff", ("slots", "cut", "--staff", "nobody")),
    (3, "unknown_staff", ("hours", "show", "nobody")),
    (3, "unknown_service", ("slots", "nothing")),
    (3, "unknown_booking", ("booking", "show", "LUN-ZZZZ")),
    (3, "unknown_booking", ("pay", "LUN-ZZZZ", "--cash")),
    (3, "unknown_customer", ("book", "cut", "--at", monday_at("10:00"), "--customer", "Nobody")),
    (3, "unknown_invoice", ("invoice", "show", "LUN-2026-09999")),
    (3, "unknown_account", ("ledger", "balance", "assets:nowhere")),
    (3, "unknown_outbox_row", ("outbox", "show", "0192a000-0000-7000-8000-000000000000")),
    (4, "not_offered", (*BOOK, monday_at("20:00"))),
    (4, "not_offered", (*BOOK, monday_at("10:07"))),
    (4, "not_offered", (*BOOK, monday_at("10:00", days_later=6))),
    (6, "past", (*BOOK, "2026-01-05T10:00")),
    (6, "time_skipped", (*BOOK, skipped_time())),
    (6, "bad_time", (*BOOK, "tomorrow at ten")),
    (6, "bad_date", ("day", "2026-02-30")),
    (6, "bad_amount", ("service", "add", "wash", "--name", "Wash", "--minutes", "20",
                       "--price", "45,5x")),
    (6, "bad_percent", ("staff", "add", "eva", "--name", "Eva", "--commission-percent", "101")),
    (6, "bad_phone", ("customer", "add", "--name", "Eva", "--phone", "12")),
    (6, "bad_email", ("customer", "add", "--name", "Eva", "--email", "eva@")),
    (6, "unknown_zone", (*TENANT, "--timezone", "Europe/Atlantis", "--currency", "EUR")),
    (6, "unknown_currency", (*TENANT, "--timezone", "Europe/Berlin", "--currency", "EUX")),
    (6, "unknown_status", ("booking", "list", "--status", "lost")),
    (6, "bad_id", ("outbox", "show", "first")),
    (5, "needs_administrator", (*TENANT, "--timezone", "Europe/Berlin", "--currency", "EUR")),
    (2, "usage", ("slots", "cut", "--colour", "red")),
    (2, "usage", ("book", "cut", "--customer", "Rosa Vega")),
    (2, "usage", ("slots",)),
    (2, "usage", ("slot", "cut")),
    (2, "usage", ("slots", "cut", "--days", "many")),
    (2, "usage", ("pay", "LUN-ZZZZ")),
    (2, "usage", (*BOOK, monday_at("10:00"), "--hold", "5", "--pay", "cash")),
    (2, "missing_value", ("day", "--tenant")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "word", "words"), REFUSED)
def test_what_cannot_be_done_is_refused_with_its_exit_code(
    front: Desk, code: int, word: str, words: tuple[str, ...]
) -> None:
    before = front.rows()
    ran = front("--json", *words)
    assert (ran.code, ran.stdout) == (code, "")
    error = ran.error
    assert error["code"] == word
    assert error["message"]
    assert set(error) == {"code", "message", "hint", "details"}
    assert front.rows() == before


def test_a_refusal_reads_as_words_for_a_person(front: Desk) -> None:
    ran = front("slots", "cut", "--staff", "nobody")
    assert (ran.code, ran.stdout) == (3, "")
    said, hint = ran.stderr.splitlines()
    assert said.startswith("unknown_staff: ")
    assert "nobody" in said
    assert "bookra staff list" in hint


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, ("slots", "cut")),
        (2, ("slots", "cut", "--colour", "red")),
        (3, ("slots", "nothing")),
        (4, (*BOOK, monday_at("20:00"))),
        (5, (*TENANT, "--timezone", "Europe/Berlin", "--currency", "EUR")),
        (6, (*BOOK, "2026-01-05T10:00")),
        (7, ("sandbox", "show")),
    ],
)
def test_the_process_ends_with_the_documented_code(
    front: Desk, code: int, words: tuple[str, ...]
) -> None:
    assert front.process(*words).code == code


def test_an_unknown_output_format_is_refused(front: Desk) -> None:
    ran = front("day", "--output", "yaml")
    assert ran.code == 6
    assert ran.stderr.startswith("bad_output: 'yaml'")


STRANGE = [
    ("slots", "cut", "--days", "99999999999999999999"),
    ("slots", "cut", "--days", "-1"),
    ("slots", "cut", "--days", "999999"),
    ("slots", "cut", "--limit", "99999999999999999999"),
    ("slots", "cut", "--from", "9999-12-31"),
    ("slots", "cut", "--from", "0001-01-01"),
    ("slots", "", "--staff", ""),
    ("day", "9999-12-31"),
    ("booking", "list", "--from", "9999-12-31", "--days", "99999"),
    ("booking", "list", "--days", "99999999999999999999"),
    ("booking", "list", "--limit", "99999999999999999999"),
    ("booking", "show", "'; DROP TABLE bookings; --"),
    ("why", "cut", "--staff", "ana", "--at", "0001-01-01T00:00"),
    ("why", "cut", "--staff", "ana", "--at", "9999-12-31T23:59"),
    (*BOOK, "9999-12-31T23:59"),
    (*BOOK, "2026-11-24T25:00"),
    (*BOOK, "2026-11-24T10:00+99:00"),
    (*BOOK, monday_at("10:00"), "--hold", "-5"),
    (*BOOK, monday_at("10:00"), "--hold", "99999999999"),
    ("service", "add", "wash", "--name", "Wash", "--minutes", "20", "--price", "9" * 30),
    ("service", "add", "wash", "--name", "Wash", "--minutes", "0", "--price", "5"),
    ("service", "add", "wash", "--name", "Wash", "--minutes", "9" * 12, "--price", "5"),
    ("service", "add", "Wäsche 1", "--name", "Wash", "--minutes", "20", "--price", "5"),
    ("staff", "add", "eva", "--name", ""),
    ("staff", "add", "eva", "--name", "Eva", "--services", "cut,nothing"),
    ("customer", "add", "--name", "x" * 100_000),
    ("customer", "add", "--name", "\x1b\x07"),
    ("customer", "find", "%"),
    ("hours", "set", "ana", "mon-fri 25:00-26:00"),
    ("hours", "set", "ana", "someday 09:00-10:00"),
    ("hours", "set", "ana", "mon 09:00-12:00,11:00-13:00"),
    ("holiday", "import", "--country", "XX"),
    ("outbox", "list", "--limit", "99999999999999999999"),
    ("ledger", "entries", "--limit", "99999999999999999999"),
    ("tenant", "brand", "--primary", "purple"),
    ("sandbox", "fault", "stripe", "earthquake"),
    ("relay", "run", "--lease", "0"),
    ("use", "nobody"),
    ("day", "--tenant", "\udcff"),
    ("customer", "find", "\udcff"),
    ("customer", "add", "--name", "\udcff"),
]


@pytest.mark.parametrize("words", STRANGE)
def test_a_strange_value_is_answered_or_refused_but_never_a_bug(
    front: Desk, words: tuple[str, ...]
) -> None:
    before = front.rows()
    ran = front(*words)
    assert ran.code in (0, 2, 3, 4, 6, 7), ran.stderr
    assert "Traceback" not in ran.stderr
    assert front.rows() == before
