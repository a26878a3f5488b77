"""Messages: by which way, once each, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from factories import Salon
from sqlalchemy import text

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.messages import replies, store, unsure
from bookra.engine.messages.model import Channel, MessageStatus
from bookra.engine.messages.own_words import OwnTemplate, own_words, remove_words, set_words
from bookra.engine.messages.planning import plan, plan_trouble
from bookra.engine.messages.quiet import QuietHours
from bookra.engine.messages.rules import MessageRules, message_rules, set_message_rules
from bookra.engine.messages.statuses import merge_kept, note_status, opaque_of
from bookra.engine.messages.store import Message
from bookra.engine.messages.wording import OwnWords
from bookra.engine.outbox import inspect
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.actions import set_brand
from bookra.errors import InvalidInputError, NotFoundError

PHONE, MAIL = "+4930901820", "rosa@example.com"
IN_DOUBT = text(
    "UPDATE outbox SET state = 'unknown', fence = fence + 1, due_at = :since,"
    " changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND destination IN ('whatsapp', 'mail')"
)


@pytest.fixture
def connected(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that sends by WhatsApp and by mail."""
    salon.connect_provider("whatsapp", tmp_path / "key", phone_number_id="1")
    salon.connect_provider("mail", tmp_path / "key", sender="luna@example.com")
    return salon


@pytest.fixture
def rosa(connected: Salon) -> UUID:
    """A customer with a phone and an address."""
    return customer(connected, phone=PHONE, email=MAIL)


def customer(salon: Salon, *, phone: str | None = None, email: str | None = None) -> UUID:
    return salon.act(lambda tx: add_customer(tx, "Rosa Vega", phone=phone, email=email)[0].id)


def booked(salon: Salon, who: UUID, wall: str = "2026-11-24 10:00") -> Booking:
    wanted = BookingRequest("cut", "ana", salon.local(wall), who)
    return salon.act(lambda tx: book(tx, wanted))


def all_of(salon: Salon) -> list[Message]:
    return salon.ask(store.messages)


def one(salon: Salon, channel: Channel = Channel.WHATSAPP) -> Message:
    (found,) = [each for each in all_of(salon) if each.channel is channel]
    return found


def put(salon: Salon, message: Message, status: MessageStatus, ref: str | None = None) -> None:
    salon.act(lambda tx: store.advance(tx, message, status, provider_ref=ref))


def doubtful(salon: Salon, *, for_minutes: float) -> None:
    """Let every message's row be in doubt since some minutes."""
    since = salon.now - timedelta(minutes=for_minutes)
    salon.act(lambda tx: tx.run(IN_DOUBT, since=since))


def open_rows(salon: Salon) -> list[tuple[str, str]]:
    return [(row.topic, row.state) for row in salon.ask(inspect.outbox_rows)]


def history(salon: Salon) -> list[tuple[str, str, str | None]]:
    def question(tx: Tx) -> list[tuple[str, str, str | None]]:
        rows = [
            *inspect.outbox_rows(tx, state="delivered"),
            *inspect.outbox_rows(tx, state="discarded"),
        ]
        return [(row.topic, row.state, row.reference) for row in rows]

    return salon.ask(question)


# Which way


@pytest.mark.parametrize(
    ("phone", "email", "channel"),
    [
        (PHONE, MAIL, Channel.WHATSAPP),
        (PHONE, None, Channel.WHATSAPP),
        (None, MAIL, Channel.MAIL),
        (None, None, None),
    ],
)
def test_a_customer_is_told_by_whatsapp_or_else_by_mail(
    connected: Salon, phone: str | None, email: str | None, channel: Channel | None
) -> None:
    booked(connected, customer(connected, phone=phone, email=email))
    assert [each.channel for each in all_of(connected)] == ([channel] if channel else [])


def test_without_a_provider_nothing_is_planned(salon: Salon) -> None:
    booked(salon, customer(salon, phone=PHONE, email=MAIL))
    assert all_of(salon) == []


def test_a_business_that_has_only_mail_writes_mails(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("mail", tmp_path / "key", sender="luna@example.com")
    booked(salon, customer(salon, phone=PHONE, email=MAIL))
    assert one(salon, Channel.MAIL).template == "booking_confirmed"
    assert open_rows(salon) == [("mail.send", "ready")]


def test_planning_the_same_message_twice_sends_it_once(connected: Salon, rosa: UUID) -> None:
    visit = booked(connected, rosa)
    again = [
        connected.act(lambda tx: plan(tx, visit, "booking_reminder", once_key="a-key"))
        for _ in range(2)
    ]
    assert again[0] is not None
    assert again[1] is None
    assert len(all_of(connected)) == 2


def test_the_outbox_holds_ids_and_no_word_about_anybody(connected: Salon, rosa: UUID) -> None:
    booked(connected, rosa)
    rows = connected.ask(
        lambda tx: tx.rows(text("SELECT payload FROM outbox WHERE tenant_id = :tenant_id"))
    )
    shown = str([row.payload for row in rows])
    assert "booking_confirmed" in shown
    assert not any(word in shown for word in ("Rosa", PHONE, MAIL))


def test_each_event_of_a_visit_is_told_once(connected: Salon, rosa: UUID) -> None:
    visit = booked(connected, rosa)
    connected.act(lambda tx: cancel(tx, visit.code))
    assert [each.template for each in all_of(connected)] == [
        "booking_cancelled",
        "booking_confirmed",
    ]


# Who wants none


@pytest.mark.parametrize(
    ("of", "told", "reminded"),
    [
        (None, Channel.WHATSAPP, Channel.WHATSAPP),
        ("reminders", Channel.WHATSAPP, None),
        ("everything", Channel.MAIL, None),
    ],
)
def test_who_opts_out_is_told_what_a_visit_needs_and_nothing_unasked(
    connected: Salon, rosa: UUID, of: str | None, told: Channel, reminded: Channel | None
) -> None:
    if of:
        assert connected.act(lambda tx: replies.stop(tx, rosa, of))
    visit = booked(connected, rosa)
    assert [each.channel for each in all_of(connected)] == [told]
    planned = connected.act(lambda tx: plan(tx, visit, "booking_reminder", once_key="r"))
    assert (planned is not None) is (reminded is not None)


@pytest.mark.parametrize("word", ["STOP", "Stopp!", " arrêt ", "baja.", "Abmelden", "stoppen"])
def test_a_word_that_opts_out_is_understood_and_answered_once(
    connected: Salon, rosa: UUID, word: str
) -> None:
    heard = [
        connected.act(lambda tx: replies.heard(tx, PHONE.lstrip("+"), word, connected.now))
        for _ in range(2)
    ]
    assert heard == ["stopped", "stopped"]
    assert [each.template for each in all_of(connected)] == ["opted_out"]
    assert booked(connected, rosa)
    assert one(connected, Channel.MAIL).template == "booking_confirmed"


def test_start_brings_the_messages_back(connected: Salon, rosa: UUID) -> None:
    connected.act(lambda tx: replies.heard(tx, PHONE, "stop", connected.now))
    assert connected.act(lambda tx: replies.heard(tx, PHONE, "Start", connected.now)) == "started"
    booked(connected, rosa)
    assert {each.channel for each in all_of(connected)} == {Channel.WHATSAPP}


def test_other_words_are_heard_and_not_kept(connected: Salon, rosa: UUID) -> None:
    said = "Please stop calling me Rosie, see you at the busstop"
    assert connected.act(lambda tx: replies.heard(tx, PHONE, said, connected.now)) == "heard"
    row = connected.ask(
        lambda tx: tx.row(text("SELECT * FROM customers WHERE tenant_id = :tenant_id"))
    )
    assert row is not None
    assert row.wrote_at == connected.now
    assert row.opted_out_of is None
    assert "Rosie" not in str(row)
    assert rosa == row.id


def test_a_number_that_nobody_has_changes_nothing(connected: Salon) -> None:
    assert connected.act(lambda tx: replies.heard(tx, "49151", "STOP", connected.now)) == "unknown"
    assert all_of(connected) == []


def test_what_can_not_be_stopped_is_refused(connected: Salon, rosa: UUID) -> None:
    with pytest.raises(InvalidInputError) as refused:
        connected.act(lambda tx: replies.stop(tx, rosa, "invoices"))
    assert refused.value.code == "bad_opt_out"


# What the provider said


def test_statuses_go_forward_whatever_their_order(connected: Salon, rosa: UUID) -> None:
    booked(connected, rosa)
    put(connected, one(connected), MessageStatus.SENT, "wamid.1")
    for status in ("read", "delivered", "sent", "read"):
        connected.act(
            lambda tx, status=status: note_status(  # type: ignore[misc]
                tx, "wamid.1", status, connected.now
            )
        )
    assert one(connected).status is MessageStatus.READ


def test_a_status_that_comes_before_our_own_answer_is_kept_for_it(
    connected: Salon, rosa: UUID
) -> None:
    booked(connected, rosa)
    message = one(connected)
    connected.act(lambda tx: note_status(tx, "wamid.1", "delivered", connected.now))
    assert one(connected).status is MessageStatus.PLANNED
    put(connected, message, MessageStatus.SENT, "wamid.1")
    connected.act(lambda tx: merge_kept(tx, message.id, "wamid.1"))
    assert one(connected).status is MessageStatus.DELIVERED


def test_a_message_that_fails_later_goes_by_mail_once(connected: Salon, rosa: UUID) -> None:
    booked(connected, rosa)
    put(connected, one(connected), MessageStatus.SENT, "wamid.1")
    for _ in range(2):
        connected.act(lambda tx: note_status(tx, "wamid.1", "failed", connected.now, "131026"))
    failed, instead = one(connected), one(connected, Channel.MAIL)
    assert (failed.status, failed.error_code) == (MessageStatus.FAILED, "131026")
    assert (instead.instead_of, instead.template) == (failed.id, "booking_confirmed")
    assert instead.status is MessageStatus.PLANNED


def test_a_failed_message_without_an_address_stays_failed(connected: Salon) -> None:
    booked(connected, customer(connected, phone=PHONE))
    put(connected, one(connected), MessageStatus.SENT, "wamid.1")
    connected.act(lambda tx: note_status(tx, "wamid.1", "failed", connected.now, "131026"))
    assert [each.status for each in all_of(connected)] == [MessageStatus.FAILED]


def test_an_unknown_status_changes_nothing(connected: Salon, rosa: UUID) -> None:
    booked(connected, rosa)
    put(connected, one(connected), MessageStatus.SENT, "wamid.1")
    connected.act(lambda tx: note_status(tx, "wamid.1", "pondered", connected.now))
    assert one(connected).status is MessageStatus.SENT


# In doubt


def test_what_the_provider_says_of_a_message_in_doubt_settles_it(
    connected: Salon, rosa: UUID
) -> None:
    visit = booked(connected, rosa)
    message = one(connected)
    put(connected, message, MessageStatus.UNKNOWN)
    doubtful(connected, for_minutes=1)
    opaque = opaque_of(visit.code, message.id)
    connected.act(lambda tx: note_status(tx, "wamid.9", "delivered", connected.now, opaque=opaque))
    found = one(connected)
    assert (found.status, found.provider_ref) == (MessageStatus.DELIVERED, "wamid.9")
    assert open_rows(connected) == []
    assert history(connected) == [("message.send", "delivered", "wamid.9")]


@pytest.mark.parametrize("opaque", ["", "LUN-1", "LUN-1/no-id", f"LUN-1/{UUID(int=7)}"])
def test_what_names_no_message_of_ours_settles_nothing(
    connected: Salon, rosa: UUID, opaque: str
) -> None:
    booked(connected, rosa)
    put(connected, one(connected), MessageStatus.UNKNOWN)
    doubtful(connected, for_minutes=1)
    connected.act(lambda tx: note_status(tx, "wamid.9", "sent", connected.now, opaque=opaque))
    assert open_rows(connected) == [("message.send", "unknown")]
    assert one(connected).status is MessageStatus.UNKNOWN


def test_a_message_that_never_left_is_sent_after_all(connected: Salon, rosa: UUID) -> None:
    booked(connected, rosa)
    doubtful(connected, for_minutes=0)
    assert connected.act(unsure.resolve) == 1
    assert open_rows(connected) == [("message.send", "ready")]


def test_a_confirmation_in_doubt_goes_by_mail_after_some_minutes(
    connected: Salon, rosa: UUID
) -> None:
    booked(connected, rosa)
    put(connected, one(connected), MessageStatus.SENDING)
    doubtful(connected, for_minutes=4)
    assert connected.act(unsure.resolve) == 0
    doubtful(connected, for_minutes=6)
    assert connected.act(unsure.resolve) == 1
    assert connected.act(unsure.resolve) == 0
    assert one(connected).status is MessageStatus.UNKNOWN
    assert one(connected, Channel.MAIL).instead_of == one(connected).id
    assert open_rows(connected) == [("mail.send", "ready")]
    assert history(connected) == [
        ("message.send", "discarded", "in doubt: sent by mail instead"),
    ]


def test_a_confirmation_in_doubt_without_an_address_waits_for_a_person(connected: Salon) -> None:
    booked(connected, customer(connected, phone=PHONE))
    put(connected, one(connected), MessageStatus.SENDING)
    doubtful(connected, for_minutes=60)
    assert connected.act(unsure.resolve) == 0
    assert open_rows(connected) == [("message.send", "unknown")]


def test_a_reminder_in_doubt_is_not_sent_twice(connected: Salon, rosa: UUID) -> None:
    visit = booked(connected, rosa)
    connected.act(lambda tx: plan(tx, visit, "booking_reminder", once_key="r"))
    for message in all_of(connected):
        put(connected, message, MessageStatus.SENDING)
    doubtful(connected, for_minutes=1)
    assert connected.act(unsure.resolve) == 1
    assert open_rows(connected) == [("message.send", "unknown")]
    assert history(connected)[0][1:] == ("discarded", "in doubt: a reminder is not sent twice")


def test_a_mail_in_doubt_stays_so(connected: Salon) -> None:
    booked(connected, customer(connected, email=MAIL))
    put(connected, one(connected, Channel.MAIL), MessageStatus.SENDING)
    doubtful(connected, for_minutes=60)
    assert connected.act(unsure.resolve) == 0
    assert open_rows(connected) == [("mail.send", "unknown")]


def test_what_waits_behind_a_message_in_doubt_goes_once_that_is_settled(
    connected: Salon, rosa: UUID
) -> None:
    visit = booked(connected, rosa)
    put(connected, one(connected), MessageStatus.SENDING)
    doubtful(connected, for_minutes=6)
    connected.act(lambda tx: cancel(tx, visit.code))
    assert sorted(open_rows(connected)) == [
        ("message.send", "unknown"),
        ("message.send", "waiting"),
    ]
    connected.act(unsure.resolve)
    assert sorted(open_rows(connected)) == [("mail.send", "ready"), ("message.send", "ready")]


# Words, rules, trouble


def test_own_words_replace_the_programs_until_they_are_removed(connected: Salon) -> None:
    own = OwnTemplate("booking_moved", Channel.MAIL, "pt-BR", OwnWords("Olá", "Nova hora: {when}"))
    connected.act(lambda tx: set_words(tx, own))
    connected.act(lambda tx: set_words(tx, own))
    read: Callable[[Tx], OwnWords | None] = lambda tx: own_words(  # noqa: E731
        tx, "booking_moved", Channel.MAIL, "pt"
    )
    assert connected.ask(read) == own.words
    connected.act(lambda tx: remove_words(tx, "booking_moved", Channel.MAIL, "pt"))
    assert connected.ask(read) is None
    with pytest.raises(NotFoundError) as refused:
        connected.act(lambda tx: remove_words(tx, "booking_moved", Channel.MAIL, "pt"))
    assert refused.value.code == "no_own_words"


@pytest.mark.parametrize(
    ("name", "channel", "language", "words"),
    [
        ("booking_moved", Channel.WHATSAPP, "de", OwnWords(body="{customer}, hallo")),
        ("booking_moved", Channel.WHATSAPP, "de", OwnWords(body="Hallo {customer}")),
        ("booking_moved", Channel.WHATSAPP, "de", OwnWords(body="x" * 1025)),
        ("booking_moved", Channel.WHATSAPP, "de", OwnWords(provider_name="Luna Hair")),
        ("booking_moved", Channel.WHATSAPP, "de", OwnWords(provider_language="german")),
        ("booking_moved", Channel.MAIL, "deutsch", OwnWords(body="Hallo")),
        ("receipt", Channel.WHATSAPP, "de", OwnWords(body="Hallo")),
        ("booking_moved", Channel.MAIL, "de", OwnWords(subject="x" * 201)),
    ],
)
def test_words_that_can_not_be_sent_are_refused_when_they_are_set(
    connected: Salon, name: str, channel: Channel, language: str, words: OwnWords
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        connected.act(lambda tx: set_words(tx, OwnTemplate(name, channel, language, words)))
    assert refused.value.code == "bad_template"


def test_rules_are_read_as_they_were_set(connected: Salon) -> None:
    assert connected.ask(message_rules) == MessageRules(QuietHours(1260, 480), (1440,))
    for wanted in (MessageRules(None, ()), MessageRules(QuietHours(1320, 420), (2880, 120))):
        connected.act(lambda tx, wanted=wanted: set_message_rules(tx, wanted))  # type: ignore[misc]
        assert connected.ask(message_rules) == wanted


def test_the_business_is_told_once_a_day_that_a_provider_refuses_it(connected: Salon) -> None:
    told = [
        connected.act(lambda tx: plan_trouble(tx, "whatsapp")),
        connected.act(lambda tx: set_brand(tx, {"email": "hello@luna.example"}))
        and connected.act(lambda tx: plan_trouble(tx, "whatsapp")),
        connected.act(lambda tx: plan_trouble(tx, "whatsapp")),
        connected.act(lambda tx: plan_trouble(tx, "google")),
        connected.act(lambda tx: plan_trouble(tx, "mail")),
        connected.later(days=1).act(lambda tx: plan_trouble(tx, "whatsapp")),
    ]
    assert [each is not None for each in told] == [False, True, False, True, False, True]
