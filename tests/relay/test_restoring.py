"""A backup from the middle of traffic is restored: nothing is lost, and nothing happens twice.

What the outside saw is asked of the stand-ins, which know nothing of the restore.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from connected import Connected

from bookra import safekeeping
from bookra.commands.outbox import Destination, resume
from bookra.commands.session import Session, use
from bookra.config import Settings
from bookra.engine.backups.holding_back import Verdict
from bookra.engine.backups.restoring import Wish
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.ledger.verify import verify
from bookra.engine.outbox import breakers, inspect
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.errors import ConflictError
from bookra.relay.recovering import reconcile


@dataclass(frozen=True)
class Past:
    """A salon that was restored, and its visits: each stood elsewhere at the backup."""

    luna: Connected
    done: Booking
    opened: Booking
    asked: Booking
    cash: Booking
    lost: Booking
    before: dict[str, Any]


def outside(luna: Connected) -> dict[str, Any]:
    """Return all that the stand-ins saw, as counts."""
    shown = luna.outside.show()
    return {
        "stripe": shown["stripe"],
        "sessions": len(luna.sessions()),
        "events": sorted(event["booking"] for event in shown["calendar"]["events"]),
        "messages": Counter(
            (message["booking"], message["template"]) for message in shown["whatsapp"]["messages"]
        ),
    }


def administering(luna: Connected) -> Settings:
    """Return settings with the administrator's login, on the salon's database."""
    return replace(luna.settings, database_url=luna.salon.database.admin_url)


@pytest.fixture
def past(luna: Connected, tmp_path: Path) -> Past:
    """A salon as of its backup, after a day on which much went on."""
    done, opened = luna.book_with_link(0), luna.book_with_link(4)
    luna.drain()
    luna.pay(done)
    luna.drain()
    asked, cash = luna.book_with_link(8), luna.take_cash(luna.book(12))
    safekeeping.back_up(administering(luna), tmp_path / "luna.backup")
    luna.drain()
    for booking in (opened, asked):
        luna.pay(booking)
    luna.drain()
    luna.salon.act(lambda tx: refund(tx, done.code, Back()))
    luna.drain()
    lost = luna.book_with_link(20)
    luna.drain()
    luna.pay(lost)
    luna.drain()
    before = outside(luna)
    safekeeping.restore(administering(luna), tmp_path / "luna.backup", Wish(replace=True))
    return Past(luna, done, opened, asked, cash, lost, before)


def test_nothing_is_lost_and_nothing_is_doubled(past: Past) -> None:
    luna, before = past.luna, past.before
    assert (before["stripe"]["charges"], before["stripe"]["refunds"]) == (4, 1)
    assert luna.booking(past.opened).status is Status.HELD
    luna.drain()
    assert outside(luna) == before, "a restored database sent something by itself"
    fresh = luna.book(16)
    found = reconcile(luna.salon.engine, luna.settings, luna.slug)
    assert set(found.let_go) == {"stripe", "google", "whatsapp"}
    luna.drain_past_failures()
    after = outside(luna)
    assert after["messages"] - before["messages"] == {(fresh.code, "booking_confirmed"): 1}
    assert before["messages"] - after["messages"] == {}
    assert after["events"] == sorted([*before["events"], fresh.code])
    assert (after["stripe"], after["sessions"]) == (before["stripe"], before["sessions"])
    for booking in (past.opened, past.asked, past.cash):
        assert luna.booking(booking).due.minor == 0
    assert luna.booking(past.done).refunded_minor == luna.booking(past.done).price.minor
    # What may have been said before is neither said again nor forgotten.
    assert {(row.destination, row.state) for row in luna.rows()} == {("whatsapp", "unknown")}
    assert luna.salon.ask(verify).ok
    # Of a visit that only Stripe remembers, the money is in the books, for a person to place.
    (proof,) = luna.reconciled()
    assert proof.ledger == proof.stripe
    assert [(each.kind, each.amount.minor) for each in proof.drift] == [
        ("orphan", -past.lost.price.minor)
    ]


def test_only_a_word_of_its_own_lets_go_without_the_reconciliation(past: Past) -> None:
    luna = past.luna
    dry = reconcile(luna.salon.engine, luna.settings, luna.slug, dry_run=True)
    verdicts = {row.topic: row.verdict for row in dry.rows}
    assert verdicts["payment.request"] is Verdict.SAME_KEY
    assert verdicts["calendar.upsert"] is Verdict.CONVERGES
    assert verdicts["message.send"] is Verdict.WAITS
    # Neither a retry, nor a success, nor a new account lets it go.
    row = luna.row("payment.request")
    luna.salon.act(lambda tx: inspect.retry(tx, row.id))
    for destination in dry.let_go:
        assert not luna.salon.act(partial(breakers.close, destination=destination))
        assert not luna.salon.act(partial(breakers.succeeded, destination=destination))
        parks = partial(breakers.failed, destination=destination, error_class=breakers.ACCOUNT)
        luna.salon.act(partial(parks, why="401"))
    luna.drain()
    assert outside(luna) == past.before
    session = Session(replace(luna.settings, tenant="luna"), "json", quiet=True, yes=False)
    with closing(session), use(session):
        with pytest.raises(ConflictError) as told:
            resume(Destination.STRIPE)
        assert told.value.code == "held_after_restore"
        resume(Destination.STRIPE, after_restore=True)
    luna.drain()
    assert {row.topic for row in luna.rows()} == {"calendar.upsert", "message.send"}
