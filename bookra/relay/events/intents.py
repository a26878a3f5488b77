"""PaymentIntents of saved cards: paid, declined, or not decided yet.

Those of a page belong to its session: a card that is declined there may be tried again.
"""

from __future__ import annotations

from bookra.engine.payments import operations, saved_cards
from bookra.engine.payments.settling import Charge
from bookra.engine.runtime import Tx
from bookra.relay.events import paid
from bookra.relay.events.handler import Handler
from bookra.relay.providers.stripe_facts import IntentState

KINDS = ("payment_intent.succeeded", "payment_intent.payment_failed")
OVER = ("requires_payment_method", "requires_action", "canceled")
"""States in which an intent that nobody attends to will never be paid."""


def settled(tx: Tx, state: IntentState) -> str:
    """Settle what an intent says now; returns what was decided."""
    operation = paid.named(tx, state.operation_id)
    if operation is None:
        return "not ours"
    if operation.kind != "saved-card":
        return "no change"
    if state.charge_ref and state.captured_at:
        charge = Charge(state.charge_ref, state.intent_ref, state.amount, state.captured_at)
        return paid.settle(tx, operation, charge)
    if state.status in OVER:
        why = state.failure or "authentication_required"
        return saved_cards.declined(tx, operation.id, why, state.intent_ref or None)
    operations.opened(tx, operation.id, state.intent_ref, None, None)
    return "no change"


HANDLER = Handler(lambda stripe, intent: stripe.intent(intent), settled)
