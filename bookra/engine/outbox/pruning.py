"""Forgets what is long settled, in batches: history, and the counters of lines that ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from bookra.engine.runtime import Tx

PRUNE_HISTORY = text(
    """
    DELETE FROM outbox_history h
     WHERE h.tenant_id = :tenant_id
       AND h.id = ANY(ARRAY(SELECT o.id FROM outbox_history o
                             WHERE o.tenant_id = :tenant_id AND o.settled_at < :before
                             ORDER BY o.settled_at LIMIT :batch))
    """
)
ENDED = text(
    """
    SELECT a.aggregate,
           EXISTS (SELECT 1 FROM outbox o
                    WHERE o.tenant_id = :tenant_id AND o.aggregate = a.aggregate) AS live
      FROM outbox_aggregates a
     WHERE a.tenant_id = :tenant_id AND a.aggregate > :after
     ORDER BY a.aggregate LIMIT :limit
    """
)
LOCK_ENDED = text(
    """
    SELECT aggregate FROM outbox_aggregates
     WHERE tenant_id = :tenant_id AND aggregate = ANY(:aggregates)
     ORDER BY aggregate FOR UPDATE SKIP LOCKED
    """
)
FORGET = text(
    """
    DELETE FROM outbox_aggregates a
     WHERE a.tenant_id = :tenant_id AND a.aggregate = ANY(:aggregates)
       AND NOT EXISTS (SELECT 1 FROM outbox o
                        WHERE o.tenant_id = :tenant_id AND o.aggregate = a.aggregate)
    """
)


def prune_history(tx: Tx, older_than: datetime, limit: int = 1000) -> int:
    """Delete at most ``limit`` rows that were settled before; returns how many, 0 at the end.

    The database refuses to delete what is younger than seven days, whoever asks.
    """
    return tx.run(PRUNE_HISTORY, before=older_than, batch=limit)


def prune_aggregates(tx: Tx, after: str = "", limit: int = 1000) -> tuple[int, str | None]:
    """Forget lines that have no row any more, among the next ``limit``; (how many, go on from).

    Whoever emits locks the line's row, and so does this; the statement that deletes begins after
    the lock is held, so it sees what was written before. Who comes later begins the line anew,
    at 1: sequences are unique among rows that live, and nothing compares them across settled ones.
    """
    lines = tx.rows(ENDED, after=after, limit=limit)
    ended = [line.aggregate for line in lines if not line.live]
    locked = [row.aggregate for row in tx.rows(LOCK_ENDED, aggregates=ended)] if ended else []
    forgotten = tx.run(FORGET, aggregates=locked) if locked else 0
    return forgotten, lines[-1].aggregate if len(lines) == limit else None
