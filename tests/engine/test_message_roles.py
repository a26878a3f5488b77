"""Messages by their own logins: the rights of desk, manager, owner and relay suffice, no more."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
from factories import Salon
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.database import open_pool
from bookra.engine.messages import replies, store, unsure
from bookra.engine.messages.model import Channel, MessageStatus
from bookra.engine.messages.own_words import OwnTemplate, remove_words, set_words
from bookra.engine.messages.planning import plan_trouble
from bookra.engine.messages.recipients import speaks
from bookra.engine.messages.reminders import plan_reminders
from bookra.engine.messages.rules import MessageRules, set_message_rules
from bookra.engine.messages.statuses import note_status, opaque_of
from bookra.engine.messages.wording import OwnWords
from bookra.engine.payments.previewing import preview, send_by_hand
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.actions import set_brand
from bookra.engine.tenancy.operators import add_operator
from bookra.errors import NotAllowedError

Result = TypeVar("Result")
PHONE = "+4930901820"
IN_DOUBT = text(
    "UPDATE outbox SET state = 'unknown', fence = fence + 1, due_at = :since,"
    " changed_by = session_user WHERE tenant_id = :tenant_id AND destination = 'whatsapp'"
)
WORDS = OwnTemplate("booking_moved", Channel.MAIL, "de", OwnWords("Neu", "Neu: {when}"))
RULES = MessageRules(None, (120,))


@pytest.fixture
def connected(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that sends by WhatsApp and by mail, whenever."""
    salon.connect_provider("whatsapp", tmp_path / "key", phone_number_id="1")
    salon.connect_provider("mail", tmp_path / "key", sender="luna@example.com")
    salon.act(lambda tx: set_message_rules(tx, RULES))
    salon.act(lambda tx: set_brand(tx, {"email": "owner@luna.example"}))
    return salon


@pytest.fixture
def seen_by(connected: Salon, tmp_path: Path) -> Iterator[Callable[[str], Salon]]:
    """Give the salon as somebody with a role sees it."""
    with ExitStack() as stack:

        def as_role(role: str) -> Salon:
            login, password = f"l_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
            settings = Settings(home=tmp_path, database_url=connected.database.admin_url)
            with administration(settings) as connection:
                tx = administrative_tx(connection, connected.tenant)
                add_operator(connection, tx, login, role, password)
            pool = open_pool(connected.database.seen_by(login, password).conninfo)
            stack.callback(pool.dispose)
            return replace(connected, pool=pool).at(connected.now)

        yield as_role


def as_relay(action: Callable[[Tx], Result]) -> Callable[[Tx], Result]:
    """Return the action with the relay's rights and no others."""

    def limited(tx: Tx) -> Result:
        tx.connection.execute(text("SET LOCAL ROLE bookra_relay"))
        return action(tx)

    return limited


def booked(salon: Salon) -> Booking:
    rosa = salon.act(
        lambda tx: add_customer(tx, "Rosa Vega", phone=PHONE, email="rosa@example.com")[0]
    )
    wanted = BookingRequest("cut", "ana", salon.local("2026-11-25 10:00"), rosa.id)
    return salon.act(lambda tx: book(tx, wanted))


def test_the_front_desk_books_tells_and_notes_what_a_customer_wishes(
    seen_by: Callable[[str], Salon],
) -> None:
    desk = seen_by("front-desk")
    visit = booked(desk)
    assert desk.act(lambda tx: send_by_hand(tx, "booking_reminder", visit.code))
    assert desk.ask(lambda tx: preview(tx, "booking_moved", booking=visit.code)).rendered.text
    assert desk.act(lambda tx: speaks(tx, visit.customer_id, "it"))
    assert desk.act(lambda tx: replies.stop(tx, visit.customer_id))
    assert desk.act(lambda tx: replies.start(tx, visit.customer_id))
    assert len(desk.ask(store.messages)) == 2


@pytest.mark.parametrize(
    "action",
    [
        lambda tx: set_words(tx, WORDS),
        lambda tx: set_message_rules(tx, MessageRules(None, ())),
        lambda tx: note_status(tx, "wamid.1", "read", tx.now),
        lambda tx: store.try_again(tx, store.messages(tx)[0]),
    ],
    ids=["words", "rules", "statuses", "states"],
)
def test_the_front_desk_changes_neither_words_nor_rules_nor_what_became_of_a_message(
    seen_by: Callable[[str], Salon], action: Callable[[Tx], object]
) -> None:
    desk = seen_by("front-desk")
    booked(desk)
    with pytest.raises(NotAllowedError):
        desk.act(action)


def test_a_manager_sets_the_words_and_the_owner_the_rules(
    seen_by: Callable[[str], Salon],
) -> None:
    manager, owner = seen_by("manager"), seen_by("owner")
    for salon in (manager, owner):
        salon.act(lambda tx: set_words(tx, WORDS))
        salon.act(lambda tx: remove_words(tx, "booking_moved", Channel.MAIL, "de"))
    owner.act(lambda tx: set_message_rules(tx, MessageRules(None, (240,))))
    with pytest.raises(NotAllowedError):
        manager.act(lambda tx: set_message_rules(tx, MessageRules(None, (60,))))


def test_the_relays_rights_suffice_for_all_that_becomes_of_a_message(connected: Salon) -> None:
    visit = booked(connected)
    (message,) = connected.ask(store.messages)
    due = connected.at(visit.starts_at - timedelta(minutes=120))
    assert due.act(as_relay(plan_reminders)) == 1
    connected.act(as_relay(lambda tx: store.try_again(tx, message)))
    connected.act(lambda tx: tx.run(IN_DOUBT, since=tx.now - timedelta(minutes=6)))
    assert connected.act(as_relay(unsure.resolve)) == 2  # the confirmation, and the reminder
    opaque = opaque_of(visit.code, message.id)
    connected.act(as_relay(lambda tx: note_status(tx, "wamid.1", "read", tx.now, opaque=opaque)))
    assert connected.ask(lambda tx: store.message_by_id(tx, message.id)).status is (
        MessageStatus.READ
    )
    assert connected.act(as_relay(lambda tx: replies.heard(tx, PHONE, "stop", tx.now))) == "stopped"
    assert isinstance(connected.act(as_relay(lambda tx: plan_trouble(tx, "google"))), UUID)
