"""Scenario 31: paid after the hold expired: the slot is taken again if free, else all goes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from connected import ONCE_PAID, Connected

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments.links import Wish
from bookra.engine.payments.taking import book_with_link
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Engine, Tx

WISHES = {"session": Wish(), "link for days": Wish(days=2)}


def held_with_link(luna: Connected, wish: Wish) -> Booking:
    wanted = luna.request(150)  # some days ahead: the visit is still to come when the hold is over
    held = luna.salon.act(lambda tx: book_with_link(tx, wanted, wish))
    luna.drain()
    return luna.booking(held)


def after_expiry(luna: Connected, held: Booking, action: Callable[[Tx], object]) -> None:
    """Do something here when the hold is over, while nobody has told Stripe."""
    assert held.hold_expires_at is not None
    later = held.hold_expires_at + timedelta(minutes=1)
    engine = Engine(luna.salon.pool, now=lambda: later)
    engine.act(luna.slug, action, command=None)


def emil_books(starts: Booking) -> Callable[[Tx], Booking]:
    def action(tx: Tx) -> Booking:
        emil, _ = add_customer(tx, "Emil Berg")
        return book(tx, BookingRequest("cut", "ana", starts.starts_at, emil.id))

    return action


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_a_late_payment_takes_its_slot_again_when_it_is_free(luna: Connected, wish: Wish) -> None:
    held = held_with_link(luna, wish)
    after_expiry(luna, held, expire_lapsed)
    assert luna.booking(held).status is Status.EXPIRED
    assert held.payment_url is not None
    luna.outside.pay(held.payment_url)
    luna.drain_past_failures()
    assert luna.booking(held).status is Status.CONFIRMED
    assert luna.booking(held).due.minor == 0
    assert luna.seen(held)["messages"] == ONCE_PAID["messages"]
    luna.prove_the_money()


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_a_late_payment_for_a_slot_that_is_gone_is_given_back_and_told(
    luna: Connected, wish: Wish
) -> None:
    held = held_with_link(luna, wish)
    after_expiry(luna, held, emil_books(held))
    assert held.payment_url is not None
    luna.outside.pay(held.payment_url)
    luna.drain_past_failures()
    assert luna.booking(held).status is Status.EXPIRED
    assert luna.booking(held).paid.minor == 0
    shown = luna.outside.show()
    assert (shown["stripe"]["charges"], shown["stripe"]["refunds"]) == (1, 1)
    told = [m["template"] for m in shown["whatsapp"]["messages"] if m["booking"] == held.code]
    assert told == ["payment_link", "payment_refunded"]
    assert "liabilities:refunds-owed" not in luna.salon.balances()
    luna.prove_the_money()
