"""Seats of a session: claimed, given back and renumbered as rows, whose key makes them exact.

Nobody waits in a queue for a class that fills up: each takes a free number at random, and only
those who meet on one number wait for each other. Seats of one claim are taken in ascending order,
and given back before another try, so that nobody waits crosswise.

A session may be cancelled, moved or given another capacity meanwhile: whoever claims seats shares
the session, whoever changes it wants it alone (``lock_session``), and both read it again then.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.availability.sessions import Session
from bookra.engine.bookings import holds
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import keep
from bookra.ids import new_id

# Advisory, since a relay may take seats but not write sessions; after the bookings' locks.
SHARE = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:session, 0))")
ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:session, 0))")
SESSION = text(
    """
    SELECT x.status, x.starts_at, x.staff_id, x.capacity,
           ARRAY(SELECT t.seat_no FROM seats t
                  WHERE t.tenant_id = x.tenant_id AND t.session_id = x.id) AS taken
      FROM sessions x
     WHERE x.tenant_id = :tenant_id AND x.id = :session_id
    """
)
# The constraint is named: a bare ON CONFLICT would swallow a duplicate id too.
CLAIM = text(
    """
    INSERT INTO seats (tenant_id, id, session_id, seat_no, capacity, booking_id, booking_line_id,
                       held_until)
    VALUES (:tenant_id, :id, :session_id, :seat_no, :capacity, :booking_id, :booking_line_id,
            :held_until)
    ON CONFLICT ON CONSTRAINT seats_key DO NOTHING
    """
)
# Locks the bookings, in id order and before their seats, as everywhere.
LAPSED = text(
    """
    SELECT b.id FROM bookings b
     WHERE b.tenant_id = :tenant_id AND b.status = 'held' AND b.hold_expires_at <= :now
       AND b.id IN (SELECT t.booking_id FROM seats t
                     WHERE t.tenant_id = :tenant_id AND t.session_id = :session_id
                       AND t.held_until <= :now
                    UNION ALL
                    SELECT d.booking_id FROM day_places d
                     WHERE d.tenant_id = :tenant_id AND d.subject_id = :service_id
                       AND d.held_until <= :now)
     ORDER BY b.id FOR UPDATE
    """
)
SEATS = text(
    """
    SELECT t.id, t.seat_no, b.id AS booking_id, b.code, b.status, c.name AS customer
      FROM seats t
      JOIN bookings b ON b.tenant_id = t.tenant_id AND b.id = t.booking_id
      JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
     WHERE t.tenant_id = :tenant_id AND t.session_id = :session_id
       AND (t.held_until IS NULL OR t.held_until > :now)
     ORDER BY t.seat_no
    """
)
OWN = text(
    """
    SELECT t.session_id, count(*)::int AS seats, min(b.code) AS code
      FROM seats t JOIN bookings b ON b.tenant_id = t.tenant_id AND b.id = t.booking_id
     WHERE t.tenant_id = :tenant_id AND t.session_id = ANY(:sessions)
       AND b.customer_id = :customer_id AND (t.held_until IS NULL OR t.held_until > :now)
     GROUP BY t.session_id
    """
)
RENUMBER = text(
    "UPDATE seats SET seat_no = :seat_no, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat that is sold or held; ``customer`` is a name."""

    id: UUID
    seat_no: int
    booking_id: UUID
    booking: str
    status: str
    customer: str


def claim(
    tx: Tx,
    session: Session,
    booking_id: UUID,
    lines: Sequence[UUID],
    held_until: datetime | None = None,
) -> bool:
    """Take a free seat for each of a booking's lines; False, and nothing written, when too few are.

    False too when the session is no longer what the caller has read: cancelled, moved, or given
    by somebody else. Each failed try means that somebody else has got a seat, so there are few.
    The caller shares the session (``lock_session``).
    """
    while True:
        now = tx.row(SESSION, session_id=session.id)
        if now is None or not _same(session, now):
            return False
        free = sorted(set(range(1, now.capacity + 1)) - set(now.taken))
        if len(free) < len(lines):
            return False
        numbers = sorted(random.sample(free, len(lines)))
        savepoint = tx.connection.begin_nested()
        claims = (
            {
                "id": new_id(),
                "session_id": session.id,
                "seat_no": seat_no,
                "capacity": now.capacity,
                "booking_id": booking_id,
                "booking_line_id": line_id,
                "held_until": held_until,
            }
            for seat_no, line_id in zip(numbers, lines, strict=True)
        )
        if all(tx.run(CLAIM, **wanted) for wanted in claims):
            keep(tx, savepoint)
            return True
        savepoint.rollback()


def lock_session(tx: Tx, session_id: UUID, *, alone: bool) -> None:
    """Share a session with others who take seats, or wait until it is nobody else's.

    Until the transaction ends. What was read of it before may be out of date. Before anything is
    written that refers to it: a foreign key locks its row, and its capacity is part of a key.
    """
    tx.row(ALONE if alone else SHARE, session=f"{tx.tenant.id}:session:{session_id}")


def release_lapsed(tx: Tx, session: Session) -> None:
    """Expire the lapsed holds of a session's seats and of its service's daily places.

    Locks their bookings in id order.
    """
    rows = tx.rows(LAPSED, session_id=session.id, service_id=session.service_id, now=tx.now)
    holds.expire(tx, (row.id for row in rows))


def seats_of(tx: Tx, session_id: UUID) -> list[Seat]:
    """Return the seats that are sold or held, by number."""
    return [_seat(row) for row in tx.rows(SEATS, session_id=session_id, now=tx.now)]


def seats_of_customer(
    tx: Tx, sessions: Sequence[UUID], customer_id: UUID
) -> dict[UUID, tuple[int, str]]:
    """Return in which of ``sessions`` a customer has seats: how many, and a booking's code."""
    rows = tx.rows(OWN, sessions=list(sessions), customer_id=customer_id, now=tx.now)
    return {row.session_id: (row.seats, row.code) for row in rows}


def renumber(tx: Tx, seats: Sequence[Seat], capacity: int) -> list[tuple[Seat, int]]:
    """Give seats above ``capacity`` free numbers below; returns them with their new numbers.

    The caller has the session alone and knows that there are enough.
    """
    taken = {seat.seat_no for seat in seats}
    free = (number for number in range(1, capacity + 1) if number not in taken)
    moved = [(seat, next(free)) for seat in seats if seat.seat_no > capacity]
    tx.run_many(RENUMBER, [{"id": seat.id, "seat_no": number} for seat, number in moved])
    return moved


def _same(session: Session, now: Row[Any]) -> bool:
    here = (now.status, now.starts_at, now.staff_id)
    return here == ("open", session.starts_at, session.staff_id)


def _seat(row: Row[Any]) -> Seat:
    return Seat(row.id, row.seat_no, row.booking_id, row.code, row.status, row.customer)
