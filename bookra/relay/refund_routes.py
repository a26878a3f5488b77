"""The delivery of refunds: one call a refund, with the operation's own key, and what it settles."""

from __future__ import annotations

from bookra.engine.outbox import topics
from bookra.engine.payments import operations, refund_settling
from bookra.engine.runtime import Tx
from bookra.relay.backoff import key_may_be_forgotten
from bookra.relay.delivery import Delivery, Route, stripe_key
from bookra.relay.events.refunds import fact_of
from bookra.relay.outcome import Delivered, Outcome
from bookra.relay.providers.stripe import RefundOrder
from bookra.relay.providers.stripe_facts import RefundMade


def refund_payment(delivery: Delivery) -> Outcome:
    """Give a charge back, or a part of it, as the operation says."""
    payload = delivery.payload
    assert isinstance(payload, topics.RefundPayment)
    operation, now = delivery.ask(
        lambda tx: (operations.operation(tx, payload.operation_id), tx.now)
    )
    if operation.state != "new":
        return Delivered(operation.provider_ref or "skipped")
    account, stripe = delivery.clients.stripe(delivery.item.tenant)
    order = RefundOrder(
        operation_id=str(operation.id),
        idempotency_key=stripe_key(delivery.item, operation.id),
        intent_ref=operation.intent_ref or "",
        amount=operation.amount,
        refund_application_fee=bool(operation.platform_fee),
        looks_first=key_may_be_forgotten(delivery.item.first_sent_at, now),
    )
    return delivery.called(account, lambda: stripe.refund(order))


def refunded(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Post the refund that Stripe took on, or note that it failed at once."""
    assert isinstance(payload, topics.RefundPayment)
    made = delivered.facts
    if isinstance(made, RefundMade):
        refund_settling.settle_refund(tx, fact_of(made, str(payload.operation_id)))


def refused(tx: Tx, payload: topics.Payload, why: str) -> None:
    """Free what was reserved: Stripe will not give this back. The operation says why."""
    assert isinstance(payload, topics.RefundPayment)
    refund_settling.refund_failed(tx, payload.operation_id, None, why, moved=False)


ROUTES = {"payment.refund": Route(refund_payment, refunded, refused)}
