"""The relay's side of the outbox, row by row: claim with a lease, renew it, put back, release.

A lease is a fence number and a time by the database's clock. Whoever settles presents the fence;
a stale one is discarded, because somebody else has the row by then. ``settling`` writes what was
delivered; ``rescuing`` takes back what a dead relay left; ``looking`` finds who has work at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import text

from bookra.engine.outbox import topics
from bookra.engine.runtime import Tx

Mark: TypeAlias = tuple[datetime, UUID]
"""A place in a destination's queue: when a row is due, and its id."""

# A held snapshot keeps every claimed row's entry in the index. The mark lets a claim begin behind
# the dead ones; the first claim of a pair, and one every few seconds, begins at the front.
CLAIM = text(
    """
    WITH due AS MATERIALIZED (
      SELECT o.id FROM outbox o
       WHERE o.tenant_id = :tenant_id AND o.destination = :destination AND o.state = 'ready'
         AND o.due_at <= now()
         AND (o.due_at, o.id) > (CAST(:after_due AS timestamptz), CAST(:after_id AS uuid))
         AND (:trial OR NOT EXISTS
               (SELECT 1 FROM breakers b
                 WHERE b.tenant_id = :tenant_id AND b.destination = :destination
                   AND b.state <> 'closed'))
       ORDER BY o.due_at, o.id
       LIMIT :limit
         FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE outbox o
       SET state = 'leased', fence = o.fence + 1, attempts = o.attempts + 1, leased_by = :relay,
           leased_until = now() + make_interval(secs => :lease_seconds),
           first_sent_at = COALESCE(o.first_sent_at, now()), changed_by = session_user
      FROM due
     WHERE o.tenant_id = :tenant_id AND o.id = due.id
    RETURNING o.id, o.topic, o.destination, o.aggregate, o.payload::text, o.version, o.generation,
              o.attempts, o.fence, o.first_sent_at, o.created_at, o.due_at
    """
)
# Rows that are being settled at this moment are locked, and need no longer lease.
RENEW = text(
    """
    WITH held AS MATERIALIZED (
      SELECT o.id
        FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[])) AS given (id, fence)
        JOIN outbox o ON o.tenant_id = :tenant_id AND o.id = given.id AND o.fence = given.fence
         FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE outbox o SET leased_until = now() + make_interval(secs => :lease_seconds),
                        changed_by = session_user
      FROM held WHERE o.tenant_id = :tenant_id AND o.id = held.id
    RETURNING o.id
    """
)
START_SENDING = text(
    """
    UPDATE outbox SET state = 'sending', changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND fence = :fence AND state = 'leased'
    """
)
PUT_BACK = text(
    """
    UPDATE outbox
       SET state = :state, due_at = now() + make_interval(secs => :after_seconds),
           attempts = attempts - :refunded, error_class = :error_class, last_error = :why,
           generation = generation + :new_generation,
           leased_by = NULL, leased_until = NULL, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND fence = :fence
    """
)
# What was claimed and never begun goes back as if it had never been claimed, but for the fence.
RELEASE = text(
    """
    UPDATE outbox o
       SET state = 'ready', attempts = o.attempts - 1, leased_by = NULL, leased_until = NULL,
           changed_by = session_user
      FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[])) AS given (id, fence)
     WHERE o.tenant_id = :tenant_id AND o.id = given.id AND o.fence = given.fence
       AND o.state = 'leased'
    """
)
# These statements are prepared once and kept. A plan that was made while the queue was empty would
# read the whole table for ever after: every one of them has an index to go by.
BY_INDEX = text("SET LOCAL enable_seqscan = off")
# A lease that a crash of the server takes back does no harm: what was sent under it has its key,
# and a message is marked as under way by a commit that waits, and keeps all before it as well.
LEASING = text(
    "SELECT set_config('enable_seqscan', 'off', true),"
    " set_config('synchronous_commit', 'off', true)"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row under lease. Its id and ``generation`` make the key that the third party gets."""

    tenant: str
    id: UUID
    destination: str
    aggregate: str
    topic: str
    version: int
    fields: dict[str, str]
    generation: int
    attempts: int
    fence: int
    first_sent_at: datetime
    created_at: datetime
    due_at: datetime
    claimed_at: float
    """By this process's monotonic clock."""

    @property
    def payload(self) -> topics.Payload:
        """The typed payload; raises InvalidInputError for one that this version can't read."""
        return topics.load(self.topic, self.version, self.fields)

    @property
    def mark(self) -> Mark:
        """The row's place in its queue."""
        return self.due_at, self.id


@dataclass(frozen=True, slots=True)
class PutBack:
    """How an unfinished row goes back. ``state``: ready (again later), dead or unknown."""

    state: str
    why: str
    error_class: str
    after_seconds: float = 0.0
    counts: bool = True
    new_generation: bool = False


BEGINNING: Mark = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
"""Before every row: ids are of this century."""


def claim(
    tx: Tx,
    relay: UUID,
    destination: str,
    *,
    lease_seconds: float,
    limit: int,
    after: Mark = BEGINNING,
    trial: bool = False,
) -> list[Claimed]:
    """Lease up to ``limit`` due rows of a destination behind the mark, the first due first.

    Rows that another relay is claiming are skipped. Nothing is claimed while the destination's
    breaker is not closed, unless this is its ``trial``.
    """
    rows = tx.rows(
        CLAIM,
        relay=relay,
        destination=destination,
        lease_seconds=lease_seconds,
        limit=limit,
        after_due=after[0],
        after_id=after[1],
        trial=trial,
    )
    now = time.monotonic()
    claimed = [
        Claimed(
            tx.tenant.slug,
            row.id,
            row.destination,
            row.aggregate,
            row.topic,
            row.version,
            json.loads(row.payload),
            row.generation,
            row.attempts,
            row.fence,
            row.first_sent_at,
            row.created_at,
            row.due_at,
            now,
        )
        for row in rows
    ]
    claimed.sort(key=lambda item: (item.due_at, item.id))
    return claimed


def renew(tx: Tx, items: Sequence[Claimed], *, lease_seconds: float) -> set[UUID]:
    """Extend leases; returns the ids that are still held and not being settled."""
    rows = tx.rows(RENEW, **_held(items), lease_seconds=lease_seconds)
    return {row.id for row in rows}


def start_sending(tx: Tx, item: Claimed) -> bool:
    """Mark an at-most-once row as on its way, before the call; False when the lease is lost."""
    return bool(tx.run(START_SENDING, id=item.id, fence=item.fence))


def put_back(tx: Tx, item: Claimed, how: PutBack) -> bool:
    """Return a row to the queue, or set it aside; False when the lease was lost meanwhile."""
    return bool(
        tx.run(
            PUT_BACK,
            id=item.id,
            fence=item.fence,
            state=how.state,
            after_seconds=how.after_seconds,
            refunded=0 if how.counts else 1,
            error_class=how.error_class,
            why=how.why,
            new_generation=1 if how.new_generation else 0,
        )
    )


def release(tx: Tx, items: Sequence[Claimed]) -> int:
    """Give back rows that were claimed and not begun, uncounted; returns how many still were."""
    return tx.run(RELEASE, **_held(items))


def _held(items: Sequence[Claimed]) -> dict[str, list[object]]:
    """Return the binds that name rows by their lease."""
    return {"ids": [item.id for item in items], "fences": [item.fence for item in items]}
