"""Which call each topic makes, and what its answer changes here. No transaction is open in a call.

``deliver`` asks the engine for the facts as they are now, makes one call and returns its outcome.
``applied`` is what a delivered effect writes, in the same transaction that settles its row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bookra.clock import to_epoch
from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.bookings.store import booking_by_id
from bookra.engine.commissions.split import split
from bookra.engine.invoices.actions import issue
from bookra.engine.outbox import topics
from bookra.engine.outbox.queue import Claimed
from bookra.engine.payments import links, operations, refunding
from bookra.engine.people.customers import customer_by_id
from bookra.engine.runtime import Engine, Tenant, Tx
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.relay import crash
from bookra.relay.access import Clients
from bookra.relay.backoff import key_may_be_forgotten
from bookra.relay.outcome import Delivered, Outcome, Retry
from bookra.relay.providers.google_calendar import CalendarEvent
from bookra.relay.providers.stripe import CheckoutOrder, RefundOrder, StripeGateway
from bookra.relay.providers.stripe_facts import CheckoutClosed, CheckoutOpened, RefundMade
from bookra.relay.providers.whatsapp import TemplateMessage

SESSION_LEAST = timedelta(minutes=30, seconds=20)
"""Stripe refuses a session that would live less than 30 minutes; the rest is for the way there."""

SANDBOX_SUCCESS_URL = "https://bookra.example/paid"
"""Where the stand-in would send a customer; a live account names a page of its own."""

SHOWN_IN_CALENDAR = OCCUPYING | {Status.COMPLETED, Status.NO_SHOW}
STANDS = frozenset({"booking_confirmed", "booking_moved", "series_confirmed"})
"""Messages that say when a visit takes place: untrue once it does not."""

SKIPPED = Delivered("skipped")


@dataclass(frozen=True, slots=True)
class Route:
    """How one topic is delivered; what is written when it is, and when it never will be."""

    deliver: Callable[[Delivery], Outcome]
    applied: Callable[[Tx, topics.Payload, Delivered], None] | None = None
    abandoned: Callable[[Tx, topics.Payload, str], None] | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed row on its way: where its facts and its clients are."""

    engine: Engine
    clients: Clients
    item: Claimed
    payload: topics.Payload

    def ask(self, question: Callable[[Tx], Any]) -> Any:
        """Read the facts in the tenant's transaction, which is closed before any call."""
        return self.engine.ask(self.item.tenant, question)

    def called(self, account: ProviderAccount, call: Callable[[], Outcome]) -> Outcome:
        """Make the one call, between its two crash points."""
        crash.point("before-call", self.item.topic, lambda: account.sandbox)
        outcome = call()
        crash.point("after-call", self.item.topic, lambda: account.sandbox)
        return outcome


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
        idempotency_key=_key(delivery.item, operation.id),
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
    key = f"{_key(delivery.item, operation.id)}:expire"
    return delivery.called(account, lambda: stripe.expire_checkout(session, key=key))


def checkout_cancelled(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Note that the session is over, unless it was paid just before."""
    assert isinstance(payload, topics.CancelPayment)
    known = delivered.facts
    if not (isinstance(known, CheckoutClosed) and known.status == "complete"):
        operations.settled(tx, payload.operation_id, "cancelled")


def refund_payment(delivery: Delivery) -> Outcome:
    """Give a charge back."""
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
        idempotency_key=_key(delivery.item, operation.id),
        intent_ref=operation.intent_ref or "",
        amount=operation.amount,
        refund_application_fee=bool(operation.platform_fee),
        looks_first=key_may_be_forgotten(delivery.item.first_sent_at, now),
    )
    return delivery.called(account, lambda: stripe.refund(order))


def refunded(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Post the refund, unless Stripe says at once that it failed."""
    assert isinstance(payload, topics.RefundPayment)
    made = delivered.facts
    if not isinstance(made, RefundMade):
        return
    if made.status in ("failed", "canceled"):
        refunding.refund_failed(tx, payload.operation_id, made.refund_id, made.status)
    else:
        refunding.refund_settled(tx, payload.operation_id, made.refund_id)


def sync_calendar(delivery: Delivery) -> Outcome:
    """Make the calendar equal the booking as it is now: one event a line, or none."""
    booking, tenant = delivery.ask(
        lambda tx: (booking_by_id(tx, delivery.payload.visit_id), tx.tenant)
    )
    account, calendar = delivery.clients.google(delivery.item.tenant)
    calendar_id = account.config["calendar"]
    shown = booking.status in SHOWN_IN_CALENDAR
    outcome: Outcome = SKIPPED
    for event in _events(booking, tenant):
        outcome = delivery.called(
            account,
            lambda event=event: (  # type: ignore[misc]
                calendar.upsert(calendar_id, event)
                if shown
                else calendar.delete(calendar_id, event.id)
            ),
        )
        if not isinstance(outcome, Delivered):
            return outcome
    return outcome


def _events(booking: Booking, tenant: Tenant) -> list[CalendarEvent]:
    """Return an event a line. Its id is ours, so inserting it twice is refused by Google."""
    return [
        CalendarEvent(
            id=line.id.hex,
            summary=f"{line.service_name} · {booking.customer}",
            description=f"{booking.code} · {line.staff_name}",
            starts_at=line.starts_at,
            ends_at=line.ends_at,
            zone=tenant.zone.key,
            booking_code=booking.code,
            revision=booking.revision,
        )
        for line in booking.lines
    ]


def send_message(delivery: Delivery) -> Outcome:
    """Send a template message; one that is no longer true is not sent."""
    payload = delivery.payload
    assert isinstance(payload, topics.SendMessage)
    booking, customer, tenant = delivery.ask(
        lambda tx: _addressed(tx, booking_by_id(tx, payload.visit_id))
    )
    if _stale(payload.template, booking) or customer.phone is None:
        return SKIPPED
    account, whatsapp = delivery.clients.whatsapp(delivery.item.tenant)
    message = TemplateMessage(
        to_e164=customer.phone,
        name=payload.template,
        language=customer.language or tenant.brand.language,
        parameters=(
            customer.name,
            tenant.name,
            ", ".join(line.service_name for line in booking.lines),
            f"{booking.starts_at.astimezone(tenant.zone):%d.%m.%Y %H:%M}",
            booking.code,
        ),
        booking_code=booking.code,
    )
    return delivery.called(account, lambda: whatsapp.send(message))


def _stale(template: str, booking: Booking) -> bool:
    """Tell whether a message is no longer true: its booking is not what it says any more."""
    if template == "waitlist_offer":
        return booking.status is not Status.HELD
    return template in STANDS and booking.status not in SHOWN_IN_CALENDAR


def _addressed(tx: Tx, booking: Booking) -> tuple[Booking, Any, Tenant]:
    return booking, customer_by_id(tx, booking.customer_id), tx.tenant


def _key(item: Claimed, operation_id: object) -> str:
    """Return the idempotency key: the operation's, and a new one for a deliberate generation."""
    suffix = f":g{item.generation}" if item.generation > 1 else ""
    return f"op:{operation_id}{suffix}"


ROUTES: dict[str, Route] = {
    "payment.request": Route(request_payment, checkout_opened, request_refused),
    "payment.cancel": Route(cancel_payment, checkout_cancelled),
    "payment.refund": Route(refund_payment, refunded),
    "calendar.upsert": Route(sync_calendar),
    "calendar.delete": Route(sync_calendar),
    "message.send": Route(send_message),
}

LOCAL: dict[str, Callable[[Tx, topics.Payload], object]] = {
    "invoice.issue": lambda tx, payload: issue(tx, payload.visit_id),
    "commission.split": lambda tx, payload: split(tx, payload.visit_id),
}
"""Effects on our own tables: done and settled in one transaction, so exactly once."""
