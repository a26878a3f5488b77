"""The lock order, in one place, for everybody who writes bookings.

0. the week, by ``take_turns``, when a new booking is for anybody
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
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.runtime import Tx

LOCK = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(CAST(:tenant_id AS text) || k.id, 0))
      FROM (SELECT id FROM unnest(CAST(:ids AS text[])) AS u(id) ORDER BY id) k
    """
)


TURN = text(
    "SELECT pg_advisory_xact_lock("
    "hashtextextended('turns ' || CAST(:tenant_id AS text) || :week, 0))"
)


def take_turns(tx: Tx, at: datetime) -> None:
    """Queue for the week of ``at`` with all who book anybody in it, until the transaction ends.

    Fairness compares what everybody has: two who look at one moment would choose the same person.
    Take it before anything is given up or claimed.
    """
    day = clock.local_day(at, tx.tenant.zone)
    tx.row(TURN, week=(day - timedelta(days=day.weekday())).isoformat())


def lock_bookables(tx: Tx, ids: Iterable[UUID]) -> None:
    """Queue for people and units, in id order, until the transaction ends.

    The locks are advisory: they order writers among themselves, the constraint still decides.
    """
    wanted = sorted({str(each) for each in ids})
    if wanted:
        tx.rows(LOCK, ids=wanted)
