"""Looking at the outbox, and the two things that a person may do to a row: retry and discard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.outbox import breakers
from bookra.engine.outbox.settling import archive
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError

COLUMNS = """
    SELECT o.id, o.topic, o.destination, o.state, o.attempts, o.last_error, o.error_class,
           o.due_at, o.created_at, o.aggregate, o.generation, o.rescues, o.fence, b.code AS booking
      FROM outbox o
      LEFT JOIN bookings b ON b.tenant_id = o.tenant_id AND b.id = o.booking_id
     WHERE o.tenant_id = :tenant_id
"""
LIST = text(
    COLUMNS
    + " AND (CAST(:state AS text) IS NULL OR o.state = :state) ORDER BY o.due_at, o.id LIMIT :limit"
)
ONE = text(COLUMNS + " AND o.id = :id")
HISTORY = text(
    """
    SELECT o.id, o.topic, o.destination, o.outcome AS state, o.attempts,
           NULL AS last_error, NULL AS error_class, o.settled_at AS due_at, o.created_at,
           o.aggregate, o.generation, o.rescues, 0 AS fence, b.code AS booking, o.reference
      FROM outbox_history o
      LEFT JOIN bookings b ON b.tenant_id = o.tenant_id AND b.id = o.booking_id
     WHERE o.tenant_id = :tenant_id AND (CAST(:id AS uuid) IS NULL OR o.id = :id)
       AND (CAST(:outcome AS text) IS NULL OR o.outcome = :outcome)
     ORDER BY o.settled_at DESC, o.id LIMIT :limit
    """
)
STATS = text(
    """
    SELECT count(*) FILTER (WHERE state = 'ready' AND due_at <= now()) AS ready,
           count(*) FILTER (WHERE state = 'waiting' OR (state = 'ready' AND due_at > now()))
             AS waiting,
           count(*) FILTER (WHERE state IN ('leased', 'sending')) AS in_flight,
           count(*) FILTER (WHERE state = 'unknown') AS unknown,
           count(*) FILTER (WHERE state = 'dead') AS dead,
           COALESCE(EXTRACT(EPOCH FROM now() - min(CASE WHEN attempts = 0 THEN due_at
                                                        ELSE created_at END)
             FILTER (WHERE state NOT IN ('dead', 'unknown')
                       AND (attempts > 0 OR due_at <= now()))), 0)::float8 AS oldest_age_seconds
      FROM outbox WHERE tenant_id = :tenant_id
    """
)
DELIVERED = text(
    "SELECT count(*) AS delivered FROM outbox_history"
    " WHERE tenant_id = :tenant_id AND outcome = 'delivered'"
)
RETRY = text(
    """
    UPDATE outbox SET state = 'ready', due_at = now(), rescues = 0,
           generation = generation + :step, last_error = NULL, error_class = NULL,
           changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND state IN ('dead', 'unknown', 'ready')
    """
)


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One intention, still in the queue or already history. ``booking`` is a code."""

    id: UUID
    topic: str
    destination: str
    state: str
    attempts: int
    last_error: str | None
    error_class: str | None
    due_at: datetime
    created_at: datetime
    aggregate: str
    generation: int
    rescues: int
    booking: str | None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """Counts by state. ``oldest_age_seconds`` is of the oldest row that still wants delivery.

    What was written for a later time is not old before that.
    """

    ready: int
    waiting: int
    in_flight: int
    delivered: int
    unknown: int
    dead: int
    oldest_age_seconds: float


def outbox_rows(tx: Tx, *, state: str | None = None, limit: int = 200) -> list[OutboxRow]:
    """Return rows in the queue, the next due first; ``delivered`` and ``discarded`` ones too."""
    if state in ("delivered", "discarded"):
        return [_row(row) for row in tx.rows(HISTORY, id=None, outcome=state, limit=limit)]
    return [_row(row) for row in tx.rows(LIST, state=state, limit=limit)]


def outbox_row(tx: Tx, row_id: UUID) -> OutboxRow:
    """Return one row by id, from the queue or from history; raises NotFoundError."""
    row = tx.row(ONE, id=row_id) or tx.row(HISTORY, id=row_id, outcome=None, limit=1)
    if row is None:
        raise NotFoundError(
            "unknown_outbox_row",
            f"There is no outbox row {row_id}",
            hint="List them: bookra outbox list",
        )
    return _row(row)


def stats(tx: Tx) -> OutboxStats:
    """Return the counts of the queue."""
    counts, history = tx.row(STATS), tx.row(DELIVERED)
    assert counts is not None
    assert history is not None
    return OutboxStats(
        counts.ready,
        counts.waiting,
        counts.in_flight,
        history.delivered,
        counts.unknown,
        counts.dead,
        round(counts.oldest_age_seconds, 1),
    )


def retry(tx: Tx, row_id: UUID, *, new_generation: bool = False) -> OutboxRow:
    """Make a dead, unknown or postponed row due now. The key stays, unless a new one is asked for.

    Its destination is tried again with it: a breaker that holds it back is closed.

    Raises ConflictError (``not_retriable``) for a row that is in flight, waiting or settled.
    """
    row = outbox_row(tx, row_id)
    if not tx.run(RETRY, id=row_id, step=1 if new_generation else 0):
        raise ConflictError(
            "not_retriable",
            f"The outbox row is {row.state}: there is nothing to retry",
            hint="Rows that are dead, unknown or postponed can be retried",
        )
    breakers.close(tx, row.destination)
    tx.concerns("outbox", row_id)
    tx.wakes = True
    return outbox_row(tx, row_id)


def discard(tx: Tx, row_id: UUID) -> OutboxRow:
    """Settle a dead or unknown row as discarded, so that its aggregate goes on."""
    row = tx.row(ONE, id=row_id)
    if row is None or row.state not in ("dead", "unknown"):
        found = outbox_row(tx, row_id)
        raise ConflictError(
            "not_discardable",
            f"The outbox row is {found.state}: only dead and unknown rows can be discarded",
        )
    archive(tx, [(row, None)], outcome="discarded")
    tx.concerns("outbox", row_id)
    tx.wakes = True
    return outbox_row(tx, row_id)


def _row(row: Row[Any]) -> OutboxRow:
    values: dict[str, Any] = {
        name: getattr(row, name, None) for name in OutboxRow.__dataclass_fields__
    }
    return OutboxRow(**values)
