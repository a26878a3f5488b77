"""Calendars of members of staff that are read again and again: how far, and what came of it.

What was read is kept as busy times of the source ``google:CALENDAR``. When a calendar can't be
read, what is known of it stays as it is: not knowing is never free time. The row's sync token
is the fence: who comes with another than the stored one has been overtaken and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.availability.calendars.busy import BusyTime, BusyTimes
from bookra.engine.availability.calendars.external import (
    DELETE,
    Frame,
    insert,
    overlapped,
    replace_source,
)
from bookra.engine.availability.calendars.places import ours
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError, NotFoundError
from bookra.ids import MAX_NAME, new_id

PREFIX = "google:"

SELECT = """
    SELECT f.id, f.bookable_id, b.slug AS staff, f.calendar_id, f.sync_token, f.read_until,
           f.pulled_at, f.tried_at, f.failure,
           (SELECT count(*) FROM external_busy e
             WHERE e.tenant_id = f.tenant_id AND e.bookable_id = f.bookable_id
               AND e.source = :prefix || f.calendar_id AND e.ends_at > :now)::int AS busy
      FROM calendar_feeds f
      JOIN bookables b ON b.tenant_id = f.tenant_id AND b.id = f.bookable_id
     WHERE f.tenant_id = :tenant_id
"""
ALL = text(SELECT + " ORDER BY b.slug")
ONE = text(SELECT + " AND f.bookable_id = :bookable_id")
# One that fails is tried less and less: half as long as it has failed, half an hour at most. An
# account that was connected anew since it was refused is worth a try at once.
DUE_NOW = """
       AND b.active
       AND (f.tried_at IS NULL OR f.tried_at <= CAST(:now AS timestamptz) - CASE
              WHEN f.failure IS NULL OR f.failure LIKE 'google 401%' AND EXISTS (
                     SELECT FROM provider_accounts p
                      WHERE p.tenant_id = :tenant_id AND p.provider = 'google'
                        AND p.state <> 'refused')
              THEN make_interval(secs => :every_seconds)
              ELSE GREATEST(make_interval(secs => :every_seconds),
                            LEAST(make_interval(secs => :rarest_seconds),
                                  (f.tried_at - COALESCE(f.pulled_at, f.tried_at
                                   - make_interval(secs => 4 * :every_seconds))) / 2)) END)
     ORDER BY f.tried_at NULLS FIRST
"""
DUE = text(SELECT + DUE_NOW)
CONNECT = text(
    """
    INSERT INTO calendar_feeds (tenant_id, id, bookable_id, calendar_id)
    VALUES (:tenant_id, :id, :bookable_id, :calendar_id)
    ON CONFLICT (tenant_id, bookable_id) DO UPDATE
       SET calendar_id = EXCLUDED.calendar_id, sync_token = NULL, read_until = NULL,
           pulled_at = NULL, tried_at = NULL, failure = NULL, changed_by = EXCLUDED.changed_by
     WHERE calendar_feeds.calendar_id <> EXCLUDED.calendar_id
    """
)
DISCONNECT = text("DELETE FROM calendar_feeds WHERE tenant_id = :tenant_id AND id = :id")
DROP_SOURCE = text(
    "DELETE FROM external_busy"
    " WHERE tenant_id = :tenant_id AND bookable_id = :bookable_id AND source = :source"
)
READ = text(
    """
    UPDATE calendar_feeds
       SET sync_token = :sync_token, read_until = :read_until, pulled_at = :now, tried_at = :now,
           failure = NULL, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND calendar_id = :calendar_id
       AND sync_token IS NOT DISTINCT FROM CAST(:before AS text)
    """
)
FAILED = text(
    """
    UPDATE calendar_feeds SET tried_at = :now, failure = :failure, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND calendar_id = :calendar_id
    """
)
BUSY = text(
    """
    SELECT uid, starts_at, ends_at FROM external_busy
     WHERE tenant_id = :tenant_id AND bookable_id = :bookable_id AND source = :source
       AND ends_at > :now
    """
)
# An instance's id is its series' id and its start; a series that was split is another series.
STORED = text(
    r"""
    SELECT id, uid, starts_at, ends_at FROM external_busy
     WHERE tenant_id = :tenant_id AND bookable_id = :bookable_id AND source = :source
       AND (uid = ANY(:touched)
            OR regexp_replace(uid, '_[0-9]{8}(T[0-9]{6}Z)?$', '') = ANY(:ended))
    """
)


@dataclass(frozen=True, slots=True)
class Feed:
    """One person's calendar elsewhere. ``failure`` is a provider's code, never a text of theirs.

    ``read_until`` is how far ahead it was read in whole; ``busy`` counts what is known to come.
    """

    id: UUID
    bookable_id: UUID
    staff: str
    calendar_id: str
    sync_token: str | None
    read_until: datetime | None
    pulled_at: datetime | None
    tried_at: datetime | None
    failure: str | None
    busy: int

    @property
    def source(self) -> str:
        """The source of its busy times."""
        return PREFIX + self.calendar_id


@dataclass(frozen=True, slots=True)
class Changes:
    """What a calendar says. ``whole`` is everything in the frame; else what has changed.

    ``touched`` are the ids of all events that it speaks of, busy or not; ``ended`` those that are
    gone, whose instances go too; ``unread`` those that can't be understood, and so stay as they
    were. ``own`` counts events that the business itself wrote. Without a ``sync_token`` the next
    reading is a whole one.
    """

    times: tuple[BusyTime, ...]
    touched: frozenset[str]
    ended: frozenset[str]
    unread: frozenset[str]
    own: int
    whole: bool
    sync_token: str | None


def connect(tx: Tx, staff: str, calendar: str) -> Feed:
    """Have a calendar read for a member of staff, in place of another; the same changes nothing.

    What was known of the other calendar is dropped. Raises NotFoundError for unknown staff,
    InvalidInputError (``bad_calendar``).
    """
    person, wanted = find_staff(tx, staff), checked_calendar(calendar)
    before = _feed(tx, person.id)
    if tx.run(CONNECT, id=new_id(), bookable_id=person.id, calendar_id=wanted):
        if before is not None:
            tx.run(DROP_SOURCE, bookable_id=person.id, source=before.source)
        tx.concerns("staff", person.id)
    after = _feed(tx, person.id)
    assert after is not None
    return after


def disconnect(tx: Tx, staff: str) -> Feed:
    """Read a person's calendar no more, and drop what it said; raises NotFoundError."""
    person = find_staff(tx, staff)
    found = _feed(tx, person.id)
    if found is None:
        raise NotFoundError(
            "no_feed",
            f"No calendar of {person.name} is read",
            hint="List them: bookra calendar feeds",
            details={"staff": staff},
        )
    tx.run(DISCONNECT, id=found.id)
    tx.run(DROP_SOURCE, bookable_id=person.id, source=found.source)
    tx.concerns("staff", person.id)
    return found


def feeds(tx: Tx) -> list[Feed]:
    """Return the calendars that are read, by member of staff."""
    return [_of(row) for row in tx.rows(ALL, prefix=PREFIX, now=tx.now)]


def conflicts(tx: Tx, feed: Feed) -> tuple[str, ...]:
    """Return the codes of bookings and classes to come that the calendar's times overlap."""
    rows = tx.rows(BUSY, bookable_id=feed.bookable_id, source=feed.source, now=tx.now)
    times = [BusyTime(row.uid, row.starts_at, row.ends_at) for row in rows]
    return overlapped(tx, feed.bookable_id, times)


def due_feeds(tx: Tx, *, every_seconds: float, rarest_seconds: float) -> list[Feed]:
    """Return the calendars whose turn it is, the longest waiting first; what fails waits longer."""
    seconds = {"every_seconds": every_seconds, "rarest_seconds": rarest_seconds}
    return [_of(row) for row in tx.rows(DUE, prefix=PREFIX, now=tx.now, **seconds)]


def keep(tx: Tx, feed: Feed, read: Changes, frame: Frame) -> int:
    """Write what a calendar said, and how far it was read; returns how many rows changed.

    Locks the feed's row; when another was faster, nothing is written. Events that this business
    wrote itself are left out, also where the calendar hides their marks.
    """
    known = {
        "id": feed.id,
        "calendar_id": feed.calendar_id,
        "before": feed.sync_token,
        "sync_token": read.sync_token,
        "read_until": frame.until if read.whole else feed.read_until,
    }
    if not tx.run(READ, now=tx.now, **known):
        return 0
    times = _foreign(tx, read.times)
    if not read.whole:
        return _merge(tx, feed, read, times)
    busy = BusyTimes(times, len(read.touched), read.own, unread=set(read.unread))
    done = replace_source(tx, feed.staff, feed.source, busy, frame)
    return done.added + done.removed


def failed(tx: Tx, feed: Feed, failure: str) -> None:
    """Note why a calendar could not be read: a provider's code. What is known of it stays."""
    tx.run(FAILED, id=feed.id, calendar_id=feed.calendar_id, now=tx.now, failure=failure)


def checked_calendar(text_: str) -> str:
    """Return a calendar's id as Google writes them; raises InvalidInputError (``bad_calendar``)."""
    calendar = text_.strip()
    if not calendar.isprintable() or " " in calendar or not 3 <= len(calendar) <= MAX_NAME - 10:
        raise InvalidInputError(
            "bad_calendar",
            "This is not the id of a calendar",
            hint="Google shows it in the calendar's settings: …@group.calendar.google.com, or the"
            " owner's address",
        )
    return calendar


def _merge(tx: Tx, feed: Feed, read: Changes, times: Iterable[BusyTime]) -> int:
    """Put what has changed in place of what was known of the same events."""
    wanted = {(time.uid, time.start): time for time in times}
    stale = []
    for row in tx.rows(
        STORED,
        bookable_id=feed.bookable_id,
        source=feed.source,
        touched=list(read.touched),
        ended=list(read.ended),
    ):
        if wanted.get((row.uid, row.starts_at)) == (row.uid, row.starts_at, row.ends_at):
            del wanted[row.uid, row.starts_at]
        else:
            stale.append(row.id)
    if stale:
        tx.run(DELETE, ids=stale)
    insert(tx, feed.bookable_id, feed.source, wanted.values())
    if stale or wanted:
        tx.concerns("staff", feed.bookable_id)
    return len(wanted) + len(stale)


def _foreign(tx: Tx, times: Iterable[BusyTime]) -> list[BusyTime]:
    """Return the times of events that are not ours."""
    named = {time: _event_id(time.uid) for time in times}
    known = ours(tx, {event for event in named.values() if event is not None})
    return [time for time, event in named.items() if event not in known]


def _event_id(uid: str) -> UUID | None:
    """Return the id behind an event's name, if it may be one that we chose."""
    try:
        return UUID(uid) if len(uid) == 32 else None
    except ValueError:
        return None


def _feed(tx: Tx, bookable_id: UUID) -> Feed | None:
    row = tx.row(ONE, bookable_id=bookable_id, prefix=PREFIX, now=tx.now)
    return None if row is None else _of(row)


def _of(row: Row[Any]) -> Feed:
    return Feed(**row._mapping)
