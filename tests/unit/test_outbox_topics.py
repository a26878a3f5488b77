"""Payloads of the outbox: read back as they were written, and never guessed."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bookra.engine.outbox.topics import REMINDER, TOPICS, SendMail, SendMessage, dump, load
from bookra.errors import InvalidInputError
from bookra.ids import new_id


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_every_payload_comes_back_as_it_was_written(topic: str) -> None:
    kind = TOPICS[topic]
    names = [field.name for field in fields(kind)]
    payload = kind(**{name: new_id() if name.endswith("_id") else "a_word" for name in names})
    assert load(topic, kind.version, dump(payload)) == payload
    own = ("operation_id", "card_id", "dispute_id")
    subject = next((getattr(payload, name) for name in own if name in names), payload.booking_id)
    assert str(subject) in payload.aggregate


@pytest.mark.parametrize(("topic", "version"), [("calendar.upsert", 2), ("calendar.paint", 1)])
def test_a_payload_from_the_future_is_not_guessed(topic: str, version: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        load(topic, version, {"booking_id": str(new_id())})
    assert refused.value.code == "unknown_topic"


def test_a_message_of_the_first_version_still_loads() -> None:
    booking_id = new_id()
    old = load("message.send", 1, {"booking_id": str(booking_id), "template": "booking_moved"})
    assert isinstance(old, SendMessage)
    assert (old.booking_id, old.template, old.message_id) == (booking_id, "booking_moved", None)


def test_a_reminder_that_waits_for_the_morning_holds_up_no_other_message() -> None:
    booking_id = new_id()
    waiting = SendMessage(booking_id, REMINDER, new_id())
    urgent = SendMessage(booking_id, "booking_cancelled", new_id())
    assert waiting.aggregate != urgent.aggregate
    assert urgent.aggregate == SendMessage(booking_id, "booking_moved", new_id()).aggregate


def test_messages_of_no_visit_wait_for_none_of_another() -> None:
    first, second = (SendMail(None, "account_trouble", new_id()) for _ in range(2))
    assert first.aggregate != second.aggregate
