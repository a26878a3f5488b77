"""Rows in doubt, once something is known of them: a rule, or what the provider said later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra.engine.outbox import topics
from bookra.engine.outbox.settling import archive
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError

# By outbox_head_key: an unknown row is the head of its aggregate.
UNKNOWN = text(
    """
    SELECT id, topic, version, payload, fence, due_at FROM outbox
     WHERE tenant_id = :tenant_id AND state = 'unknown' AND destination = ANY(:destinations)
     ORDER BY due_at, id LIMIT :limit
    """
)
HEAD = text(
    """
    SELECT id, topic, version, payload, fence, due_at FROM outbox
     WHERE tenant_id = :tenant_id AND aggregate = :aggregate AND state = 'unknown'
    """
)
SEND_AFTER_ALL = text(
    """
    UPDATE outbox SET state = 'ready', due_at = now(), last_error = NULL, error_class = NULL,
           changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id AND fence = :fence AND state = 'unknown'
    """
)


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A row that may or may not have had its effect. ``since`` is when that became so."""

    id: UUID
    fence: int
    payload: topics.Payload
    since: datetime

    @property
    def aggregate(self) -> str:
        """The line in which other rows wait behind it."""
        return self.payload.aggregate


def in_doubt(tx: Tx, destinations: frozenset[str], *, limit: int = 200) -> list[InDoubt]:
    """Return the rows in doubt of some destinations, the longest so first."""
    rows = tx.rows(UNKNOWN, destinations=sorted(destinations), limit=limit)
    found = []
    for row in rows:
        try:
            payload = topics.load(row.topic, row.version, row.payload)
        except InvalidInputError:
            continue  # of a newer version, which will know what to do
        found.append(InDoubt(row.id, row.fence, payload, row.due_at))
    return found


def doubt_of(tx: Tx, payload: topics.Payload) -> InDoubt | None:
    """Return the row of exactly this payload, if it is in doubt."""
    row = tx.row(HEAD, aggregate=payload.aggregate)
    if row is None or row.topic != payload.topic:
        return None
    found = topics.load(row.topic, row.version, row.payload)
    return InDoubt(row.id, row.fence, found, row.due_at) if found == payload else None


def settle_doubt(tx: Tx, row: InDoubt, outcome: str, reference: str) -> None:
    """Take a row out of the queue, ``delivered`` or ``discarded``, and let the next one go."""
    archive(tx, [(row, reference)], outcome=outcome)
    tx.concerns("outbox", row.id)
    tx.wakes = True


def send_after_all(tx: Tx, row: InDoubt) -> bool:
    """Make a row due again that certainly had no effect."""
    tx.wakes = True
    return bool(tx.run(SEND_AFTER_ALL, id=row.id, fence=row.fence))
