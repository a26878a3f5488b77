"""Signed webhooks of the stand-ins, received by a real listener."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import stripe

from bookra.errors import InvalidInputError
from bookra.sandbox import open_whatsapp_sender


class Receiver:
    """Keeps what it is sent, and answers with the next of ``answers`` (then 200)."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((dict(self.headers.items()), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Stay silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def wait_for(self, count: int, seconds: float = 15) -> list[tuple[dict[str, str], bytes]]:
        deadline = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} came"
            time.sleep(0.05)
        return self.received


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_stripes_signature_passes_the_real_client_and_a_forged_one_does_not(
    own_sandbox: Any, salon_of: Any, receiver: Receiver
) -> None:
    own_sandbox.control.register_webhook(receiver.url, "whsec_right")
    salon = salon_of(own_sandbox)
    salon.paid("LUN-HOOK")
    received = receiver.wait_for(5)
    kinds = []
    for headers, body in received:
        event = salon.client.construct_event(body, headers["Stripe-Signature"], "whsec_right")
        kinds.append((event.type, getattr(event, "account", None)))
    assert ("checkout.session.completed", salon.account.id) in kinds
    assert ("application_fee.created", None) in kinds
    headers, body = received[0]
    with pytest.raises(stripe.SignatureVerificationError):
        salon.client.construct_event(body, headers["Stripe-Signature"], "whsec_wrong")


def test_a_delivery_that_fails_is_tried_again(
    own_sandbox: Any, salon_of: Any, receiver: Receiver
) -> None:
    receiver.answers = [500]
    own_sandbox.control.register_webhook(receiver.url, "whsec_right")
    salon = salon_of(own_sandbox)
    salon.v1.customers.create({"name": "Mia"}, salon.me)
    first, second = receiver.wait_for(2)
    assert first[1] == second[1]


def test_whatsapp_statuses_are_signed_over_the_raw_body(
    own_sandbox: Any, receiver: Receiver, http: Any
) -> None:
    own_sandbox.control.register_webhook(receiver.url, "app-secret", provider="whatsapp")
    sender = open_whatsapp_sender(own_sandbox.directory, display_name="Luna")
    template = {"name": "hello", "language": {"code": "en"}}
    http.post(
        f"{own_sandbox.url}/v23.0/{sender.phone_number_id}/messages",
        headers={"Authorization": f"Bearer {sender.token}"},
        json={
            "messaging_product": "whatsapp",
            "to": "491701234567",
            "type": "template",
            "template": template,
        },
    )
    for headers, body in receiver.wait_for(2):
        digest = hmac.new(b"app-secret", body, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={digest}"


@pytest.mark.parametrize("url", ["https://example.org/hook", "http://10.0.0.1/hook", "nonsense"])
def test_a_webhook_never_leaves_this_machine(sandbox: Any, url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        sandbox.control.register_webhook(url, "whsec_x")
    assert refused.value.code == "bad_url"
