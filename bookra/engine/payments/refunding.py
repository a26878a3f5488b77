"""Money that goes back: what is owed, what is reserved on a charge, what Stripe said of a refund.

Locks the booking or the order before anything else.
"""

from __future__ import annotations

from uuid import UUID

from bookra.engine.bookings.model import Booking
from bookra.engine.ledger.rules import refunds, sales
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import RefundPayment, SendMessage
from bookra.engine.payments import store
from bookra.engine.payments.tab import fact_of
from bookra.engine.people.customers import customer_by_id
from bookra.engine.runtime import Tx
from bookra.ids import new_id
from bookra.money import Money


def give_back(
    tx: Tx,
    booking: Booking,
    charge_id: UUID,
    charge_ref: str,
    amount: Money,
    platform_fee: Money,
) -> str:
    """Owe the money back, reserve it on the charge, ask for the refund, tell the customer."""
    fact = fact_of(tx, booking, f"charge:{charge_ref}")
    post(tx, sales.late_payment(fact, amount.minor))
    tx.run(store.RESERVE_REFUND, id=charge_id, amount_minor=amount.minor)
    operation_id = new_id()
    tx.run(
        store.INSERT_OPERATION,
        id=operation_id,
        kind="refund",
        booking_id=booking.id,
        amount_minor=amount.minor,
        tip_minor=0,
        platform_fee_minor=platform_fee.minor,
        currency=amount.currency,
        charge_id=charge_id,
        expires_at=None,
        now=tx.now,
    )
    emit(tx, RefundPayment(booking.id, operation_id))
    if customer_by_id(tx, booking.customer_id).phone:
        emit(tx, SendMessage(booking.id, "payment_refunded"))
    return "refunding"


def refund_failed(tx: Tx, operation_id: UUID, refund_ref: str, status: str) -> None:
    """Note a refund that Stripe gave up on: the money stays owed, and is shown as such."""
    tx.run(
        store.SETTLED,
        id=operation_id,
        state="failed",
        failure=f"refund {status}",
        ref=refund_ref,
        now=tx.now,
    )
    tx.concerns("operation", operation_id)


def refund_settled(tx: Tx, operation_id: UUID, refund_ref: str) -> None:
    """Post a refund that Stripe accepted. Telling it twice changes nothing."""
    wanted = tx.row(store.OPERATION, id=operation_id)
    assert wanted is not None
    tx.run(store.SETTLED, id=wanted.id, state="succeeded", failure=None, ref=refund_ref, now=tx.now)
    fact = Fact(f"refund:{wanted.id}", tx.now, wanted.currency, wanted.booking_id)
    post(tx, refunds.late_payment_refund(fact, wanted.amount_minor))
