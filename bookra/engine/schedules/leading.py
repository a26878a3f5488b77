"""Who leads: the relay that runs what one relay is enough for, by a lease in the database.

Leading is a saving, never a guard: what must happen once is once by its own key. The lease goes by
the database's clock. An advisory lock would be shared by the clients of a transaction pooler.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

LEADER = "leader"

TAKE_OVER = text(
    """
    UPDATE relay_leases
       SET relay_id = :relay_id, until = now() + make_interval(secs => :lease_seconds),
           fence = fence + CASE WHEN relay_id = :relay_id THEN 0 ELSE 1 END
     WHERE name = :name AND (relay_id = :relay_id OR until < now())
    """
)
# Two statements: Citus takes no clock in an update on conflict.
LEAD = text(
    """
    INSERT INTO relay_leases (name, relay_id, until)
    VALUES (:name, :relay_id, now() + make_interval(secs => :lease_seconds))
    ON CONFLICT (name) DO NOTHING
    """
)
STEP_DOWN = text(
    "UPDATE relay_leases SET until = now() - interval '1 second'"
    " WHERE name = :name AND relay_id = :relay_id"
)
WHO = text("SELECT relay_id, fence FROM relay_leases WHERE name = :name AND until >= now()")


@dataclass(frozen=True, slots=True)
class Leader:
    """Who leads now. ``fence`` grows each time somebody else takes over."""

    relay_id: UUID
    fence: int


def lead(connection: Connection, relay_id: UUID, lease_seconds: float) -> bool:
    """Take the lead if nobody has it, or keep it; tells whether this relay leads."""
    binds = {"name": LEADER, "relay_id": relay_id, "lease_seconds": lease_seconds}
    if connection.execute(TAKE_OVER, binds).rowcount:
        return True
    return bool(connection.execute(LEAD, binds).rowcount)


def step_down(connection: Connection, relay_id: UUID) -> None:
    """Give the lead up, so that another relay need not await the lease's end."""
    connection.execute(STEP_DOWN, {"name": LEADER, "relay_id": relay_id})


def leader(connection: Connection) -> Leader | None:
    """Return who leads now, None when nobody does."""
    row = connection.execute(WHO, {"name": LEADER}).first()
    return None if row is None else Leader(row.relay_id, row.fence)
