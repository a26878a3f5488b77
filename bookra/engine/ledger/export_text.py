"""The ledger as text for other programs: Beancount, hledger, CSV. Pure, an entry at a time.

A writer turns accounts, entries and closing balances into pieces of text, so that a ledger of any
size is written as it is read. Amounts are exact decimals; nothing is left for a tolerance:
Beancount is told to tolerate nothing, and both formats assert every closing balance.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bookra.money import Money, exponent, format_minor

ROOTS = {
    "assets": "Assets",
    "liabilities": "Liabilities",
    "income": "Income",
    "expenses": "Expenses",
}

# Where a cell begins, also for spreadsheets whose cells end at a semicolon.
_FORMULA = re.compile(r"((?:^|;) *)(?=[=+@＝＋－＠-])")


@dataclass(frozen=True, slots=True)
class ExportedAccount:
    """An account with the first day on which something took effect on it."""

    code: str
    currency: str
    opened_on: date


@dataclass(frozen=True, slots=True)
class ExportedPosting:
    """A posting: debit plus; ``part`` names the service or product, ``staff`` who did it."""

    account: str
    amount: Money
    part: str = ""
    staff: str = ""


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """An entry on a day of the business. ``subject`` is the booking's or order's code."""

    id: str
    key: str
    kind: str
    day: date
    effective_at: datetime
    posted_at: datetime
    recorded_by: str
    subject: str
    memo: str
    postings: Sequence[ExportedPosting]


class Writer(Protocol):
    """A format: each method returns a piece of text."""

    def head(self, business: str, accounts: Sequence[ExportedAccount]) -> str:
        """Return what comes first."""

    def opening(self, day: date, balances: Sequence[tuple[str, Money]]) -> str:
        """Return an entry that carries the balances from before ``day``."""

    def entry(self, entry: ExportedEntry) -> str:
        """Return one entry."""

    def closing(self, after: date, balances: Sequence[tuple[str, Money]]) -> str:
        """Return the assertions that hold at the beginning of the day ``after``."""


class Beancount:
    """Beancount 3 (beancount.github.io/docs/beancount_language_syntax.html)."""

    def head(self, business: str, accounts: Sequence[ExportedAccount]) -> str:
        """Return the options and an ``open`` for each account."""
        lines = [
            f"option {_quoted('title')} {_quoted(business)}",
            'option "tolerance_multiplier" "0"',
        ]
        lines += [
            f'option "operating_currency" "{currency}"'
            for currency in sorted({account.currency for account in accounts})
        ]
        lines.append("")
        first: dict[str, date] = {}
        currencies: dict[str, list[str]] = {}
        for account in accounts:
            first[account.code] = min(first.get(account.code, date.max), account.opened_on)
            currencies.setdefault(account.code, []).append(account.currency)
        for code, known in currencies.items():
            lines.append(f"{first[code]} open {beancount_account(code)} {','.join(known)}")
            lines.append(f"  code: {_quoted(code)}")
        return "\n".join(lines) + "\n\n"

    def opening(self, day: date, balances: Sequence[tuple[str, Money]]) -> str:
        """Return one transaction: the balances of all accounts sum to zero."""
        postings = [self._posting(code, amount) for code, amount in balances if amount]
        return "\n".join([f'{day} * "opening balances"', *postings]) + "\n\n" if postings else ""

    def entry(self, entry: ExportedEntry) -> str:
        """Return a transaction with the entry's id and key as metadata."""
        words = [_quoted(entry.kind), _quoted(entry.subject)] if entry.subject else []
        lines = [f"{entry.day} * {' '.join(words or [_quoted(entry.kind)])}"]
        lines.append(f"  entry: {_quoted(entry.id)}")
        lines.append(f"  key: {_quoted(entry.key)}")
        if entry.memo:
            lines.append(f"  memo: {_quoted(entry.memo)}")
        for posting in entry.postings:
            lines.append(self._posting(posting.account, posting.amount))
            lines += [
                f"    {name}: {_quoted(value)}"
                for name, value in (("part", posting.part), ("staff", posting.staff))
                if value
            ]
        return "\n".join(lines) + "\n\n"

    def closing(self, after: date, balances: Sequence[tuple[str, Money]]) -> str:
        """Return a ``balance`` for each account, with no tolerance."""
        return "".join(
            f"{after} balance {beancount_account(code)}"
            f" {format_minor(amount.minor, amount.currency)} ~ 0 {amount.currency}\n"
            for code, amount in balances
        )

    def _posting(self, code: str, amount: Money) -> str:
        return f"  {beancount_account(code)}  {amount}"


class Hledger:
    """hledger's journal (hledger.org/hledger.html); its accounts are ours, letter by letter."""

    def head(self, business: str, accounts: Sequence[ExportedAccount]) -> str:
        """Return the commodities and the accounts; hledger reads their types off their names."""
        lines = [f"; {_plain(business)}"]
        for currency in sorted({account.currency for account in accounts}):
            places = exponent(currency)
            lines.append(f"commodity 1000.{'0' * places} {currency}")
        lines += [f"account {code}" for code in dict.fromkeys(a.code for a in accounts)]
        return "\n".join(lines) + "\n\n"

    def opening(self, day: date, balances: Sequence[tuple[str, Money]]) -> str:
        """Return one transaction: the balances of all accounts sum to zero."""
        postings = [f"    {code}  {amount}" for code, amount in balances if amount]
        return "\n".join([f"{day} * opening balances", *postings]) + "\n\n" if postings else ""

    def entry(self, entry: ExportedEntry) -> str:
        """Return a transaction; id, key and parts are tags in comments."""
        title = f"{entry.kind} | {entry.subject}" if entry.subject else entry.kind
        lines = [f"{entry.day} * {_plain(title)}", f"    ; entry: {entry.id}"]
        lines.append(f"    ; key: {_plain(entry.key)}")
        if entry.memo:
            lines.append(f"    ; memo: {_plain(entry.memo)}")
        for posting in entry.postings:
            tags = [
                f"{name}: {_plain(value)}"
                for name, value in (("part", posting.part), ("staff", posting.staff))
                if value
            ]
            note = f"  ; {', '.join(tags)}" if tags else ""
            lines.append(f"    {posting.account}  {posting.amount}{note}")
        return "\n".join(lines) + "\n\n"

    def closing(self, after: date, balances: Sequence[tuple[str, Money]]) -> str:
        """Return one transaction of nothing that asserts each balance."""
        postings = [
            f"    {code}  {Money(0, amount.currency)} = {amount}" for code, amount in balances
        ]
        return "\n".join([f"{after} * closing balances", *postings]) + "\n\n" if postings else ""


class Csv:
    """One row a posting, for spreadsheets. ``amount`` is a decimal, ``amount_minor`` an integer."""

    COLUMNS = (
        "entry kind effective_at posted_at recorded_by subject account amount amount_minor"
        " currency part staff key memo"
    ).split()

    def head(self, business: str, accounts: Sequence[ExportedAccount]) -> str:
        """Return the header row."""
        del business, accounts
        return _row(self.COLUMNS)

    def opening(self, day: date, balances: Sequence[tuple[str, Money]]) -> str:
        """Return nothing: the rows are those of the period."""
        del day, balances
        return ""

    def entry(self, entry: ExportedEntry) -> str:
        """Return a row for each posting."""
        return "".join(self._line(entry, posting) for posting in entry.postings)

    def closing(self, after: date, balances: Sequence[tuple[str, Money]]) -> str:
        """Return nothing."""
        del after, balances
        return ""

    def _line(self, entry: ExportedEntry, posting: ExportedPosting) -> str:
        amount = posting.amount
        start = [entry.id, entry.kind, entry.effective_at.isoformat(), entry.posted_at.isoformat()]
        names = [entry.recorded_by, entry.subject, posting.account]
        sums = [format_minor(amount.minor, amount.currency), amount.minor, amount.currency]
        rest = [posting.part, posting.staff, entry.key, entry.memo]
        return _row([*start, *map(_harmless, names), *sums, *map(_harmless, rest)])


FORMATS: dict[str, type[Writer]] = {"beancount": Beancount, "hledger": Hledger, "csv": Csv}


def beancount_account(code: str) -> str:
    """Return a code as Beancount names accounts: ``assets:cash:drawer`` is ``Assets:Cash:Drawer``.

    A part begins with a capital or a digit and holds letters, digits and dashes; what else a code
    may hold is written as ``P`` for a dot and ``U`` with its number otherwise. Codes are lower
    case, so no two become one.
    """
    root, *parts = code.split(":")
    return ":".join([ROOTS[root], *map(_beancount_part, parts)])


def _beancount_part(part: str) -> str:
    escaped = "".join(_escaped(character) for character in part)
    return escaped[:1].upper() + escaped[1:]


def _escaped(character: str) -> str:
    if character == ".":
        return "P"
    plain = character == "-" or (character.isascii() and character.isalnum())
    return character if plain else f"U{ord(character):04X}"


def _quoted(text: str) -> str:
    """Return a Beancount string: quotes and backslashes escaped, on one line."""
    escaped = _plain(text, keep=";").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(text: str, keep: str = "") -> str:
    """Return text that ends neither a line nor, where it matters, a comment."""
    words = "".join(character if character.isprintable() else " " for character in text)
    return words if ";" in keep else words.replace(";", ",")


def _row(values: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return _FORMULA.sub(r"\1'", _plain(text, keep=";"))


def texts(
    writer: Writer,
    business: str,
    accounts: Sequence[ExportedAccount],
    opening: tuple[date, Sequence[tuple[str, Money]]] | None,
    entries: Iterator[ExportedEntry],
    closing: tuple[date, Sequence[tuple[str, Money]]] | None,
) -> Generator[str]:
    """Yield the whole export piece by piece."""
    yield writer.head(business, accounts)
    if opening is not None:
        yield writer.opening(*opening)
    for entry in entries:
        yield writer.entry(entry)
    if closing is not None:
        yield writer.closing(*closing)
