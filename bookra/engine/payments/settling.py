"""What Stripe said, made into ledger entries and booking states. Each fact lands here, once.

The API's answer, an event and a balance transaction may come in any order, twice, or not at all.
A charge is known by its id and a movement by its own, so each is posted once; the payment [A1] and
its balance transaction [A2] commute. Locks the booking before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bookra.engine.bookings import store as bookings
from bookra.engine.bookings.actions import confirm, retake
from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.ledger import chart
from bookra.engine.ledger.rules import sales
from bookra.engine.ledger.rules.sales import Fact, Tender
from bookra.engine.ledger.store import post
from bookra.engine.payments import operations, store
from bookra.engine.payments.links import close_surplus_links
from bookra.engine.payments.operations import Operation, operation
from bookra.engine.payments.refunding import give_back
from bookra.engine.payments.tab import receive, still_due, tips_of
from bookra.engine.payments.terms import accept_terms
from bookra.engine.runtime import Tx
from bookra.ids import new_id
from bookra.money import Money

FEES = {"no-show": chart.NO_SHOW, "late-cancel": chart.LATE_CANCEL}
"""Purposes that are fees of their own, and the income that they are."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A captured payment as Stripe tells it."""

    charge_ref: str
    intent_ref: str
    amount: Money
    captured_at: datetime


def settle_payment(tx: Tx, operation_id: UUID, charge: Charge) -> str:
    """Post a captured charge of a booking, confirm it and emit its effects; returns the decision.

    Decisions: ``confirmed``, ``paid``, ``fee``, ``known`` (told before), and ``refunding`` for
    money that came too late for a slot that is taken, or is more than is due by now (a second
    payment): all of it is owed back and refunded.
    """
    wanted = operation(tx, operation_id)
    booking = bookings.locked_by_id(tx, wanted.visit_id)
    charge_id = captured(tx, wanted, charge)
    if charge_id is None:
        return "known"
    if wanted.purpose in FEES:
        fact = _fact(tx, wanted, charge)
        post(tx, sales.fee_payment(fact, FEES[wanted.purpose], charge.amount.minor))
        return "fee"
    fits = charge.amount == wanted.amount and wanted.price.minor <= still_due(booking)
    if not fits or not _has_its_time(tx, booking):
        return give_back(tx, wanted, charge_id, charge.charge_ref, charge.amount)
    decision = "paid"
    if booking.status in (Status.HELD, Status.EXPIRED):
        booking, decision = confirm(tx, booking), "confirmed"
    tips = wanted.tips or tips_of(booking, wanted.tip.minor)
    tender = Tender("card", wanted.price.minor, tips)
    receive(tx, booking, tender, f"charge:{charge.charge_ref}")
    if wanted.kind in operations.PAGES:
        accept_terms(tx, booking)
    close_surplus_links(tx, booking.id)
    return decision


def captured(tx: Tx, wanted: Operation, charge: Charge) -> UUID | None:
    """Write a charge down and end its operation; returns its id, None when it was known.

    The caller has locked the booking or the order, and posts what the charge pays.
    """
    charge_id = new_id()
    fresh = tx.run(
        store.INSERT_CHARGE,
        id=charge_id,
        booking_id=wanted.booking_id,
        order_id=wanted.order_id,
        charge_ref=charge.charge_ref,
        intent_ref=charge.intent_ref,
        captured_minor=charge.amount.minor,
        tip_minor=wanted.tip.minor,
        currency=charge.amount.currency,
        captured_at=charge.captured_at,
    )
    if not fresh:
        return None
    operations.settled(tx, wanted.id, "succeeded")
    tx.run(store.MADE_CHARGE, id=wanted.id, charge_id=charge_id)
    tx.concerns("charge", charge_id)
    return charge_id


def _has_its_time(tx: Tx, booking: Booking) -> bool:
    """Tell whether the visit can take place: an expired hold takes its slot again if it is free."""
    if booking.status in OCCUPYING or booking.status is Status.COMPLETED:
        return True
    return booking.status is Status.EXPIRED and retake(tx, booking)


def _fact(tx: Tx, wanted: Operation, charge: Charge) -> Fact:
    key = f"charge:{charge.charge_ref}"
    return Fact(key, tx.now, charge.amount.currency, wanted.booking_id, wanted.order_id)
