"""Disputes that Stripe tells of by event, or by the money that the bank takes and gives back."""

from __future__ import annotations

from bookra.engine.payments import disputes
from bookra.engine.payments.disputes import DisputeFact
from bookra.engine.runtime import Tx
from bookra.relay.events.handler import Handler
from bookra.relay.providers.stripe_disputes import DisputeState
from bookra.relay.providers.stripe_facts import Movement

KINDS = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)

BY_CATEGORY = {"dispute": "needs_response", "dispute_reversal": "won"}
"""What a movement alone says of its dispute's state; events say it better."""


def settled(tx: Tx, state: DisputeState) -> str:
    """Settle what a dispute says now; returns its state."""
    return disputes.settle_dispute(tx, fact_of(state))


def fact_of(state: DisputeState) -> DisputeFact:
    """Return what Stripe says of a dispute."""
    return DisputeFact(
        state.dispute_ref,
        state.charge_ref,
        state.amount,
        state.status,
        state.opened_at,
        state.reason,
        state.due_at,
        state.withdrawn,
    )


def settle_behind(tx: Tx, movement: Movement) -> None:
    """Settle the dispute behind an adjustment, in case its event is late or lost."""
    state = BY_CATEGORY.get(movement.category)
    if state is None:
        return
    amount = movement.amount if movement.amount.minor > 0 else -movement.amount
    disputes.settle_dispute(
        tx,
        DisputeFact(movement.source_ref, movement.charge_ref, amount, state, movement.created_at),
    )


HANDLER = Handler(lambda stripe, dispute: stripe.dispute(dispute), settled)
