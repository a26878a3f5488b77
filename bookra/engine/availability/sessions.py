"""What can be booked of a class: its sessions with seats left, and why there is none.

A class is a service with a capacity. It has no open starts: its sessions are its starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text

from bookra import clock
from bookra.engine.availability.answers import Answer, Slot
from bookra.engine.availability.session_rows import (
    SELECT,
    Session,
    session_by_code,
    session_by_id,
    sessions_between,
    sessions_of,
)
from bookra.engine.availability.why import Reason
from bookra.engine.catalog.actions import find_service, unknown_service
from bookra.engine.catalog.model import Service
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

__all__ = [
    "Session",
    "class_nearest",
    "class_slots",
    "explain_class",
    "find_class",
    "refusals",
    "session_by_code",
    "session_by_id",
    "sessions_at",
    "sessions_between",
]

NEAREST = 3
NEAREST_BEFORE = timedelta(days=1)
NEAREST_AFTER = timedelta(days=60)
"""Classes are weekly rather than hourly: what is near lies further off than for a haircut."""

# The sessions of one class that can be booked, by time; with seats, or whatever they have.
OPEN = (
    SELECT
    + """
       AND x.service_id = :service_id AND x.status = 'open'
       AND x.starts_at >= :start AND x.starts_at < :until
       AND (CAST(:staff_id AS uuid) IS NULL OR x.staff_id = :staff_id)
       AND x.capacity - c.taken >= :seats
"""
)
OPEN_BETWEEN = text(OPEN + " ORDER BY x.starts_at, k.slug LIMIT :limit")
OPEN_BEFORE = text(OPEN + " ORDER BY x.starts_at DESC, k.slug LIMIT :limit")
PLACES = text(
    """
    SELECT day, count(*)::int AS taken FROM day_places
     WHERE tenant_id = :tenant_id AND subject_id = :service_id AND day = ANY(:days)
       AND (held_until IS NULL OR held_until > :now)
       AND (CAST(:own AS uuid) IS NULL OR booking_id <> CAST(:own AS uuid))
     GROUP BY day
    """
)


class _Asked(NamedTuple):
    """What is looked for: a class, by somebody or anybody, with so many seats left.

    The seats of the booking ``own`` count as free.
    """

    service: Service
    staff_id: UUID | None
    seats: int
    own: UUID | None


def class_slots(
    tx: Tx,
    service: str,
    staff: str | None,
    first_day: date,
    days: int,
    limit: int | None = None,
    *,
    own: UUID | None = None,
) -> list[Slot]:
    """Return the sessions with seats left that can be booked, by time and then staff.

    The seats of the booking ``own`` count as free: the hold that is to be replaced.
    """
    zone = tx.tenant.zone
    wanted = find_class(tx, service)
    earliest, latest = bookable_span(tx, wanted)
    begin = clock.from_epoch(clock.opening(first_day, 0, zone))
    end = clock.from_epoch(clock.opening(first_day + timedelta(days=days), 0, zone))
    asked = _Asked(wanted, _staff_id(tx, staff), 1, own)
    return _slots(wanted, _open(tx, asked, max(begin, earliest), min(end, latest), limit))


def class_nearest(
    tx: Tx,
    service: str,
    staff: str | None,
    at: datetime,
    seats: int = 1,
    *,
    own: UUID | None = None,
) -> tuple[Slot, ...]:
    """Return the sessions closest to ``at`` that have so many seats left, by time."""
    wanted = find_class(tx, service)
    earliest, latest = bookable_span(tx, wanted)
    asked = _Asked(wanted, _staff_id(tx, staff), seats, own)
    first, last = max(at - NEAREST_BEFORE, earliest), min(max(at, earliest) + NEAREST_AFTER, latest)
    near = _open(tx, asked, max(at, earliest), last, NEAREST)
    near += _open(tx, asked, first, at, NEAREST, statement=OPEN_BEFORE)
    near.sort(key=lambda session: (abs(session.starts_at - at), session.starts_at, session.staff))
    return tuple(sorted(_slots(wanted, near[:NEAREST])))


def explain_class(
    tx: Tx, service: str, staff: str | None, at: datetime, *, own: UUID | None = None
) -> Answer:
    """Return why a seat can be had at ``at`` or not, with the nearest sessions that have one."""
    wanted = find_class(tx, service)
    found = sessions_at(tx, wanted, staff, at, own=own)
    refused = refusals(tx, wanted, staff, at, found, own=own)
    near = class_nearest(tx, service, staff, at, own=own) if refused else ()
    return Answer(not refused, tuple(refused), near)


def refusals(
    tx: Tx,
    service: Service,
    staff: str | None,
    at: datetime,
    found: list[Session],
    seats: int = 1,
    *,
    own: UUID | None = None,
) -> list[Reason]:
    """Return every rule that refuses ``seats`` in the sessions ``found`` to start at ``at``."""
    refused = _timing(tx, service, at)
    when = day_and_time(tx, at)
    if not found:
        who = f"{find_staff(tx, staff).name} gives no" if staff else "There is no"
        refused.append(Reason("no_class", f"{who} {service.name} {when}", "a class at that time"))
    elif all(session.free < seats for session in found):
        free = max(session.free for session in found)
        left = f"has {free} of {found[0].capacity} seats left" if free else "is full"
        opens = "fewer seats, or one given back" if free else "a seat given back, or more seats"
        refused.append(Reason("class_full", f"{service.name} {when} {left}", opens))
    elif not _within_limit(tx, _Asked(service, None, seats, own), found):
        message = f"{service.name} has {service.daily_limit} visits a day: the daily limit"
        refused.append(Reason("limit", message, "another day, or a higher limit"))
    return refused


def sessions_at(
    tx: Tx, service: Service, staff: str | None, at: datetime, *, own: UUID | None = None
) -> list[Session]:
    """Return the open sessions of a class that start at ``at``, the emptiest first."""
    asked = _Asked(service, _staff_id(tx, staff), 0, own)
    found = _open(tx, asked, at, at + timedelta(microseconds=1), None)
    return sorted(found, key=lambda session: (-session.free, session.staff))


def find_class(tx: Tx, slug: str) -> Service:
    """Return an active service that is sold by the seat; raises ConflictError (``not_a_class``)."""
    service = find_service(tx, slug)
    if not service.active:
        raise unknown_service(slug)
    if service.capacity is None:
        raise ConflictError(
            "not_a_class",
            f"{service.name} is not sold by the seat",
            hint=f"Make it a class: bookra service set {slug} --capacity 8",
            details={"service": slug},
        )
    return service


def bookable_span(tx: Tx, service: Service) -> tuple[datetime, datetime]:
    """Return the first and last instant that notice and horizon allow, the last one excluded."""
    notice, horizon = service.notice_minutes, service.horizon_days
    return (
        tx.now + timedelta(minutes=tx.tenant.notice_minutes if notice is None else notice),
        tx.now
        + timedelta(days=tx.tenant.horizon_days if horizon is None else horizon, microseconds=1),
    )


def _open(
    tx: Tx,
    asked: _Asked,
    start: datetime,
    until: datetime,
    limit: int | None,
    *,
    statement: TextClause = OPEN_BETWEEN,
) -> list[Session]:
    """Return the open sessions in ``[start, until)`` that have the seats, by time and staff."""
    rows = tx.rows(
        statement,
        service_id=asked.service.id,
        staff_id=asked.staff_id,
        start=start,
        until=until,
        seats=asked.seats,
        limit=limit if asked.service.daily_limit is None else None,
        own=asked.own,
        now=tx.now,
    )
    return _within_limit(tx, asked, sessions_of(tx, rows))[:limit]


def _timing(tx: Tx, service: Service, at: datetime) -> list[Reason]:
    earliest, latest = bookable_span(tx, service)
    if at < tx.now:
        return [Reason("past", f"{day_and_time(tx, at)} is in the past", "a later time")]
    if at < earliest:
        minutes = (earliest - tx.now) // timedelta(minutes=1)
        opens = f"a start from {day_and_time(tx, earliest)}"
        return [Reason("notice", f"Bookings need {minutes} minutes' notice", opens)]
    if at >= latest:
        days = (latest - tx.now) // timedelta(days=1)
        opens = f"a start until {day_and_time(tx, latest)}"
        return [Reason("horizon", f"Bookings open {days} days ahead", opens)]
    return []


def _within_limit(tx: Tx, asked: _Asked, sessions: list[Session]) -> list[Session]:
    """Return the sessions on whose day the service's daily limit leaves places for the seats."""
    limit = asked.service.daily_limit
    if limit is None or not sessions or not asked.seats:
        return sessions
    days = sorted({session.day for session in sessions})
    rows = tx.rows(PLACES, service_id=asked.service.id, days=days, own=asked.own, now=tx.now)
    taken = {row.day: row.taken for row in rows}
    return [s for s in sessions if taken.get(s.day, 0) + asked.seats <= limit]


def _staff_id(tx: Tx, staff: str | None) -> UUID | None:
    return None if staff is None else find_staff(tx, staff).id


def _slots(service: Service, sessions: Iterable[Session]) -> list[Slot]:
    return [
        Slot(
            session.starts_at,
            session.ends_at,
            session.staff,
            service.slug,
            service.at_level(session.level).price,
            seats_free=session.free,
        )
        for session in sessions
    ]


def day_and_time(tx: Tx, moment: datetime) -> str:
    """Return a moment in the words of a refusal, on the business's clock."""
    return f"{moment.astimezone(tx.tenant.zone):%a %d %b %H:%M}"
