"""Money that goes back: what is owed, what is reserved on a charge, what Stripe said of a refund.

Locks the booking or the order before anything else.
"""

from __future__ import annotations

from uuid import UUID

from bookra.engine.bookings.store import booking_by_id
from bookra.engine.ledger.rules import refunds, sales
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import RefundPayment, SendMessage
from bookra.engine.payments import store
from bookra.engine.payments.operations import NewOperation, Operation, begin
from bookra.engine.people.customers import customer_by_id
from bookra.engine.runtime import Tx
from bookra.money import Money


def give_back(tx: Tx, wanted: Operation, charge_id: UUID, charge_ref: str, amount: Money) -> str:
    """Owe a whole charge back, reserve it, ask for the refund and tell the customer.

    For money that pays nothing of a booking or an order: it came too late, or twice.
    """
    key = f"charge:{charge_ref}"
    fact = Fact(key, tx.now, amount.currency, wanted.booking_id, wanted.order_id)
    post(tx, sales.late_payment(fact, amount.minor))
    tx.run(store.RESERVE_REFUND, id=charge_id, amount_minor=amount.minor)
    new = NewOperation(
        "refund",
        amount,
        booking_id=wanted.booking_id,
        order_id=wanted.order_id,
        charge_id=charge_id,
        platform_fee=wanted.platform_fee,
        reason="late payment",
    )
    emit(tx, RefundPayment(wanted.booking_id, begin(tx, new)))
    if wanted.booking_id is not None:
        booking = booking_by_id(tx, wanted.booking_id)
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
