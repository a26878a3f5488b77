"""Closes posted days: a snapshot of what each moved, and its digest, chained to the day before.

A day is one of UTC, by ``posted_at``: when its transaction began, which nobody may choose. It is
closed once nothing of it can still appear, ``SETTLED_AFTER_SECONDS`` after its end. What took
effect on which day of the business is kept apart, so that a booking of last week, posted today,
counts for last week without touching what is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text

from bookra.clock import local_day
from bookra.engine.database import SETTLED_AFTER_SECONDS
from bookra.engine.ledger.digest import DayDigest, genesis
from bookra.engine.runtime import Engine, Tx
from bookra.ids import new_id

LAST = text(
    "SELECT day, hash FROM ledger_days WHERE tenant_id = :tenant_id ORDER BY day DESC LIMIT 1"
)
# By index on (tenant_id, posted_at). A day without entries has no row and needs none.
OLDEST_OPEN = text(
    """
    SELECT posted_at FROM entries
     WHERE tenant_id = :tenant_id AND posted_at >= :since AND posted_at < :settled
     ORDER BY posted_at LIMIT 1
    """
)
POSTED = text(
    """
    SELECT e.id::text AS entry_id, e.key, e.kind, e.booking_id::text AS booking_id,
           e.order_id::text AS order_id, e.reverses::text AS reverses, e.memo,
           e.recorded_by AS by, e.effective_at, e.posted_at,
           t.id::text AS transfer_id, t.line, d.code AS debit, c.code AS credit,
           rtrim(t.currency) AS currency, t.amount_minor,
           t.booking_line_id::text AS booking_line_id, t.item_id::text AS item_id,
           d.id::text AS debit_id, c.id::text AS credit_id
      FROM entries e
      LEFT JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      LEFT JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
      LEFT JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
     WHERE e.tenant_id = :tenant_id AND e.posted_at >= :since AND e.posted_at < :until
     ORDER BY e.posted_at, e.id, t.line
    """
)
INSERT_DAY = text(
    """
    INSERT INTO ledger_days (tenant_id, id, day, entries, transfers, hash, previous)
    VALUES (:tenant_id, :id, :day, :entries, :transfers, :hash, :previous)
    ON CONFLICT (tenant_id, day) DO NOTHING
    """
)
INSERT_SNAPSHOT = text(
    """
    INSERT INTO ledger_snapshots (tenant_id, id, account_id, effective_on, posted_on, debit_minor,
                                  credit_minor)
    VALUES (:tenant_id, :id, :account_id, :effective_on, :posted_on, :debit_minor, :credit_minor)
    """
)


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day that is closed, with its digest."""

    day: date
    entries: int
    transfers: int
    hash: str


def oldest_open(tx: Tx) -> date | None:
    """Return the oldest posted day that can be closed now; None when there is none."""
    last = tx.row(LAST)
    since = midnight(last.day + timedelta(days=1) if last else date.min)
    row = tx.row(OLDEST_OPEN, since=since, settled=settled(tx))
    return None if row is None else row.posted_at.astimezone(UTC).date()


def settled(tx: Tx) -> datetime:
    """Return the midnight before which nothing can be posted any more."""
    safe = tx.now - timedelta(seconds=SETTLED_AFTER_SECONDS)
    return midnight(safe.astimezone(UTC).date())


def close_oldest(tx: Tx) -> ClosedDay | None:
    """Close the oldest day that can be; None when there is none, or somebody else just did.

    Closers wait for each other on the day's unique key, and only one writes its snapshots.
    """
    day, last = oldest_open(tx), tx.row(LAST)
    if day is None:
        return None
    digest = DayDigest(day, last.hash if last else genesis(tx.tenant.id))
    for row in tx.stream(POSTED, since=midnight(day), until=midnight(day + timedelta(days=1))):
        digest.add(row, local_day(row.effective_at, tx.tenant.zone))
    closed = ClosedDay(day, digest.entries, digest.transfers, digest.hexdigest())
    fresh = tx.run(
        INSERT_DAY,
        id=new_id(),
        day=day,
        entries=closed.entries,
        transfers=closed.transfers,
        hash=closed.hash,
        previous=digest.previous,
    )
    if not fresh:
        return None
    _keep(tx, digest)
    tx.concerns("ledger-day", day)
    return closed


def close_all(engine: Engine, slug: str, *, command: str | None) -> list[ClosedDay]:
    """Close every day that can be, a transaction each, oldest first."""
    found = []
    while engine.ask(slug, oldest_open) is not None:
        closed = engine.act(slug, close_oldest, command=command)
        if closed is None:  # another closer is at work
            break
        found.append(closed)
    return found


def replayed(tx: Tx, until: date, previous: Mapping[date, str]) -> Iterator[DayDigest]:
    """Yield the digest of each posted day before ``until``, from the entries as they are now.

    ``previous`` is the digest that each closed day names as that of the day before it, so that one
    broken day does not break those after it. Memory holds one day's sums at a time.
    """
    current: DayDigest | None = None
    for row in tx.stream(POSTED, since=midnight(date.min), until=midnight(until)):
        day = row.posted_at.astimezone(UTC).date()
        if current is not None and current.day != day:
            yield current
            current = None
        current = current or DayDigest(day, previous.get(day, ""))
        current.add(row, local_day(row.effective_at, tx.tenant.zone))
    if current is not None:
        yield current


def midnight(day: date) -> datetime:
    """Return the instant at which a posted day begins: midnight in UTC."""
    return datetime.combine(day, time(), UTC)


def _keep(tx: Tx, digest: DayDigest) -> None:
    tx.run_many(
        INSERT_SNAPSHOT,
        [
            {
                "id": new_id(),
                "account_id": UUID(account),
                "effective_on": effective_on,
                "posted_on": digest.day,
                "debit_minor": debit,
                "credit_minor": credit,
            }
            for (account, effective_on), (debit, credit) in sorted(digest.sums.items())
        ],
    )
