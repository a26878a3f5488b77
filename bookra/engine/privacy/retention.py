"""Erases customers who have not come for as long as their business says, each in a transaction.

Found by what happened last, from the oldest on. Who has something that stands against it is left
alone, and looked at again the next day.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from bookra.engine.privacy.erasing import erase
from bookra.engine.runtime import Engine, Tx
from bookra.errors import ConflictError

COMMAND = "schedule retention"
BATCH = 500
MOST = 20_000
"""A night's work for one business: what is left waits for the next."""

AFTER = text("SELECT erase_after_days FROM tenants WHERE id = :tenant_id")
# Walks the customers by their key; each is looked up by bookings_tenant_id_customer_id_idx.
IDLE = text(
    """
    SELECT c.id FROM customers c
     WHERE c.tenant_id = :tenant_id AND c.id > :after AND c.erased_at IS NULL
       AND c.created_at < :before AND COALESCE(c.wrote_at, c.created_at) < :before
       AND NOT EXISTS (SELECT FROM bookings b
                        WHERE b.tenant_id = c.tenant_id AND b.customer_id = c.id
                          AND GREATEST(b.ends_at, b.created_at) >= :before)
       AND NOT EXISTS (SELECT FROM orders o
                        WHERE o.tenant_id = c.tenant_id AND o.customer_id = c.id
                          AND o.created_at >= :before)
       AND NOT EXISTS (SELECT FROM wishes w
                        WHERE w.tenant_id = c.tenant_id AND w.customer_id = c.id
                          AND (w.status IN ('waiting', 'offered') OR w.created_at >= :before))
     ORDER BY c.id LIMIT :batch
    """
)
FIRST = UUID(int=0)


def retain(engine: Engine, slug: str) -> Counter[str]:
    """Erase whom a business need not know any more; counts ``erased`` and ``kept``."""
    result: Counter[str] = Counter()
    after: UUID | None = FIRST
    while after is not None and result["erased"] < MOST:
        idle = engine.ask(slug, lambda tx, after=after: _idle(tx, after))  # type: ignore[misc]
        for customer_id in idle:
            try:
                engine.act(slug, lambda tx, of=customer_id: erase(tx, of), command=COMMAND)  # type: ignore[misc]
                result["erased"] += 1
            except ConflictError:  # visits, money or value: somebody has to look at it
                result["kept"] += 1
        after = idle[-1] if len(idle) == BATCH else None
    return +result


def _idle(tx: Tx, after: UUID) -> list[UUID]:
    row = tx.row(AFTER)
    if row is None or row.erase_after_days is None:
        return []
    before = tx.now - timedelta(days=row.erase_after_days)
    return [found.id for found in tx.rows(IDLE, after=after, before=before, batch=BATCH)]
