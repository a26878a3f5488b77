"""Several visits in one transaction: the locks it takes first, and who was asked for by nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import text

from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.model import Booking
from bookra.engine.runtime import Tx

# Everybody who may be asked for, and every unit that the services may take.
CLAIMABLE = text(
    """
    SELECT b.id FROM bookables b
     WHERE b.tenant_id = :tenant_id AND b.active AND b.kind = 'staff'
       AND (CAST(:staff AS text) IS NULL OR b.slug = :staff)
    UNION ALL
    SELECT r.id FROM services s
      JOIN service_resources n ON n.tenant_id = s.tenant_id AND n.service_id = s.id
      JOIN resources r ON r.tenant_id = n.tenant_id AND r.pool_id = n.pool_id
     WHERE s.tenant_id = :tenant_id AND s.slug = ANY(:services)
    """
)
NOT_REQUESTED = text(
    "UPDATE booking_lines SET requested = false, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND booking_id = ANY(:bookings)"
)


def queue_for(tx: Tx, services: Collection[str], staff: str | None = None) -> None:
    """Take at once, in the common order, the locks that each visit alone would take in turn.

    Lapsed holds go first, as everywhere: bookings before people and units.
    """
    expire_lapsed(tx)
    rows = tx.rows(CLAIMABLE, services=list(services), staff=staff)
    lock_bookables(tx, [row.id for row in rows])


def chosen_for_them(tx: Tx, bookings: Iterable[Booking]) -> None:
    """Note that the customer asked for nobody: whoever was named in booking was our choice."""
    tx.run(NOT_REQUESTED, bookings=[booking.id for booking in bookings])
