"""What waits for a relay, over all businesses: schedules that are due, runs that nobody holds."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from bookra.engine.schedules.model import DEFAULTS

AT_ONCE = 20
"""How many of each job are looked at in one go: many of one job hide no other."""

# Across tenants, by index schedules_due_idx: the longest due of each job first.
DUE = text(
    """
    SELECT slug, id, job FROM (
           SELECT t.slug, s.id, s.job, s.due_at,
                  row_number() OVER (PARTITION BY s.job ORDER BY s.due_at, s.tenant_id) AS place
             FROM schedules s JOIN tenants t ON t.id = s.tenant_id
            WHERE s.enabled AND s.due_at <= now()
              AND NOT EXISTS (SELECT FROM schedule_runs r WHERE r.tenant_id = s.tenant_id
                                 AND r.schedule_id = s.id AND r.state = 'running')) d
     WHERE place <= :limit ORDER BY due_at, slug
    """
)
# Across tenants, by index schedule_runs_open_idx: whose relay died, or who may try again.
LAPSED = text(
    """
    SELECT slug, id, job FROM (
           SELECT t.slug, r.id, s.job, r.leased_until,
                  row_number() OVER (PARTITION BY s.job ORDER BY r.leased_until) AS place
             FROM schedule_runs r
             JOIN schedules s ON s.tenant_id = r.tenant_id AND s.id = r.schedule_id
             JOIN tenants t ON t.id = r.tenant_id
            WHERE r.state = 'running' AND r.leased_until < now()) d
     WHERE place <= :limit ORDER BY leased_until
    """
)
UNPLANTED = text(
    """
    SELECT t.slug FROM tenants t
      LEFT JOIN schedules s ON s.tenant_id = t.id AND s.name = ANY(:names)
     GROUP BY t.id, t.slug HAVING count(s.id) < :many ORDER BY t.slug LIMIT :limit
    """
)


class Waiting(NamedTuple):
    """A schedule or a run to be taken: whose, its id, and its job."""

    tenant: str
    id: UUID
    job: str


def due(connection: Connection, limit: int = AT_ONCE) -> list[Waiting]:
    """Return the schedules that are due, so many of each job, the longest first."""
    return [Waiting(*row) for row in connection.execute(DUE, {"limit": limit})]


def lapsed(connection: Connection, limit: int = AT_ONCE) -> list[Waiting]:
    """Return the runs that nobody holds any more and that are not over, so many of each job."""
    return [Waiting(*row) for row in connection.execute(LAPSED, {"limit": limit})]


def unplanted(connection: Connection, limit: int = 5 * AT_ONCE) -> list[str]:
    """Return businesses that lack a row of some default; ``actions.plant`` gives it to them."""
    binds = {"names": [each.name for each in DEFAULTS], "many": len(DEFAULTS), "limit": limit}
    return [row.slug for row in connection.execute(UNPLANTED, binds)]
