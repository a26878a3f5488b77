"""One business's feeds at Stripe: events and balance transactions, read with an overlap, settled.

An event is kept by its id before anything is done, and its object is always fetched again, so
that duplicates, order and delay do not matter. A balance transaction settles its charge too: a
payment whose event was lost is found that way.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from bookra import clock
from bookra.engine.payments import inbox
from bookra.engine.payments.inbox import Event, OpenEvent
from bookra.engine.payments.movements import MovementFact, record_movement
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.providers import account
from bookra.errors import BookraError, UnavailableError
from bookra.relay.events.registry import BEHIND, HANDLERS, POLLED
from bookra.relay.log import log
from bookra.relay.providers.stripe import StripeGateway
from bookra.relay.providers.stripe_facts import Movement

EVENTS, MOVEMENTS = "stripe.events", "stripe.movements"
OVERLAP = timedelta(minutes=5)
FURTHEST_BACK = timedelta(days=29)
"""Stripe keeps events for 30 days."""

MOST_SILENCES = 3
"""Questions in a row without an answer, after which the account counts as silent, not the event."""

KNOWN_MOVEMENTS = text(
    "SELECT txn_ref FROM movements WHERE tenant_id = :tenant_id AND txn_ref = ANY(:refs)"
)


class StripeFeed:
    """Reads and settles what Stripe says of one account at a time. Any thread may use it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def poll_events(self, slug: str, stripe: StripeGateway) -> int:
        """Keep and settle the events since the last poll; returns how many were new."""
        seen = list(stripe.events(self._since(slug, EVENTS), POLLED))
        events = [
            Event("stripe", event.id, event.kind, event.object_id, event.happened_at)
            for event in seen
        ]
        fresh = 0
        if events:
            newest = max(event.created for event in seen)
            fresh = self._engine.act(slug, lambda tx: _received(tx, events, newest), command=None)
        self.handle_open(slug, stripe)
        return fresh

    def handle_open(self, slug: str, stripe: StripeGateway) -> int:
        """Handle the open events whose turn it is; returns how many are done with.

        One that can't be handled holds up no other. Raises the BookraError of an account that
        refuses its token, or answers nothing at all.
        """
        done = silences = 0
        for waiting in self._engine.ask(slug, inbox.due_events):
            try:
                done += self._handle(slug, stripe, waiting)
                silences = 0
            except Exception as error:  # the other events' turn must come
                self._failed(slug, waiting, error)
                silences = silences + 1 if isinstance(error, UnavailableError) else 0
                if is_refusal(error) or silences >= MOST_SILENCES:
                    raise
        return done

    def reopen(self, slug: str) -> int:
        """Open the events again that an older release did not know, and this one does."""
        return self._engine.act(slug, lambda tx: inbox.reopen(tx, tuple(HANDLERS)), command=None)

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

    def _handle(self, slug: str, stripe: StripeGateway, event: OpenEvent) -> bool:
        """Fetch the object and settle what it says, with the event, in one transaction."""
        handler = HANDLERS.get(event.kind)
        state = None if handler is None else handler.fetch(stripe, event.object_ref)

        def action(tx: Tx) -> str | None:
            if not inbox.take(tx, event):  # by a webhook's thread, or another relay
                return None
            decision = inbox.UNKNOWN_KIND if handler is None else handler.settle(tx, state)
            inbox.handled(tx, event, decision)
            return decision

        command = None if handler is None else f"relay.{event.kind}"
        decision = self._engine.act(slug, action, command=command)
        log("stripe.event", tenant=slug, event_id=event.event_ref, kind=event.kind, did=decision)
        return decision is not None

    def _failed(self, slug: str, event: OpenEvent, error: Exception) -> None:
        why = reason(error)
        log("stripe.event_open", level="warning", tenant=slug, event_id=event.event_ref, why=why)
        self._engine.act(slug, lambda tx: inbox.failed(tx, event, why), command=None)

    def _recorded(self, slug: str, movement: Movement) -> bool:
        try:
            self.record(slug, movement)
        except BookraError as error:
            log("stripe.movement_open", tenant=slug, txn=movement.txn_ref, why=error.code)
            return False
        return True


def is_refusal(error: Exception) -> bool:
    """Tell whether Stripe refuses the account's token, so that nothing else need be asked."""
    if not isinstance(error, BookraError) or error.code != "stripe_refused":
        return False
    return error.details.get("status") in (401, 403)


def reason(error: Exception) -> str:
    """Return codes that say why something failed: ours, then Stripe's status and code."""
    if not isinstance(error, BookraError):
        return type(error).__name__
    told = (error.details.get(name) for name in ("status", "code"))
    words = (error.code, *(str(word) for word in told if word))
    return " ".join(words) if error.code.startswith("stripe_") else error.code


def _received(tx: Tx, events: list[Event], newest: int) -> int:
    fresh = inbox.receive(tx, events)
    inbox.advance(tx, EVENTS, newest)
    return fresh
