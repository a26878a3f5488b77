"""Scenario 27: two refunds race for the rest of a charge; a refund races a payout."""

from __future__ import annotations

from functools import partial

from connected import Connected
from racing import outcome, together
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.money import Money

RESERVED = text(
    "SELECT captured_minor, refund_reserved_minor FROM charges WHERE tenant_id = :tenant_id"
)


def paid(luna: Connected) -> Booking:
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    luna.drain()
    return booking


def test_of_two_refunds_for_the_rest_one_gets_it(luna: Connected) -> None:
    """45.00 were paid, and two desks want 30.00 back: one of them does, the other is told."""
    booking = paid(luna)
    back = Back(Money(3000, "EUR"))
    work = [
        partial(outcome, luna.salon, lambda tx: refund(tx, booking.code, back)) for _ in range(2)
    ]
    assert sorted(together(work)) == ["done", "over_refund"]
    luna.drain()
    assert luna.outside.show()["stripe"]["refunds"] == 1
    assert luna.booking(booking).refunded.minor == 3000
    row = luna.salon.ask(lambda tx: tx.row(RESERVED))
    assert row is not None
    assert (row.captured_minor, row.refund_reserved_minor) == (4500, 3000)
    luna.prove_the_money()


def test_a_refund_here_races_one_in_the_dashboard(luna: Connected) -> None:
    """Ours is on its way when the dashboard's takes all: Stripe refuses ours, nothing is lost."""
    booking = paid(luna)
    luna.salon.act(lambda tx: refund(tx, booking.code, Back()))
    luna.outside.refund(booking.code)
    luna.drain_past_failures()
    row = luna.salon.ask(lambda tx: tx.row(RESERVED))
    assert row is not None
    assert (row.captured_minor, row.refund_reserved_minor) == (4500, 4500)
    assert luna.entries()["card_refund"] == 1
    assert luna.booking(booking).refunded.minor == 4500
    luna.prove_the_money()


def test_a_refund_races_a_payout_and_the_balance_goes_below_zero(luna: Connected) -> None:
    """All was paid out when the refund comes: Stripe's balance is negative, and ours equals it."""
    booking = paid(luna)
    luna.salon.act(lambda tx: refund(tx, booking.code, Back()))
    (payout,) = luna.outside.run_payouts(luna.stripe.id, early=True)
    luna.drain()
    luna.outside.settle_payout(luna.stripe.id, payout["id"], "paid")
    luna.drain()
    balances = luna.salon.balances()
    assert balances["assets:stripe:available"] < 0
    assert "assets:stripe:clearing" not in balances
    assert luna.booking(booking).refunded.minor == 4500
    luna.prove_the_money()
