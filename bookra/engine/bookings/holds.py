"""Holds that lapse: an expired hold never blocks, whoever wants the time releases it.

Locks are taken on the bookings first, in id order, and the expiry is checked again under the
lock; then their allocations go. The other order deadlocks with a payment that is being settled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from bookra.engine.availability.starts import Limit
from bookra.engine.bookings import statements
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.model import Status
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import CancelPayment
from bookra.engine.runtime import Tx

SWEEP_LIMIT = 200

LINK_SLACK = timedelta(minutes=5)
"""How much longer than its session a hold lives that was made for a link."""

LOCK_HELD = text(
    "SELECT id FROM bookings"
    " WHERE tenant_id = :tenant_id AND id = :id AND status = 'held'"
    "   AND hold_expires_at <= :made_for_link FOR UPDATE"
)
ANY_LAPSED = text(
    "SELECT 1 FROM bookings"
    " WHERE tenant_id = :tenant_id AND status = 'held' AND hold_expires_at <= :now LIMIT 1"
)
LAPSED_HOLDS = text(
    """
    SELECT id FROM bookings
     WHERE tenant_id = :tenant_id AND status = 'held' AND hold_expires_at <= :now
     ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
# Locks the bookings, in id order and before their allocations: the other order deadlocks with a
# payment that is being settled.
LAPSED_IN_THE_WAY = text(
    """
    SELECT b.id FROM bookings b
     WHERE b.tenant_id = :tenant_id AND b.status = 'held' AND b.hold_expires_at <= :now
       AND b.id IN (SELECT o.booking_id FROM allocations o
                     WHERE o.tenant_id = :tenant_id AND o.bookable_id = ANY(:bookables)
                       AND o.starts_at > CAST(:start AS timestamptz) - interval '25 hours'
                       AND o.starts_at < :until AND o.ends_at > :start AND o.held_until <= :now
                    UNION ALL
                    SELECT d.booking_id FROM day_places d
                     WHERE d.tenant_id = :tenant_id AND d.subject_id = ANY(:subjects)
                       AND d.day = ANY(:days) AND d.held_until <= :now)
     ORDER BY b.id FOR UPDATE
    """
)
OPEN_CHECKOUTS = text(
    """
    SELECT id FROM operations
     WHERE tenant_id = :tenant_id AND booking_id = :booking_id
       AND kind IN ('checkout', 'payment-link') AND state IN ('new', 'open')
    """
)


def release_lapsed_in_the_way(
    tx: Tx,
    bookables: list[UUID],
    start: datetime,
    until: datetime,
    limits: Collection[Limit] = (),
) -> None:
    """Expire lapsed holds whose allocations meet ``[start, until)`` of these bookables.

    And those that still take a place of one of the daily ``limits``. Whoever takes their time waits
    for this transaction, which must not wait for that one: so it queues for the bookables, between
    locking the holds and giving up their time.
    """
    rows = tx.rows(
        LAPSED_IN_THE_WAY,
        bookables=bookables,
        start=start,
        until=until,
        subjects=[limit.subject_id for limit in limits],
        days=[limit.day for limit in limits],
        now=tx.now,
    )
    if rows:
        lock_bookables(tx, bookables)
        expire(tx, (row.id for row in rows))


def any_lapsed(tx: Tx) -> bool:
    """Tell whether some hold of the tenant has lapsed: a look without a lock."""
    return tx.row(ANY_LAPSED, now=tx.now) is not None


def expire_lapsed(tx: Tx) -> int:
    """Expire every lapsed hold of the tenant, a bounded batch at a time; returns how many."""
    rows = tx.rows(LAPSED_HOLDS, now=tx.now, limit=SWEEP_LIMIT)
    expire(tx, (row.id for row in rows))
    return len(rows)


def lapse(tx: Tx, booking_id: UUID, session_ended: datetime) -> bool:
    """Expire a hold that was made for a link which nobody can pay any more.

    False when it is no hold (any more), when it was asked for longer than the link's own time, or
    when another link for it is open. Locks the booking.
    """
    row = tx.row(LOCK_HELD, id=booking_id, made_for_link=session_ended + LINK_SLACK)
    if row is None or tx.rows(OPEN_CHECKOUTS, booking_id=booking_id):
        return False
    expire(tx, [booking_id])
    return True


def cancel_checkouts(tx: Tx, booking_id: UUID) -> None:
    """Ask for the booking's open Checkout Sessions to be expired: nobody pays for what is gone."""
    for row in tx.rows(OPEN_CHECKOUTS, booking_id=booking_id):
        emit(tx, CancelPayment(booking_id, row.id))


def expire(tx: Tx, booking_ids: Iterable[UUID]) -> None:
    """Expire holds whose rows the caller has locked, with their links."""
    for booking_id in booking_ids:
        tx.run(statements.RELEASE, booking_id=booking_id)
        tx.run(
            statements.SET_STATUS, id=booking_id, status=Status.EXPIRED.value, hold_expires_at=None
        )
        cancel_checkouts(tx, booking_id)
        tx.concerns("booking", booking_id)
