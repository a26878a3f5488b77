"""Write an intention in the transaction of the fact that caused it: both commit, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Row, text

from bookra.engine.outbox import topics
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import account
from bookra.ids import new_id

# Emit and settle both lock the aggregate's row, and it hands out the sequence: otherwise an emit
# that sees an unsettled head, while the settle finds nothing to promote, waits for ever.
NEXT_IN_AGGREGATE = text(
    """
    INSERT INTO outbox_aggregates (tenant_id, aggregate, last_sequence)
    VALUES (:tenant_id, :aggregate, 1)
    ON CONFLICT (tenant_id, aggregate) DO UPDATE
       SET last_sequence = outbox_aggregates.last_sequence + 1, changed_by = EXCLUDED.changed_by
    RETURNING last_sequence
    """
)
LAST_UNSETTLED = text(
    """
    SELECT state, topic, version, payload, due_at <= now() AS due FROM outbox
     WHERE tenant_id = :tenant_id AND aggregate = :aggregate
     ORDER BY sequence DESC LIMIT 1
    """
)
INSERT = text(
    """
    INSERT INTO outbox (tenant_id, id, topic, destination, aggregate, sequence, payload, version,
                        state, due_at, booking_id)
    VALUES (:tenant_id, :id, :topic, :destination, :aggregate, :sequence, :payload, :version,
            :state, COALESCE(:due_at, now()), :booking_id)
    """
)


def emit(tx: Tx, payload: topics.Payload, *, due_at: datetime | None = None) -> bool:
    """Write one outbox row; False when the tenant has not configured the destination.

    An effect that converges ("make the event equal the booking") is not written again behind one
    that waits: whoever makes that one ready needs this transaction's lock, so it can only read its
    facts after this is committed. Locks the aggregate's row until the transaction ends.
    """
    if payload.destination != "local" and account(tx, payload.destination) is None:
        return False
    row = tx.row(NEXT_IN_AGGREGATE, aggregate=payload.aggregate)
    assert row is not None
    last = tx.row(LAST_UNSETTLED, aggregate=payload.aggregate)
    if last is not None and due_at is None and _says_the_same(last, payload):
        return True
    tx.run(
        INSERT,
        id=new_id(),
        topic=payload.topic,
        destination=payload.destination,
        aggregate=payload.aggregate,
        sequence=row.last_sequence,
        payload=Jsonb(topics.dump(payload)),
        version=payload.version,
        state="ready" if last is None else "waiting",
        due_at=due_at,
        booking_id=payload.booking_id,
    )
    tx.wakes = tx.wakes or due_at is None
    return True


def emit_first(tx: Tx, payloads: Sequence[topics.Payload]) -> None:
    """Write the first rows of aggregates that this transaction makes, due at once: many together.

    Nothing can wait before them. One destination for all; nothing is written when the tenant has
    not configured it.
    """
    if not payloads or account(tx, payloads[0].destination) is None:
        return
    tx.run_many(NEXT_IN_AGGREGATE, [{"aggregate": payload.aggregate} for payload in payloads])
    tx.run_many(
        INSERT,
        [
            {
                "id": new_id(),
                "topic": payload.topic,
                "destination": payload.destination,
                "aggregate": payload.aggregate,
                "sequence": 1,
                "payload": Jsonb(topics.dump(payload)),
                "version": payload.version,
                "state": "ready",
                "due_at": None,
                "booking_id": payload.booking_id,
            }
            for payload in payloads
        ],
    )
    tx.wakes = True


def _says_the_same(last: Row[Any], payload: topics.Payload) -> bool:
    """Tell whether the last row of the line waits, and will do what ``payload`` asks for."""
    return (
        payload.converges
        and last.state == "waiting"
        and last.due
        and (last.topic, last.version) == (payload.topic, payload.version)
        and last.payload == topics.dump(payload)
    )
