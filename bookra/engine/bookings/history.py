"""What became of a booking: one row for each change that its own columns no longer show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text

from bookra.engine.runtime import Tx
from bookra.ids import new_id

NOTE = text(
    "INSERT INTO booking_changes (tenant_id, id, booking_id, kind, facts)"
    " VALUES (:tenant_id, :id, :booking_id, :kind, :facts)"
)
HISTORY = text(
    """
    SELECT recorded_at, recorded_by, kind, facts FROM booking_changes
     WHERE tenant_id = :tenant_id AND booking_id = :booking_id
     ORDER BY id
    """
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: when, by which login, of what kind, and its facts (ids, slugs, times)."""

    recorded_at: datetime
    recorded_by: str
    kind: str
    facts: dict[str, Any]


def note(tx: Tx, booking_id: UUID, kind: str, **facts: object) -> None:
    """Write a change down. Facts are ids, slugs and instants, never personal data."""
    stated = {
        name: fact.isoformat() if isinstance(fact, datetime) else str(fact)
        for name, fact in facts.items()
        if fact is not None
    }
    tx.run(NOTE, id=new_id(), booking_id=booking_id, kind=kind, facts=Jsonb(stated))


def history(tx: Tx, booking_id: UUID) -> list[Change]:
    """Return the changes of a booking, the oldest first."""
    rows = tx.rows(HISTORY, booking_id=booking_id)
    return [Change(row.recorded_at, row.recorded_by, row.kind, row.facts) for row in rows]
