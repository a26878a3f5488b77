"""The relay's side of the outbox: claim with a lease, then settle what was claimed.

A lease is a fence number and a time by the database's clock. Whoever settles presents the fence;
a stale one is discarded, because somebody else has the row by then. Settled rows leave the hot
table in the same statement that writes their history. Local effects settle in their own
transaction, so they happen exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from bookra.engine.outbox import topics
from bookra.engine.runtime import Tx

MAX_RESCUES = 3
"""A row whose relay died this often is poison: it goes to the dead letters."""

# A light read over the partial index, across tenants: who has work that is due, oldest first.
TENANTS_WITH_WORK = text(
    """
    SELECT t.slug
      FROM tenants t
      JOIN LATERAL (SELECT o.due_at FROM outbox o
                     WHERE o.tenant_id = t.id AND o.state = 'ready' AND o.due_at <= now()
                     ORDER BY o.due_at, o.id LIMIT 1) head ON true
     ORDER BY head.due_at
    """
)
TENANTS_WITH_LAPSED_LEASES = text(
    """
    SELECT DISTINCT t.slug FROM outbox o JOIN tenants t ON t.id = o.tenant_id
     WHERE o.state IN ('leased', 'sending') AND o.leased_until < now()
    """
)
NEXT_DUE = text(
    "SELECT EXTRACT(EPOCH FROM min(due_at) - now())::float8 FROM outbox"
    " WHERE state IN ('ready', 'leased', 'sending')"
)
CLAIM = text(
    """
    WITH due AS (
      SELECT o.id FROM outbox o
       WHERE o.tenant_id = :tenant_id AND o.state = 'ready' AND o.due_at <= now()
       ORDER BY o.due_at, o.id
       LIMIT :limit
         FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox o
       SET state = 'leased', fence = o.fence + 1, attempts = o.attempts + 1, leased_by = :relay,
           leased_until = now() + make_interval(secs => :lease_seconds),
           first_sent_at = COALESCE(o.first_sent_at, now()), changed_by = session_user
      FROM due
     WHERE o.tenant_id = :tenant_id AND o.id = due.id
    RETURNING o.id, o.topic, o.destination, o.aggregate, o.payload, o.version, o.generation,
              o.attempts, o.fence, o.first_sent_at, o.created_at
    """
)
RENEW = text(
    """
    UPDATE outbox SET leased_until = now() + make_interval(secs => :lease_seconds),
                      changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND fence = :fence
    """
)
START_SENDING = text(
    """
    UPDATE outbox SET state = 'sending', changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND fence = :fence AND state = 'leased'
    """
)
LOCK_AGGREGATES = text(
    """
    SELECT aggregate FROM outbox_aggregates
     WHERE tenant_id = :tenant_id AND aggregate = ANY(:aggregates)
     ORDER BY aggregate FOR UPDATE
    """
)
# By primary key and fence alone: naming the state would drive the planner through a partial index
# that a held snapshot fills with dead entries.
ARCHIVE = text(
    """
    WITH gone AS (
      DELETE FROM outbox o WHERE o.tenant_id = :tenant_id AND o.id = :id AND o.fence = :fence
      RETURNING o.*
    )
    INSERT INTO outbox_history (tenant_id, id, topic, destination, aggregate, sequence, payload,
                                version, generation, attempts, rescues, booking_id, created_at,
                                first_sent_at, outcome, reference)
    SELECT tenant_id, id, topic, destination, aggregate, sequence, payload, version, generation,
           attempts, rescues, booking_id, created_at, first_sent_at, :outcome, :reference
      FROM gone
    """
)
PROMOTE = text(
    """
    UPDATE outbox SET state = 'ready', due_at = GREATEST(due_at, now()), changed_by = session_user
     WHERE tenant_id = :tenant_id AND aggregate = :aggregate AND state = 'waiting'
       AND sequence = (SELECT min(w.sequence) FROM outbox w
                        WHERE w.tenant_id = :tenant_id AND w.aggregate = :aggregate)
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
# An expired lease of an at-most-once destination may or may not have sent: never send it again.
RESCUE = text(
    """
    UPDATE outbox
       SET state = CASE WHEN state = 'sending' THEN 'unknown'
                        WHEN rescues + 1 >= :max_rescues THEN 'dead' ELSE 'ready' END,
           rescues = rescues + 1, fence = fence + 1, due_at = now(),
           error_class = CASE WHEN state = 'sending' THEN 'ambiguous' ELSE 'rescued' END,
           last_error = CASE WHEN state = 'sending'
             THEN 'the relay stopped between sending and the answer'
             ELSE 'the relay stopped before this was settled' END,
           leased_by = NULL, leased_until = NULL, changed_by = session_user
     WHERE tenant_id = :tenant_id AND state IN ('leased', 'sending') AND leased_until < now()
    RETURNING id, state
    """
)
MEND_PROMOTIONS = text(
    """
    UPDATE outbox w SET state = 'ready', due_at = GREATEST(w.due_at, now()),
                        changed_by = session_user
     WHERE w.tenant_id = :tenant_id AND w.state = 'waiting'
       AND w.sequence = (SELECT min(o.sequence) FROM outbox o
                          WHERE o.tenant_id = :tenant_id AND o.aggregate = w.aggregate)
    """
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row under lease. ``key`` is what the third party gets: a retry keeps it."""

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

    @property
    def payload(self) -> topics.Payload:
        """The typed payload; raises InvalidInputError for one that this version can't read."""
        return topics.load(self.topic, self.version, self.fields)


def tenants_with_work(connection: Connection) -> list[str]:
    """Return the slugs of tenants with rows that are due, the longest waiting first."""
    return [row.slug for row in connection.execute(TENANTS_WITH_WORK)]


def tenants_with_lapsed_leases(connection: Connection) -> list[str]:
    """Return the slugs of tenants that hold rows whose lease ran out."""
    return [row.slug for row in connection.execute(TENANTS_WITH_LAPSED_LEASES)]


def seconds_until_due(connection: Connection) -> float | None:
    """Return how long until some row is due (negative: now), None when nothing will be."""
    found: float | None = connection.execute(NEXT_DUE).scalar_one()
    return found


def claim(tx: Tx, relay: UUID, *, lease_seconds: float, limit: int) -> list[Claimed]:
    """Lease up to ``limit`` due rows; rows that another relay is claiming are skipped."""
    rows = tx.rows(CLAIM, relay=relay, lease_seconds=lease_seconds, limit=limit)
    return [
        Claimed(
            tx.tenant.slug,
            row.id,
            row.destination,
            row.aggregate,
            row.topic,
            row.version,
            row.payload,
            row.generation,
            row.attempts,
            row.fence,
            row.first_sent_at,
            row.created_at,
        )
        for row in sorted(rows, key=lambda row: (row.created_at, row.id))
    ]


def renew(tx: Tx, item: Claimed, *, lease_seconds: float) -> bool:
    """Extend a lease; False when somebody else has the row."""
    return bool(tx.run(RENEW, id=item.id, fence=item.fence, lease_seconds=lease_seconds))


def start_sending(tx: Tx, item: Claimed) -> bool:
    """Mark an at-most-once row as on its way, before the call; False when the lease is lost."""
    return bool(tx.run(START_SENDING, id=item.id, fence=item.fence))


def archive(tx: Tx, item: Claimed, *, reference: str, outcome: str = "delivered") -> bool:
    """Settle a row for good and make the next of its aggregate ready; False when stale."""
    tx.rows(LOCK_AGGREGATES, aggregates=[item.aggregate])
    settled = tx.run(
        ARCHIVE, id=item.id, fence=item.fence, outcome=outcome, reference=reference or None
    )
    tx.run(PROMOTE, aggregate=item.aggregate)
    return bool(settled)


@dataclass(frozen=True, slots=True)
class PutBack:
    """How an unfinished row goes back. ``state``: ready (again later), dead or unknown."""

    state: str
    why: str
    error_class: str
    after_seconds: float = 0.0
    counts: bool = True
    new_generation: bool = False


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


def rescue(tx: Tx) -> Sequence[tuple[UUID, str]]:
    """Take back rows whose lease ran out, and mend promotions that a crash lost."""
    rows = tx.rows(RESCUE, max_rescues=MAX_RESCUES)
    tx.run(MEND_PROMOTIONS)
    return [(row.id, row.state) for row in rows]
