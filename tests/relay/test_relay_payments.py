"""Payments that come late, twice, unannounced or not at all."""

from __future__ import annotations

from datetime import timedelta

import psycopg
from connected import ONCE_PAID, Connected
from psycopg.conninfo import make_conninfo

from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments import inbox
from bookra.engine.payments.inbox import Event
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Engine, Tx

AN_HOUR = 3600


def held_with_link(luna: Connected) -> Booking:
    booking = luna.book_with_link()
    luna.drain()
    assert luna.booking(booking).payment_url is not None
    return booking


def taken_by_emil(luna: Connected, booking: Booking) -> Booking:
    """Let somebody else book the same time, at a moment when the hold has lapsed."""
    later = booking.hold_expires_at + timedelta(minutes=1)
    engine = Engine(luna.salon.pool, now=lambda: later)

    def action(tx: Tx) -> Booking:
        emil, _ = add_customer(tx, "Emil Berg")
        return book(tx, BookingRequest("cut", "ana", booking.starts_at, emil.id))

    return engine.act(luna.slug, action, command="test")


def test_a_link_that_expires_frees_its_slot_at_once(luna: Connected) -> None:
    """The hold would have lasted some minutes more; nobody can pay for it any longer."""
    booking = held_with_link(luna)
    luna.outside.advance(AN_HOUR)
    luna.drain()
    assert luna.booking(booking).status is Status.EXPIRED
    assert luna.free().start == booking.starts_at
    assert luna.seen(booking)["messages"] == 0


def test_a_payment_for_a_lapsed_hold_takes_the_slot_again_if_it_is_free(luna: Connected) -> None:
    booking = held_with_link(luna)
    expire_hold(luna, booking)
    luna.pay(booking)
    luna.poll()
    luna.drain_past_failures()
    assert luna.booking(booking).status is Status.CONFIRMED
    assert luna.seen(booking) == ONCE_PAID
    luna.prove_the_money()


def test_a_payment_for_a_slot_that_is_taken_is_given_back_and_told(luna: Connected) -> None:
    booking = held_with_link(luna)
    taken_by_emil(luna, booking)
    luna.pay(booking)
    luna.poll()
    luna.drain_past_failures()
    assert luna.booking(booking).status is Status.EXPIRED
    seen = luna.seen(booking)
    assert (seen["charges"], seen["refunds"], seen["events"]) == (1, 1, 0)
    templates = [message["template"] for message in luna.outside.show()["whatsapp"]["messages"]]
    assert templates == ["payment_link", "payment_refunded"]
    assert luna.count("invoices") == 0
    luna.prove_the_money()


def test_cash_closes_the_link_so_that_nobody_pays_twice(luna: Connected) -> None:
    booking = held_with_link(luna)
    luna.take_cash(booking)
    luna.drain()
    assert [session["status"] for session in luna.sessions()] == ["expired"]
    assert luna.seen(booking) == {**ONCE_PAID, "charges": 0}
    luna.prove_the_money()


def test_a_payment_whose_event_is_lost_is_found_by_its_money(luna: Connected) -> None:
    booking = held_with_link(luna)
    luna.pay(booking)
    with luna.parts() as parts:
        assert parts.inbound.poll_movements(luna.slug, parts.gateway) == 1
        parts.deliver()
    assert luna.count("inbox") == 0
    assert luna.booking(booking).status is Status.CONFIRMED
    assert luna.seen(booking) == ONCE_PAID
    luna.prove_the_money()


def test_events_that_were_forgotten_are_read_again_and_change_nothing(luna: Connected) -> None:
    booking = held_with_link(luna)
    luna.pay(booking)
    luna.drain()
    before, events = luna.entries(), luna.count("inbox")
    with psycopg.connect(make_conninfo(**luna.salon.database.administrator)) as session:
        session.execute("SET row_security = off")
        session.execute("DELETE FROM bookra.inbox")  # no login of the program may do this
    luna.drain()
    assert luna.count("inbox") == events
    assert luna.entries() == before
    assert luna.seen(booking) == ONCE_PAID


def test_an_event_that_stripe_does_not_explain_holds_up_no_other(luna: Connected) -> None:
    booking = held_with_link(luna)
    nobody = "cs_test_a1" + "x" * 56
    kind = "checkout.session.completed"
    lost = Event("stripe", "evt_of_nobody", kind, nobody, booking.starts_at)
    luna.salon.act(lambda tx: inbox.receive(tx, [lost]))
    luna.pay(booking)
    luna.drain()
    assert luna.booking(booking).status is Status.CONFIRMED
    waiting = luna.salon.ask(inbox.open_events)
    assert [event.event_ref for event in waiting] == ["evt_of_nobody"]


def expire_hold(luna: Connected, booking: Booking) -> None:
    """Let the hold lapse here, while nobody can tell Stripe."""
    later = booking.hold_expires_at + timedelta(minutes=1)
    engine = Engine(luna.salon.pool, now=lambda: later)
    assert engine.act(luna.slug, expire_lapsed, command=None) == 1
    assert luna.booking(booking).status is Status.EXPIRED
