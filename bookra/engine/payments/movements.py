"""Balance transactions: what Stripe moved, posted once each, by Stripe's own id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bookra.engine.ledger.rules import stripe
from bookra.engine.ledger.rules.sales import Fact
from bookra.engine.ledger.store import post
from bookra.engine.payments import store
from bookra.engine.runtime import Tx
from bookra.ids import new_id
from bookra.money import Money


@dataclass(frozen=True, slots=True)
class MovementFact:
    """A balance transaction: ``net = amount - stripe_fee - application_fee``."""

    account_ref: str
    txn_ref: str
    type: str
    source_ref: str
    amount: Money
    stripe_fee: Money
    application_fee: Money
    moved_at: datetime
    category: str = ""


def record_movement(tx: Tx, fact: MovementFact) -> bool:
    """Post a balance transaction [A2], once; False when it was known."""
    source = tx.row(store.BOOKING_OF_SOURCE, source_ref=fact.source_ref)
    movement = stripe.StripeMovement(
        Fact(
            f"stripe:{fact.account_ref}:{fact.txn_ref}",
            fact.moved_at,
            fact.amount.currency,
            source.booking_id if source else None,
            source.order_id if source else None,
        ),
        type=fact.type,
        amount_minor=fact.amount.minor,
        stripe_fee_minor=fact.stripe_fee.minor,
        application_fee_minor=fact.application_fee.minor,
        category=fact.category,
    )
    entry_id, fresh = post(tx, stripe.balance_transaction(movement))
    if fresh:
        tx.run(
            store.INSERT_MOVEMENT,
            id=new_id(),
            account_ref=fact.account_ref,
            txn_ref=fact.txn_ref,
            type=fact.type,
            category=fact.category,
            source_ref=fact.source_ref,
            amount_minor=fact.amount.minor,
            fee_minor=fact.stripe_fee.minor + fact.application_fee.minor,
            net_minor=movement.net_minor,
            currency=fact.amount.currency,
            moved_at=fact.moved_at,
            entry_id=entry_id,
        )
    return fresh
