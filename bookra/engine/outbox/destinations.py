"""How a business's queue stands, destination by destination: for whoever watches it.

The counts are those of `inspect.stats`, cut by where the rows go.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from bookra.engine.runtime import Tx

DESTINATIONS = ("stripe", "google", "whatsapp", "mail", "local")
"""Where effects go, in the order in which they are told."""

# By no index: the hot table is small. A row that was tried is as old as it is, one that was not
# is as old as it is due; what waits behind another row is that row's matter.
QUEUES = text(
    """
    SELECT destination,
           count(*) FILTER (WHERE state = 'ready' AND due_at <= now()) AS ready,
           count(*) FILTER (WHERE state = 'waiting' OR (state = 'ready' AND due_at > now()))
             AS waiting,
           count(*) FILTER (WHERE state IN ('leased', 'sending')) AS in_flight,
           count(*) FILTER (WHERE state = 'unknown') AS unknown,
           count(*) FILTER (WHERE state = 'dead') AS dead,
           COALESCE(EXTRACT(EPOCH FROM now() - min(CASE WHEN attempts = 0 THEN due_at
                                                        ELSE created_at END)
             FILTER (WHERE state NOT IN ('dead', 'unknown')
                       AND (attempts > 0 OR due_at <= now()))), 0)::float8 AS oldest_seconds
      FROM outbox WHERE tenant_id = :tenant_id GROUP BY destination
    """
)


@dataclass(frozen=True, slots=True)
class Queue:
    """What is on its way to one destination. ``oldest_seconds`` is of what still wants delivery."""

    destination: str
    ready: int = 0
    waiting: int = 0
    in_flight: int = 0
    unknown: int = 0
    dead: int = 0
    oldest_seconds: float = 0.0


def queues(tx: Tx) -> list[Queue]:
    """Return the queue of every destination, empty ones too, in the order of ``DESTINATIONS``."""
    found = {row.destination: Queue(**row._mapping) for row in tx.rows(QUEUES)}
    return [found.get(name, Queue(name)) for name in DESTINATIONS]
