"""Mends a reconciliation by the normal inbound path: what was missed is fetched and settled.

Only what Stripe tells now is taken over. What is here and not there, or differs, or has changed,
is never touched: the program can't know who is right.
"""

from __future__ import annotations

from contextlib import closing

from bookra.config import Settings
from bookra.engine.payments.bank_payouts import incomplete
from bookra.engine.payments.disputes import disputes
from bookra.engine.reports import reconcile_model as model
from bookra.engine.runtime import Engine
from bookra.errors import BookraError
from bookra.relay.access import Clients
from bookra.relay.events import disputes as dispute_events
from bookra.relay.events import payouts
from bookra.relay.events.registry import BEHIND
from bookra.relay.facts import prove_stripe, stripe_answer
from bookra.relay.inbound import Inbound
from bookra.relay.providers.stripe import StripeGateway
from bookra.relay.providers.stripe_account import PayoutState
from bookra.relay.providers.stripe_disputes import DisputeState
from bookra.relay.providers.stripe_facts import Movement


def repair_stripe(engine: Engine, settings: Settings, tenant: str) -> list[str]:
    """Fetch and settle what is missing here; returns what was done, a sentence a thing.

    First both feeds are read on from where they stand; then each movement that is still missing,
    the payment or refund behind each that has only Stripe's side, and payouts without members.
    """
    with closing(Clients(engine, settings)) as clients:
        _, stripe = clients.stripe(tenant)
        inbound = Inbound(engine, clients)
        done = _caught_up(inbound, tenant, stripe)
        done += _fetched(engine, settings, tenant, inbound, stripe)
        done += _disputes(engine, tenant, stripe)
        return done + _payouts(engine, tenant, stripe)


def _caught_up(inbound: Inbound, tenant: str, stripe: StripeGateway) -> list[str]:
    events = inbound.poll_events(tenant, stripe)
    movements = inbound.poll_movements(tenant, stripe)
    counted = ((events, "events"), (movements, "balance transactions"))
    return [f"{count} {noun} were waiting, and are settled" for count, noun in counted if count]


def _fetched(
    engine: Engine, settings: Settings, tenant: str, inbound: Inbound, stripe: StripeGateway
) -> list[str]:
    """Record the movements that are missing, and settle what has only Stripe's side."""
    drift = [item for one in prove_stripe(engine, settings, tenant) for item in one.drift]
    wanted = {item.id for item in drift if item.kind in (model.MISSING_HERE, model.ORPHAN)}
    if not wanted:
        return []
    with stripe_answer(engine, settings, tenant) as answer:
        missing = {
            fact.txn_ref: fact.source_ref
            for fact in answer.facts()
            if fact.txn_ref in wanted or fact.source_ref in wanted
        }
    return [
        _taken_over(engine, tenant, inbound, stripe.movement(txn_ref), missing=txn_ref in wanted)
        for txn_ref in reversed(missing)  # the oldest first
    ]


def _taken_over(
    engine: Engine, tenant: str, inbound: Inbound, movement: Movement, *, missing: bool
) -> str:
    """Record a movement that is missing, or settle what is behind one; says what came of it."""
    try:
        if missing:
            inbound.record(tenant, movement)
            return f"{movement.txn_ref} ({movement.type}) was missing, and is recorded"
        behind = BEHIND[movement.type]
        engine.act(tenant, lambda tx: behind(tx, movement), command="relay.repair")
    except BookraError as error:
        return f"{movement.source_ref} could not be taken over: {error.message}"
    except KeyError:
        return f"{movement.source_ref}: nothing stands behind a movement of type {movement.type}"
    return f"{movement.source_ref} ({movement.type}) was settled again"


def _disputes(engine: Engine, tenant: str, stripe: StripeGateway) -> list[str]:
    """Ask how the disputes stand that are open here: no money moves when one is lost."""
    return [
        f"{state.dispute_ref} was read again; it is {state.status.replace('_', ' ')}"
        for known in engine.ask(tenant, disputes)
        if known.is_open and _decided(engine, tenant, state := stripe.dispute(known.ref))
    ]


def _decided(engine: Engine, tenant: str, state: DisputeState) -> bool:
    came = engine.act(tenant, lambda tx: dispute_events.settled(tx, state), command="relay.repair")
    return came == state.status


def _payouts(engine: Engine, tenant: str, stripe: StripeGateway) -> list[str]:
    """Fetch again the payouts whose members are not known."""
    return [
        _told(engine, tenant, stripe.payout(payout_ref))
        for payout_ref in engine.ask(tenant, incomplete)
    ]


def _told(engine: Engine, tenant: str, state: PayoutState) -> str:
    engine.act(tenant, lambda tx: payouts.settled(tx, state), command="relay.repair")
    return f"{state.payout_ref} was read again; it carries {len(state.members or ())} movements"
