"""A business's command line and relay, and the ledger read back beside the table of postings.

Commands and the stand-in's events make the entries, ``bookra ledger entries --json`` reads them,
and the numbers that they are held against are those of docs/money.md: nothing is built by hand. The
command line knows no clock but the database's, so an administrator moves into the past what was to
happen long ago.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command_line import CommandLine
from commands.front_desk import Desk, Shop
from commands.moments import monday_at
from databases import Database
from factories import open_salon
from psycopg.conninfo import make_conninfo
from relay.served_sandbox import serving
from sqlalchemy import Engine as Pool

from bookra.config import Settings
from bookra.engine.runtime import Engine

Moves = dict[str, int]
"""What one entry moves: minor units by account, debit plus."""

TABLE = Path(__file__).parents[1] / "docs" / "money.md"
SHORT = {
    "AVL": "assets:stripe:available",
    "CLR": "assets:stripe:clearing",
    "TRANSIT": "assets:payouts:in-transit",
    "drawer": "assets:cash:drawer",
    "clients": "assets:receivable:clients",
}
ROOTS = {
    "assets": "bank card-terminal disputes receivable",
    "liabilities": "commission deposits gift-cards packages refunds-owed suspense tax tips",
    "income": "breakage chair-rent discounts late-cancel memberships no-show refunds services",
    "expenses": "cash-over-short dispute-fees dispute-losses petty-cash platform-fees stripe-fees"
    " terminal-fees",
}
"""The kinds of accounts, and what the table calls them by without their kind."""

POSTING = re.compile(r"([A-Za-z][\w:.-]*) ([+−]\d+)")
MOVED_BACK = """
    UPDATE bookra.{0} SET {1} = {1} - %(span)s::interval WHERE {1} > now() - interval '1 day'
"""
LONG_AGO = (
    MOVED_BACK.format("entries", "effective_at"),
    MOVED_BACK.format("commission_splits", "split_at"),
)
EXPIRED = (
    "UPDATE bookra.gift_cards SET expires_on = CURRENT_DATE - 2 WHERE code = %(code)s",
    "UPDATE bookra.packages SET expires_on = CURRENT_DATE - 2 WHERE code = %(code)s",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: an entry's kind, and what it moves."""

    kind: str
    moves: Moves


@dataclass
class Counter:
    """A salon's command line, whose visits cost 100.00 without the tax."""

    desk: Desk
    times: list[int] = field(default_factory=lambda: list(range(36, 72)))
    """Quarter hours of a Monday to come, from nine to six, that nobody has booked yet."""

    def __call__(self, *words: str) -> Any:
        """Run a command that must succeed; returns its document."""
        return self.desk(*words, "--json", check=True).json

    def book(self, *words: str, service: str = "visit", staff: str = "ana") -> str:
        """Book the next free time, and return the code."""
        number = self.times.pop(0)
        at = monday_at(f"{number // 4:02}:{number % 4 * 15:02}")
        who = ("--staff", staff, "--customer", "Rosa Vega", "--at", at)
        return str(self("book", service, *who, *words)["code"])

    def drain(self) -> None:
        """Let the relay do what is due."""
        self.desk("relay", "drain", check=True)

    def by_card(self, code: str, *words: str) -> str:
        """Pay by a link, as the customer does; returns the charge."""
        self("pay", code, "--link", *words)
        self.drain()
        charge = self("sandbox", "pay", code)["charge"]
        self.drain()
        return str(charge)

    def entries(self, kind: str, *which: str) -> list[Moves]:
        """Return what each entry of a kind moves: of a booking, an order, an account, a key."""
        found = []
        for entry in self("ledger", "entries", *which):
            moves: Moves = {}
            for posting in entry["postings"]:
                minor = moves.get(posting["account"], 0) + posting["amount"]["amount_minor"]
                moves[posting["account"]] = minor
            if entry["kind"] == kind:
                found.append({code: minor for code, minor in moves.items() if minor})
        return found

    def posted(self, fact: str, *which: str) -> None:
        """Check that a row of the table is among the entries, to the cent and with no more."""
        row = table()[fact]
        assert row.moves in self.entries(row.kind, *which), fact

    def verified(self) -> None:
        """Check that the ledger stands."""
        proof = self("ledger", "verify")
        assert (proof["ok"], proof["problems"]) == (True, [])

    def long_ago(self, span: str) -> None:
        """Move what was posted today back by ``span``, such as ``1 month``."""
        self._administered(LONG_AGO, span=span)

    def expired(self, code: str) -> None:
        """End a gift card's or a package's time two days ago."""
        self._administered(EXPIRED, code=code)

    def _administered(self, statements: tuple[str, ...], **binds: str) -> None:
        with psycopg.connect(make_conninfo(**self.desk.salon.database.administrator)) as session:
            session.execute("SET row_security = off")
            for statement in statements:
                session.execute(statement, binds)


def table() -> dict[str, Row]:
    """Return the table of postings by fact, what stands in brackets after the fact left out."""
    _, _, below = TABLE.read_text("utf-8").partition("| Fact | Kind | Postings |\n|---|---|---|\n")
    found = {}
    for line in below.partition("\n\n")[0].splitlines():
        fact, kind, postings = (cell.strip() for cell in line.strip("|").split("|"))
        moves = {_account(code): _minor(amount) for code, amount in POSTING.findall(postings)}
        assert len(moves) > 1, line
        assert sum(moves.values()) == 0, line
        found[fact.partition(" (")[0]] = Row(kind.strip("`"), moves)
    return found


def _account(code: str) -> str:
    root, _, _ = code.partition(":")
    if code in SHORT:
        return SHORT[code]
    if root in ROOTS:
        return code
    return next(f"{kind}:{code}" for kind, known in ROOTS.items() if root in known.split())


def _minor(amount: str) -> int:
    return int(amount.replace("−", "-"))


@dataclass(frozen=True)
class Counters:
    """Opens the counter of a test's one salon, connected to a stand-in of Stripe."""

    home: Path
    database: Database
    pool: Pool
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    serves: ExitStack

    def __call__(
        self, *, tax_bps: int = 800, inclusive: bool = False, platform_percent: str = "1"
    ) -> Counter:
        """Open the salon: Ana and Ben with 40 %, visits for 100.00, and Rosa Vega's phone."""
        taxed = {"tax_bps": tax_bps, "tax_inclusive": int(inclusive)}
        opened = open_salon(self.database, self.pool, now=datetime.now(UTC), settings=taxed)
        salon = replace(opened, engine=Engine(self.pool))
        salon.service("visit", "busy 15", "100.00")
        salon.customer("Rosa Vega", phone="+4930901820")
        settings = Settings(home=self.home / "data", database_url=self.database.url)
        line = CommandLine.in_folder(
            self.home,
            BOOKRA_HOME=str(settings.home),
            BOOKRA_DATABASE_URL=self.database.url,
            BOOKRA_TENANT=salon.slug,
        )
        self.serves.enter_context(serving(settings.sandbox_dir))
        counter = Counter(Desk(Shop(salon, settings, line), self.patch, self.capture))
        fee = ("--platform-fee-percent", platform_percent)
        counter("tenant", "provider", "set", "stripe", "--sandbox", *fee)
        return counter
