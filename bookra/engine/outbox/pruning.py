"""Forgets the counters of lines that ended, in batches."""

from __future__ import annotations

from sqlalchemy import text

from bookra.engine.runtime import Tx

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
