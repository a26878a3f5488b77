"""Racing for time: attempts through the engine and past it, and the query that judges both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.people.staff import find_staff
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError
from bookra.ids import new_id

# Names no index, no range operator and no constraint: every pair of rows is compared.
OVERLAPS = text(
    """
    SELECT count(*) AS pairs
      FROM allocations a
      JOIN allocations b ON b.tenant_id = a.tenant_id AND b.bookable_id = a.bookable_id
       AND b.id > a.id AND b.starts_at < a.ends_at AND a.starts_at < b.ends_at
     WHERE a.tenant_id = :tenant_id
    """
)
HOLDERS = text(
    """
    SELECT b.code FROM allocations a
      LEFT JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id
     WHERE a.tenant_id = :tenant_id AND a.bookable_id = :staff_id
       AND a.starts_at < :until AND a.ends_at > :start
    """
)
# What a careless program would do: no look, no lock, straight into the table.
DIRECT = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)
    VALUES (:tenant_id, :id, :staff_id, :start, :until, 'block')
    """
)

GIVE_BACK = text(
    """
    DELETE FROM allocations
     WHERE tenant_id = :tenant_id AND bookable_id = :staff_id AND kind = 'block'
       AND starts_at = :start AND ends_at = :until
    """
)


@dataclass(frozen=True, slots=True)
class Prize:
    """The one slot that everybody wants."""

    service: str
    staff: str
    start: datetime
    until: datetime
    customer_id: UUID


def attempt(engine: Engine, tenant: str, prize: Prize) -> str:
    """Try to book the slot; returns ``won``, or the code of the refusal."""
    request = BookingRequest(prize.service, prize.staff, prize.start, prize.customer_id)
    try:
        engine.act(tenant, lambda tx: book(tx, request), command="race")
    except BookraError as error:
        return error.code
    return "won"


def attempt_directly(engine: Engine, tenant: str, prize: Prize) -> str:
    """Insert an allocation past every check in Python; returns ``won``, or the refusal's code."""

    def insert(tx: Tx) -> None:
        staff_id = find_staff(tx, prize.staff).id
        tx.run(DIRECT, id=new_id(), staff_id=staff_id, start=prize.start, until=prize.until)

    try:
        engine.act(tenant, insert, command="race")
    except BookraError as error:
        return error.code
    return "won"


def holders(tx: Tx, prize: Prize) -> list[str | None]:
    """Return who holds the slot: a booking's code each, None for a bare allocation."""
    staff_id = find_staff(tx, prize.staff).id
    rows = tx.rows(HOLDERS, staff_id=staff_id, start=prize.start, until=prize.until)
    return [row.code for row in rows]


def give_back(tx: Tx, prize: Prize) -> None:
    """Take a bare allocation that won the race out again: nobody would know whose it is."""
    staff_id = find_staff(tx, prize.staff).id
    tx.run(GIVE_BACK, staff_id=staff_id, start=prize.start, until=prize.until)


def overlapping_pairs(tx: Tx) -> int:
    """Count pairs of overlapping allocations, anywhere in the tenant."""
    row = tx.row(OVERLAPS)
    assert row is not None
    return int(row.pairs)
