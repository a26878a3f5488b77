"""What comes back from Stripe: events and balance transactions, polled and settled once.

An event is kept by its id before anything is done, and its object is always fetched again, so
that duplicates, order and delay do not matter. A balance transaction settles its charge too: a
payment whose event was lost is found that way. The feeds are read with an overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import text

from bookra import clock
from bookra.engine.payments import inbox
from bookra.engine.payments.inbox import Event, OpenEvent
from bookra.engine.payments.movements import MovementFact, record_movement
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.actions import slugs
from bookra.engine.tenancy.providers import account
from bookra.errors import BookraError
from bookra.relay.access import Clients
from bookra.relay.events.registry import BEHIND, HANDLERS
from bookra.relay.log import log
from bookra.relay.providers.stripe import StripeGateway
from bookra.relay.providers.stripe_facts import Movement

EVENTS, MOVEMENTS = "stripe.events", "stripe.movements"
OVERLAP = timedelta(minutes=5)
FURTHEST_BACK = timedelta(days=29)
"""Stripe keeps events for 30 days."""

KNOWN_MOVEMENTS = text(
    "SELECT txn_ref FROM movements WHERE tenant_id = :tenant_id AND txn_ref = ANY(:refs)"
)


class Inbound:
    """Polls every tenant's Stripe account. Used by one thread at a time."""

    def __init__(self, engine: Engine, clients: Clients) -> None:
        self._engine = engine
        self._clients = clients

    def once(self) -> int:
        """Poll every tenant once; returns how many new facts were settled.

        A tenant whose account does not answer delays nobody else.
        """
        found = 0
        for slug in self._connected():
            try:
                _, stripe = self._clients.stripe(slug)
                found += self.poll_events(slug, stripe) + self.poll_movements(slug, stripe)
            except BookraError as error:
                log("stripe.not_polled", tenant=slug, error=error.code)
            except Exception as error:  # noqa: BLE001 - the other tenants must be polled
                log("stripe.not_polled", tenant=slug, error=type(error).__name__)
        return found

    def _connected(self) -> Iterator[str]:
        for slug in self._engine.across_tenants(slugs):
            try:
                if self._engine.ask(slug, lambda tx: account(tx, "stripe")) is not None:
                    yield slug
            except BookraError as error:
                log("stripe.not_polled", tenant=slug, error=error.code)

    def _since(self, slug: str, stream: str) -> int:
        """Return from when to read: the last position less the overlap, or the beginning."""

        def question(tx: Tx) -> int:
            position = inbox.position(tx, stream)
            earliest = tx.tenant.created_at - OVERLAP
            if stream == EVENTS:
                earliest = max(tx.now - FURTHEST_BACK, earliest)
            if not position:
                return clock.to_epoch(earliest)
            return position - int(OVERLAP.total_seconds())

        return self._engine.ask(slug, question)

    def poll_events(self, slug: str, stripe: StripeGateway) -> int:
        """Keep and settle the events since the last poll; returns how many were new."""
        seen = list(stripe.events(self._since(slug, EVENTS), tuple(HANDLERS)))
        events = [
            Event("stripe", event.id, event.kind, event.object_id, event.happened_at)
            for event in seen
        ]
        fresh = 0
        if events:
            newest = max(event.created for event in seen)
            fresh = self._engine.act(slug, lambda tx: _received(tx, events, newest), command=None)
        for waiting in self._engine.ask(slug, inbox.open_events):
            try:
                self._handle(slug, stripe, waiting)
            except BookraError as error:  # one event that can't be read holds up no other
                log("stripe.event_open", tenant=slug, event_id=waiting.event_ref, why=error.code)
        return fresh

    def _handle(self, slug: str, stripe: StripeGateway, event: OpenEvent) -> None:
        """Fetch the object and settle what it says, with the event, in one transaction."""
        handler = HANDLERS.get(event.kind)
        if handler is None:  # kept by a newer release
            return
        state = handler.fetch(stripe, event.object_ref)

        def action(tx: Tx) -> str:
            decision = handler.settle(tx, state)
            inbox.handled(tx, event, decision)
            return decision

        decision = self._engine.act(slug, action, command=f"relay.{event.kind}")
        log("stripe.event", tenant=slug, event_id=event.event_ref, kind=event.kind, did=decision)

    def poll_movements(self, slug: str, stripe: StripeGateway) -> int:
        """Post the balance transactions since the last poll; returns how many were new.

        One that can't be settled holds up no other: it is logged, and read again at the next poll.
        """
        seen = list(stripe.movements(self._since(slug, MOVEMENTS)))
        if not seen:
            return 0
        refs = [movement.txn_ref for movement in seen]
        known = self._engine.ask(
            slug, lambda tx: {row.txn_ref for row in tx.rows(KNOWN_MOVEMENTS, refs=refs)}
        )
        # One that moves nothing at all makes no entry, and the proof leaves it out too.
        fresh = [m for m in seen if m.txn_ref not in known and (m.amount or m.fee)]
        stuck = [movement for movement in fresh if not self._recorded(slug, movement)]
        moments = [clock.to_epoch(movement.created_at) for movement in stuck or seen]
        newest = min(moments) if stuck else max(moments)
        self._engine.act(slug, lambda tx: inbox.advance(tx, MOVEMENTS, newest), command=None)
        return len(fresh) - len(stuck)

    def _recorded(self, slug: str, movement: Movement) -> bool:
        try:
            self.record(slug, movement)
        except BookraError as error:
            log("stripe.movement_open", tenant=slug, txn=movement.txn_ref, why=error.code)
            return False
        return True

    def record(self, slug: str, movement: Movement) -> None:
        """Settle what is behind a balance transaction, and post it, in one transaction."""

        def action(tx: Tx) -> None:
            provider = account(tx, "stripe")
            assert provider is not None
            if movement.type in BEHIND:
                BEHIND[movement.type](tx, movement)
            record_movement(
                tx,
                MovementFact(
                    account_ref=provider.config.get("account", "own"),
                    txn_ref=movement.txn_ref,
                    type=movement.type,
                    source_ref=movement.source_ref,
                    amount=movement.amount,
                    stripe_fee=movement.stripe_fee,
                    application_fee=movement.application_fee,
                    moved_at=movement.created_at,
                    category=movement.category,
                ),
            )

        self._engine.act(slug, action, command=f"relay.movement.{movement.type}")
        log("stripe.movement", tenant=slug, txn=movement.txn_ref, type=movement.type)


def _received(tx: Tx, events: list[Event], newest: int) -> int:
    fresh = inbox.receive(tx, events)
    inbox.advance(tx, EVENTS, newest)
    return fresh
