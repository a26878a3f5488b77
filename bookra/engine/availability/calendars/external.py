"""Busy times of other calendars: kept by source, so that a source can be read again at any time.

They are not allocations: they may overlap what is booked already, which is then named and left as
it is. What is stored is when somebody is busy, and the event's UID to know it by; no titles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.calendars.busy import BusyTime, BusyTimes, Skipped, overlapping
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.ids import checked_name, new_id

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
ZONE = text(
    """
    SELECT COALESCE(st.timezone, l.timezone) AS timezone
      FROM staff st
      JOIN bookables b ON b.tenant_id = st.tenant_id AND b.id = st.id
      LEFT JOIN locations l ON l.tenant_id = b.tenant_id AND l.id = b.location_id
     WHERE st.tenant_id = :tenant_id AND st.id = :id
    """
)
STORED = text(
    """
    SELECT id, uid, starts_at, ends_at FROM external_busy
     WHERE tenant_id = :tenant_id AND bookable_id = :bookable_id AND source = :source
    """
)
INSERT = text(
    """
    INSERT INTO external_busy (tenant_id, id, bookable_id, source, uid, starts_at, ends_at)
    VALUES (:tenant_id, :id, :bookable_id, :source, :uid, :starts_at, :ends_at)
    """
)
DELETE = text("DELETE FROM external_busy WHERE tenant_id = :tenant_id AND id = ANY(:ids)")
# Goes by allocations_tenant_id_bookable_id_starts_at_idx. The codes are the bookings room's rows;
# a hold that has lapsed occupies nothing.
OCCUPIED = text(
    """
    SELECT a.starts_at, a.ends_at, COALESCE(b.code, s.code) AS code
      FROM allocations a
      LEFT JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id
      LEFT JOIN sessions s ON s.tenant_id = a.tenant_id AND s.id = a.session_id
     WHERE a.tenant_id = :tenant_id AND a.bookable_id = :bookable_id
       AND a.kind IN ('booking', 'session') AND a.ends_at > :now
       AND (a.held_until IS NULL OR a.held_until > :now)
     ORDER BY a.starts_at
    """
)


@dataclass(frozen=True, slots=True)
class Frame:
    """Between which instants a file is read, and by which clock its times without a zone."""

    zone: ZoneInfo
    start: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Replaced:
    """What became of a source's rows: ``added`` + ``unchanged`` + ``kept`` are stored now.

    ``kept`` are rows of events that could not be read this time. ``conflicts`` has the codes of
    bookings and classes that the source's times overlap, by time.
    """

    source: str
    staff: str
    events: int
    own: int
    added: int
    unchanged: int
    kept: int
    removed: int
    skipped: tuple[Skipped, ...]
    conflicts: tuple[str, ...]


def frame_of(tx: Tx, staff: str) -> Frame:
    """Return the frame for a member of staff: from yesterday until the business's horizon ends.

    Whole days of their zone, so that a file that is read twice a day says the same twice.
    """
    person = find_staff(tx, staff)
    row = tx.row(ZONE, id=person.id)
    zone = clock.zone(row.timezone) if row and row.timezone else tx.tenant.zone
    today = clock.local_day(tx.now, zone)
    first = clock.opening(today - timedelta(days=1), 0, zone)
    last = clock.opening(today + timedelta(days=tx.tenant.horizon_days + 1), 0, zone)
    return Frame(zone, clock.from_epoch(first), clock.from_epoch(last))


def replace_source(tx: Tx, staff: str, source: str, read: BusyTimes, frame: Frame) -> Replaced:
    """Make a source's rows say what was read; the same again changes nothing.

    Rows of events that could not be read stay, and all of them when the file breaks off: half a
    file must not open times that are taken. What has passed goes. Two imports of one source take
    turns (an advisory lock until the transaction ends). Raises NotFoundError for unknown staff,
    InvalidInputError for a source that can't be named.
    """
    person, source = find_staff(tx, staff), checked_name(source, "source")
    tx.row(LOCK, name=f"{tx.tenant.id}|calendar import|{person.id}|{source}")
    wanted = {(time.uid, time.start, time.end): time for time in read.times}
    begins = {(time.uid, time.start) for time in read.times}
    kept, stale, unchanged = list[BusyTime](), list[UUID](), 0
    for row in tx.rows(STORED, bookable_id=person.id, source=source):
        stored = BusyTime(row.uid, row.starts_at, row.ends_at)
        if wanted.pop(stored, None) is not None:
            unchanged += 1
        elif (stored.uid, stored.start) not in begins and _spared(stored, read, frame):
            kept.append(stored)
        else:
            stale.append(row.id)
    tx.run(DELETE, ids=stale)
    insert(tx, person.id, source, wanted.values())
    tx.concerns("staff", person.id)
    return Replaced(
        source=source,
        staff=person.slug,
        events=read.events,
        own=read.own,
        added=len(wanted),
        unchanged=unchanged,
        kept=len(kept),
        removed=len(stale),
        skipped=tuple(read.skipped),
        conflicts=overlapped(tx, person.id, [*read.times, *kept]),
    )


def _spared(stored: BusyTime, read: BusyTimes, frame: Frame) -> bool:
    """Tell whether a row that the file does not confirm stays: it may be what was not read."""
    return stored.end > frame.start and (not read.whole or stored.uid in read.unread)


def insert(tx: Tx, bookable_id: UUID, source: str, times: Iterable[BusyTime]) -> None:
    """Store busy times that are not stored yet."""
    tx.run_many(
        INSERT,
        [
            {
                "id": new_id(),
                "bookable_id": bookable_id,
                "source": source,
                "uid": time.uid,
                "starts_at": time.start,
                "ends_at": time.end,
            }
            for time in times
        ],
    )


def overlapped(tx: Tx, bookable_id: UUID, times: list[BusyTime]) -> tuple[str, ...]:
    """Return the codes of bookings and classes to come that busy times overlap, by time."""
    occupied = tx.rows(OCCUPIED, bookable_id=bookable_id, now=tx.now)
    spans = [(row.starts_at, row.ends_at, str(row.code)) for row in occupied]
    return tuple(dict.fromkeys(overlapping(times, spans)))
