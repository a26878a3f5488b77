"""Another unit of the same pool for what loses its own: the machine breaks, the visit stays.

The caller has locked the units and the booking. Nobody is told: to the customer it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.availability.away import Bookable
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import keep
from bookra.ids import new_id

OTHERS = text(
    """
    SELECT b.id
      FROM resources r
      JOIN bookables b ON b.tenant_id = r.tenant_id AND b.id = r.id
      JOIN bookables own ON own.tenant_id = r.tenant_id AND own.id = :unit_id
     WHERE r.tenant_id = :tenant_id AND r.pool_id = :pool_id AND b.id <> own.id AND b.active
       AND (b.location_id IS NULL OR b.location_id = own.location_id)
     ORDER BY b.slug
    """
)
HELD_BY = text(
    """
    SELECT id, starts_at, ends_at, kind, booking_id, booking_line_id, session_id, held_until
      FROM allocations
     WHERE tenant_id = :tenant_id AND bookable_id = :unit_id
       AND (booking_line_id = CAST(:line_id AS uuid) OR session_id = CAST(:session_id AS uuid))
     ORDER BY starts_at
    """
)
RELEASE = text("DELETE FROM allocations WHERE tenant_id = :tenant_id AND id = ANY(:ids)")
CLAIM = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind, booking_id,
                             booking_line_id, session_id, held_until)
    VALUES (:tenant_id, :id, :unit_id, :starts_at, :ends_at, :kind, :booking_id,
            :booking_line_id, :session_id, :held_until)
    ON CONFLICT ON CONSTRAINT allocations_no_overlap DO NOTHING
    """
)


def other_units(tx: Tx, bookable: Bookable) -> list[UUID]:
    """Return the active units that may stand in for one, by slug; staff have no stand-in here."""
    if bookable.pool_id is None:
        return []
    return [row.id for row in tx.rows(OTHERS, unit_id=bookable.id, pool_id=bookable.pool_id)]


def reseat(
    tx: Tx,
    unit_id: UUID,
    others: Sequence[UUID],
    *,
    line_id: UUID | None = None,
    session_id: UUID | None = None,
) -> UUID | None:
    """Put a line's or a class's time on the first of ``others`` that is free; returns that unit.

    None, and nothing written, when there is none.
    """
    if not others:
        return None
    held = tx.rows(HELD_BY, unit_id=unit_id, line_id=line_id, session_id=session_id)
    for other in others:
        savepoint = tx.connection.begin_nested()
        tx.run(RELEASE, ids=[row.id for row in held])
        if all(tx.run(CLAIM, **_on(other, row)) for row in held):
            keep(tx, savepoint)
            return other
        savepoint.rollback()
    return None


def _on(unit_id: UUID, row: Row[Any]) -> dict[str, object]:
    """Return the values of an allocation that stands on another unit."""
    return {**row._mapping, "id": new_id(), "unit_id": unit_id}
