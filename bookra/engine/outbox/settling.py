"""Settling in groups: what was delivered leaves the hot table, what was not goes back.

One statement each for a whole group, by primary key and fence alone: naming the state would drive
the planner through a partial index that a held snapshot fills with dead entries. The rows of a
group are of one tenant; a row whose fence is stale is left out, and the others are settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

from sqlalchemy import text

from bookra.engine.outbox.queue import Claimed, PutBack
from bookra.engine.runtime import Tx

# Emit locks the same rows. What it wrote before is seen by the next statement, which promotes it;
# what it writes after waits for this transaction, and finds no head any more.
LOCK_AGGREGATES = text(
    """
    SELECT aggregate FROM outbox_aggregates
     WHERE tenant_id = :tenant_id AND aggregate = ANY(:aggregates)
     ORDER BY aggregate FOR UPDATE
    """
)
HOLD = text(
    """
    SELECT o.id
      FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[])) AS given (id, fence)
      JOIN outbox o ON o.tenant_id = :tenant_id AND o.id = given.id AND o.fence = given.fence
     ORDER BY o.id FOR UPDATE OF o
    """
)
ARCHIVE = text(
    """
    WITH gone AS (
      DELETE FROM outbox o
       USING unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:refs AS text[]))
             AS given (id, fence, reference)
       WHERE o.tenant_id = :tenant_id AND o.id = given.id AND o.fence = given.fence
      RETURNING o.*, given.reference
    )
    INSERT INTO outbox_history (tenant_id, id, topic, destination, aggregate, sequence, payload,
                                version, generation, attempts, rescues, booking_id, created_at,
                                first_sent_at, outcome, reference)
    SELECT tenant_id, id, topic, destination, aggregate, sequence, payload, version, generation,
           attempts, rescues, booking_id, created_at, first_sent_at, :outcome, reference
      FROM gone
    RETURNING id, aggregate
    """
)
# outbox_waiting_idx, one step an aggregate, however many rows wait there.
PROMOTE = text(
    """
    UPDATE outbox o SET state = 'ready', due_at = GREATEST(o.due_at, now()),
                        changed_by = session_user
      FROM unnest(CAST(:aggregates AS text[])) AS line (aggregate)
     CROSS JOIN LATERAL
           (SELECT w.id FROM outbox w
             WHERE w.tenant_id = :tenant_id AND w.aggregate = line.aggregate
               AND w.state = 'waiting'
             ORDER BY w.sequence LIMIT 1) head
     WHERE o.tenant_id = :tenant_id AND o.id = head.id
       AND NOT EXISTS (SELECT 1 FROM outbox live
                        WHERE live.tenant_id = :tenant_id AND live.aggregate = line.aggregate
                          AND live.state IN ('ready', 'leased', 'sending', 'unknown', 'dead'))
    RETURNING o.destination
    """
)
PUT_BACK = text(
    """
    UPDATE outbox o
       SET state = given.state, due_at = now() + make_interval(secs => given.after_seconds),
           attempts = o.attempts - given.refunded, error_class = given.error_class,
           last_error = given.why, generation = o.generation + given.step,
           leased_by = NULL, leased_until = NULL, changed_by = session_user
      FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:states AS text[]),
                  CAST(:after AS float8[]), CAST(:refunded AS smallint[]),
                  CAST(:classes AS text[]), CAST(:whys AS text[]), CAST(:steps AS smallint[]))
           AS given (id, fence, state, after_seconds, refunded, error_class, why, step)
     WHERE o.tenant_id = :tenant_id AND o.id = given.id AND o.fence = given.fence
    RETURNING o.id
    """
)


class Leased(Protocol):
    """A row that somebody may settle: its place, and the fence that he was given."""

    @property
    def id(self) -> UUID:
        """The row."""

    @property
    def fence(self) -> int:
        """How often the row was claimed when it was read."""

    @property
    def aggregate(self) -> str:
        """The line in which other rows wait behind it."""


def hold(tx: Tx, items: Sequence[Claimed]) -> set[UUID]:
    """Lock rows until the end of the transaction; returns those whose lease is not stale.

    Whatever is written for them now is settled with them: nobody can take them over meanwhile.
    """
    rows = tx.rows(HOLD, ids=[item.id for item in items], fences=[item.fence for item in items])
    return {row.id for row in rows}


def archive(
    tx: Tx, done: Sequence[tuple[Leased, str | None]], *, outcome: str = "delivered"
) -> tuple[set[UUID], set[str]]:
    """Settle rows for good, each with its reference, and make the next of their lines ready.

    Locks the aggregates, in order. Returns the ids that were settled (a stale one is not), and
    the destinations that have something due by it.
    """
    tx.rows(LOCK_AGGREGATES, aggregates=sorted({item.aggregate for item, _ in done}))
    rows = tx.rows(
        ARCHIVE,
        ids=[item.id for item, _ in done],
        fences=[item.fence for item, _ in done],
        refs=[reference or None for _, reference in done],
        outcome=outcome,
    )
    return {row.id for row in rows}, promote(tx, {row.aggregate for row in rows})


def promote(tx: Tx, aggregates: Iterable[str]) -> set[str]:
    """Make the first waiting row ready of each line that has no live head.

    Their aggregates must be locked. Returns the destinations of what became ready.
    """
    wanted = sorted(set(aggregates))
    if not wanted:
        return set()
    return {row.destination for row in tx.rows(PROMOTE, aggregates=wanted)}


def put_back(tx: Tx, back: Sequence[tuple[Claimed, PutBack]]) -> set[UUID]:
    """Return rows to the queue, or set them aside; returns the ids whose lease was not stale."""
    rows = tx.rows(
        PUT_BACK,
        ids=[item.id for item, _ in back],
        fences=[item.fence for item, _ in back],
        states=[how.state for _, how in back],
        after=[float(how.after_seconds) for _, how in back],
        refunded=[0 if how.counts else 1 for _, how in back],
        classes=[how.error_class for _, how in back],
        whys=[how.why for _, how in back],
        steps=[1 if how.new_generation else 0 for _, how in back],
    )
    return {row.id for row in rows}
