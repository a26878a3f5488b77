"""The WhatsApp stand-in: templates accepted, refusals in Graph's shape, no idempotency."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bookra.sandbox import WhatsAppSender, open_whatsapp_sender


def message(**more: Any) -> dict[str, Any]:
    parameters = [{"type": "text", "text": "Mia"}]
    return {
        "messaging_product": "whatsapp",
        "to": "491701234567",
        "type": "template",
        "template": {
            "name": "booking_confirmed",
            "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": parameters}],
        },
        "biz_opaque_callback_data": "LUN-7F3K",
        **more,
    }


class Phone:
    """One sender, asked over HTTP with its own token."""

    def __init__(self, url: str, http: httpx.Client, sender: WhatsAppSender) -> None:
        self.http = http
        self.sender = sender
        self.address = f"{url}/v23.0/{sender.phone_number_id}/messages"

    def send(self, token: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.sender.token}"}
        return self.http.post(self.address, json=message(**more), headers=headers)


@pytest.fixture
def phone(sandbox: Any, http: httpx.Client) -> Phone:
    return Phone(sandbox.url, http, open_whatsapp_sender(sandbox.directory, display_name="Luna"))


def test_a_template_is_accepted_and_shown_with_its_booking(sandbox: Any, phone: Phone) -> None:
    accepted = phone.send().json()
    assert accepted["messaging_product"] == "whatsapp"
    assert accepted["contacts"] == [{"input": "491701234567", "wa_id": "491701234567"}]
    assert accepted["messages"][0]["id"].startswith("wamid.")
    seen = sandbox.control.show()["whatsapp"]["messages"][-1]
    assert (seen["to"], seen["template"], seen["booking"]) == (
        "491701234567",
        "booking_confirmed",
        "LUN-7F3K",
    )


def test_the_same_message_twice_is_two_messages(sandbox: Any, phone: Phone) -> None:
    before = len(sandbox.control.show()["whatsapp"]["messages"])
    assert phone.send().json()["messages"] != phone.send().json()["messages"]
    assert len(sandbox.control.show()["whatsapp"]["messages"]) == before + 2


def test_statuses_follow_a_message_and_carry_its_booking(sandbox: Any, phone: Phone) -> None:
    last = sandbox.control.whatsapp_statuses()["last"]
    sent = phone.send().json()["messages"][0]["id"]
    documents = sandbox.control.whatsapp_statuses(last)["statuses"]
    values = [document["entry"][0]["changes"][0]["value"] for document in documents]
    assert {value["metadata"]["phone_number_id"] for value in values} == {
        phone.sender.phone_number_id
    }
    statuses = [value["statuses"][0] for value in values]
    assert [(one["id"], one["status"]) for one in statuses] == [(sent, "sent"), (sent, "delivered")]
    assert {one["biz_opaque_callback_data"] for one in statuses} == {"LUN-7F3K"}


def test_a_number_without_whatsapp_fails_later(sandbox: Any, phone: Phone) -> None:
    last = sandbox.control.whatsapp_statuses()["last"]
    assert phone.send(to="491700000000").status_code == 200
    document = sandbox.control.whatsapp_statuses(last)["statuses"][0]
    status = document["entry"][0]["changes"][0]["value"]["statuses"][0]
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)


LANGUAGE = {"code": "en_US"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"messaging_product": "sms"}, 400, 100),
        ({"to": None}, 400, 100),
        ({"to": "ana@example.org"}, 400, 131009),
        ({"template": {"language": LANGUAGE}}, 400, 100),
        ({"template": {"name": "hello"}}, 400, 100),
        ({"template": {"name": "Not A Name", "language": LANGUAGE}}, 404, 132001),
        ({"type": "text", "text": {"body": "hi"}}, 400, 131047),
        ({"type": "poem"}, 400, 131051),
    ],
)
def test_a_wrong_message_is_refused_in_graphs_shape(
    phone: Phone, change: dict[str, Any], status: int, code: int
) -> None:
    reply = phone.send(**change)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert {"message", "type", "code", "fbtrace_id"} <= reply.json()["error"].keys()


@pytest.mark.parametrize("text", ["", "two\nlines", "wide      gap"])
def test_a_template_parameter_that_meta_refuses_is_refused(phone: Phone, text: str) -> None:
    component = {"type": "body", "parameters": [{"type": "text", "text": text}]}
    template = {"name": "hello", "language": LANGUAGE, "components": [component]}
    assert phone.send(template=template).status_code == 400


def test_a_token_sends_from_its_own_number_only(sandbox: Any, phone: Phone) -> None:
    other = open_whatsapp_sender(sandbox.directory, display_name="Sol")
    assert phone.send(token="EAAforged").json()["error"]["code"] == 190
    assert phone.send(token=other.token).json()["error"]["code"] == 100


@pytest.mark.parametrize(
    ("kind", "status", "code", "sent"),
    [("500", 500, 2, 0), ("500-after", 500, 2, 1), ("429", 429, 130429, 0)],
)
def test_whatsapps_faults_have_graphs_shape(
    sandbox: Any, phone: Phone, kind: str, status: int, code: int, sent: int
) -> None:
    before = len(sandbox.control.show()["whatsapp"]["messages"])
    sandbox.control.fault("whatsapp", kind)
    reply = phone.send()
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert len(sandbox.control.show()["whatsapp"]["messages"]) == before + sent


def test_a_lost_answer_hides_a_message_that_went_out(sandbox: Any, phone: Phone) -> None:
    before = len(sandbox.control.show()["whatsapp"]["messages"])
    sandbox.control.fault("whatsapp", "drop-after")
    with pytest.raises(httpx.RemoteProtocolError):
        phone.send()
    assert len(sandbox.control.show()["whatsapp"]["messages"]) == before + 1
