"""Checkout Sessions that were paid, failed or expired, and charges that a movement tells of.

The sessions of a payment link name its operation too: one that expires leaves the link as it is.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from bookra.engine.bookings import holds
from bookra.engine.payments import cards, operations
from bookra.engine.payments.cards import KeptCard
from bookra.engine.payments.operations import Operation
from bookra.engine.payments.settling import Charge
from bookra.engine.runtime import Tx
from bookra.relay.events import paid
from bookra.relay.events.handler import Handler
from bookra.relay.providers.stripe_facts import Movement
from bookra.relay.providers.stripe_page_facts import CardFacts, CheckoutState

KINDS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)


def settled(tx: Tx, state: CheckoutState) -> str:
    """Settle what a session says now; returns what was decided."""
    operation = paid.named(tx, state.operation_id)
    if operation is None:
        return "not ours"
    if state.charge_ref and state.intent_ref and state.captured_at:
        charge = Charge(state.charge_ref, state.intent_ref, state.amount, state.captured_at)
        decision = paid.settle(tx, operation, charge)
        _keep_card(tx, operation, state.card)
        return decision
    if operation.kind == "setup" and state.status == "complete":
        return _set_up(tx, operation, state.card)
    if state.status == "expired" and operation.kind != "payment-link":
        operations.settled(tx, operation.id, "cancelled")
        if operation.booking_id is not None:
            holds.lapse(tx, operation.booking_id, state.expires_at)
        return "expired"
    return "no change"


def settle_charge(tx: Tx, movement: Movement) -> None:
    """Settle the charge behind a movement, in case its event is late or lost."""
    operation = paid.named(tx, movement.operation_id)
    if movement.type not in ("charge", "payment") or operation is None:
        return
    charge = Charge(movement.charge_ref, movement.intent_ref, movement.amount, movement.created_at)
    paid.settle(tx, operation, charge)


def _set_up(tx: Tx, operation: Operation, card: CardFacts | None) -> str:
    if card is None:
        operations.settled(tx, operation.id, "failed", failure="no_card")
        return "no card"
    _keep_card(tx, operation, card)
    return "card saved" if operations.settled(tx, operation.id, "succeeded") else "known"


def _keep_card(tx: Tx, operation: Operation, card: CardFacts | None) -> None:
    if card is None or operation.customer_id is None:
        return
    last_day = monthrange(card.expires_year, card.expires_month)[1]
    kept = KeptCard(
        card.customer_ref,
        card.method_ref,
        card.brand,
        card.last4,
        date(card.expires_year, card.expires_month, last_day),
    )
    cards.keep(tx, operation.customer_id, kept)


HANDLER = Handler(lambda stripe, session: stripe.checkout(session), settled)
