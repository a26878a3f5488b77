"""Names and texts of exported ledgers: valid for their readers, and never ambiguous."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.ledger.digest import genesis, micros
from bookra.engine.ledger.export_text import (
    Beancount,
    Csv,
    ExportedAccount,
    ExportedEntry,
    ExportedPosting,
    Hledger,
    beancount_account,
)
from bookra.money import Money

# From Beancount's own grammar (parser/lexer.l).
VALID = re.compile(r"(Assets|Liabilities|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")
SLUGS = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
RATES = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2})?", fullmatch=True)
CODES = st.one_of(
    SLUGS.map(lambda slug: f"liabilities:tips:{slug}"),
    SLUGS.map(lambda slug: f"assets:receivable:clawback:{slug}"),
    RATES.map(lambda rate: f"liabilities:tax:{rate}"),
)
DAY, NOW = date(2026, 11, 24), datetime(2026, 11, 24, 9, tzinfo=UTC)


def entry(memo: str = "", subject: str = "LUN-7F3K", amount: int = 4500) -> ExportedEntry:
    postings = [
        ExportedPosting("assets:cash:drawer", Money(amount, "EUR"), "cut", "ana"),
        ExportedPosting("income:services", Money(-amount, "EUR"), "cut", "ana"),
    ]
    return ExportedEntry(
        "0192", "cash:1", "cash_payment", DAY, NOW, NOW, "bookra", subject, memo, postings
    )


@given(CODES, CODES)
def test_each_code_has_a_name_of_its_own_that_beancount_reads(one: str, other: str) -> None:
    assert VALID.fullmatch(beancount_account(one))
    assert (beancount_account(one) == beancount_account(other)) == (one == other)


@given(st.text(max_size=60))
def test_no_text_ends_a_string_a_line_or_a_comment(memo: str) -> None:
    """However a reason is written, each format has as many lines as without it, and one more."""
    for writer in (Beancount(), Hledger()):
        plain, said = writer.entry(entry()), writer.entry(entry(memo=memo))
        assert said.count("\n") - plain.count("\n") == bool(memo)
    (line,) = [
        line for line in Beancount().entry(entry(memo=memo or "x")).splitlines() if "memo" in line
    ]
    assert re.fullmatch(r'  memo: "(?:[^"\\]|\\.)*"', line)


def test_amounts_have_their_currencys_places() -> None:
    accounts = [ExportedAccount("assets:bank", code, DAY) for code in ("EUR", "JPY", "KWD")]
    head = Hledger().head("Luna; Hair", accounts)
    assert [line for line in head.splitlines() if line.startswith("commodity")] == [
        "commodity 1000.00 EUR",
        "commodity 1000. JPY",
        "commodity 1000.000 KWD",
    ]
    opened = Beancount().head('Luna "Hair"', accounts)
    assert "2026-11-24 open Assets:Bank EUR,JPY,KWD" in opened
    assert r'option "title" "Luna \"Hair\""' in opened
    closing = [("assets:bank", Money(1500, "JPY")), ("income:services", Money(-12_345, "KWD"))]
    assert Beancount().closing(DAY, closing) == (
        "2026-11-24 balance Assets:Bank 1500 ~ 0 JPY\n"
        "2026-11-24 balance Income:Services -12.345 ~ 0 KWD\n"
    )


def test_a_spreadsheet_takes_no_reason_for_a_formula() -> None:
    row = Csv().entry(entry(memo='=HYPERLINK("x")')).splitlines()[0]
    assert row.endswith(',"\'=HYPERLINK(""x"")"')


def test_instants_count_in_microseconds_and_each_business_has_its_own_beginning() -> None:
    assert micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
    assert genesis(UUID(int=1)) != genesis(UUID(int=2))
    assert len(genesis(UUID(int=1))) == 64
