"""What Stripe said, made into ledger entries and booking states. Each fact lands here, once.

The API's answer, an event and a balance transaction may come in any order, twice, or not at all.
A charge is known by its id and a movement by its own, so each is posted once; the payment [A1] and
its balance transaction [A2] commute. Locks the booking before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.actions import confirm, retake
from bookra.engine.bookings.holds import cancel_checkouts
from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.ledger.rules.sales import Tender
from bookra.engine.payments import store
from bookra.engine.payments.refunding import give_back
from bookra.engine.payments.tab import receive, tips_of
from bookra.engine.payments.taking import session_expiry
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id
from bookra.money import Money


@dataclass(frozen=True, slots=True)
class Operation:
    """A durable intention: what is asked of Stripe, and how far it came."""

    id: UUID
    kind: str
    booking_id: UUID
    booking: str
    state: str
    amount: Money
    tip: Money
    platform_fee: Money
    provider_ref: str | None
    url: str | None
    expires_at: datetime | None
    created_at: datetime
    intent_ref: str | None
    charge_ref: str | None


@dataclass(frozen=True, slots=True)
class Charge:
    """A captured payment as Stripe tells it."""

    charge_ref: str
    intent_ref: str
    amount: Money
    captured_at: datetime


def operation(tx: Tx, operation_id: UUID) -> Operation:
    """Return an operation; raises NotFoundError (``unknown_operation``)."""
    row = tx.row(store.OPERATION, id=operation_id)
    if row is None:
        raise NotFoundError("unknown_operation", f"There is no payment operation {operation_id}")
    return _operation(row)


def operation_ref(text: str) -> UUID | None:
    """Return the operation id that an object at Stripe names; None when it names none of ours."""
    try:
        return UUID(text)
    except ValueError:
        return None


def checkout_opened(
    tx: Tx, operation_id: UUID, session_ref: str, url: str, expires_at: datetime
) -> None:
    """Store the session of an operation. Telling it twice changes nothing."""
    tx.run(store.OPENED, id=operation_id, ref=session_ref, url=url, expires_at=expires_at)
    tx.concerns("operation", operation_id)


def renew_expiry(tx: Tx, operation_id: UUID) -> None:
    """Give an operation whose session was never opened a later end; its hold outlives it."""
    wanted = operation(tx, operation_id)
    booking = bookings.locked_by_id(tx, wanted.booking_id)
    until = session_expiry(tx, booking)
    tx.run(store.RENEWED, id=operation_id, expires_at=until)
    tx.concerns("operation", operation_id)


def checkout_closed(tx: Tx, operation_id: UUID, *, failure: str | None = None) -> None:
    """Note that an operation's session is over unpaid: expired, cancelled or refused."""
    state = "failed" if failure else "cancelled"
    tx.run(store.SETTLED, id=operation_id, state=state, failure=failure, ref=None, now=tx.now)
    tx.concerns("operation", operation_id)


def settle_payment(tx: Tx, operation_id: UUID, charge: Charge) -> str:
    """Post a captured charge, confirm the booking and emit its effects; returns what was decided.

    Decisions: ``confirmed``, ``paid``, ``known`` (told before), and ``refunding`` for money that
    came too late for a slot that is taken, or a second time: it is owed back and refunded.
    """
    wanted = operation(tx, operation_id)
    booking = bookings.locked_by_id(tx, wanted.booking_id)
    charge_id = new_id()
    fresh = tx.run(
        store.INSERT_CHARGE,
        id=charge_id,
        booking_id=booking.id,
        charge_ref=charge.charge_ref,
        intent_ref=charge.intent_ref,
        captured_minor=charge.amount.minor,
        tip_minor=wanted.tip.minor,
        currency=charge.amount.currency,
        captured_at=charge.captured_at,
    )
    if not fresh:
        return "known"
    tx.run(store.SETTLED, id=wanted.id, state="succeeded", failure=None, ref=None, now=tx.now)
    tx.concerns("charge", charge_id)
    if booking.paid or charge.amount != wanted.amount or not _has_its_time(tx, booking):
        return give_back(
            tx, booking, charge_id, charge.charge_ref, charge.amount, wanted.platform_fee
        )
    decision = "paid"
    if booking.status in (Status.HELD, Status.EXPIRED):
        booking, decision = confirm(tx, booking), "confirmed"
    price_minor = charge.amount.minor - wanted.tip.minor
    tender = Tender("card", price_minor, tips_of(booking, wanted.tip.minor))
    receive(tx, booking, tender, f"charge:{charge.charge_ref}")
    cancel_checkouts(tx, booking.id)
    return decision


def _has_its_time(tx: Tx, booking: Booking) -> bool:
    """Tell whether the visit can take place: an expired hold takes its slot again if it is free."""
    if booking.status in OCCUPYING or booking.status is Status.COMPLETED:
        return True
    return booking.status is Status.EXPIRED and retake(tx, booking)


def _operation(row: Row[Any]) -> Operation:
    return Operation(
        row.id,
        row.kind,
        row.booking_id,
        row.booking,
        row.state,
        Money(row.amount_minor, row.currency),
        Money(row.tip_minor, row.currency),
        Money(row.platform_fee_minor, row.currency),
        row.provider_ref,
        row.url,
        row.expires_at,
        row.created_at,
        row.intent_ref,
        row.charge_ref,
    )
