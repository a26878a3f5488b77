"""What a restored database must not send, and what becomes of it once the providers were asked.

What was delivered since the backup is in the queue again. In the transaction of the restore:

- every destination is held, so that nothing goes before the reconciliation;
- a message or mail that was due by then may have been sent, and can't be taken back: ``unknown``;
- a row for Stripe counts as sent when it was written, so that it is looked for where the key may be
  forgotten, and is never taken for one that surely had no effect.

Afterwards Stripe's own record is read again, and each row that waits has a verdict. What a relay
wrote meanwhile repeats what the lost time had told already; what a person did is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, cast
from uuid import UUID

from sqlalchemy import text

from bookra.engine.outbox import holding
from bookra.engine.outbox.holding import Held
from bookra.engine.outbox.topics import AT_MOST_ONCE, REMINDER
from bookra.engine.runtime import Tx

KEY_LIFE = timedelta(hours=23)
"""How long Stripe surely knows an idempotency key."""

# A row that waits behind another of its line would be sent when that one is settled: it leaves the
# line, for only the first of a line may be in doubt.
MAYBE_SENT = text(
    """
    UPDATE outbox
       SET state = 'unknown', error_class = 'ambiguous', fence = fence + 1,
           last_error = 'it may have been sent after the backup',
           leased_by = NULL, leased_until = NULL, changed_by = session_user,
           aggregate = CASE WHEN state = 'waiting' THEN aggregate || ':' || id ELSE aggregate END
     WHERE tenant_id = :tenant_id AND destination = ANY(:destinations)
       AND state IN ('ready', 'waiting', 'leased', 'sending') AND due_at <= clock_timestamp()
    """
)
MESSAGES_IN_DOUBT = text(
    """
    UPDATE messages
       SET status = 'unknown', error_code = 'restored', status_at = now(), changed_by = session_user
     WHERE tenant_id = :tenant_id AND status IN ('planned', 'sending')
       AND id IN (SELECT CAST(o.payload ->> 'message_id' AS uuid) FROM outbox o
                   WHERE o.tenant_id = :tenant_id AND o.state = 'unknown'
                     AND o.destination = ANY(:destinations))
    """
)
SENT_WHEN_WRITTEN = text(
    """
    UPDATE outbox
       SET first_sent_at = LEAST(COALESCE(first_sent_at, created_at), created_at),
           attempts = GREATEST(attempts, 1), changed_by = session_user
     WHERE tenant_id = :tenant_id AND destination = 'stripe'
       AND state IN ('ready', 'waiting', 'leased')
    """
)
# A person's command leaves its audit row in the transaction in which the row was written.
ROWS = text(
    """
    SELECT o.id, o.topic, o.destination, o.state, o.created_at, o.first_sent_at,
           o.payload ->> 'template' AS template, m.once_key,
           EXISTS (SELECT 1 FROM audit a
                    WHERE a.tenant_id = :tenant_id AND a.recorded_at = o.created_at
                      AND a.command NOT LIKE 'relay.%') AS by_person
      FROM outbox o
      LEFT JOIN messages m ON m.tenant_id = o.tenant_id
                          AND m.id = CAST(o.payload ->> 'message_id' AS uuid)
     WHERE o.tenant_id = :tenant_id AND o.destination = :destination
     ORDER BY o.created_at, o.id
    """
)
SET_UNKNOWN = text(
    """
    UPDATE outbox
       SET state = 'unknown', error_class = 'ambiguous', fence = fence + 1,
           last_error = 'it repeats what may have been sent before the restore',
           leased_by = NULL, leased_until = NULL, changed_by = session_user,
           aggregate = CASE WHEN state = 'waiting' THEN aggregate || ':' || id ELSE aggregate END
     WHERE tenant_id = :tenant_id AND id = ANY(:ids) AND state IN ('ready', 'waiting')
    """
)


class Verdict(StrEnum):
    """What becomes of a row that waited for the reconciliation."""

    SAME_KEY = "goes, under the key that Stripe knows"
    LOOKED_FOR = "is looked for at Stripe, then goes"
    CONVERGES = "goes: it makes the calendar equal the booking"
    NEW = "goes: it can't have been sent before"
    UNKNOWN = "unknown: it may have been sent before"
    WAITS = "waits for a person, as before"


class Waiting(Protocol):
    """A row of the outbox, as far as its verdict depends on it."""

    destination: str
    state: str
    created_at: datetime
    first_sent_at: datetime | None
    template: str | None
    once_key: str | None
    by_person: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A row and its verdict."""

    id: UUID
    topic: str
    destination: str
    verdict: Verdict


def hold_back(tx: Tx) -> list[str]:
    """Hold every destination of a business that was just restored; returns them.

    Belongs into the transaction that restores the rows.
    """
    channels = sorted(AT_MOST_ONCE)
    tx.run(MAYBE_SENT, destinations=channels)
    tx.run(MESSAGES_IN_DOUBT, destinations=channels)
    tx.run(SENT_WHEN_WRITTEN)
    return holding.hold_all(tx)


def judged(tx: Tx, held: Held) -> list[Judged]:
    """Return a verdict for each row that goes to a held destination; changes nothing."""
    rows = tx.rows(ROWS, destination=held.destination)
    return [
        Judged(row.id, row.topic, row.destination, verdict_of(cast(Any, row), held.since, tx.now))
        for row in rows
    ]


def carry_out(tx: Tx, held: Held) -> list[Judged]:
    """Set aside what may have been sent before, and let the rest go; returns the verdicts."""
    found = judged(tx, held)
    doubtful = [each.id for each in found if each.verdict is Verdict.UNKNOWN]
    if doubtful:
        tx.run(SET_UNKNOWN, ids=doubtful)
        tx.run(MESSAGES_IN_DOUBT, destinations=[held.destination])
        _name(tx, doubtful)
    holding.let_go(tx, held.destination)
    return found


def _name(tx: Tx, rows: Sequence[UUID]) -> None:
    for row in rows:
        tx.concerns("outbox", row)


def verdict_of(row: Waiting, since: datetime, now: datetime) -> Verdict:
    """Return what becomes of a row to a destination that is held ``since`` a restore. Pure."""
    if row.state in ("unknown", "dead"):
        return Verdict.WAITS
    if row.destination == "google":
        return Verdict.CONVERGES
    if row.destination == "stripe":
        old = row.first_sent_at is not None and now - row.first_sent_at >= KEY_LIFE
        return Verdict.LOOKED_FOR if old else Verdict.SAME_KEY
    if row.created_at <= since or row.by_person or _first_due_after(row, since):
        return Verdict.NEW
    return Verdict.UNKNOWN


def _first_due_after(row: Waiting, since: datetime) -> bool:
    """Tell whether a reminder's own time came after the restore, so that none was sent before.

    Its key says which visit, when it starts, and how many minutes before that it is due.
    """
    if row.template != REMINDER or not row.once_key:
        return False
    _, _, starts, lead = row.once_key.split(":")
    return int(starts) - int(lead) * 60 > since.timestamp()
