"""A client's visits as a whole: which there were and will be, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.bookings.model import Status
from bookra.engine.ledger.store import SPENT
from bookra.engine.runtime import Tx
from bookra.money import Money

MOST_VISITS = 100
"""How many visits are shown: what is coming, and then the latest."""

LINES = """
    (SELECT json_build_array(string_agg(s.name, ', ' ORDER BY l.position),
                             string_agg(DISTINCT k.name, ', '))
       FROM booking_lines l
       JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id
       JOIN bookables k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id
      WHERE l.tenant_id = b.tenant_id AND l.booking_id = b.id)
"""
VISIT = f"""
    SELECT b.code, b.status, b.starts_at, b.ends_at, c.name AS customer, {LINES} AS lines
      FROM bookings b
      JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
     WHERE b.tenant_id = :tenant_id
"""  # noqa: S608 - constants
# Index: bookings_tenant_id_customer_id_idx.
VISITS = text(VISIT + " AND b.customer_id = :customer_id ORDER BY b.starts_at DESC LIMIT :most")
# A code alone names any visit; letters of one, or its client, name those that are coming.
# Indexes: bookings_tenant_id_code_key, bookings_tenant_id_customer_id_idx, and the one by start.
MATCHING = text(
    VISIT
    + """
       AND (b.code = ANY(:codes)
            OR b.starts_at >= :since AND b.status NOT IN ('cancelled', 'late_cancelled', 'expired')
           AND (b.code LIKE :begins OR b.customer_id = ANY(:customers)))
     ORDER BY b.starts_at, b.code LIMIT :most
    """
)
STANDING = text(
    f"""
    SELECT count(*) FILTER (WHERE b.status NOT IN
                            ('cancelled', 'late_cancelled', 'expired', 'no_show')) AS visits,
           count(*) FILTER (WHERE b.status = 'no_show') AS no_shows,
           count(*) FILTER (WHERE b.status IN ('cancelled', 'late_cancelled')) AS cancelled,
           COALESCE(sum({SPENT}), 0)::bigint AS spent_minor
      FROM bookings b
     WHERE b.tenant_id = :tenant_id AND b.customer_id = :customer_id
    """  # noqa: S608 - constants
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit in a line. ``services`` and ``staff`` are names, joined by commas."""

    code: str
    status: Status
    starts_at: datetime
    ends_at: datetime
    customer: str
    services: str
    staff: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a client's bookings come to. ``spent`` is what was paid for them less what went back."""

    visits: int
    no_shows: int
    cancelled: int
    spent: Money


def visits_of(tx: Tx, customer_id: UUID) -> list[Visit]:
    """Return a client's visits, the one farthest ahead first."""
    return [_visit(row) for row in tx.rows(VISITS, customer_id=customer_id, most=MOST_VISITS)]


def standing_of(tx: Tx, customer_id: UUID) -> Standing:
    """Return what a client's bookings come to, in the business's currency."""
    row = tx.row(STANDING, customer_id=customer_id)
    assert row is not None, "an aggregate always has a row"
    spent = Money(row.spent_minor, tx.tenant.currency)
    return Standing(row.visits, row.no_shows, row.cancelled, spent)


def matching_visits(
    tx: Tx, text_: str, customers: list[UUID], since: datetime, limit: int
) -> list[Visit]:
    """Return visits that a text names: by code, or of ``customers`` from ``since`` on, by time.

    A code may be typed without the business's prefix.
    """
    typed = "".join(one for one in text_.upper() if one.isalnum() or one == "-")
    full = typed if "-" in typed else f"{tx.tenant.code_prefix}-{typed}"
    rows = tx.rows(
        MATCHING,
        codes=[typed, full],
        begins=full + "%" if len(typed) > 1 else "",
        customers=customers,
        since=since,
        most=limit,
    )
    return [_visit(row) for row in rows]


def _visit(row: Row[Any]) -> Visit:
    services, staff = row.lines
    return Visit(
        row.code,
        Status(row.status),
        row.starts_at,
        row.ends_at,
        row.customer,
        services or "",
        staff or "",
    )
