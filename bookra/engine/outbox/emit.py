"""Write an intention in the transaction of the fact that caused it: both commit, or neither."""

from __future__ import annotations

from datetime import datetime

from psycopg.types.json import Jsonb
from sqlalchemy import text

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
       SET last_sequence = outbox_aggregates.last_sequence + 1, changed_by = session_user
    RETURNING last_sequence
    """
)
UNSETTLED = text(
    "SELECT 1 FROM outbox WHERE tenant_id = :tenant_id AND aggregate = :aggregate LIMIT 1"
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

    Locks the aggregate's row until the transaction ends.
    """
    if payload.destination != "local" and account(tx, payload.destination) is None:
        return False
    row = tx.row(NEXT_IN_AGGREGATE, aggregate=payload.aggregate)
    assert row is not None
    behind = tx.row(UNSETTLED, aggregate=payload.aggregate) is not None
    tx.run(
        INSERT,
        id=new_id(),
        topic=payload.topic,
        destination=payload.destination,
        aggregate=payload.aggregate,
        sequence=row.last_sequence,
        payload=Jsonb(topics.dump(payload)),
        version=payload.version,
        state="waiting" if behind else "ready",
        due_at=due_at,
        booking_id=payload.booking_id,
    )
    tx.wakes = tx.wakes or due_at is None
    return True
