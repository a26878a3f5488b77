"""Scenario 25: the event before the API's answer, the balance transaction before the event.

The answer that opens the link is lost, so that three facts about one payment are on their way:
the answer (asked for again), the event, and the balance transaction. They come in every order.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
from connected import ONCE_PAID, Connected, Parts

from bookra.engine.bookings.model import Status

Fact = Callable[[Connected, Parts], object]


def answer(luna: Connected, parts: Parts) -> None:
    """The relay asks Stripe again, and learns of the link; it delivers what else is due."""
    luna.hurry()
    parts.deliver()


def event(luna: Connected, parts: Parts) -> None:
    assert parts.inbound.poll_events(luna.slug, parts.gateway)


def movement(luna: Connected, parts: Parts) -> None:
    assert parts.inbound.poll_movements(luna.slug, parts.gateway) == 1


def names(order: tuple[Fact, ...]) -> str:
    return ", ".join(fact.__name__ for fact in order)


@pytest.mark.parametrize("order", list(permutations((answer, event, movement))), ids=names)
def test_facts_of_one_payment_come_to_the_same_in_any_order(
    luna: Connected, order: tuple[Fact, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The longest wait: a short one could try again before the facts below are told.
    monkeypatch.setattr("bookra.relay.returning.random.random", lambda: 0.99)
    luna.outside.fault("stripe", "drop-after")
    booking = luna.book_with_link()
    with luna.parts() as parts:
        parts.deliver()
        assert luna.booking(booking).payment_url is None
        luna.pay(booking)
        for fact in order:
            fact(luna, parts)
    luna.drain_past_failures()
    assert luna.booking(booking).status is Status.CONFIRMED
    assert luna.seen_in_any_order(booking) == ONCE_PAID
    assert luna.entries() == {"card_payment": 1, "stripe_charge": 1, "commission": 1}
    luna.prove_the_money()


@pytest.mark.parametrize("lost", [event, movement], ids=lambda fact: f"without {fact.__name__}")
def test_the_payment_is_confirmed_by_whichever_fact_comes_first(
    luna: Connected, lost: Fact
) -> None:
    booking = luna.book_with_link()
    with luna.parts() as parts:
        parts.deliver()
        luna.pay(booking)
        came = movement if lost is event else event
        came(luna, parts)
        assert luna.booking(booking).status is Status.CONFIRMED
        parts.deliver()
    assert luna.seen_in_any_order(booking) == ONCE_PAID
