"""The inbox of provider events: each is kept once, by its id, before anything is done about it.

Only ids are kept. The object is always fetched again, so the order in which events come, and how
often, does not matter. An event that can't be handled stays open, with what kept it; it is tried
again less and less often, for as long as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.payments import store
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id

UNKNOWN_KIND = "unknown kind"
"""The outcome of an event that this release has no handler for; one that has opens it again."""

DOUBLINGS = 11
"""The wait after a failure doubles from 2 s on so often: to about an hour, and stays there."""

# Through inbox_open_idx. The n-th try is due 2^n seconds after the event came, from the twelfth on
# each hour: no moment of the last try is kept for it.
DUE_EVENTS = text(
    """
    SELECT id, provider, event_ref, kind, object_ref FROM inbox
     WHERE tenant_id = :tenant_id AND handled_at IS NULL
       AND (attempts = 0
            OR received_at
               + make_interval(secs => power(2, LEAST(attempts, :doublings) + 1)
                                       + 3600 * GREATEST(attempts - :doublings, 0)) <= :now)
     ORDER BY happened_at, id LIMIT :limit
    """
)
TAKE = text(
    "SELECT id FROM inbox WHERE tenant_id = :tenant_id AND id = :id AND handled_at IS NULL"
    " FOR UPDATE"
)
FAILED = text(
    """
    UPDATE inbox SET attempts = attempts + 1, last_error = :why, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND handled_at IS NULL
    """
)
REOPEN = text(
    """
    UPDATE inbox SET handled_at = NULL, outcome = NULL, changed_by = session_user
     WHERE tenant_id = :tenant_id AND outcome = :outcome AND kind = ANY(:kinds)
    """
)
SHOWN = """
    SELECT provider, event_ref, kind, object_ref, happened_at, received_at, handled_at, outcome,
           via, attempts, last_error
      FROM inbox
"""
EVENTS = text(
    f"""{SHOWN}
     WHERE tenant_id = :tenant_id
       AND (CAST(:state AS text) IS NULL
            OR :state = CASE WHEN handled_at IS NOT NULL THEN 'handled'
                             WHEN attempts > 0 THEN 'failed' ELSE 'open' END)
     ORDER BY received_at DESC, id DESC LIMIT :limit
    """
)
EVENT = text(f"{SHOWN} WHERE tenant_id = :tenant_id AND event_ref = :event_ref")
RETRY = text(
    """
    UPDATE inbox
       SET handled_at = NULL, outcome = NULL, attempts = 0, last_error = NULL,
           changed_by = session_user
     WHERE tenant_id = :tenant_id AND event_ref = :event_ref
    """
)


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


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An event as a person sees it.

    ``state`` is open, failed (open, and tried ``attempts`` times in vain) or handled; ``via`` says
    how it came: poll or webhook.
    """

    provider: str
    event_ref: str
    kind: str
    object_ref: str
    state: str
    outcome: str | None
    via: str
    attempts: int
    last_error: str | None
    happened_at: datetime
    received_at: datetime
    handled_at: datetime | None


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


def due_events(tx: Tx, *, limit: int = 100) -> list[OpenEvent]:
    """Return the open events whose turn it is: new ones, and failed ones after their wait."""
    return [
        OpenEvent(row.id, row.provider, row.event_ref, row.kind, row.object_ref)
        for row in tx.rows(DUE_EVENTS, limit=limit, doublings=DOUBLINGS, now=tx.now)
    ]


def take(tx: Tx, event: OpenEvent) -> bool:
    """Lock an event that is still open; False when another relay has handled it meanwhile."""
    return tx.row(TAKE, id=event.id) is not None


def failed(tx: Tx, event: OpenEvent, why: str) -> None:
    """Note that an event could not be handled; ``why`` holds codes alone."""
    tx.run(FAILED, id=event.id, why=why)


def reopen(tx: Tx, kinds: Sequence[str]) -> int:
    """Open the events again that an older release did not know; returns how many."""
    return tx.run(REOPEN, outcome=UNKNOWN_KIND, kinds=list(kinds))


def handled(tx: Tx, event: OpenEvent, outcome: str) -> bool:
    """Mark an event as handled; False when another relay did so first."""
    return bool(tx.run(store.HANDLED, id=event.id, outcome=outcome))


def events(tx: Tx, *, state: str | None = None, limit: int = 200) -> list[InboxEvent]:
    """Return events, the newest first; only those in ``state`` where it is given."""
    return [_shown(row) for row in tx.rows(EVENTS, state=state, limit=limit)]


def event(tx: Tx, event_ref: str) -> InboxEvent:
    """Return an event by its id at the provider; raises NotFoundError (``unknown_event``)."""
    row = tx.row(EVENT, event_ref=event_ref)
    if row is None:
        raise NotFoundError(
            "unknown_event",
            f"There is no event '{event_ref}' in the inbox",
            hint="List them: bookra inbox list",
        )
    return _shown(row)


def retry(tx: Tx, event_ref: str) -> InboxEvent:
    """Have an event handled anew at once, also one that was: its object is fetched again.

    Raises NotFoundError (``unknown_event``).
    """
    tx.run(RETRY, event_ref=event_ref)
    tx.concerns("event", event_ref)
    return event(tx, event_ref)


def _shown(row: Row[Any]) -> InboxEvent:
    open_state = "failed" if row.attempts else "open"
    return InboxEvent(
        provider=row.provider,
        event_ref=row.event_ref,
        kind=row.kind,
        object_ref=row.object_ref,
        state="handled" if row.handled_at else open_state,
        outcome=row.outcome,
        via=row.via,
        attempts=row.attempts,
        last_error=row.last_error,
        happened_at=row.happened_at,
        received_at=row.received_at,
        handled_at=row.handled_at,
    )


def position(tx: Tx, stream: str) -> int:
    """Return how far a feed was read, in epoch seconds; 0 when never."""
    row = tx.row(store.CURSOR, stream=stream)
    return int(row.position) if row else 0


def advance(tx: Tx, stream: str, position_: int) -> None:
    """Note how far a feed was read. It never goes back."""
    tx.run(store.SET_CURSOR, id=new_id(), stream=stream, position=position_)
