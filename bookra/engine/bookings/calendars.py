"""Which calendar elsewhere is whose, and bringing it up to what is booked.

A calendar that is connected is read for its owner's busy times, and their visits are written into
it. When the place of somebody's visits changes, each of those to come is sent there again.
"""

from __future__ import annotations

from sqlalchemy import text

from bookra.engine.availability.calendars.feeds import Feed, connect, disconnect
from bookra.engine.bookings.model import Status
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import UpsertCalendar
from bookra.engine.people.staff import find_staff, set_staff
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import account
from bookra.errors import NotFoundError

GOOGLE = UpsertCalendar.destination

STANDING = (Status.CONFIRMED, Status.CHECKED_IN, Status.IN_SERVICE)

# By id: that is the order in which the outbox's aggregates are locked.
TO_COME = text(
    """
    SELECT DISTINCT b.id
      FROM booking_lines l
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
     WHERE l.tenant_id = :tenant_id AND l.ends_at > :now AND b.status = ANY(:standing)
       AND b.ends_at > :now AND (CAST(:staff AS uuid) IS NULL OR l.staff_id = :staff)
     ORDER BY b.id
    """
)


def connect_calendar(tx: Tx, staff: str, calendar: str, *, busy_only: bool = False) -> Feed:
    """Read a person's calendar, and write their visits into it unless ``busy_only``.

    Visits to come move there. The same again changes nothing. Raises NotFoundError
    (``unknown_staff``, ``provider_not_set``), InvalidInputError (``bad_calendar``).
    """
    require_google(tx)
    feed = connect(tx, staff, calendar)
    if not busy_only and find_staff(tx, staff).calendar_id != feed.calendar_id:
        set_staff(tx, staff, {"calendar_id": feed.calendar_id})
        resend(tx, staff)
    return feed


def disconnect_calendar(tx: Tx, staff: str) -> Feed:
    """Leave a person's calendar: what it said is dropped, their visits go to the business's own.

    Raises NotFoundError (``unknown_staff``, ``no_feed``).
    """
    feed = disconnect(tx, staff)
    if find_staff(tx, staff).calendar_id == feed.calendar_id:
        set_staff(tx, staff, {"calendar_id": None})
        resend(tx, staff)
    return feed


def resend(tx: Tx, staff: str | None = None) -> int:
    """Have the visits to come written into their calendars again; returns how many there are.

    ``staff`` None is everybody. What is there already stays as it is: an event equals its booking,
    whoever wrote it when. Raises NotFoundError (``unknown_staff``, ``provider_not_set``).
    """
    require_google(tx)
    person = None if staff is None else find_staff(tx, staff).id
    standing = [status.value for status in STANDING]
    found = tx.rows(TO_COME, now=tx.now, standing=standing, staff=person)
    for row in found:
        emit(tx, UpsertCalendar(row.id))
    return len(found)


def require_google(tx: Tx) -> None:
    """Raise NotFoundError (``provider_not_set``) for a business without an account at Google."""
    if account(tx, GOOGLE) is None:
        raise NotFoundError(
            "provider_not_set",
            f"{tx.tenant.slug} has no account at Google",
            hint="Set it: bookra tenant provider set google --help",
        )
