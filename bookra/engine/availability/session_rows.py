"""Reads sessions of classes as they are: when, by whom, and how many of their seats are taken.

Seats are counted, never stored as a number: a seat is a row, and one whose hold has lapsed is
free. Index: ``sessions_tenant_id_service_id_starts_at_idx``, then ``seats_key`` for each session.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError

# ``:tenant_id`` in each part, not a column of another: the policy is then asked once, not for
# every session.
SELECT = """
    SELECT x.id, x.code, x.service_id, s.slug AS service, s.name AS service_name, x.staff_id,
           k.slug AS staff, k.name AS staff_name, f.level, f.commission_bps, x.starts_at, x.ends_at,
           COALESCE(f.timezone, l.timezone) AS timezone, x.capacity, x.status, c.taken
      FROM sessions x
      JOIN services s ON s.tenant_id = :tenant_id AND s.id = x.service_id
      JOIN bookables k ON k.tenant_id = :tenant_id AND k.id = x.staff_id
      JOIN staff f ON f.tenant_id = :tenant_id AND f.id = x.staff_id
      LEFT JOIN locations l ON l.tenant_id = :tenant_id AND l.id = k.location_id
      CROSS JOIN LATERAL (
             SELECT count(*)::int AS taken FROM seats t
              WHERE t.tenant_id = :tenant_id AND t.session_id = x.id
                AND (t.held_until IS NULL OR t.held_until > :now)
                AND (CAST(:own AS uuid) IS NULL OR t.booking_id <> CAST(:own AS uuid))) c
     WHERE x.tenant_id = :tenant_id
"""
BY_CODE = text(SELECT + " AND x.code = :code")
BY_ID = text(SELECT + " AND x.id = :id")
BETWEEN = text(
    SELECT
    + """
       AND x.starts_at >= :start AND (CAST(:until AS timestamptz) IS NULL OR x.starts_at < :until)
     ORDER BY x.starts_at, k.slug, x.code
    """
)


@dataclass(frozen=True, slots=True)
class Session:
    """A class that takes place; ``taken`` counts seats that are sold or held at the moment."""

    id: UUID
    code: str
    service_id: UUID
    service: str
    service_name: str
    staff_id: UUID
    staff: str
    staff_name: str
    level: str
    commission_bps: int
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    capacity: int
    status: str
    taken: int

    @property
    def free(self) -> int:
        """How many seats are left; none once the session is cancelled."""
        return max(0, self.capacity - self.taken) if self.status == "open" else 0

    @property
    def day(self) -> date:
        """The day on which its seats count for a daily limit: its start's, where the staff work."""
        return clock.local_day(self.starts_at, self.zone)


def sessions_between(tx: Tx, start: datetime, until: datetime | None) -> list[Session]:
    """Return all sessions that start in ``[start, until)``, cancelled ones too, by time."""
    rows = tx.rows(BETWEEN, start=start, until=until, own=None, now=tx.now)
    return sessions_of(tx, rows)


def session_by_code(tx: Tx, code: str) -> Session:
    """Return a session; codes are read in any case. Raises NotFoundError (``unknown_class``)."""
    row = tx.row(BY_CODE, code=code.strip().upper(), own=None, now=tx.now)
    if row is None:
        raise NotFoundError(
            "unknown_class",
            f"There is no class '{code}'",
            hint="List them: bookra class list",
            details={"code": code},
        )
    return session_of(tx, row)


def session_by_id(tx: Tx, session_id: UUID) -> Session:
    """Return a session by id; raises NotFoundError (``unknown_class``)."""
    row = tx.row(BY_ID, id=session_id, own=None, now=tx.now)
    if row is None:
        raise NotFoundError("unknown_class", f"There is no class {session_id}")
    return session_of(tx, row)


def sessions_of(tx: Tx, rows: Iterable[Row[Any]]) -> list[Session]:
    """Return the sessions of some rows of ``SELECT``."""
    return [session_of(tx, row) for row in rows]


def session_of(tx: Tx, row: Row[Any]) -> Session:
    """Return the session of a row of ``SELECT``."""
    return Session(
        row.id,
        row.code,
        row.service_id,
        row.service,
        row.service_name,
        row.staff_id,
        row.staff,
        row.staff_name,
        row.level,
        row.commission_bps,
        row.starts_at,
        row.ends_at,
        clock.zone(row.timezone) if row.timezone else tx.tenant.zone,
        row.capacity,
        row.status,
        row.taken,
    )
