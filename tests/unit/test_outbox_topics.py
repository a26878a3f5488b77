"""Payloads of the outbox: read back as they were written, and never guessed."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bookra.engine.outbox.topics import TOPICS, dump, load
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
