"""Which calendars elsewhere may hold an event of ours, so that none is left behind.

A calendar is noted, and committed, before the event is written there, and forgotten once it is
known to be gone: whatever dies in between, and whichever calendars are set meanwhile, an event
that moved is found again. An event is named by its booking's line, or by its class.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.ids import new_id

KNOWN = text(
    "SELECT event_id, calendar_id FROM calendar_events"
    " WHERE tenant_id = :tenant_id AND event_id = ANY(:events)"
)
REMEMBER = text(
    """
    INSERT INTO calendar_events (tenant_id, id, event_id, calendar_id)
    VALUES (:tenant_id, :id, :event_id, :calendar_id)
    ON CONFLICT (tenant_id, event_id, calendar_id) DO NOTHING
    """
)
FORGET = text(
    "DELETE FROM calendar_events"
    " WHERE tenant_id = :tenant_id AND event_id = :event_id AND calendar_id = :calendar_id"
)


def places(tx: Tx, events: Iterable[UUID]) -> dict[UUID, set[str]]:
    """Return the calendars that may hold each of ``events``; an empty set for none."""
    found: dict[UUID, set[str]] = defaultdict(set)
    for row in tx.rows(KNOWN, events=list(events)):
        found[row.event_id].add(row.calendar_id)
    return found


def remember(tx: Tx, event: UUID, calendar: str) -> None:
    """Note that a calendar may hold an event: to be committed before it is written there."""
    tx.run(REMEMBER, id=new_id(), event_id=event, calendar_id=calendar)


def forget(tx: Tx, event: UUID, calendar: str) -> None:
    """Note that a calendar holds an event no more."""
    tx.run(FORGET, event_id=event, calendar_id=calendar)


def ours(tx: Tx, events: Iterable[UUID]) -> set[UUID]:
    """Return those of ``events`` that were written by this business, to any calendar."""
    return {row.event_id for row in tx.rows(KNOWN, events=list(events))}
