"""Scenario 18: a declined card pays nothing, frees the slot, and nobody is told of a booking."""

from __future__ import annotations

from dataclasses import replace

import pytest
from command_line import CommandLine
from connected import Connected
from sqlalchemy import text

from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments import saved_cards
from bookra.engine.payments.operations import operations_of
from bookra.engine.payments.taking import book_with_saved_card

SETUP = text("SELECT url FROM operations WHERE tenant_id = :tenant_id AND kind = 'setup'")


def save_card(luna: Connected, card: str) -> None:
    """Let Rosa save a card, which her bank may decline later."""
    rosa = luna.request().customer_id
    luna.salon.act(lambda tx: saved_cards.request_setup(tx, rosa))
    luna.drain()
    (page,) = luna.salon.ask(lambda tx: tx.rows(SETUP))
    luna.outside.pay(page.url, card)
    luna.drain()


def book_by_card(luna: Connected) -> Booking:
    wanted = luna.request()
    return luna.salon.act(lambda tx: book_with_saved_card(tx, wanted))


def assert_free_again(luna: Connected, booking: Booking) -> None:
    """The time is free, nothing was paid, and nobody has heard of a visit."""
    after = luna.booking(booking)
    assert (after.status, after.paid.minor) == (Status.EXPIRED, 0)
    assert luna.free().start == booking.starts_at
    shown = luna.outside.show()
    assert (luna.seen(booking)["messages"], shown["calendar"]["events"]) == (0, [])
    assert (shown["stripe"]["charges"], luna.count("invoices")) == (0, 0)
    luna.prove_the_money()


@pytest.mark.parametrize(
    ("card", "why"), [("fails-later", "generic_decline"), ("3ds", "authentication_required")]
)
def test_a_saved_card_that_is_declined_frees_the_slot(luna: Connected, card: str, why: str) -> None:
    save_card(luna, card)
    held = book_by_card(luna)
    assert held.status is Status.HELD
    luna.drain()
    assert_free_again(luna, held)
    (failed,) = luna.salon.ask(lambda tx: operations_of(tx, booking_id=held.id))
    assert (failed.state, failed.failure) == ("failed", why)


@pytest.mark.parametrize("fault", ["drop-after", "500-after", "500", "409", "429"])
def test_a_decline_whose_answer_was_lost_frees_the_slot_too(luna: Connected, fault: str) -> None:
    save_card(luna, "fails-later")
    held = book_by_card(luna)
    luna.outside.fault("stripe", fault)
    luna.drain_past_failures()
    assert_free_again(luna, held)


def test_a_card_that_is_accepted_confirms_the_booking_once(luna: Connected) -> None:
    save_card(luna, "visa")
    held = book_by_card(luna)
    luna.drain()
    booked = luna.booking(held)
    assert (booked.status, booked.due.minor) == (Status.CONFIRMED, 0)
    assert luna.seen(booked)["messages"] == 1
    luna.drain()
    luna.prove_the_money()


def test_a_card_declined_on_the_page_may_be_tried_again_until_the_page_closes(
    luna: Connected,
) -> None:
    held = luna.book_with_link()
    luna.drain()
    assert luna.outside.pay(held.code, "declined")["paid"] is False
    luna.drain()
    assert luna.booking(held).status is Status.HELD
    assert luna.seen(held)["messages"] == 0
    luna.outside.advance(3600)
    luna.drain()
    assert_free_again(luna, held)


def test_the_command_says_that_the_card_was_declined_and_what_to_do(
    luna: Connected, bookra: CommandLine
) -> None:
    save_card(luna, "fails-later")
    at = luna.free().start.isoformat()
    served = replace(bookra, variables={**bookra.variables, "BOOKRA_TENANT": luna.slug})
    words = ("book", "cut", "--staff", "ana", "--at", at, "--customer", "Rosa Vega")
    held = served(*words, "--pay", "saved-card", "--json", check=True).json
    assert held["payment"]["state"] == "new"
    luna.drain()
    shown = served("booking", "show", held["code"], "--json", check=True).json
    assert (shown["status"], shown["payments"][0]["failure"]) == ("expired", "generic_decline")
    with luna.relay() as relay:
        relay.drain_until_idle()
        again = served(*words, "--idempotency-key", "k", "--pay", "saved-card", "--json").json
        relay.drain_until_idle()
    ran = served(*words, "--idempotency-key", "k", "--pay", "saved-card", "--wait", "5", "--json")
    assert (ran.code, ran.error["code"]) == (4, "payment_failed")
    assert ran.error["details"]["code"] == again["code"]
    assert "--pay link" in ran.error["hint"]
