"""The relay's read face: what Stripe holds now, fetched afresh and whole, for proofs."""

from __future__ import annotations

from dataclasses import dataclass

from bookra import clock
from bookra.config import Settings
from bookra.engine.reports.reconcile import StripeFact
from bookra.engine.runtime import Engine
from bookra.money import Money
from bookra.relay.access import Clients


@dataclass(frozen=True, slots=True)
class StripeFacts:
    """Every balance transaction of a tenant's account, and its balance, in one currency."""

    movements: tuple[StripeFact, ...]
    held: Money


def stripe_facts(engine: Engine, settings: Settings, tenant: str) -> StripeFacts:
    """Fetch a tenant's facts. Raises BookraError when the answer is not whole: never a zero."""
    clients = Clients(engine, settings)
    try:
        _, stripe = clients.stripe(tenant)
        opened, currency = engine.ask(
            tenant, lambda tx: (clock.to_epoch(tx.tenant.created_at), tx.tenant.currency)
        )
        moved = tuple(
            StripeFact(movement.txn_ref, movement.type, movement.net)
            for movement in stripe.movements(opened - 86_400)
            if movement.amount or movement.fee
        )
        balance = stripe.balance(currency)
        return StripeFacts(moved, balance.available + balance.pending)
    finally:
        clients.close()
