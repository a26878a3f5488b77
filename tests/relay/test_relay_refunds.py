"""Refunds and disputes over the wire: pending, failed, refused, disputed, answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import permutations

import pytest
from connected import Connected, Parts
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.payments import disputes
from bookra.engine.payments.operations import operations_of
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import pay_owed, refund
from bookra.engine.reports.period import Period
from bookra.engine.reports.revenue import revenue
from bookra.errors import ConflictError
from bookra.money import Money
from bookra.relay.repairing import repair_stripe
from bookra.sandbox.state import FILE

PAYLOADS = text(
    "SELECT payload::text AS payload FROM outbox_history"
    " WHERE tenant_id = :tenant_id AND topic = 'dispute.answer'"
)

Fact = Callable[[Connected, Parts], object]


def event(luna: Connected, parts: Parts) -> None:
    assert parts.inbound.poll_events(luna.slug, parts.gateway) > 0


def movement(luna: Connected, parts: Parts) -> None:
    assert parts.inbound.poll_movements(luna.slug, parts.gateway) == 1


BOTH = list(permutations((event, movement)))


def names(order: tuple[Fact, ...]) -> str:
    return ", ".join(fact.__name__ for fact in order)


def paid(luna: Connected, card: str = "visa") -> Booking:
    booking = luna.book_with_link()
    luna.drain()
    luna.outside.pay(booking.code, card)
    luna.drain()
    return booking


def refund_of(luna: Connected, booking: Booking) -> tuple[str, str | None]:
    """Return state and failure of the booking's one refund."""
    found = luna.salon.ask(lambda tx: operations_of(tx, booking_id=booking.id))
    (made,) = [each for each in found if each.kind == "refund"]
    return made.state, made.failure


def give_back(luna: Connected, booking: Booking, minor: int | None = None) -> None:
    back = Back(None if minor is None else Money(minor, "EUR"))
    luna.salon.act(lambda tx: refund(tx, booking.code, back))


def test_the_platforms_share_comes_back_with_the_refund(luna: Connected) -> None:
    booking = paid(luna)
    give_back(luna, booking)
    luna.drain()
    balances = luna.salon.balances()
    assert "expenses:platform-fees" not in balances
    assert balances["expenses:stripe-fees"] == -balances["assets:stripe:available"] > 0
    luna.prove_the_money()


@pytest.mark.parametrize("becomes", ["succeeded", "failed"])
def test_a_pending_refund_is_shown_as_such_until_stripe_decides(
    luna: Connected, becomes: str
) -> None:
    booking = paid(luna, "refund-pending")
    give_back(luna, booking)
    luna.drain()
    assert refund_of(luna, booking) == ("open", None)
    assert luna.booking(booking).refunded == booking.price
    (made,) = luna.stripe_list("refunds")
    if becomes == "succeeded":
        luna.outside.settle_refund(made["id"], account=luna.stripe.id)
        luna.drain()
        assert refund_of(luna, booking) == ("succeeded", None)
        assert "liabilities:refunds-owed" not in luna.salon.balances()
    else:
        luna.outside.fail_refund(luna.stripe.id, made["id"])
        luna.drain()
        assert refund_of(luna, booking)[0] == "failed"
        assert luna.salon.balances()["liabilities:refunds-owed"] == -4500
        luna.salon.act(lambda tx: pay_owed(tx, booking.code, "cash"))
    assert "assets:stripe:clearing" not in luna.salon.balances()
    assert "liabilities:refunds-owed" not in luna.salon.balances()
    luna.prove_the_money()


@pytest.mark.parametrize("facts", BOTH, ids=names)
def test_a_refund_whose_money_comes_back_is_owed_in_any_order(
    luna: Connected, facts: tuple[Fact, ...]
) -> None:
    booking = paid(luna)
    give_back(luna, booking)
    luna.drain()
    (made,) = luna.stripe_list("refunds")
    luna.outside.fail_refund(luna.stripe.id, made["id"])
    with luna.parts() as parts:
        for fact in facts:
            fact(luna, parts)
    assert refund_of(luna, booking)[0] == "failed"
    assert luna.salon.balances()["liabilities:refunds-owed"] == -4500
    assert "assets:stripe:clearing" not in luna.salon.balances()
    luna.prove_the_money()


@pytest.mark.parametrize("facts", BOTH, ids=names)
def test_a_dispute_holds_the_money_and_refuses_refunds(
    luna: Connected, facts: tuple[Fact, ...]
) -> None:
    booking = paid(luna)
    luna.outside.open_dispute(luna.stripe.id, booking.code)
    with luna.parts() as parts:
        for fact in facts:
            fact(luna, parts)
    (found,) = luna.salon.ask(lambda tx: disputes.disputes_of(tx, booking.id))
    assert (found.state, found.amount.minor, found.subject) == (
        "needs_response",
        4500,
        booking.code,
    )
    assert found.due_at is not None
    balances = luna.salon.balances()
    assert balances["assets:disputes:held"] == 4500
    assert balances["expenses:dispute-fees"] == 1500
    for back in (Back(), Back(Money(1000, "EUR")), Back(to="cash")):
        with pytest.raises(ConflictError) as refused:
            luna.salon.act(lambda tx, back=back: refund(tx, booking.code, back))
        assert refused.value.code == "disputed"
    luna.prove_the_money()


@pytest.mark.parametrize("becomes", ["won", "lost"])
@pytest.mark.parametrize("order", ["events first", "money first"])
def test_a_dispute_is_won_or_lost(luna: Connected, becomes: str, order: str) -> None:
    booking = paid(luna)
    opened = luna.outside.open_dispute(luna.stripe.id, booking.code)
    luna.drain()
    luna.outside.close_dispute(luna.stripe.id, opened["id"], becomes)
    with luna.parts() as parts:
        if order == "money first":
            parts.inbound.poll_movements(luna.slug, parts.gateway)
        event(luna, parts)
    luna.drain()
    found = luna.salon.ask(lambda tx: disputes.dispute(tx, opened["id"]))
    assert (found.state, found.is_open) == (becomes, False)
    balances = luna.salon.balances()
    assert "assets:disputes:held" not in balances
    assert balances["expenses:dispute-fees"] == 1500
    assert balances.get("expenses:dispute-losses", 0) == (4500 if becomes == "lost" else 0)
    days = [luna.salon.now.date() + timedelta(days=days) for days in (-2, 2)]
    told = luna.salon.ask(lambda tx: revenue(tx, Period(*days, luna.salon.zone))).total.figures
    assert told.payout == balances["assets:stripe:available"]
    if becomes == "won":
        give_back(luna, booking)
        luna.drain()
        assert luna.booking(booking).refunded.minor == 4500
    else:
        with pytest.raises(ConflictError):
            give_back(luna, booking)
    luna.prove_the_money()


def test_an_older_word_of_a_dispute_does_not_undo_its_end(luna: Connected) -> None:
    booking = paid(luna)
    opened = luna.outside.open_dispute(luna.stripe.id, booking.code)
    luna.drain()
    luna.outside.close_dispute(luna.stripe.id, opened["id"], "lost")
    luna.drain()
    found = luna.salon.ask(lambda tx: disputes.dispute(tx, opened["id"]))
    stale = disputes.DisputeFact(
        found.ref, found.charge_ref, found.amount, "needs_response", found.opened_at
    )
    assert luna.salon.act(lambda tx: disputes.settle_dispute(tx, stale)) == "known"
    assert luna.entries()["dispute_lost"] == 1


def test_a_decision_whose_event_was_lost_is_found_by_repair(luna: Connected) -> None:
    """No money moves when a dispute is lost, so that nothing but its event tells of it."""
    booking = paid(luna)
    opened = luna.outside.open_dispute(luna.stripe.id, booking.code)
    luna.drain()
    luna.outside.close_dispute(luna.stripe.id, opened["id"], "lost")
    file = luna.settings.sandbox_dir / FILE
    with closing(sqlite3.connect(file, timeout=30)) as state, state:
        lost = "DELETE FROM objects WHERE kind = 'event' AND body LIKE '%charge.dispute.closed%'"
        assert state.execute(lost).rowcount == 1
    luna.drain()
    assert luna.salon.balances()["assets:disputes:held"] == 4500
    done = repair_stripe(luna.salon.engine, luna.settings, luna.slug)
    assert done == [f"{opened['id']} was read again; it is lost"]
    assert "assets:disputes:held" not in luna.salon.balances()
    assert repair_stripe(luna.salon.engine, luna.settings, luna.slug) == []
    luna.prove_the_money()


def test_an_inquiry_can_be_refunded_and_an_appeal_gives_back_what_was_lost(
    luna: Connected,
) -> None:
    booking = paid(luna)
    charge = luna.stripe_list("charges")[0]["id"]

    def told(state: str, withdrawn: int) -> str:
        fact = disputes.DisputeFact(
            "du_1",
            charge,
            Money(4000, "EUR"),
            state,
            luna.salon.now,
            withdrawn=Money(withdrawn, "EUR"),
        )
        return luna.salon.act(lambda tx: disputes.settle_dispute(tx, fact))

    assert told("warning_needs_response", 0) == "warning_needs_response"
    give_back(luna, booking, 500)
    for state, withdrawn in (("needs_response", 3990), ("lost", 3990)):
        assert told(state, withdrawn) == state
        with pytest.raises(ConflictError):
            give_back(luna, booking, 100)
    assert luna.salon.balances()["expenses:dispute-losses"] == 3990
    assert told("won", 0) == "won"  # after an appeal
    assert "expenses:dispute-losses" not in luna.salon.balances()
    give_back(luna, booking, 100)


def test_a_refund_that_a_dispute_overtakes_is_refused_and_free_again(luna: Connected) -> None:
    booking = paid(luna)
    opened = luna.outside.open_dispute(luna.stripe.id, booking.code)
    give_back(luna, booking)  # nobody here has heard of the dispute yet
    with luna.parts() as parts:
        parts.deliver()
    assert refund_of(luna, booking)[0] == "failed"
    luna.drain()
    luna.outside.close_dispute(luna.stripe.id, opened["id"], "won")
    luna.drain()
    give_back(luna, booking)
    states = [row.state for row in luna.rows() if row.topic == "payment.refund"]
    assert sorted(states) == ["dead", "ready"]


def test_an_answer_is_handed_in_and_then_the_last_word(luna: Connected) -> None:
    booking = paid(luna)
    opened = luna.outside.open_dispute(luna.stripe.id, booking.code)
    luna.drain()
    said = "She was here, and signed."
    luna.salon.act(lambda tx: disputes.answer(tx, opened["id"], said, submit=False))
    luna.outside.fault("stripe", "drop-after", count=1)
    luna.drain()
    luna.drain_past_failures()
    (there,) = luna.stripe_list("disputes")
    assert there["evidence"]["uncategorized_text"] == said
    assert there["evidence_details"]["submission_count"] == 0
    found = luna.salon.ask(lambda tx: disputes.dispute(tx, opened["id"]))
    assert (found.answered_at is not None, found.state) == (True, "needs_response")
    luna.salon.act(lambda tx: disputes.answer(tx, opened["id"], said + " Twice.", submit=True))
    luna.drain()
    found = luna.salon.ask(lambda tx: disputes.dispute(tx, opened["id"]))
    assert found.state == "under_review"
    with pytest.raises(ConflictError) as refused:
        luna.salon.act(lambda tx: disputes.answer(tx, opened["id"], "more", submit=True))
    assert refused.value.code == "illegal_state"
    told = luna.salon.ask(lambda tx: tx.rows(PAYLOADS))
    assert told
    assert not any("signed" in row.payload for row in told)
