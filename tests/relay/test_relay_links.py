"""Links that are refused, forgotten, outlived or no longer needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from connected import Connected

from bookra.engine.bookings.actions import cancel, no_show
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import Segment
from bookra.engine.payments import card_amounts
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.links import Wish, request_link
from bookra.engine.payments.taking import take_cash
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.money import Money

AN_HOUR = 3600


def cheap_visit(luna: Connected) -> Booking:
    """Book something below the least that Stripe charges."""
    slot = luna.free()

    def action(tx: Tx) -> Booking:
        price = Money(30, tx.tenant.currency)
        add_service(tx, NewService("sample", "Sample", price, (Segment(busy=True, minutes=15),)))
        customer = luna.request().customer_id
        return book(tx, BookingRequest("sample", slot.staff, slot.start, customer))

    return luna.salon.act(action)


def test_a_link_that_stripe_refuses_does_not_hold_up_the_next(
    luna: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe charges more at least than the program has read."""
    visit = cheap_visit(luna)
    read = f"{card_amounts.__name__}.stripe_smallest"
    monkeypatch.setattr(read, lambda currency: Money(1, currency))
    luna.salon.act(lambda tx: request_link(tx, visit.code))
    luna.drain()
    assert luna.row("payment.request").state == "dead"
    with_tip = Wish(Asked(tip=Money(500, visit.due.currency)))
    luna.salon.act(lambda tx: request_link(tx, visit.code, with_tip))
    luna.drain()
    assert luna.booking(visit).payment_url is not None


def test_a_hold_that_was_asked_for_longer_outlives_its_link(luna: Connected) -> None:
    request = luna.request()
    held = luna.salon.act(
        lambda tx: book(
            tx, BookingRequest("cut", request.staff, request.at, request.customer_id, 1440)
        )
    )
    luna.salon.act(lambda tx: request_link(tx, held.code))
    luna.drain()
    luna.outside.advance(AN_HOUR)
    luna.drain()
    assert luna.booking(held).status is Status.HELD


def test_a_second_link_for_the_same_money_closes_the_first(luna: Connected) -> None:
    visit = luna.book()
    with_tip = Wish(Asked(tip=Money(500, visit.due.currency)))
    luna.salon.act(lambda tx: request_link(tx, visit.code))
    luna.drain()
    luna.salon.act(lambda tx: request_link(tx, visit.code, with_tip))
    luna.drain()
    open_ones = [each for each in luna.sessions() if each["status"] == "open"]
    assert [each["amount_total"] for each in open_ones] == [5000]
    assert luna.booking(visit).payment_url == open_ones[0]["url"]


@pytest.mark.parametrize("how", ["paid by another link", "no-show"])
def test_no_link_stays_open_for_a_visit_that_needs_none(luna: Connected, how: str) -> None:
    visit = luna.book()
    half = Wish(Asked(Money(2000, visit.due.currency)))
    luna.salon.act(lambda tx: request_link(tx, visit.code, half))
    luna.drain()
    luna.salon.act(lambda tx: request_link(tx, visit.code, replace(half, saves_card=True)))
    luna.drain()
    assert [session["status"] for session in luna.sessions()] == ["open", "open"]
    if how == "no-show":
        luna.salon.at(visit.starts_at).act(lambda tx: no_show(tx, visit.code))
    else:
        luna.pay(visit)
        luna.drain()
        luna.salon.act(lambda tx: request_link(tx, visit.code))
        luna.drain()
        luna.pay(visit)
    luna.drain()
    assert "open" not in {session["status"] for session in luna.sessions()}
    luna.prove_the_money()


@pytest.mark.parametrize("ending", [take_cash, cancel])
def test_a_session_whose_answer_was_lost_is_closed_with_its_visit(
    luna: Connected, ending: Callable[[Tx, str], Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe has it, we never heard of it: it must not stay open for somebody to pay on."""
    monkeypatch.setattr("bookra.relay.returning.random.random", lambda: 0.99)
    visit = luna.book()
    luna.outside.fault("stripe", "drop-after")
    luna.salon.act(lambda tx: request_link(tx, visit.code))
    luna.drain()
    assert [session["status"] for session in luna.sessions()] == ["open"]
    luna.salon.act(lambda tx: ending(tx, visit.code))
    luna.drain_past_failures()
    assert [session["status"] for session in luna.sessions()] == ["expired"]
    with pytest.raises(ConflictError):
        luna.pay(visit)
