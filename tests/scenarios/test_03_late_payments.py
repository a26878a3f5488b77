"""Scenario 3: two late payments for one slot: one is confirmed, the other given back and told.

And a payment that comes when there is nothing left to be had is given back, never lost.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from factories import Salon
from paying import book_by_link, charge_for, operations, settle
from racing import overlaps

from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.model import Status
from bookra.engine.catalog.actions import set_service
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.people.customers import Customer

SLOT = "2026-11-24 10:00"


@pytest.fixture
def online(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that has a Stripe account and can write to its customers."""
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    salon.connect_provider("whatsapp", tmp_path / "key")
    return salon


def customers(salon: Salon) -> tuple[Customer, Customer]:
    return salon.customer(phone="030 901820"), salon.customer("Mia Kern", phone="030 901821")


def topics(salon: Salon, code: str) -> list[str]:
    """Return the effects that wait for a booking, by name."""
    return [row.topic for row in salon.ask(outbox_rows) if row.booking == code]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_late_payments_the_first_is_confirmed_and_the_second_given_back(
    online: Salon, first: int
) -> None:
    rosa, mia = customers(online)
    one = book_by_link(online, SLOT, customer=rosa)
    later = online.later(minutes=36)
    two = book_by_link(later, SLOT, customer=mia)
    last = later.later(minutes=36)
    last.act(expire_lapsed)
    order = [one, two][:: -1 if first else 1]
    charges = {held.code: charge_for(last, held) for held in order}
    said = [settle(last, held, charges[held.code]) for held in order]
    assert said == ["confirmed", "refunding"]
    winner, loser = order
    assert last.booking(winner.code).status is Status.CONFIRMED
    assert last.booking(loser.code).status is Status.EXPIRED
    assert ("refund", "new") in operations(last, loser)
    assert ("refund", "new") not in operations(last, winner)
    assert "payment.refund" in topics(last, loser.code)
    assert "message.send" in topics(last, loser.code)
    assert overlaps(online) == 0


def begun(salon: Salon) -> Salon:
    """The visit has begun when the money comes."""
    return salon.later(hours=25, minutes=5)


def time_taken(salon: Salon) -> Salon:
    """Somebody else has the time meanwhile."""
    later = salon.later(minutes=36)
    later.book(SLOT, customer=later.customer("Mia Kern"))
    return later


@pytest.mark.parametrize("happens", [begun, time_taken])
def test_money_for_what_can_not_be_had_any_more_is_given_back(
    online: Salon, happens: Callable[[Salon], Salon]
) -> None:
    held = book_by_link(online, SLOT, customer=customers(online)[0])
    later = happens(online)
    later.act(expire_lapsed)
    assert settle(later, held, charge_for(later, held)) == "refunding"
    assert later.booking(held.code).status is Status.EXPIRED
    assert operations(later, held) == [("checkout", "succeeded"), ("refund", "new")]
    assert later.balances()["liabilities:refunds-owed"] == -4500


def test_what_was_sold_is_kept_although_it_is_off_the_list_by_now(online: Salon) -> None:
    held = book_by_link(online, SLOT, customer=customers(online)[0])
    online.act(lambda tx: set_service(tx, "cut", {"active": False}))
    later = online.later(minutes=36)
    later.act(expire_lapsed)
    assert settle(later, held, charge_for(later, held)) == "confirmed"
