"""The proofs at the end: what we hold against what the outside saw, each as one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bookra.commands.story.cast import BUSINESSES
from bookra.config import Settings
from bookra.engine.ledger import chart
from bookra.engine.ledger.store import balances
from bookra.engine.ledger.verify import verify
from bookra.engine.outbox.inspect import stats
from bookra.engine.proofs.effects import paid_bookings
from bookra.engine.proofs.race import overlapping_pairs
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.providers import account
from bookra.relay.facts import prove_stripe


@dataclass(frozen=True, slots=True)
class Proof:
    """One claim about a business, whether it holds, and the figures that show it."""

    about: str
    claim: str
    holds: bool
    evidence: str


def gather(engine: Engine, settings: Settings, outside: dict[str, Any]) -> Iterator[Proof]:
    """Yield every proof of both businesses; ``outside`` comes from a process of its own."""
    for business in BUSINESSES:
        yield from _of_business(engine, settings, business.slug, outside)


def _of_business(
    engine: Engine, settings: Settings, slug: str, outside: dict[str, Any]
) -> Iterator[Proof]:
    pairs = engine.ask(slug, overlapping_pairs)
    yield Proof(slug, "nobody is booked twice", pairs == 0, f"{pairs} overlapping pairs")
    yield from _effects(engine, slug, outside)
    ledger = engine.ask(slug, verify)
    yield Proof(
        slug,
        "the ledger stands",
        ledger.ok,
        f"{ledger.entries} entries, {ledger.transfers} transfers, {len(ledger.problems)} problems",
    )
    yield from _money(engine, settings, slug, outside)


def _effects(engine: Engine, slug: str, outside: dict[str, Any]) -> Iterator[Proof]:
    paid = engine.ask(slug, paid_bookings)
    codes = {booking.code for booking in paid}
    settled = sum(booking.settled for booking in paid)
    yield Proof(
        slug,
        "each paid booking has one invoice and its commission",
        bool(paid) and settled == len(paid),
        f"{settled} of {len(paid)}",
    )
    events = _counted(outside["calendar"]["events"], codes)
    yield Proof(
        slug,
        "each paid booking has one event in the calendar",
        all(events[code] == 1 for code in codes),
        f"{sum(events.values())} events for {len(codes)} bookings",
    )
    messages = Counter(
        (message["booking"], message["template"])
        for message in outside["whatsapp"]["messages"]
        if message["booking"] in codes
    )
    yield Proof(
        slug,
        "nobody was told anything twice",
        all(count == 1 for count in messages.values()),
        f"{sum(messages.values())} messages for {len(codes)} bookings",
    )
    queue = engine.ask(slug, stats)
    left = queue.ready + queue.waiting + queue.in_flight + queue.dead
    yield Proof(
        slug,
        "nothing is left over",
        left == 0,
        f"{queue.delivered} delivered, {left} left, {queue.unknown} unknown and shown as such",
    )


def _money(
    engine: Engine, settings: Settings, slug: str, outside: dict[str, Any]
) -> Iterator[Proof]:
    proof, *_ = prove_stripe(engine, settings, slug)
    yield Proof(
        slug,
        "all six parts of the proof against Stripe hold",
        proof.ok and proof.balance_transactions > 0,
        f"{proof.balance_transactions} balance transactions, {proof.entries} entries, "
        f"difference {proof.difference}",
    )
    held, account_ref, clearing = engine.ask(slug, _stripe_side)
    seen = next(a for a in outside["stripe"]["accounts"] if a["id"] == account_ref)
    yield Proof(
        slug,
        "the ledger equals what the stand-in says it moved",
        held == seen["net"] and clearing == 0,
        f"{held} = {seen['net']} minor units, {clearing} in clearing",
    )


def _stripe_side(tx: Tx) -> tuple[int, str, int]:
    """Return the ledger's Stripe balance, the account's id, and what clearing still holds."""
    found = {item.code: item.balance.minor for item in balances(tx)}
    stripe = account(tx, "stripe")
    assert stripe is not None
    return found.get(chart.AVAILABLE, 0), stripe.config["account"], found.get(chart.CLEARING, 0)


def _counted(things: list[dict[str, Any]], codes: set[str]) -> Counter[str]:
    return Counter(thing["booking"] for thing in things if thing["booking"] in codes)
