"""Scenario 21: the same event twice pays once, and a late retry does not undo a newer state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from connected import ONCE_PAID, Connected, Parts
from sqlalchemy import text

from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments import inbox
from bookra.engine.payments.inbox import Event

PAID = "checkout.session.completed"
EXPIRED = "checkout.session.expired"
OUTCOMES = text(
    "SELECT outcome FROM inbox WHERE tenant_id = :tenant_id AND kind LIKE 'checkout.%'"
    " ORDER BY received_at, id"
)
OPEN_AGAIN = text("UPDATE inbox SET handled_at = NULL, outcome = NULL WHERE tenant_id = :tenant_id")
OPERATION = text("SELECT state FROM operations WHERE tenant_id = :tenant_id")


def test_the_same_event_read_again_pays_once(luna: Connected) -> None:
    booking = paid_booking(luna)
    luna.salon.act(lambda tx: tx.run(OPEN_AGAIN))
    luna.drain()
    assert outcomes(luna) == ["known"]
    assert_paid_once(luna, booking)


def test_a_second_event_about_the_same_payment_pays_nobody_twice(luna: Connected) -> None:
    booking = paid_booking(luna)
    tell_again(luna, PAID)
    luna.drain()
    assert outcomes(luna) == ["confirmed", "known"]
    assert_paid_once(luna, booking)


def test_an_event_that_is_ten_times_in_one_batch_is_kept_once(luna: Connected) -> None:
    booking = paid_booking(luna)
    event = Event("stripe", "evt_again", PAID, session_of(luna), datetime.now(UTC))
    assert luna.salon.act(lambda tx: inbox.receive(tx, [event] * 10)) == 1
    luna.drain()
    assert_paid_once(luna, booking)


def test_two_relays_that_handle_one_event_at_once_pay_once(luna: Connected) -> None:
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    with luna.parts() as one, luna.parts() as other, ThreadPoolExecutor(2) as both:
        polls = [both.submit(one_poll, luna, parts) for parts in (one, other)]
        for poll in polls:
            poll.result()
    luna.drain()
    assert_paid_once(luna, booking)


@pytest.mark.parametrize("told", [EXPIRED, "checkout.session.async_payment_failed"])
def test_an_older_event_that_comes_late_does_not_undo_the_payment(
    luna: Connected, told: str
) -> None:
    booking = paid_booking(luna)
    tell_again(luna, told)
    luna.drain()
    assert outcomes(luna)[-1] == "known"
    assert_paid_once(luna, booking)


def test_a_late_answer_about_the_link_does_not_undo_the_payment(luna: Connected) -> None:
    luna.outside.fault("stripe", "drop-after")
    booking = luna.book_with_link()
    luna.drain()
    assert luna.row("payment.request").state == "ready"
    luna.pay(booking)
    luna.drain()
    assert luna.booking(booking).status is Status.CONFIRMED
    luna.drain_past_failures()
    state = luna.salon.ask(lambda tx: tx.rows(OPERATION))
    assert [row.state for row in state] == ["succeeded"]
    assert_paid_once(luna, booking, links=0)  # nobody is sent a link to what is paid


def paid_booking(luna: Connected) -> Booking:
    """Return a booking whose payment the relay knows, with all that it causes."""
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    luna.drain()
    assert outcomes(luna) == ["confirmed"]
    return booking


def tell_again(luna: Connected, kind: str) -> None:
    """Let another event about the same session come in."""
    event = Event("stripe", "evt_again", kind, session_of(luna), datetime.now(UTC))
    assert luna.salon.act(lambda tx: inbox.receive(tx, [event])) == 1


def one_poll(luna: Connected, parts: Parts) -> None:
    parts.inbound.poll_events(luna.slug, parts.gateway)
    parts.inbound.poll_movements(luna.slug, parts.gateway)


def session_of(luna: Connected) -> str:
    (session,) = luna.sessions()
    return str(session["id"])


def outcomes(luna: Connected) -> list[str]:
    return [row.outcome for row in luna.salon.ask(lambda tx: tx.rows(OUTCOMES))]


def assert_paid_once(luna: Connected, booking: Booking, *, links: int = 1) -> None:
    assert luna.booking(booking).status is Status.CONFIRMED
    assert luna.booking(booking).paid == booking.price
    assert luna.seen(booking) == {**ONCE_PAID, "links": links}
    assert luna.entries() == {"card_payment": 1, "stripe_charge": 1, "commission": 1}
    luna.prove_the_money()
