"""The reconciliation after a restore: what happened outside is read again, then the rest may go.

Stripe's events and movements are read from where the restored database had read, so that payments
and refunds of the lost time are settled here before anything is sent. Calendars converge by
themselves, and of messages nothing can be asked: their verdicts need no call.
"""

from __future__ import annotations

from dataclasses import dataclass

from bookra.config import Settings
from bookra.engine.backups import holding_back
from bookra.engine.backups.holding_back import Judged
from bookra.engine.outbox import holding
from bookra.engine.outbox.holding import Held
from bookra.engine.payments import inbox
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.providers import account
from bookra.errors import UnavailableError
from bookra.relay.access import Clients
from bookra.relay.log import log
from bookra.relay.stripe_feed import StripeFeed

COMMAND = "outbox reconcile"
MOST_ROUNDS = 1_000
"""Polls of one account: each brings what is new, and the last one nothing."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What became of one business: facts that Stripe told, and a verdict for each row.

    ``let_go`` are the destinations that are delivered to again.
    """

    tenant: str
    facts: int
    rows: tuple[Judged, ...]
    let_go: tuple[str, ...]


def reconcile(
    engine: Engine,
    settings: Settings,
    slug: str,
    *,
    destination: str | None = None,
    dry_run: bool = False,
) -> Reconciled:
    """Settle a restored business's outbox with its providers, and let its destinations go.

    A dry run calls nobody and changes nothing. Raises UnavailableError where Stripe does not
    answer, or where one of its events can't be settled: then everything stays held.
    """
    held = engine.ask(slug, lambda tx: holding.held(tx, destination))
    if not held:
        return Reconciled(slug, 0, (), ())
    if dry_run:
        rows = engine.ask(slug, lambda tx: _judged(tx, held))
        return Reconciled(slug, 0, tuple(rows), tuple(each.destination for each in held))
    facts = _caught_up(engine, settings, slug)

    def settle(tx: Tx) -> list[Judged]:
        return [row for each in held for row in holding_back.carry_out(tx, each)]

    found = engine.act(slug, settle, command=COMMAND)
    log("outbox.reconciled", tenant=slug, rows=len(found), facts=facts)
    return Reconciled(slug, facts, tuple(found), tuple(each.destination for each in held))


def _judged(tx: Tx, held: list[Held]) -> list[Judged]:
    return [row for each in held for row in holding_back.judged(tx, each)]


def _caught_up(engine: Engine, settings: Settings, slug: str) -> int:
    """Read and settle all that Stripe did since the backup; returns how many facts were new."""
    if engine.ask(slug, lambda tx: account(tx, "stripe")) is None:
        return 0
    clients, feed, facts = Clients(engine, settings), StripeFeed(engine), 0
    try:
        _, stripe = clients.stripe(slug)
        for _ in range(MOST_ROUNDS):
            fresh = feed.poll_events(slug, stripe) + feed.poll_movements(slug, stripe)
            fresh += feed.handle_open(slug, stripe)
            facts += fresh
            if not fresh:
                break
    finally:
        clients.close()
    stuck = engine.ask(slug, lambda tx: len(inbox.events(tx, state="failed")))
    if stuck:
        raise UnavailableError(
            "not_caught_up",
            f"{stuck} events of Stripe can't be settled, so nothing was let go",
            hint=f"Look: bookra inbox list --state failed --tenant {slug}",
        )
    return facts
