"""WhatsApp's webhooks at the receiver: the handshake, what became of messages, and replies."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from connected import PHONE, Connected
from relay.webhook_sender import APP_SECRET, VERIFY_TOKEN, Sender, receiving
from sqlalchemy import text

MESSAGES = text("SELECT status, error_code FROM messages WHERE tenant_id = :tenant_id")
STATUSES = text("SELECT count(*) FROM message_statuses WHERE tenant_id = :tenant_id")
CUSTOMER = text("SELECT opted_out_of, wrote_at FROM customers WHERE tenant_id = :tenant_id")
SENDER = text(
    "SELECT config ->> 'phone_number_id' AS number FROM provider_accounts"
    " WHERE tenant_id = :tenant_id AND provider = 'whatsapp'"
)


@pytest.fixture
def sender(luna: Connected) -> Iterator[Sender]:
    """A provider, and a receiver that listens to it."""
    with receiving(luna) as sends:
        yield sends


def asked(luna: Connected, question: Any) -> Any:
    """Return the one row of a question."""
    row = luna.salon.ask(lambda tx: tx.row(question))
    assert row is not None
    return row


def document(luna: Connected, *values: dict[str, Any], number: str | None = None) -> dict[str, Any]:
    """Return a body of Meta's with a change for each of ``values``."""
    sender = number or asked(luna, SENDER).number
    return {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "102290129340398",
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {"phone_number_id": sender},
                            **value,
                        },
                    }
                ],
            }
            for value in values
        ],
    }


def status(message: str, became: str, **more: Any) -> dict[str, Any]:
    """Return the status of a message."""
    stamp = str(int(time.time()))
    return {"statuses": [{"id": message, "status": became, "timestamp": stamp, **more}]}


def reply(words: str, *, at: int | None = None, **instead: Any) -> dict[str, Any]:
    """Return what a customer wrote."""
    message = {
        "from": PHONE.removeprefix("+"),
        "id": "wamid.reply",
        "timestamp": str(at or int(time.time())),
        "type": "text",
        "text": {"body": words},
    }
    return {
        "contacts": [{"profile": {"name": "Rosa Vega"}, "wa_id": message["from"]}],
        "messages": [{**message, **instead}],
    }


def sent_message(luna: Connected) -> str:
    """Book and send the confirmation; return its id at WhatsApp."""
    luna.book()
    luna.drain()
    (message,) = luna.outside.show()["whatsapp"]["messages"]
    return str(message["id"])


def test_the_handshake_answers_the_challenge_to_the_right_token_alone(sender: Sender) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    good = sender.get("/whatsapp/luna", **query, **{"hub.verify_token": VERIFY_TOKEN})
    assert (good.status_code, good.text) == (200, "1158201444")
    for changed in (
        {**query, "hub.verify_token": "wrong"},
        query,
        {**query, "hub.mode": "unsubscribe", "hub.verify_token": VERIFY_TOKEN},
        {**query, "hub.challenge": "<script>", "hub.verify_token": VERIFY_TOKEN},
    ):
        refused = sender.get("/whatsapp/luna", **changed)
        assert (refused.status_code, refused.text) == (403, "")


def test_statuses_in_every_order_and_twice_end_as_the_furthest(
    luna: Connected, sender: Sender
) -> None:
    message = sent_message(luna)
    kinds = ("sent", "delivered", "read")
    for order in itertools.permutations(kinds):
        for kind in order:
            answer = sender.whatsapp(document(luna, status(message, kind)))
            assert (answer.status_code, answer.text) == (200, "kept")
    assert asked(luna, MESSAGES).status == "read"
    assert asked(luna, STATUSES)[0] == len(kinds)


def test_several_entries_are_settled_together(luna: Connected, sender: Sender) -> None:
    message = sent_message(luna)
    body = document(luna, status(message, "sent"), status(message, "read"), reply("danke!"))
    assert sender.whatsapp(body).status_code == 200
    assert asked(luna, MESSAGES).status == "read"
    assert asked(luna, CUSTOMER).wrote_at is not None


def test_a_failure_keeps_its_code(luna: Connected, sender: Sender) -> None:
    message = sent_message(luna)
    failed = status(message, "failed", errors=[{"code": 131026, "title": "Message undeliverable"}])
    assert sender.whatsapp(document(luna, failed)).status_code == 200
    found = luna.salon.ask(lambda tx: tx.rows(MESSAGES))
    assert ("failed", "131026") in [(row.status, row.error_code) for row in found]


def test_who_writes_stop_is_left_in_peace_until_start(luna: Connected, sender: Sender) -> None:
    sent_message(luna)
    begun = int(time.time())
    for words, of in ((" STOP. ", "everything"), ("start", None)):
        assert sender.whatsapp(document(luna, reply(words))).status_code == 200
        assert asked(luna, CUSTOMER).opted_out_of == of
    pressed = {"type": "button", "button": {"text": "Stop", "payload": "x"}}
    assert sender.whatsapp(document(luna, reply("", **pressed))).status_code == 200
    assert asked(luna, CUSTOMER).opted_out_of == "everything"
    chosen = {"type": "button_reply", "button_reply": {"id": "1", "title": "START"}}
    answered = reply("", type="interactive", interactive=chosen)
    assert sender.whatsapp(document(luna, answered)).status_code == 200
    assert asked(luna, CUSTOMER).opted_out_of is None
    # Meta brings a webhook again for days: what was written before the last word says nothing.
    assert sender.whatsapp(document(luna, reply("stop", at=begun - 60))).status_code == 200
    assert asked(luna, CUSTOMER).opted_out_of is None


def test_what_is_forged_or_for_another_sender_changes_nothing(
    luna: Connected, sender: Sender
) -> None:
    message = sent_message(luna)
    read = document(luna, status(message, "read"), reply("stop"))
    assert sender.whatsapp(read, secret="other").status_code == 400
    assert sender.whatsapp(read, secret="").status_code == 400
    others = document(luna, status(message, "read"), reply("stop"), number="999")
    answer = sender.whatsapp(others)
    assert (answer.status_code, answer.text) == (200, "ignored")
    assert asked(luna, STATUSES)[0] == 0
    assert asked(luna, CUSTOMER).opted_out_of is None


def test_a_signed_body_of_any_shape_never_breaks_the_receiver(
    luna: Connected, sender: Sender
) -> None:
    message = sent_message(luna)
    for body in (b"", b"no json", b"[]", b"{}", b'{"entry": 7}', b"\xff", b"[" * 99_999):
        assert sender.whatsapp(body).status_code == 400, body[:10]
    odd: list[dict[str, Any]] = [
        {"statuses": 7},
        {"statuses": [None, 7, {}]},
        status(message, "teleported"),
        status("", "read"),
        status("\u0000", "read"),
        {"statuses": [{"id": message, "status": "read", "timestamp": "soon"}]},
        {"statuses": [{"id": message, "status": ["read"], "timestamp": "1"}]},
        {"messages": [{"from": "me", "timestamp": "1", "type": "text", "text": {"body": "stop"}}]},
        {"messages": [{"from": 7, "timestamp": "1"}]},
        {"messages": "stop"},
    ]
    for value in odd:
        answer = sender.whatsapp(document(luna, value))
        assert (answer.status_code, answer.text) == (200, "ignored"), value
    for entry in ([None], [{"changes": None}], [{"changes": [{"field": "messages"}]}]):
        assert sender.whatsapp({"entry": entry}).text == "ignored"
    strange = reply("", type="text", text=["\u0000"])
    assert sender.whatsapp(document(luna, strange, reply("\u0000stop"))).status_code == 200
    assert asked(luna, CUSTOMER).opted_out_of == "everything"


def test_neither_number_nor_text_nor_name_gets_into_the_log(
    luna: Connected, sender: Sender, capfd: pytest.CaptureFixture[str]
) -> None:
    sent_message(luna)
    sender.whatsapp(document(luna, reply("Ich bin Rosa Vega, bitte nie wieder")))
    sender.whatsapp(document(luna, reply("stop")))
    written = capfd.readouterr().err
    assert '"event": "webhook.answered"' in written
    for personal in ("Rosa", "Vega", PHONE[1:], "nie wieder"):
        assert personal not in written


def test_the_stand_in_tells_what_became_of_a_message(luna: Connected, sender: Sender) -> None:
    """From the booking to the customer's phone: nobody asks, and the status is known."""
    address = f"{sender.url}/whatsapp/luna"
    luna.outside.register_webhook(address, APP_SECRET, provider="whatsapp")
    sent_message(luna)
    luna.until(lambda: asked(luna, MESSAGES).status in ("delivered", "read"))
