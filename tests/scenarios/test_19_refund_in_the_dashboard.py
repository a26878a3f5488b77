"""Scenario 19: a refund made in Stripe's dashboard shows here, in the ledger and the booking.

It is told by an event and by its balance transaction, in either order or by one alone. Our own
refunds are told in the same ways, and are never taken for another's.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
from connected import Connected, Parts
from sqlalchemy import text

from bookra.engine.bookings.model import Booking
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.money import Money

REFUNDS = text(
    "SELECT state, external, amount_minor FROM operations"
    " WHERE tenant_id = :tenant_id AND kind = 'refund' ORDER BY id"
)

Fact = Callable[[Connected, Parts], object]


def event(luna: Connected, parts: Parts) -> None:
    assert parts.inbound.poll_events(luna.slug, parts.gateway) == 1


def movement(luna: Connected, parts: Parts) -> None:
    assert parts.inbound.poll_movements(luna.slug, parts.gateway) == 1


def answer(luna: Connected, parts: Parts) -> None:
    luna.hurry()
    parts.deliver()


def paid(luna: Connected) -> Booking:
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    luna.drain()
    return booking


def names(order: tuple[Fact, ...]) -> str:
    return ", ".join(fact.__name__ for fact in order)


def assert_refunded_once(luna: Connected, booking: Booking, *, external: bool) -> None:
    (row,) = luna.salon.ask(lambda tx: tx.rows(REFUNDS))
    assert (row.state, row.external, row.amount_minor) == ("succeeded", external, 2000)
    assert luna.booking(booking).refunded.minor == 2000
    kinds = luna.entries()
    assert (kinds["card_refund"], kinds["stripe_refund"], kinds["clawback"]) == (1, 1, 1)
    assert luna.count("invoices") == 2  # the invoice, and its credit note
    sent = [message["template"] for message in luna.outside.show()["whatsapp"]["messages"]]
    assert sent.count("payment_refunded") == 1
    luna.prove_the_money()


@pytest.mark.parametrize("facts", [(event, movement), (movement, event)], ids=names)
def test_a_refund_in_the_dashboard_is_told_in_any_order(
    luna: Connected, facts: tuple[Fact, ...]
) -> None:
    booking = paid(luna)
    luna.outside.refund(booking.code, amount=2000)
    with luna.parts() as parts:
        for fact in facts:
            fact(luna, parts)
    luna.drain()
    assert_refunded_once(luna, booking, external=True)


@pytest.mark.parametrize("fact", [event, movement], ids=lambda fact: f"{fact.__name__} alone")
def test_one_of_them_is_enough_to_know_of_it(luna: Connected, fact: Fact) -> None:
    booking = paid(luna)
    luna.outside.refund(booking.code, amount=2000)
    with luna.parts() as parts:
        fact(luna, parts)
    assert luna.booking(booking).refunded.minor == 2000


@pytest.mark.parametrize("order", list(permutations((answer, event, movement))), ids=names)
def test_our_own_refund_is_never_taken_for_the_dashboards(
    luna: Connected, order: tuple[Fact, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer is lost, so that all three tell of it afterwards, in every order."""
    monkeypatch.setattr("bookra.relay.returning.random.random", lambda: 0.99)
    booking = paid(luna)
    luna.outside.fault("stripe", "drop-after")
    back = Back(Money(2000, "EUR"))
    luna.salon.act(lambda tx: refund(tx, booking.code, back))
    with luna.parts() as parts:
        parts.deliver()
        assert luna.row("payment.refund").state == "ready"
        for fact in order:
            fact(luna, parts)
    luna.drain_past_failures()
    assert_refunded_once(luna, booking, external=False)
    assert luna.outside.show()["stripe"]["refunds"] == 1
