"""What should worry somebody about the schedules of every business here: for the doctor."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

LATE_MINUTES = 60

# Across tenants, for logins that may look there. By the unique key: one row a schedule.
WORRIES = text(
    """
    SELECT t.slug, s.name, r.state, r.outcome
      FROM schedules s
      JOIN tenants t ON t.id = s.tenant_id
      JOIN LATERAL (
           SELECT state, outcome FROM schedule_runs
            WHERE tenant_id = s.tenant_id AND schedule_id = s.id
            ORDER BY due_at DESC LIMIT 1) r ON r.state IN ('failed', 'found')
     WHERE s.removed_at IS NULL ORDER BY t.slug, s.name
    """
)
# By index schedules_due_idx.
LATE = text(
    """
    SELECT count(*) FROM schedules
     WHERE enabled AND due_at < now() - make_interval(mins => :late_minutes)
    """
)


@dataclass(frozen=True, slots=True)
class Worry:
    """A schedule whose last run failed, or whose check found something; codes and counts only."""

    tenant: str
    schedule: str
    state: str
    outcome: str


def worries(connection: Connection) -> list[Worry]:
    """Return the schedules whose last run was not well, by business and name."""
    return [
        Worry(row.slug, row.name, row.state, row.outcome or "")
        for row in connection.execute(WORRIES)
    ]


def late(connection: Connection) -> int:
    """Return how many schedules have been due for long: no relay looks after them."""
    return int(connection.execute(LATE, {"late_minutes": LATE_MINUTES}).scalar_one())
