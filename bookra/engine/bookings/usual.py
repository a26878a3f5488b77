"""What is usual for a client: what they book, and after how many weeks they come again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from uuid import UUID

from sqlalchemy import text

from bookra.engine.runtime import Tx

LATEST = 30
"""How many lines are looked at: what somebody booked years ago is no habit."""

USUAL_WEEKS = 4
"""After how many weeks somebody comes again of whom nothing is known yet."""
MOST_WEEKS = 26

WEEK = timedelta(weeks=1)

# Index: bookings_tenant_id_customer_id_idx.
BOOKED = text(
    """
    SELECT s.slug FROM (
      SELECT l.service_id, l.starts_at
        FROM bookings b
        JOIN booking_lines l ON l.tenant_id = b.tenant_id AND l.booking_id = b.id
       WHERE b.tenant_id = :tenant_id AND b.customer_id = :customer_id
         AND b.status NOT IN ('cancelled', 'late_cancelled', 'expired', 'displaced')
       ORDER BY l.starts_at DESC LIMIT :latest) h
      JOIN services s ON s.tenant_id = :tenant_id AND s.id = h.service_id
     GROUP BY s.slug
     ORDER BY count(*) DESC, max(h.starts_at) DESC, s.slug
    """
)
STARTS = text(
    """
    SELECT DISTINCT b.starts_at
      FROM bookings b
      JOIN booking_lines l ON l.tenant_id = b.tenant_id AND l.booking_id = b.id
     WHERE b.tenant_id = :tenant_id AND b.customer_id = :customer_id
       AND l.service_id = :service_id
       AND b.status NOT IN ('cancelled', 'late_cancelled', 'expired', 'displaced', 'no_show')
     ORDER BY b.starts_at DESC LIMIT :latest
    """
)


def usual_for(tx: Tx, customer_id: UUID) -> list[str]:
    """Return the slugs of what a client books, the most usual first."""
    return [row.slug for row in tx.rows(BOOKED, customer_id=customer_id, latest=LATEST)]


def starts_of(tx: Tx, customer_id: UUID, service_id: UUID) -> list[datetime]:
    """Return when a client came, or will come, for a service; the latest first."""
    rows = tx.rows(STARTS, customer_id=customer_id, service_id=service_id, latest=LATEST)
    return [row.starts_at for row in rows]


def weeks_between(starts: Sequence[datetime]) -> int:
    """Return after how many weeks somebody comes again, by the middle of their waits so far.

    ``USUAL_WEEKS`` where there was one visit, or several within a week.
    """
    inorder = sorted(starts)
    waits = [(b - a) / WEEK for a, b in pairwise(inorder) if b - a >= WEEK]
    return min(MOST_WEEKS, max(1, round(median(waits)))) if waits else USUAL_WEEKS
