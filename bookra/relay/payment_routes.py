"""The pages on which customers pay, and the charges of saved cards: called for and closed."""

from __future__ import annotations

from datetime import timedelta

from bookra.clock import to_epoch
from bookra.engine.bookings.store import booking_by_id
from bookra.engine.outbox import topics
from bookra.engine.payments import links, operations
from bookra.engine.runtime import Tx
from bookra.relay.backoff import key_may_be_forgotten
from bookra.relay.delivery import SKIPPED, Delivery, Route, stripe_key
from bookra.relay.outcome import Delivered, Outcome, Retry
from bookra.relay.providers.stripe import CheckoutOrder, StripeGateway
from bookra.relay.providers.stripe_facts import CheckoutClosed, CheckoutOpened

SESSION_LEAST = timedelta(minutes=30, seconds=20)
"""Stripe refuses a session that would live less than 30 minutes; the rest is for the way there."""

SANDBOX_SUCCESS_URL = "https://bookra.example/paid"
"""Where the stand-in would send a customer; a live account names a page of its own."""


def request_payment(delivery: Delivery) -> Outcome:
    """Open the Checkout Session of an operation: the same key and parameters on every try."""
    payload = delivery.payload
    assert isinstance(payload, topics.RequestPayment)
    operation, booking, now, name = delivery.ask(
        lambda tx: (
            operations.operation(tx, payload.operation_id),
            booking_by_id(tx, payload.visit_id),
            tx.now,
            tx.tenant.name,
        )
    )
    if operation.state != "new":
        return Delivered(operation.provider_ref or "skipped")
    still_owed = booking.due.minor + operation.tip.minor == operation.amount.minor
    if not still_owed and delivery.item.attempts == 1:
        return SKIPPED
    account, stripe = delivery.clients.stripe(delivery.item.tenant)
    if not still_owed:
        return _found_or_skipped(stripe, operation)
    if operation.expires_at < now + SESSION_LEAST:
        return _renewed(delivery, operation)
    order = CheckoutOrder(
        operation_id=str(operation.id),
        idempotency_key=stripe_key(delivery.item, operation.id),
        booking_code=booking.code,
        description=f"{name}: {', '.join(line.service_name for line in booking.lines)}",
        amount=operation.amount,
        platform_fee=operation.platform_fee or None,
        expires_at=operation.expires_at,
        success_url=account.config.get("success_url", SANDBOX_SUCCESS_URL),
        looks_first=key_may_be_forgotten(delivery.item.first_sent_at, now),
    )
    return delivery.called(account, lambda: stripe.open_checkout(order))


def _found_or_skipped(stripe: StripeGateway, operation: operations.Operation) -> Outcome:
    """Find the session that an earlier try may have opened, so that the cancel can close it."""
    found = stripe.find_checkout(str(operation.id), created_since=to_epoch(operation.created_at))
    return SKIPPED if found is None else Delivered(found.session_id, found)


def request_refused(tx: Tx, payload: topics.Payload, why: str) -> None:
    """Note that no link will come of an operation, so that another can be asked for."""
    assert isinstance(payload, topics.RequestPayment)
    operations.settled(tx, payload.operation_id, "failed", failure=why)


def _renewed(delivery: Delivery, operation: operations.Operation) -> Outcome:
    """Give a session that was never opened a later end, once it is proven that there is none.

    Other parameters need another key, and another key is safe only when nothing happened.
    """
    _, stripe = delivery.clients.stripe(delivery.item.tenant)
    found = stripe.find_checkout(str(operation.id), created_since=to_epoch(operation.created_at))
    if found is not None:
        return Delivered(found.session_id, found)
    delivery.engine.act(
        delivery.item.tenant,
        lambda tx: links.renew_expiry(tx, operation.id),
        command="relay.renew-link",
    )
    return Retry(
        "the link would have expired before it was opened", "renewed", 0.0, new_generation=True
    )


def checkout_opened(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Store the session's link."""
    assert isinstance(payload, topics.RequestPayment)
    known = delivered.facts
    if isinstance(known, CheckoutOpened):
        operations.opened(tx, payload.operation_id, known.session_id, known.url, known.expires_at)
    elif isinstance(known, CheckoutClosed) and known.status == "expired":
        operations.settled(tx, payload.operation_id, "cancelled")


def cancel_payment(delivery: Delivery) -> Outcome:
    """Expire a session, so that nobody pays for what is gone."""
    payload = delivery.payload
    assert isinstance(payload, topics.CancelPayment)
    operation = delivery.ask(lambda tx: operations.operation(tx, payload.operation_id))
    session = operation.provider_ref
    if operation.state not in ("new", "open") or session is None:
        return SKIPPED
    account, stripe = delivery.clients.stripe(delivery.item.tenant)
    key = f"{stripe_key(delivery.item, operation.id)}:expire"
    return delivery.called(account, lambda: stripe.expire_checkout(session, key=key))


def checkout_cancelled(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Note that the session is over, unless it was paid just before."""
    assert isinstance(payload, topics.CancelPayment)
    known = delivered.facts
    if not (isinstance(known, CheckoutClosed) and known.status == "complete"):
        operations.settled(tx, payload.operation_id, "cancelled")


ROUTES: dict[str, Route] = {
    "payment.request": Route(request_payment, checkout_opened, request_refused),
    "payment.cancel": Route(cancel_payment, checkout_cancelled),
}
