"""The rows of imported appointments, a batch at a time: each one booking with one line.

A statement goes to the server once for all of them, pipelined. Rows that another writer's were
quicker than are found afterwards, and the batch is taken back and made again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text

from bookra.engine.bookings import statements
from bookra.engine.bookings.history import NOTE
from bookra.engine.bookings.model import Status
from bookra.engine.bookings.pricing import LinePrice, line_price
from bookra.engine.bookings.writing import CODE_ATTEMPTS, tax_of
from bookra.engine.imports.appointments import Appointment
from bookra.engine.imports.batches import CrossedError
from bookra.engine.imports.times import Claim
from bookra.engine.outbox.emit import emit_first
from bookra.engine.outbox.topics import UpsertCalendar
from bookra.engine.runtime import Tx
from bookra.ids import booking_code, new_id
from bookra.money import Money

CODES = text("SELECT code FROM bookings WHERE tenant_id = :tenant_id AND code = ANY(:codes)")
BOOKED = text("SELECT id FROM bookings WHERE tenant_id = :tenant_id AND id = ANY(:ids)")
CLAIMED = text("SELECT id FROM allocations WHERE tenant_id = :tenant_id AND id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment that is to be written: for whom, at what price, and whose time it takes."""

    wanted: Appointment
    customer_id: UUID
    status: Status
    price: LinePrice
    claims: Sequence[Claim]
    booking_id: UUID
    line_id: UUID


def write(tx: Tx, visits: Sequence[Visit], source: str) -> None:
    """Write bookings, lines, claims, the calendar's effects and what is noted of each.

    Raises CrossedError where another writer took a code or a time meanwhile, with the claims that
    were lost.
    """
    if not visits:
        return
    codes = _free_codes(tx, len(visits))
    tx.run_many(
        statements.INSERT,
        [_booking(tx, visit, code) for visit, code in zip(visits, codes, strict=True)],
    )
    if len(tx.rows(BOOKED, ids=[visit.booking_id for visit in visits])) < len(visits):
        raise CrossedError
    tx.run_many(statements.INSERT_LINE, [_line(tx, visit) for visit in visits])
    over = [visit for visit in visits if visit.status is not Status.CONFIRMED]
    tx.run_many(
        statements.RECOGNISED,
        [{"id": visit.booking_id, "now": visit.wanted.ends_at} for visit in over],
    )
    coming = [visit for visit in visits if visit.status is Status.CONFIRMED]
    _claim(tx, coming)
    emit_first(tx, [UpsertCalendar(visit.booking_id) for visit in coming])
    tx.run_many(NOTE, [_note(visit, source) for visit in visits])
    for visit in visits:
        tx.concerns("booking", visit.booking_id)


def price_of(tx: Tx, wanted: Appointment, status: Status) -> LinePrice:
    """Return what the line costs here: nothing for what is over, the file's price for the rest."""
    agreed = wanted.price or wanted.service.at_level(wanted.staff.level).price
    if status is not Status.CONFIRMED:
        agreed = Money(0, agreed.currency)
    rate = tax_of(tx, wanted.service)
    return line_price(agreed, rate, inclusive=tx.tenant.tax_inclusive)


def _free_codes(tx: Tx, count: int) -> list[str]:
    """Return codes that no booking has; they grow where too many short ones are taken."""
    free: set[str] = set()
    for attempt in range(CODE_ATTEMPTS):
        length = 4 + attempt // 2
        asked = {booking_code(tx.tenant.code_prefix, length) for _ in range(count - len(free))}
        asked -= free
        free |= asked - {row.code for row in tx.rows(CODES, codes=list(asked))}
        if len(free) == count:
            return list(free)
    raise AssertionError("no free booking codes in eight tries of growing length")


def _claim(tx: Tx, visits: Collection[Visit]) -> None:
    rows = {
        new_id(): (claim, visit)
        for claim, visit in sorted(
            ((claim, visit) for visit in visits for claim in visit.claims),
            key=lambda pair: pair[0],
        )
    }
    tx.run_many(
        statements.ALLOCATE,
        [
            {
                "id": row_id,
                "bookable_id": bookable_id,
                "starts_at": starts_at,
                "ends_at": ends_at,
                "booking_id": visit.booking_id,
                "booking_line_id": visit.line_id,
                "held_until": None,
            }
            for row_id, ((bookable_id, (starts_at, ends_at)), visit) in rows.items()
        ],
    )
    there = {row.id for row in tx.rows(CLAIMED, ids=list(rows))} if rows else set()
    lost = [claim for row_id, (claim, _) in rows.items() if row_id not in there]
    if lost:
        raise CrossedError(lost)


def _booking(tx: Tx, visit: Visit, code: str) -> dict[str, Any]:
    return {
        "id": visit.booking_id,
        "code": code,
        "customer_id": visit.customer_id,
        "status": visit.status.value,
        "starts_at": visit.wanted.starts_at,
        "ends_at": visit.wanted.ends_at,
        "hold_expires_at": None,
        "currency": tx.tenant.currency,
        "series_id": None,
        "discount_kind": None,
        "discount_bps": None,
        "accepted_via": None,
        "note": "",
        "now": tx.now,
    }


def _line(tx: Tx, visit: Visit) -> dict[str, Any]:
    wanted, price = visit.wanted, visit.price
    return {
        "id": visit.line_id,
        "booking_id": visit.booking_id,
        "position": 1,
        "service_id": wanted.service.id,
        "staff_id": wanted.staff.id,
        "starts_at": wanted.starts_at,
        "ends_at": wanted.ends_at,
        "net_minor": price.net.minor,
        "tax_minor": price.tax.minor,
        "discount_minor": price.discount_minor,
        "list_minor": price.list_minor,
        "tax_bps": tax_of(tx, wanted.service),
        "commission_bps": wanted.staff.commission_bps,
        "currency": tx.tenant.currency,
        "level": wanted.staff.level,
        "requested": True,
        "session_id": None,
    }


def _note(visit: Visit, source: str) -> dict[str, Any]:
    """Return the row of a visit's history: where it is from, and its price if that is over."""
    facts = {"source": source}
    if visit.status is not Status.CONFIRMED:
        facts["price"] = str(visit.wanted.price or visit.wanted.service.price)
    return {
        "id": new_id(),
        "booking_id": visit.booking_id,
        "kind": "imported",
        "facts": Jsonb(facts),
    }
