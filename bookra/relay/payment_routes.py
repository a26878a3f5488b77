"""The pages on which customers pay, and the charges of saved cards: called for and closed.

What an operation asks for is fixed when it is written: each try sends the same key and the same
amounts. Its words (services, terms) may change meanwhile; Stripe then refuses the key, and the
page or the charge is looked for. Whether it is still wanted is asked anew before each call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bookra.clock import to_epoch
from bookra.engine.bookings.model import OCCUPYING, Booking, Status
from bookra.engine.bookings.store import booking_by_id
from bookra.engine.outbox import topics
from bookra.engine.payments import cards, links, operations, saved_cards, telling
from bookra.engine.payments.cards import SavedCard
from bookra.engine.payments.operations import Operation
from bookra.engine.payments.settling import FEES
from bookra.engine.payments.terms import shown_terms
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.relay.backoff import key_may_be_forgotten
from bookra.relay.delivery import SKIPPED, Delivery, Route, stripe_key
from bookra.relay.events import intents
from bookra.relay.outcome import Delivered, Outcome, Retry, Snooze
from bookra.relay.providers.stripe import StripeGateway
from bookra.relay.providers.stripe_cards import CardOrder
from bookra.relay.providers.stripe_facts import IntentState
from bookra.relay.providers.stripe_page_facts import CheckoutClosed, CheckoutOpened
from bookra.relay.providers.stripe_pages import CheckoutOrder

SESSION_LEAST = timedelta(minutes=30, seconds=20)
"""Stripe refuses a session that would live less than 30 minutes; the rest is for the way there."""

SANDBOX_SUCCESS_URL = "https://bookra.example/paid"
"""Where the stand-in would send a customer; a live account names a page of its own."""

NOT_WANTED = Delivered("not wanted")
"""What is asked for is paid by now, or there is nothing left to pay it for: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an operation is about, as of now. ``booking`` and ``card`` only where there is one."""

    operation: Operation
    booking: Booking | None
    card: SavedCard | None
    customer_ref: str | None
    terms: str
    business: str
    now: datetime

    @property
    def wanted(self) -> bool:
        """Tell whether what is asked for is still to be paid."""
        asked = self.operation
        if asked.kind == "setup" or asked.purpose in FEES:
            return True
        if self.booking is None:
            return asked.order_state == "open"
        if self.booking.status not in OCCUPYING | {Status.COMPLETED}:
            return False
        return asked.price.minor <= self.booking.due.minor

    @property
    def description(self) -> str:
        """What the customer reads: the business, and what is paid."""
        if self.booking is None:
            return f"{self.business}: {self.operation.subject}".removesuffix(": ")
        names = ", ".join(line.service_name for line in self.booking.lines)
        return f"{self.business}: {names}"


def request_payment(delivery: Delivery) -> Outcome:
    """Open the page of an operation: the same key and parameters on every try."""
    known = _facts(delivery)
    operation = known.operation
    if operation.state != "new":
        return Delivered(operation.provider_ref or "skipped")
    if not known.wanted and delivery.item.attempts == 1:
        return NOT_WANTED
    account, stripe = delivery.clients.stripe(delivery.item.tenant)
    if not known.wanted or _over(known):
        found = _page(stripe, operation)
        return NOT_WANTED if found is None else Delivered(found.session_id, found)
    if operation.kind != "payment-link" and _ends(operation) < known.now + SESSION_LEAST:
        return _renewed(delivery, stripe, operation)
    order = _page_order(delivery, known, account)
    opens = {"payment-link": stripe.open_link, "setup": stripe.open_setup}
    opening = opens.get(operation.kind, stripe.open_checkout)
    return delivery.called(account, lambda: opening(order))


def _page_order(delivery: Delivery, known: Facts, account: ProviderAccount) -> CheckoutOrder:
    operation = known.operation
    return CheckoutOrder(
        operation_id=str(operation.id),
        idempotency_key=stripe_key(delivery.item, operation.id),
        booking_code=operation.subject,
        description=known.description,
        amount=operation.amount,
        platform_fee=operation.platform_fee or None,
        expires_at=_ends(operation),
        success_url=account.config.get("success_url", SANDBOX_SUCCESS_URL),
        looks_first=key_may_be_forgotten(delivery.item.first_sent_at, known.now),
        customer_ref=known.customer_ref,
        saves_card=operation.saves_card,
        terms=known.terms,
    )


def _page(stripe: StripeGateway, operation: Operation) -> CheckoutOpened | CheckoutClosed | None:
    """Find the page that an earlier try may have opened, so that the cancel can close it."""
    if operation.kind == "payment-link":
        return stripe.find_link(str(operation.id), _ends(operation))
    return stripe.find_checkout(str(operation.id), created_since=to_epoch(operation.created_at))


def _renewed(delivery: Delivery, stripe: StripeGateway, operation: Operation) -> Outcome:
    """Give a session that was never opened a later end, once it is proven that there is none.

    Other parameters need another key, and another key is safe only when nothing happened.
    """
    found = _page(stripe, operation)
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


def page_opened(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Store the page's address; end an operation that nobody wants any more."""
    assert isinstance(payload, topics.RequestPayment)
    known = delivered.facts
    if isinstance(known, CheckoutOpened):
        operations.opened(tx, payload.operation_id, known.session_id, known.url, known.expires_at)
        telling.bring_page(tx, payload.operation_id)
    elif delivered is NOT_WANTED or (
        isinstance(known, CheckoutClosed) and known.status == "expired"
    ):
        operations.settled(tx, payload.operation_id, "cancelled")


def page_refused(tx: Tx, payload: topics.Payload, why: str) -> None:
    """Note that no page will come of an operation, so that another can be asked for."""
    assert isinstance(payload, topics.RequestPayment)
    operations.settled(tx, payload.operation_id, "failed", failure=why)


def cancel_payment(delivery: Delivery) -> Outcome:
    """Close a page, so that nobody pays for what is gone, or after its days are over."""
    payload = delivery.payload
    assert isinstance(payload, topics.CancelPayment | topics.EndPayment)
    operation, now = delivery.ask(
        lambda tx: (operations.operation(tx, payload.operation_id), tx.now)
    )
    if operation.state not in ("new", "open"):
        return SKIPPED
    if isinstance(payload, topics.EndPayment) and now < _ends(operation):
        return Snooze(_ends(operation), "the link's days are not over")
    page = operation.provider_ref
    if page is None:
        return SKIPPED
    account, stripe = delivery.clients.stripe(delivery.item.tenant)
    key = f"{stripe_key(delivery.item, operation.id)}:expire"
    closing = stripe.close_link if operation.kind == "payment-link" else stripe.expire_checkout
    return delivery.called(account, lambda: closing(page, key=key))


def page_closed(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Note that the page is over, unless it was paid just before."""
    assert isinstance(payload, topics.CancelPayment | topics.EndPayment)
    known = delivered.facts
    if not (isinstance(known, CheckoutClosed) and known.status == "complete"):
        operations.settled(tx, payload.operation_id, "cancelled")


def charge_card(delivery: Delivery) -> Outcome:
    """Charge a saved card, the customer being away: the same key on every try."""
    known = _facts(delivery)
    operation, card = known.operation, known.card
    if operation.state != "new":
        return Delivered(operation.provider_ref or "skipped")
    if not known.wanted and delivery.item.attempts == 1:
        return NOT_WANTED
    assert card is not None
    account, stripe = delivery.clients.stripe(delivery.item.tenant)
    since = to_epoch(operation.created_at) - 1
    if not known.wanted:
        found = stripe.find_card_charge(card.customer_ref, str(operation.id), created_since=since)
        return NOT_WANTED if found is None else Delivered(found.intent_ref, found)
    order = CardOrder(
        operation_id=str(operation.id),
        idempotency_key=stripe_key(delivery.item, operation.id),
        booking_code=operation.subject,
        description=known.description,
        customer_ref=card.customer_ref,
        method_ref=card.method_ref,
        amount=operation.amount,
        platform_fee=operation.platform_fee or None,
        created_since=since,
        looks_first=key_may_be_forgotten(delivery.item.first_sent_at, known.now),
    )
    return delivery.called(account, lambda: stripe.charge_card(order))


def card_charged(tx: Tx, payload: topics.Payload, delivered: Delivered) -> None:
    """Settle what the bank said: paid, declined, or not known yet."""
    assert isinstance(payload, topics.ChargeCard)
    state = delivered.facts
    if isinstance(state, IntentState):
        intents.settled(tx, state)
    elif delivered is NOT_WANTED:
        operations.settled(tx, payload.operation_id, "cancelled")


def card_refused(tx: Tx, payload: topics.Payload, why: str) -> None:
    """Note a charge that Stripe refuses to try; a slot that was held for it is free again."""
    assert isinstance(payload, topics.ChargeCard)
    saved_cards.declined(tx, payload.operation_id, why)


def detach_card(delivery: Delivery) -> Outcome:
    """Make Stripe forget a saved card."""
    payload = delivery.payload
    assert isinstance(payload, topics.DetachCard)
    card = delivery.ask(lambda tx: cards.card_by_id(tx, payload.card_id))
    account, stripe = delivery.clients.stripe(delivery.item.tenant)
    key = f"{stripe_key(delivery.item, card.id)}:detach"
    return delivery.called(account, lambda: stripe.detach_card(card.method_ref, key=key))


def _facts(delivery: Delivery) -> Facts:
    payload = delivery.payload
    assert isinstance(payload, topics.OperationPayload)

    def question(tx: Tx) -> Facts:
        operation = operations.operation(tx, payload.operation_id)
        booking = booking_by_id(tx, operation.booking_id) if operation.booking_id else None
        card_id = operation.saved_card_id
        return Facts(
            operation,
            booking,
            cards.card_by_id(tx, card_id) if card_id else None,
            cards.customer_ref(tx, operation.customer_id, operation.created_at),
            shown_terms(tx, booking) if booking else "",
            tx.tenant.name,
            tx.now,
        )

    found: Facts = delivery.ask(question)
    return found


def _over(known: Facts) -> bool:
    """Tell whether a payment link's days were over before it could be made."""
    return known.operation.kind == "payment-link" and _ends(known.operation) <= known.now


def _ends(operation: Operation) -> datetime:
    assert operation.expires_at is not None
    return operation.expires_at


ROUTES: dict[str, Route] = {
    "payment.request": Route(request_payment, page_opened, page_refused),
    "payment.cancel": Route(cancel_payment, page_closed),
    "payment.end": Route(cancel_payment, page_closed),
    "payment.charge": Route(charge_card, card_charged, card_refused),
    "card.detach": Route(detach_card),
}
