"""Writes a booking's own rows: the booking under a code that is free, and a line a service.

It keeps what it was agreed under: the policy that is in force, and what a member gets off.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.visits import Plan
from bookra.engine.bookings import statements
from bookra.engine.bookings.history import note
from bookra.engine.bookings.model import Status
from bookra.engine.bookings.pricing import Discount, LinePrice, Priced, line_price, taken_off
from bookra.engine.bookings.request import BookingRequest
from bookra.engine.catalog.model import Service
from bookra.engine.people.editing import checked_note
from bookra.engine.runtime import Tx
from bookra.ids import booking_code, new_id
from bookra.money import format_minor

CODE_ATTEMPTS = 8

# A member is who pays, and who has paid for the period that today is in.
MEMBER = text(
    """
    SELECT m.code, p.slug, p.discount_bps
      FROM memberships m
      JOIN membership_plans p ON p.tenant_id = m.tenant_id AND p.id = m.plan_id
     WHERE m.tenant_id = :tenant_id AND m.customer_id = :customer_id AND p.discount_bps > 0
       AND (m.state = 'active'
            OR EXISTS (SELECT FROM packages k
                        WHERE k.tenant_id = m.tenant_id AND k.membership_id = m.id
                          AND k.state = 'active' AND :today BETWEEN k.starts_on AND k.expires_on))
     ORDER BY p.discount_bps DESC, m.code LIMIT 1
    """
)


class _Member(NamedTuple):
    """A membership that takes something off every visit."""

    code: str
    plan: str
    bps: int


def insert_booking(
    tx: Tx, request: BookingRequest, start: datetime, end: datetime, held_until: datetime | None
) -> UUID:
    """Write a booking's own row under a code that is free; returns its id.

    Raises InvalidInputError (``bad_note``).
    """
    booking_id, member = new_id(), _member(tx, request.customer_id)
    written = checked_note(request.note)
    for attempt in range(CODE_ATTEMPTS):
        inserted = tx.run(
            statements.INSERT,
            id=booking_id,
            code=booking_code(tx.tenant.code_prefix, 4 + attempt // 2),
            customer_id=request.customer_id,
            status=(Status.HELD if held_until else Status.CONFIRMED).value,
            starts_at=start,
            ends_at=end,
            hold_expires_at=held_until,
            currency=tx.tenant.currency,
            series_id=request.series_id,
            discount_kind="member" if member else None,
            discount_bps=member.bps if member else None,
            accepted_via=request.policy_accepted,
            note=written,
            now=tx.now,
        )
        if inserted:
            if member:
                percent = format_minor(member.bps, "EUR")
                note(tx, booking_id, "discount", reason="member", plan=member.plan, percent=percent)
            return booking_id
    raise AssertionError("no free booking code in eight tries of growing length")


def insert_lines(tx: Tx, plan: Plan, request: BookingRequest, booking_id: UUID) -> list[UUID]:
    """Write a line for each service of a plan, priced by now; returns their ids in order."""
    tenant, ids = tx.tenant, []
    wishes = request.visit().lines
    prices = agreed(tx, [each.performer.service for each in plan], request.customer_id)
    for position, (planned, wish) in enumerate(zip(plan, wishes, strict=True), start=1):
        person, service = planned.performer.person, planned.performer.service
        price = prices[position - 1]
        ids.append(new_id())
        tx.run(
            statements.INSERT_LINE,
            id=ids[-1],
            booking_id=booking_id,
            position=position,
            service_id=service.id,
            staff_id=person.id,
            starts_at=clock.from_epoch(planned.start),
            ends_at=clock.from_epoch(planned.end),
            net_minor=price.net.minor,
            tax_minor=price.tax.minor,
            discount_minor=price.discount_minor,
            list_minor=price.list_minor,
            tax_bps=tax_of(tx, service),
            commission_bps=person.commission_bps,
            currency=tenant.currency,
            level=person.level,
            requested=wish.staff is not None,
            session_id=None,
        )
    return ids


def agreed(tx: Tx, services: Sequence[Service], customer_id: UUID) -> list[LinePrice]:
    """Return what a customer pays for each service of one visit, as a member where they are one."""
    member = _member(tx, customer_id)
    discount = Discount("member", member.bps) if member else None
    offs = taken_off(discount, [Priced(service.price.minor, service.id) for service in services])
    return [
        line_price(
            service.price,
            tax_of(tx, service),
            inclusive=tx.tenant.tax_inclusive,
            off_minor=off,
        )
        for service, off in zip(services, offs, strict=True)
    ]


def tax_of(tx: Tx, service: Service) -> int:
    """Return the rate that a service is taxed at, in basis points: its own, or the business's."""
    return tx.tenant.tax_bps if service.tax_bps is None else service.tax_bps


def _member(tx: Tx, customer_id: UUID) -> _Member | None:
    """Return the membership that takes most off a customer's visits; read once a transaction."""
    known = f"member:{customer_id}"
    if known not in tx.memory:
        today = clock.local_day(tx.now, tx.tenant.zone)
        row = tx.row(MEMBER, customer_id=customer_id, today=today)
        tx.memory[known] = None if row is None else _Member(row.code, row.slug, row.discount_bps)
    found: _Member | None = tx.memory[known]
    return found
