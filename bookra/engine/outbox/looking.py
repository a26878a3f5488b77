"""Light looks across tenants: who has work that is due, whose leases lapsed, where rows wait.

Each is a loose scan of a partial index (one step a pair, however many rows it has), so that a
thousand tenants with a hundred thousand rows cost a thousand steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

# outbox_ready_idx, one step a (tenant, destination). PostgreSQL has no loose scan of its own that
# also takes the first row; see https://wiki.postgresql.org/wiki/Loose_indexscan
PAIRS_WITH_WORK = text(
    """
    WITH RECURSIVE pair AS (
      (SELECT o.tenant_id, o.destination, o.due_at FROM outbox o WHERE o.state = 'ready'
        ORDER BY o.tenant_id, o.destination, o.due_at, o.id LIMIT 1)
      UNION ALL
      SELECT next.tenant_id, next.destination, next.due_at
        FROM pair
       CROSS JOIN LATERAL
             (SELECT o.tenant_id, o.destination, o.due_at FROM outbox o
               WHERE o.state = 'ready'
                 AND (o.tenant_id, o.destination) > (pair.tenant_id, pair.destination)
               ORDER BY o.tenant_id, o.destination, o.due_at, o.id LIMIT 1) next
    )
    SELECT t.slug, pair.destination, COALESCE(b.state, 'closed') <> 'closed' AS trial,
           a.config ->> 'calls_per_second' AS rate
      FROM pair
      JOIN tenants t ON t.id = pair.tenant_id
      LEFT JOIN breakers b ON b.tenant_id = pair.tenant_id AND b.destination = pair.destination
      LEFT JOIN provider_accounts a
        ON a.tenant_id = pair.tenant_id AND a.provider = pair.destination
     WHERE pair.due_at <= now()
       AND NOT COALESCE(b.until > now() OR b.state = 'held'
                        OR b.state = 'parked' AND b.changed_at > now() - interval '1 hour', false)
     ORDER BY pair.due_at
    """
)
TENANTS_WITH_LAPSED_LEASES = text(
    """
    SELECT t.slug FROM tenants t
     WHERE EXISTS (SELECT 1 FROM outbox o
                    WHERE o.tenant_id = t.id AND o.state IN ('leased', 'sending')
                      AND o.leased_until < now())
     ORDER BY t.slug
    """
)
TENANTS_WITH_WAITING = text(
    """
    SELECT t.slug FROM tenants t
     WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.tenant_id = t.id AND o.state = 'waiting')
     ORDER BY t.slug
    """
)


@dataclass(frozen=True, slots=True)
class Due:
    """A tenant's queue to one destination that has something due.

    ``trial``: its breaker lets one row through, to see. ``calls_per_second`` is what the account
    says, None for the relay's own measure.
    """

    tenant: str
    destination: str
    trial: bool = False
    calls_per_second: float | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """Whose, and where to."""
        return self.tenant, self.destination


def pairs_with_work(connection: Connection) -> list[Due]:
    """Return the queues with rows that are due and may be tried, the longest waiting first."""
    return [
        Due(row.slug, row.destination, row.trial, _rate(row.rate))
        for row in connection.execute(PAIRS_WITH_WORK)
    ]


def tenants_with_lapsed_leases(connection: Connection) -> list[str]:
    """Return the slugs of tenants that hold rows whose lease ran out."""
    return [row.slug for row in connection.execute(TENANTS_WITH_LAPSED_LEASES)]


def tenants_with_waiting(connection: Connection) -> list[str]:
    """Return the slugs of tenants with rows that wait behind another."""
    return [row.slug for row in connection.execute(TENANTS_WITH_WAITING)]


def _rate(given: str | None) -> float | None:
    """Return an account's own measure; a word that is no positive number counts for nothing."""
    try:
        rate = float(given or "")
    except ValueError:
        return None
    return rate if 0 < rate < float("inf") else None
