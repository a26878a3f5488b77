"""Scenario 24: the connection drops after Stripe acted; the same key is sent again, one effect."""

from __future__ import annotations

import pytest
from connected import ONCE_PAID, Connected

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.model import Booking, Status

LOST = ("drop-after", "500-after")
"""The effect is there; no answer comes, or one that hides it and is replayed for a day."""


@pytest.mark.parametrize("fault", LOST)
def test_a_link_whose_answer_was_lost_is_opened_once(luna: Connected, fault: str) -> None:
    luna.outside.fault("stripe", fault)
    booking = luna.book_with_link()
    luna.drain_past_failures()
    (link,) = luna.sessions()
    assert luna.booking(booking).payment_url == link["url"]
    luna.pay(booking)
    luna.drain()
    assert luna.seen(booking) == ONCE_PAID
    assert luna.entries()["card_payment"] == 1
    luna.prove_the_money()


def test_the_same_key_is_sent_again_after_a_dropped_connection(luna: Connected) -> None:
    luna.outside.fault("stripe", "drop-after")
    luna.book_with_link()
    luna.drain()
    postponed = luna.row("payment.request")
    assert (postponed.state, postponed.error_class) == ("ready", "transient")
    assert postponed.last_error == "stripe no_answer"
    luna.drain_past_failures()
    (delivered,) = [row for row in luna.rows("delivered") if row.topic == "payment.request"]
    assert delivered.generation == postponed.generation == 1
    assert delivered.attempts == 2
    assert len(luna.sessions()) == 1


@pytest.mark.parametrize("fault", LOST)
def test_a_refund_whose_answer_was_lost_gives_the_money_back_once(
    luna: Connected, fault: str
) -> None:
    booking = paid_twice(luna)
    luna.poll()
    luna.outside.fault("stripe", fault)
    luna.drain_past_failures()
    assert luna.seen(booking)["refunds"] == 1
    assert luna.entries()["late_payment_refund"] == 1
    assert luna.entries()["stripe_refund"] == 1
    luna.prove_the_money()


@pytest.mark.parametrize("fault", LOST)
def test_a_link_that_was_closed_without_an_answer_is_closed(luna: Connected, fault: str) -> None:
    booking = luna.book_with_link()
    luna.drain()
    luna.salon.act(lambda tx: cancel(tx, booking.code))
    luna.outside.fault("stripe", fault)
    luna.drain_past_failures()
    assert [session["status"] for session in luna.sessions()] == ["expired"]
    assert luna.booking(booking).status is Status.CANCELLED


def paid_twice(luna: Connected) -> Booking:
    """Return a booking that was paid in cash, and then by its link before that was closed."""
    booking = luna.book_with_link()
    luna.drain()
    luna.take_cash(booking)
    luna.pay(booking)
    return booking
