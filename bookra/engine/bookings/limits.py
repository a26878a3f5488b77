"""Daily limits as places: a unique key makes them exact, whoever books at the same moment.

Places are only counted for people and services that have a limit. Setting one gives the visits
that are booked already their places (``count_in``), so that the limit holds from then on.
"""

from __future__ import annotations

import itertools
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.starts import Limit
from bookra.engine.catalog.actions import ServiceChanges, set_service
from bookra.engine.catalog.model import Service
from bookra.engine.people.staff import Staff, StaffChanges, set_staff
from bookra.engine.runtime import Tx
from bookra.ids import new_id

TAKEN = text(
    "SELECT place FROM day_places"
    " WHERE tenant_id = :tenant_id AND subject_id = :subject_id AND day = :day"
)
TAKE = text(
    """
    INSERT INTO day_places (tenant_id, id, subject_id, day, place, booking_id, booking_line_id,
                            held_until)
    VALUES (:tenant_id, :id, :subject_id, :day, :place, :booking_id, :booking_line_id, :held_until)
    ON CONFLICT ON CONSTRAINT day_places_key DO NOTHING
    """
)
UNCOUNTED = text(
    """
    SELECT l.id AS line_id, l.booking_id, l.starts_at, b.hold_expires_at,
           COALESCE(k.timezone, p.timezone) AS timezone
      FROM booking_lines l
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
      JOIN staff k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id
      JOIN bookables o ON o.tenant_id = l.tenant_id AND o.id = l.staff_id
      LEFT JOIN locations p ON p.tenant_id = o.tenant_id AND p.id = o.location_id
     WHERE l.tenant_id = :tenant_id
       AND (l.service_id = :subject_id OR (l.staff_id = :subject_id AND l.session_id IS NULL))
       AND l.starts_at >= :since AND b.status IN ('held', 'confirmed', 'checked_in', 'in_service')
       AND NOT EXISTS (SELECT FROM day_places d
                        WHERE d.tenant_id = l.tenant_id AND d.subject_id = :subject_id
                          AND d.booking_line_id = l.id)
     ORDER BY l.id
    """
)


class Counted(NamedTuple):
    """A line that takes a place, and until when it does when it belongs to a hold."""

    booking_id: UUID
    line_id: UUID
    held_until: datetime | None


def take_place(tx: Tx, limit: Limit, line: Counted) -> bool:
    """Take a free place of a limited day; False, and nothing written, when there is none."""
    while True:
        taken = _taken(tx, limit.subject_id, limit.day)
        if len(taken) >= limit.places:  # some may stand beyond a limit that was set later
            return False
        free = next(n for n in itertools.count(1) if n not in taken)
        if _take(tx, limit.subject_id, limit.day, free, line):
            return True


def change_staff(tx: Tx, slug: str, changes: StaffChanges) -> Staff:
    """Change a member of staff; a limit that they have then counts what is booked already."""
    person = set_staff(tx, slug, changes)
    if person.daily_limit is not None:
        count_in(tx, person.id)
    return person


def change_service(tx: Tx, slug: str, changes: ServiceChanges) -> Service:
    """Change a service; a limit that it has then counts what is booked already."""
    service = set_service(tx, slug, changes)
    if service.daily_limit is not None:
        count_in(tx, service.id)
    return service


def count_in(tx: Tx, subject_id: UUID) -> int:
    """Give the coming visits of a person or service their places; returns how many.

    Called when a limit is set: there may be more visits on a day than the limit allows by then.
    """
    today = clock.opening(clock.local_day(tx.now, tx.tenant.zone), 0, tx.tenant.zone)
    rows = tx.rows(UNCOUNTED, subject_id=subject_id, since=clock.from_epoch(today))
    for row in rows:
        zone = clock.zone(row.timezone) if row.timezone else tx.tenant.zone
        day = clock.local_day(row.starts_at, zone)
        line = Counted(row.booking_id, row.line_id, row.hold_expires_at)
        places = itertools.count(len(_taken(tx, subject_id, day)) + 1)
        next(place for place in places if _take(tx, subject_id, day, place, line))
    return len(rows)


def _taken(tx: Tx, subject_id: UUID, day: date) -> set[int]:
    return {row.place for row in tx.rows(TAKEN, subject_id=subject_id, day=day)}


def _take(tx: Tx, subject_id: UUID, day: date, place: int, line: Counted) -> bool:
    return bool(
        tx.run(
            TAKE,
            id=new_id(),
            subject_id=subject_id,
            day=day,
            place=place,
            booking_id=line.booking_id,
            booking_line_id=line.line_id,
            held_until=line.held_until,
        )
    )
