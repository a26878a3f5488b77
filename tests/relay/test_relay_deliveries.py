"""What a visit causes outside: once each, in order, whatever the providers do meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from connected import ONCE_PAID, Connected
from sqlalchemy import text

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.model import Status
from bookra.engine.messages.model import Channel
from bookra.engine.messages.own_words import OwnTemplate, remove_words, set_words
from bookra.engine.messages.wording import OwnWords
from bookra.engine.outbox import inspect
from bookra.engine.outbox.inspect import OutboxRow

FAULTS = ("drop-before", "drop-after", "500", "500-after", "409", "429", "slow", "down")
"""All kinds but ``timeout``, whose 25 seconds the clients' own tests spare themselves."""

AGED = text(
    "UPDATE outbox SET first_sent_at = now() - make_interval(hours => :hours)"
    " WHERE tenant_id = :tenant_id"
)

UNAPPROVED = OwnTemplate(
    "booking_confirmed", Channel.WHATSAPP, "en", OwnWords(provider_name="luna_confirmed")
)
MISNAMED = text(
    "UPDATE message_templates SET provider_name = 'Not A Name' WHERE tenant_id = :tenant_id"
)
"""A template that WhatsApp does not know: 132001."""


def test_a_visit_paid_by_link_has_each_effect_once(luna: Connected) -> None:
    booking = luna.book_with_link()
    luna.drain()
    assert luna.booking(booking).status is Status.HELD
    luna.pay(booking)
    luna.drain()
    luna.drain()
    assert luna.booking(booking).status is Status.CONFIRMED
    assert luna.seen(booking) == ONCE_PAID
    assert luna.rows() == []
    luna.prove_the_money()


def test_a_visit_paid_in_cash_asks_nothing_of_stripe(luna: Connected) -> None:
    booking = luna.book()
    luna.take_cash(booking)
    luna.drain()
    assert luna.seen(booking) == {**ONCE_PAID, "sessions": 0, "charges": 0, "links": 0}
    luna.prove_the_money()


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_of_stripe_or_google_each_effect_is_there_once(
    luna: Connected, fault: str
) -> None:
    luna.outside.fault("stripe", fault, count=1)
    booking = luna.book_with_link()
    luna.drain_past_failures()
    luna.pay(booking)
    luna.outside.fault("google", fault, count=1)
    luna.drain_past_failures()
    assert luna.outside.show()["faults"] == []
    assert luna.seen(booking) == ONCE_PAID
    luna.prove_the_money()


@pytest.mark.parametrize(
    ("fault", "sent", "state"),
    [
        ("429", 1, None),
        ("slow", 1, None),
        ("drop-before", 0, "unknown"),
        ("drop-after", 1, "unknown"),
        ("500", 0, "unknown"),
        ("500-after", 1, "unknown"),
        ("down", 0, "unknown"),
    ],
)
def test_a_message_goes_out_at_most_once_and_doubt_is_shown(
    luna: Connected, fault: str, sent: int, state: str | None
) -> None:
    luna.outside.fault("whatsapp", fault, count=1)
    booking = luna.book()
    luna.drain_past_failures()
    assert luna.seen(booking)["messages"] == sent
    assert [row.state for row in luna.rows()] == ([state] if state else [])


def test_a_message_in_doubt_is_sent_again_only_when_a_person_says_so(luna: Connected) -> None:
    luna.outside.fault("whatsapp", "drop-before", count=1)
    booking = luna.book()
    luna.drain()
    row = luna.row("message.send")
    luna.salon.act(lambda tx: inspect.retry(tx, row.id))
    luna.drain()
    assert luna.rows() == []
    assert luna.seen(booking)["messages"] == 1


def test_a_failed_delivery_says_why_and_waits_no_longer_than_its_attempts_allow(
    luna: Connected,
) -> None:
    luna.outside.fault("google", "down")
    luna.book()
    tried = 0
    for _ in range(3):
        luna.drain()
        row, now = luna.row("calendar.upsert"), datetime.now(UTC)
        # A draw near nothing is due again at once, so that one drain may try twice.
        assert row.attempts > tried
        assert (row.state, row.error_class) == ("ready", "transient")
        assert (row.last_error or "").startswith("google no_answer")
        tried = row.attempts
        assert (row.due_at - now).total_seconds() <= 2 * 2 ** (tried - 1)
        luna.hurry()


def test_a_throttled_delivery_waits_by_a_longer_measure(luna: Connected) -> None:
    luna.outside.fault("google", "429", count=1)
    booking = luna.book()
    luna.drain()
    row = luna.row("calendar.upsert")
    assert (row.state, row.error_class) == ("ready", "throttle")
    assert "429" in (row.last_error or "")
    luna.drain_past_failures()
    assert luna.seen(booking)["events"] == 1


def test_a_delivery_that_never_works_ends_as_a_dead_letter(luna: Connected) -> None:
    luna.outside.fault("stripe", "drop-before", rate=1.0)
    luna.book_with_link()
    luna.drain()
    assert luna.row("payment.request").state == "ready"
    luna.salon.act(lambda tx: tx.run(AGED, hours=21))
    luna.hurry()
    luna.drain()
    assert luna.row("payment.request").state == "dead"


def dead_message(luna: Connected) -> OutboxRow:
    """Let a message be refused for good, with another one behind it; return its row."""
    luna.salon.act(lambda tx: set_words(tx, UNAPPROVED))
    luna.salon.act(lambda tx: tx.run(MISNAMED))
    booking = luna.book()
    luna.drain()
    luna.salon.act(
        lambda tx: remove_words(tx, "booking_confirmed", Channel.WHATSAPP, UNAPPROVED.language)
    )
    luna.salon.act(lambda tx: cancel(tx, booking.code))
    luna.drain()
    first, second = [row for row in luna.rows() if row.topic == "message.send"]
    assert {first.state, second.state} == {"dead", "waiting"}
    dead = first if first.state == "dead" else second
    assert (dead.error_class, dead.booking) == ("permanent", booking.code)
    assert "132001" in (dead.last_error or "")
    return dead


def test_a_dead_letter_that_is_discarded_lets_the_next_one_go(luna: Connected) -> None:
    dead = dead_message(luna)
    discarded = luna.salon.act(lambda tx: inspect.discard(tx, dead.id))
    assert discarded.state == "discarded"
    luna.drain()
    sent = [message["template"] for message in luna.outside.show()["whatsapp"]["messages"]]
    assert sent == ["booking_cancelled"]
    assert luna.rows() == []


def test_a_dead_letter_that_is_retried_is_seen_as_it_stands_now(luna: Connected) -> None:
    """The visit was cancelled meanwhile: confirming it would be a lie, so only that is told."""
    dead = dead_message(luna)
    luna.salon.act(lambda tx: inspect.retry(tx, dead.id))
    luna.drain()
    sent = [message["template"] for message in luna.outside.show()["whatsapp"]["messages"]]
    assert sent == ["booking_cancelled"]
    assert luna.rows() == []


def test_a_cancellation_never_overtakes_the_booking_in_the_calendar(luna: Connected) -> None:
    luna.outside.fault("google", "down")
    booking = luna.book()
    luna.drain()
    luna.salon.act(lambda tx: cancel(tx, booking.code))
    luna.drain()
    states = {row.topic: row.state for row in luna.rows() if row.destination == "google"}
    assert states == {"calendar.upsert": "ready", "calendar.delete": "waiting"}
    luna.outside.fault("google", off=True)
    luna.drain_past_failures()
    assert luna.outside.show()["calendar"]["events"] == []
    order = [row.topic for row in luna.rows("delivered") if row.destination == "google"]
    assert order == ["calendar.delete", "calendar.upsert"]  # the newest first


def test_a_link_that_was_cancelled_before_it_opened_can_be_paid_by_nobody(
    luna: Connected,
) -> None:
    luna.outside.fault("stripe", "down")
    booking = luna.book_with_link()
    luna.drain()
    luna.salon.act(lambda tx: cancel(tx, booking.code))
    luna.outside.fault("stripe", off=True)
    luna.drain_past_failures()
    assert {session["status"] for session in luna.sessions()} <= {"expired"}
    assert luna.booking(booking).status is Status.CANCELLED


def test_a_customer_without_a_phone_is_sent_nothing(luna: Connected) -> None:
    wanted = luna.request(phone=None)
    booking = luna.salon.act(lambda tx: book(tx, wanted))
    luna.drain()
    assert luna.seen(booking)["messages"] == 0
    assert luna.rows() == []
