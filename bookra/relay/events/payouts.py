"""Payouts to the business's bank: created, on their way, paid, failed even after that."""

from __future__ import annotations

from bookra.engine.payments.bank_payouts import PayoutFact, settle_payout
from bookra.engine.runtime import Tx
from bookra.relay.events.handler import Handler
from bookra.relay.providers.stripe_account import PayoutState, is_payout, payout_state
from bookra.relay.providers.stripe_facts import Movement

KINDS = (
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
)


def settled(tx: Tx, state: PayoutState) -> str:
    """Keep a payout as it is now; returns its state here."""
    return settle_payout(tx, fact_of(state))


def settle_behind(tx: Tx, movement: Movement) -> None:
    """Keep the payout behind a movement, in case its event is late or lost."""
    if is_payout(movement.source):
        settle_payout(tx, fact_of(payout_state(movement.source)))


def fact_of(state: PayoutState) -> PayoutFact:
    """Return the engine's side of a payout."""
    return PayoutFact(
        state.payout_ref,
        state.amount,
        state.status,
        state.automatic,
        state.arrives_on,
        state.failure,
        state.created_at,
        state.members,
    )


HANDLER = Handler(lambda stripe, payout_ref: stripe.payout(payout_ref), settled)
