"""The lock order, in one place, for everybody who writes bookings.

1. bookings, ``FOR UPDATE``, in id order (lapsed holds included)
2. a class's session, shared to take seats, alone to change it (``seats.lock_session``)
3. bookables, by ``lock_bookables``, in id order
4. allocations, inserted by bookable and start
5. seats, then places of a daily limit, by subject and day
6. the outbox's aggregates

One booking of one block needs no lock of a bookable: it holds nothing while it waits for the
exclusion constraint. Whoever claims several spans, or gives some up to claim others, holds one
while waiting for another, and two of those meet crosswise: they queue here instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from bookra.engine.runtime import Tx

LOCK = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(CAST(:tenant_id AS text) || k.id, 0))
      FROM (SELECT id FROM unnest(CAST(:ids AS text[])) AS u(id) ORDER BY id) k
    """
)


def lock_bookables(tx: Tx, ids: Iterable[UUID]) -> None:
    """Queue for people and units, in id order, until the transaction ends.

    The locks are advisory: they order writers among themselves, the constraint still decides.
    """
    wanted = sorted({str(each) for each in ids})
    if wanted:
        tx.rows(LOCK, ids=wanted)
