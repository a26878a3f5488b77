"""Scenario 26: Stripe answers 500 though it charged; the movement on the account tells the truth.

Stripe stores a 500 under the key and replays it for a day, so asking again says nothing. Whatever
finds the charge first settles it: a look-up by its mark, an event, or its balance transaction.
"""

from __future__ import annotations

import pytest
from connected import ONCE_PAID, Connected
from sqlalchemy import text

from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments import saved_cards
from bookra.engine.payments.operations import operations_of
from bookra.engine.payments.taking import book_with_saved_card

SETUP = text("SELECT url FROM operations WHERE tenant_id = :tenant_id AND kind = 'setup'")
PAID_BY_CARD = {**ONCE_PAID, "sessions": 0, "links": 0}


@pytest.fixture
def held(luna: Connected, monkeypatch: pytest.MonkeyPatch) -> Booking:
    """A visit that Rosa's saved card shall pay, while every answer of Stripe's is a 500."""
    # The longest wait: a short one could try again before the facts below are told.
    monkeypatch.setattr("bookra.relay.returning.random.random", lambda: 0.99)
    wanted = luna.request()
    luna.salon.act(lambda tx: saved_cards.request_setup(tx, wanted.customer_id))
    luna.drain()
    (page,) = luna.salon.ask(lambda tx: tx.rows(SETUP))
    luna.outside.pay(page.url)
    luna.drain()
    booked = luna.salon.act(lambda tx: book_with_saved_card(tx, wanted))
    luna.outside.fault("stripe", "500-after", rate=1)  # the charge, and the look-up for it
    return booked


def assert_paid_once(luna: Connected, held: Booking) -> None:
    booked = luna.booking(held)
    assert (booked.status, booked.due.minor) == (Status.CONFIRMED, 0)
    assert luna.seen(held) == PAID_BY_CARD
    assert luna.entries() == {"card_payment": 1, "stripe_charge": 1, "commission": 1}
    (asked,) = luna.salon.ask(lambda tx: operations_of(tx, booking_id=held.id))
    assert asked.state == "succeeded"
    luna.prove_the_money()


def test_the_balance_transaction_finds_the_payment_that_the_answer_hid(
    luna: Connected, held: Booking
) -> None:
    with luna.parts() as parts:
        parts.deliver()
        luna.outside.fault("stripe", off=True)
        assert luna.booking(held).status is Status.HELD
        assert luna.outside.show()["stripe"]["charges"] == 1
        assert parts.inbound.poll_movements(luna.slug, parts.gateway) == 1
        assert luna.booking(held).status is Status.CONFIRMED
    luna.drain_past_failures()
    assert_paid_once(luna, held)


def test_the_next_try_finds_it_by_its_mark_though_the_500_is_replayed(
    luna: Connected, held: Booking
) -> None:
    with luna.parts() as parts:
        parts.deliver()
        luna.outside.fault("stripe", off=True)
        assert luna.booking(held).status is Status.HELD
        luna.hurry()
        parts.deliver()
        assert luna.booking(held).status is Status.CONFIRMED
    luna.drain_past_failures()
    assert_paid_once(luna, held)


def test_a_500_that_hid_nothing_is_tried_with_a_new_key_and_charges_once(
    luna: Connected, held: Booking
) -> None:
    luna.outside.fault("stripe", off=True)
    luna.outside.fault("stripe", "500", count=1)
    luna.drain_past_failures()
    assert_paid_once(luna, held)
