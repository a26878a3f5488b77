"""What is usual: a person's services by how often they are booked, and the latest customers."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from bookra.engine.catalog.actions import services
from bookra.engine.catalog.model import Service
from bookra.engine.people.customers import Customer, customer_by_id
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx

RECENT_LINES = 500

BOOKED = text(
    """
    SELECT service_id, count(*) AS times
      FROM (SELECT service_id FROM booking_lines
             WHERE tenant_id = :tenant_id AND staff_id = :staff_id
             ORDER BY starts_at DESC LIMIT :recent) l
     GROUP BY service_id
    """
)
LATEST = text(
    """
    SELECT customer_id FROM (
      SELECT DISTINCT ON (customer_id) customer_id, id FROM (
        SELECT customer_id, id FROM bookings WHERE tenant_id = :tenant_id
         ORDER BY id DESC LIMIT :recent) b
       ORDER BY customer_id, id DESC) d
     WHERE EXISTS (SELECT FROM customers c
                    WHERE c.tenant_id = :tenant_id AND c.id = d.customer_id
                      AND c.erased_at IS NULL)
     ORDER BY id DESC LIMIT :limit
    """
)


NO_SHOWS = text(
    """
    SELECT count(*) AS times FROM bookings
     WHERE tenant_id = :tenant_id AND customer_id = :customer_id AND status = 'no_show'
    """
)


def no_shows(tx: Tx, customer_id: UUID) -> int:
    """Return how often a customer did not come."""
    row = tx.row(NO_SHOWS, customer_id=customer_id)
    return row.times if row else 0


def usual_services(tx: Tx, staff: str) -> list[Service]:
    """Return what a staff member performs, the most booked of late first."""
    person = find_staff(tx, staff)
    rows = tx.rows(BOOKED, staff_id=person.id, recent=RECENT_LINES)
    times: dict[UUID, int] = {row.service_id: row.times for row in rows}
    performed = [s for s in services(tx) if not person.services or s.slug in person.services]
    return sorted(performed, key=lambda service: -times.get(service.id, 0))


def latest_customers(tx: Tx, limit: int = 8) -> list[Customer]:
    """Return the customers who booked last, the newest first."""
    rows = tx.rows(LATEST, recent=RECENT_LINES, limit=limit)
    return [customer_by_id(tx, row.customer_id) for row in rows]
