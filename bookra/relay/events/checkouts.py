"""Checkout Sessions that were paid, failed or expired, and charges that a movement tells of."""

from __future__ import annotations

from bookra.engine.bookings import holds
from bookra.engine.payments import operations, settling
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id
from bookra.relay.events.handler import Handler
from bookra.relay.providers.stripe_facts import CheckoutState, Movement

KINDS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)


def settled(tx: Tx, state: CheckoutState) -> str:
    """Settle what a session says now; returns what was decided."""
    operation_id = operations.operation_ref(state.operation_id)
    try:
        operation = operations.operation(tx, operation_id or new_id())
    except NotFoundError:
        return "not ours"
    if state.charge_ref and state.intent_ref and state.captured_at:
        charge = settling.Charge(
            state.charge_ref, state.intent_ref, state.amount, state.captured_at
        )
        return settling.settle_payment(tx, operation.id, charge)
    if state.status == "expired":
        operations.settled(tx, operation.id, "cancelled")
        holds.lapse(tx, operation.visit_id, state.expires_at)
        return "expired"
    return "no change"


def settle_charge(tx: Tx, movement: Movement) -> None:
    """Settle the charge behind a movement, in case its event is late or lost."""
    operation_id = operations.operation_ref(movement.operation_id)
    if movement.type not in ("charge", "payment") or operation_id is None:
        return
    charge = settling.Charge(
        movement.charge_ref, movement.intent_ref, movement.amount, movement.created_at
    )
    try:
        settling.settle_payment(tx, operation_id, charge)
    except NotFoundError:
        return


HANDLER = Handler(lambda stripe, session: stripe.checkout(session), settled)
