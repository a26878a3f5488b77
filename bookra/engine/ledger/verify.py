"""The ledger's own proof: its sums, its closed days, and all that must agree with it.

Questions by SQL (``checks``) share nothing with the code that posts. The closed days are added up
again here, row by row through a cursor, and compared with their snapshots and their digests, each
of which covers the day before: an administrator who changes a row by SQL is found.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from sqlalchemy import text

from bookra.engine.ledger.checks import CHECKS, COUNTS
from bookra.engine.ledger.days import replayed
from bookra.engine.ledger.digest import genesis
from bookra.engine.runtime import Tx

MOST_FINDINGS = 100
"""How many findings of one kind are named."""

STATEMENT_MINUTES = 20
PATIENCE = text(f"SET LOCAL statement_timeout = '{STATEMENT_MINUTES}min'")
"""A question about the whole ledger may take longer than the front desk's."""

DAYS = text(
    "SELECT day, entries, transfers, hash, previous FROM ledger_days"
    " WHERE tenant_id = :tenant_id ORDER BY day"
)
SNAPSHOTS = text(
    """
    SELECT posted_on, account_id::text AS account, effective_on, debit_minor, credit_minor
      FROM ledger_snapshots WHERE tenant_id = :tenant_id ORDER BY posted_on
    """
)
STRAY_SNAPSHOTS = text(
    """
    SELECT DISTINCT s.posted_on AS day FROM ledger_snapshots s
      LEFT JOIN ledger_days d ON d.tenant_id = s.tenant_id AND d.day = s.posted_on
     WHERE s.tenant_id = :tenant_id AND d.id IS NULL ORDER BY s.posted_on
    """
)


Sums = dict[tuple[str, date], list[int]]
"""Debit and credit in minor units by account id and effective day."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and every problem found, in words.

    ``head`` is the digest of the last closed day: noted elsewhere, it proves later that nothing
    of the past was written anew.
    """

    entries: int
    transfers: int
    accounts: int
    problems: tuple[str, ...]
    days: int = 0
    closed_until: date | None = None
    head: str | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the ledger stands."""
        return not self.problems


def verify(tx: Tx, *, noted: str | None = None) -> Verification:
    """Check the whole ledger of the tenant; ask it in a consistent transaction.

    ``noted`` is a digest that was written down before: it must still be in the chain.
    """
    tx.connection.execute(PATIENCE)
    counts = tx.row(COUNTS)
    assert counts is not None
    days = {row.day: row for row in tx.rows(DAYS)}
    problems = list(_answers(tx))
    with closing(_chain(tx, days, noted)) as broken:
        problems += islice(broken, MOST_FINDINGS)
    last = max(days, default=None)
    return Verification(
        counts.entries,
        counts.transfers,
        counts.accounts,
        tuple(problems),
        len(days),
        last,
        days[last].hash if last else None,
    )


def _answers(tx: Tx) -> Iterator[str]:
    for sentence, query in CHECKS.items():
        for row in tx.rows(query, most=MOST_FINDINGS):
            yield sentence.format(subject=row.subject)


def _chain(tx: Tx, days: Mapping[date, Any], noted: str | None) -> Generator[str]:
    """Yield what is wrong with the closed days, oldest first."""
    if noted is not None and noted not in {row.hash for row in days.values()}:
        yield "the digest that was noted is not in the chain: the past was written anew"
    expected = genesis(tx.tenant.id)
    for row in days.values():
        if row.previous != expected:
            yield f"day {row.day} does not continue the day before it"
        expected = row.hash
    for row in tx.rows(STRAY_SNAPSHOTS):
        yield f"day {row.day} has snapshots, but is not closed"
    if days:
        yield from _replay(tx, days)


def _replay(tx: Tx, days: Mapping[date, Any]) -> Iterator[str]:
    """Compare each closed day with the entries that are there now."""
    until = max(days) + timedelta(days=1)
    missing, snapshots = set(days), _Snapshots(tx)
    for digest in replayed(tx, until, {day: row.previous for day, row in days.items()}):
        if digest.day not in days:
            yield f"day {digest.day} has entries that came after later days were closed"
            continue
        missing.discard(digest.day)
        kept = days[digest.day]
        if digest.hexdigest() != kept.hash:
            yield (
                f"day {digest.day} is not what it was when it was closed: {kept.entries} entries"
                f" and {kept.transfers} transfers then, {digest.entries} and {digest.transfers} now"
            )
        if digest.sums != snapshots.of(digest.day):
            yield f"the snapshots of day {digest.day} disagree with its transfers"
    for day in sorted(missing):
        yield f"day {day} was closed with {days[day].entries} entries, and has none now"


class _Snapshots:
    """The snapshots of one day after another, read through a second cursor."""

    def __init__(self, tx: Tx) -> None:
        self._days = groupby(tx.stream(SNAPSHOTS), key=attrgetter("posted_on"))
        self._next = self._read()

    def of(self, day: date) -> Sums:
        """Return what a day's snapshots hold; days are asked for in their order."""
        while self._next is not None and self._next[0] < day:
            self._next = self._read()
        return self._next[1] if self._next is not None and self._next[0] == day else {}

    def _read(self) -> tuple[date, Sums] | None:
        for day, rows in self._days:
            return day, {
                (row.account, row.effective_on): [row.debit_minor, row.credit_minor] for row in rows
            }
        return None
