"""The inbox of provider events: each is kept once, by its id, before anything is done about it.

Only ids are kept. The object is always fetched again, so the order in which events come, and how
often, does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookra.engine.payments import store
from bookra.engine.runtime import Tx
from bookra.ids import new_id


@dataclass(frozen=True, slots=True)
class Event:
    """A provider's event, by its own id and the id of the object that it is about."""

    provider: str
    event_ref: str
    kind: str
    object_ref: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """An event that was received and not handled yet."""

    id: UUID
    provider: str
    event_ref: str
    kind: str
    object_ref: str


def receive(tx: Tx, events: Sequence[Event], *, via: str = "poll") -> int:
    """Keep events that are new; returns how many. ``via`` is how they came: poll or webhook."""
    return sum(
        tx.run(
            store.RECEIVE,
            id=new_id(),
            provider=event.provider,
            event_ref=event.event_ref,
            kind=event.kind,
            object_ref=event.object_ref,
            happened_at=event.happened_at,
            via=via,
        )
        for event in events
    )


def open_events(tx: Tx, *, limit: int = 100) -> list[OpenEvent]:
    """Return events that wait to be handled, the oldest first."""
    return [
        OpenEvent(row.id, row.provider, row.event_ref, row.kind, row.object_ref)
        for row in tx.rows(store.OPEN_EVENTS, limit=limit)
    ]


def handled(tx: Tx, event: OpenEvent, outcome: str) -> bool:
    """Mark an event as handled; False when another relay did so first."""
    return bool(tx.run(store.HANDLED, id=event.id, outcome=outcome))


def position(tx: Tx, stream: str) -> int:
    """Return how far a feed was read, in epoch seconds; 0 when never."""
    row = tx.row(store.CURSOR, stream=stream)
    return int(row.position) if row else 0


def advance(tx: Tx, stream: str, position_: int) -> None:
    """Note how far a feed was read. It never goes back."""
    tx.run(store.SET_CURSOR, id=new_id(), stream=stream, position=position_)
