"""The calendar feed: bookings and classes as other calendars show them.

One event a booking line, named by the line's id, so that it stays the same event when the booking
moves. What was called off is listed as cancelled, so that a calendar that subscribed drops it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.bookings.feed_text import FeedEvent, FeedState
from bookra.engine.bookings.model import Status
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError

MAX_DAYS = 3_660
HOLD_MEMORY = timedelta(days=7)
"""How long a lapsed hold is listed as cancelled; a hold lives a day at most."""

STATES = {
    Status.HELD: FeedState.TENTATIVE,
    Status.CANCELLED: FeedState.CANCELLED,
    Status.LATE_CANCELLED: FeedState.CANCELLED,
    Status.DISPLACED: FeedState.CANCELLED,
    Status.EXPIRED: FeedState.CANCELLED,
}

# Both go by the plain B-trees on starts_at: bookings_tenant_id_starts_at_idx bounds the first, as a
# line lies within its booking. A seat's line is left out: its class is one event of its own.
LINES = text(
    """
    SELECT l.id, b.code, b.status, b.hold_expires_at, b.revision, l.starts_at, l.ends_at,
           s.name AS service, c.name AS customer, p.name AS location
      FROM bookings b
      JOIN booking_lines l ON l.tenant_id = b.tenant_id AND l.booking_id = b.id
      JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id
      JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
      JOIN bookables k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id
      LEFT JOIN locations p ON p.tenant_id = k.tenant_id AND p.id = k.location_id
     WHERE b.tenant_id = :tenant_id AND b.starts_at > :day_before AND b.starts_at < :until
       AND l.starts_at < :until AND l.ends_at > :start AND l.session_id IS NULL
       AND (CAST(:staff AS uuid) IS NULL OR l.staff_id = :staff)
       AND (b.status <> 'expired' OR b.created_at > :remembered)
     ORDER BY l.starts_at, b.code, l.position
    """
)
SESSIONS = text(
    """
    SELECT n.id, n.code, n.status, n.starts_at, n.ends_at, n.capacity, n.created_at,
           s.name AS service, p.name AS location,
           (SELECT count(*) FROM seats t
             WHERE t.tenant_id = n.tenant_id AND t.session_id = n.id
               AND (t.held_until IS NULL OR t.held_until > :now)) AS sold
      FROM sessions n
      JOIN services s ON s.tenant_id = n.tenant_id AND s.id = n.service_id
      JOIN bookables k ON k.tenant_id = n.tenant_id AND k.id = n.staff_id
      LEFT JOIN locations p ON p.tenant_id = k.tenant_id AND p.id = k.location_id
     WHERE n.tenant_id = :tenant_id AND n.starts_at < :until AND n.ends_at > :start
       AND (CAST(:staff AS uuid) IS NULL OR n.staff_id = :staff)
     ORDER BY n.starts_at, n.code
    """
)


def feed_events(
    tx: Tx, staff: str | None, first_day: date, days: int | None = None
) -> list[FeedEvent]:
    """Return the events of some local days, by time; ``days`` None is up to the horizon.

    ``staff`` None is everybody. Raises NotFoundError for unknown staff, InvalidInputError
    (``bad_days``) for a span that is none.
    """
    span = tx.tenant.horizon_days + 1 if days is None else days
    if not 1 <= span <= MAX_DAYS:
        raise InvalidInputError("bad_days", f"{span} days is not between 1 and {MAX_DAYS}")
    zone = tx.tenant.zone
    start = clock.from_epoch(clock.opening(first_day, 0, zone))
    until = clock.from_epoch(clock.opening(first_day + timedelta(days=span), 0, zone))
    who = None if staff is None else find_staff(tx, staff).id
    binds = {"staff": who, "start": start, "until": until}
    lines = tx.rows(
        LINES, **binds, day_before=start - timedelta(days=1), remembered=tx.now - HOLD_MEMORY
    )
    sessions = tx.rows(SESSIONS, **binds, now=tx.now)
    found = [_of_line(tx, row) for row in lines] + [_of_session(tx, row) for row in sessions]
    return sorted(found, key=lambda event: (event.start, event.code, str(event.id)))


def _of_line(tx: Tx, row: Row[Any]) -> FeedEvent:
    status = Status(row.status)
    lapsed = status is Status.HELD and row.hold_expires_at <= tx.now
    return FeedEvent(
        id=row.id,
        code=row.code,
        revision=row.revision,
        start=row.starts_at,
        end=row.ends_at,
        state=FeedState.CANCELLED if lapsed else STATES.get(status, FeedState.CONFIRMED),
        summary=f"{row.service} · {row.customer}",
        location=row.location,
    )


def _of_session(tx: Tx, row: Row[Any]) -> FeedEvent:
    """Return the event of a class. It has no revision: its age stands for one, which never falls
    and has grown whenever something changed.
    """
    return FeedEvent(
        id=row.id,
        code=row.code,
        revision=max(0, (tx.now - row.created_at) // timedelta(minutes=1)),
        start=row.starts_at,
        end=row.ends_at,
        state=FeedState.CANCELLED if row.status == "cancelled" else FeedState.CONFIRMED,
        summary=f"{row.service} · {row.sold}/{row.capacity}",
        location=row.location,
    )
