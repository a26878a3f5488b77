"""The calls that keep calendars equal to the bookings. No transaction is open in a call.

One event a booking's line, in the calendar of who performs it: their own, or the business's. The
seats of a class share one event. Whatever calendars may hold the event besides are cleared first,
so that a line that went to a colleague leaves nothing behind; and first, because two names may
mean one calendar (``primary``), where a deletion afterwards would take the event itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bookra.engine.availability.calendars.places import forget, places, remember
from bookra.engine.availability.session_rows import Session, session_by_id
from bookra.engine.bookings.model import OCCUPYING, Booking, Line, Status
from bookra.engine.bookings.store import booking_by_id
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.relay.delivery import SKIPPED, Delivery, Route
from bookra.relay.outcome import CONFLICT, Delivered, Outcome, Retry
from bookra.relay.providers.google_calendar import CalendarClient, CalendarEvent

SHOWN_IN_CALENDAR = OCCUPYING | {Status.COMPLETED, Status.NO_SHOW}

OWN_CALENDARS = text(
    "SELECT id, calendar_id FROM staff"
    " WHERE tenant_id = :tenant_id AND id = ANY(:staff) AND calendar_id IS NOT NULL"
)
# A class is attended when a seat is taken for good: a hold is not there to be prepared for.
ATTENDED = text(
    """
    SELECT DISTINCT t.session_id
      FROM seats t
      JOIN bookings b ON b.tenant_id = t.tenant_id AND b.id = t.booking_id
     WHERE t.tenant_id = :tenant_id AND t.session_id = ANY(:sessions)
       AND b.status NOT IN ('held', 'expired')
    """
)
# Classes to come that have an event, and nobody left who attends: the last seat may have moved.
LEFT_EMPTY = text(
    """
    SELECT DISTINCT x.id
      FROM sessions x
      JOIN calendar_events c ON c.tenant_id = x.tenant_id AND c.event_id = x.id
     WHERE x.tenant_id = :tenant_id AND x.ends_at > :now
       AND NOT EXISTS (SELECT FROM seats t
                         JOIN bookings b ON b.tenant_id = t.tenant_id AND b.id = t.booking_id
                        WHERE t.tenant_id = x.tenant_id AND t.session_id = x.id
                          AND b.status NOT IN ('held', 'expired'))
    """
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Placing:
    """An event as it shall be, and where. ``home`` None takes it out of every calendar.

    ``elsewhere`` are the other calendars that may hold it; ``noted`` says that home is known to.
    ``shared`` is a class's event, which several visits write.
    """

    key: UUID
    event: CalendarEvent
    home: str | None
    elsewhere: tuple[str, ...]
    noted: bool
    shared: bool


def sync_calendar(delivery: Delivery) -> Outcome:
    """Make the calendars equal the booking as it is now: one event a line, or none."""
    account, client = delivery.clients.google(delivery.item.tenant)

    def wanted(tx: Tx) -> list[Placing]:
        return _placings(tx, delivery.payload.visit_id, account)

    placings = delivery.ask(wanted)
    outcome: Outcome = SKIPPED
    for placing in placings:
        for step in (_cleared, _written):
            outcome = step(delivery, account, client, placing)
            if not isinstance(outcome, Delivered):
                return outcome
    # Another visit may have written a class's event meanwhile, by older facts or by newer ones.
    shared = _shared_homes(placings)
    now = _shared_homes(delivery.ask(wanted)) if shared else {}
    if any(now.get(key, home) != home for key, home in shared.items()):
        return Retry("calendar class_changed", CONFLICT)
    return outcome


def _shared_homes(placings: list[Placing]) -> dict[UUID, str | None]:
    """Return where the events are to be that several visits share."""
    return {placing.key: placing.home for placing in placings if placing.shared}


def _cleared(
    delivery: Delivery, account: ProviderAccount, client: CalendarClient, placing: Placing
) -> Outcome:
    """Take the event out of every calendar where it is not to be."""
    outcome: Outcome = SKIPPED
    for calendar in placing.elsewhere:
        outcome = delivery.called(
            account,
            lambda calendar=calendar: client.delete(calendar, placing.event.id),  # type: ignore[misc]
        )
        if not isinstance(outcome, Delivered):
            return outcome
        _note(delivery, lambda tx, calendar=calendar: forget(tx, placing.key, calendar))  # type: ignore[misc]
    return outcome


def _written(
    delivery: Delivery, account: ProviderAccount, client: CalendarClient, placing: Placing
) -> Outcome:
    """Write the event where it is to be, noted beforehand."""
    home = placing.home
    if home is None:
        return Delivered(placing.event.id)
    if not placing.noted:
        _note(delivery, lambda tx: remember(tx, placing.key, home))
    return delivery.called(account, lambda: client.upsert(home, placing.event))


def _note(delivery: Delivery, work: Callable[[Tx], None]) -> None:
    delivery.engine.act(delivery.item.tenant, work, command=None)


def _placings(tx: Tx, visit_id: UUID, account: ProviderAccount) -> list[Placing]:
    """Return where each of a visit's events shall be, by the facts of this moment."""
    booking, common = booking_by_id(tx, visit_id), account.config["calendar"]
    lines = [line for line in booking.lines if line.session_id is None]
    classes = _classes(tx, booking)
    attended = {row.session_id for row in tx.rows(ATTENDED, sessions=[c.id for c in classes])}
    both: list[Line | Session] = [*lines, *classes]
    people = {of.staff_id for of in both}
    own = {row.id: row.calendar_id for row in tx.rows(OWN_CALENDARS, staff=list(people))}
    known = places(tx, [of.id for of in both])

    def placing(of: Line | Session, event: CalendarEvent, *, shown: bool) -> Placing:
        home = own.get(of.staff_id, common) if shown else None
        # One that was written before calendars were noted can only be in the business's own.
        unnoted = isinstance(of, Line) and (home is None or booking.revision > 1)
        others = known[of.id] or ({common} if unnoted else set())
        elsewhere, noted = tuple(sorted(others - {home})), home in known[of.id]
        return Placing(of.id, event, home, elsewhere, noted, shared=isinstance(of, Session))

    shown = booking.status in SHOWN_IN_CALENDAR
    return [placing(line, _line_event(tx, booking, line), shown=shown) for line in lines] + [
        placing(c, _class_event(tx, c), shown=c.status == "open" and c.id in attended)
        for c in classes
    ]


def _classes(tx: Tx, booking: Booking) -> list[Session]:
    """Return the classes of a visit, and those that its move, or another's, left empty."""
    own = {line.session_id for line in booking.lines if line.session_id is not None}
    if not own:
        return []
    own |= {row.id for row in tx.rows(LEFT_EMPTY, now=tx.now)}
    return [session_by_id(tx, session_id) for session_id in sorted(own)]


def _line_event(tx: Tx, booking: Booking, line: Line) -> CalendarEvent:
    """Return a line's event. Its id is ours, so that inserting it twice is refused by Google."""
    return CalendarEvent(
        id=line.id.hex,
        summary=f"{line.service_name} · {booking.customer}",
        description=f"{booking.code} · {line.staff_name}",
        starts_at=line.starts_at,
        ends_at=line.ends_at,
        zone=tx.tenant.zone.key,
        booking_code=booking.code,
        revision=booking.revision,
        tenant=tx.tenant.id.hex,
    )


def _class_event(tx: Tx, found: Session) -> CalendarEvent:
    """Return a class's event. Many visits write it: the newest facts have the highest revision."""
    return CalendarEvent(
        id=found.id.hex,
        summary=found.service_name,
        description=f"{found.code} · {found.staff_name}",
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        zone=tx.tenant.zone.key,
        booking_code=found.code,
        revision=(tx.now - _EPOCH) // timedelta(microseconds=1),
        tenant=tx.tenant.id.hex,
    )


ROUTES = {
    "calendar.upsert": Route(sync_calendar),
    "calendar.delete": Route(sync_calendar),
}
