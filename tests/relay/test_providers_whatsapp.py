"""The WhatsApp client: at most once, whatever happens on the way."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_wire import Drop, Reply, Script, Stall, scripted, unreachable
from served_sandbox import serving

from bookra.relay.outcome import (
    ACCOUNT,
    PERMANENT,
    RECIPIENT_THROTTLE,
    THROTTLE,
    TRANSIENT,
    UNDELIVERABLE,
    Dead,
    Delivered,
    Outcome,
    Retry,
    Unknown,
)
from bookra.relay.providers.whatsapp import TemplateMessage, WhatsAppAccess, WhatsAppClient
from bookra.sandbox import SandboxClient, open_whatsapp_sender

TOKEN = "EAA-secret"
MESSAGE = TemplateMessage(
    to_e164="+4915112345678",
    name="booking_confirmed",
    language="en",
    parameters=("Ana\nMüller", "Tue\t14:30"),
    opaque="LUN-7F3K",
)
ACCEPTED = Reply(200, {"messaging_product": "whatsapp", "messages": [{"id": "wamid.1"}]})


def refusal(status: int, code: Any, **headers: str) -> Reply:
    error = {"message": f"({code}) +4915112345678 is bad", "type": "OAuthException", "code": code}
    return Reply(status, {"error": error}, headers)


@contextmanager
def sender(*replies: Reply, patience: float = 5) -> Iterator[tuple[WhatsAppClient, Script]]:
    with scripted(*replies) as script:
        access = WhatsAppAccess(TOKEN, "1234567890", script.url)
        with WhatsAppClient(access, timeout_seconds=(2, patience)) as client:
            yield client, script


def sent(*replies: Reply, patience: float = 5) -> Outcome:
    with sender(*replies, patience=patience) as (client, _):
        return client.send(MESSAGE)


def test_a_template_goes_to_digits_with_its_booking_and_single_blanks() -> None:
    with sender(ACCEPTED) as (client, script):
        outcome = client.send(MESSAGE)
    assert outcome == Delivered("wamid.1")
    (request,) = script.seen
    assert (request.method, request.path) == ("POST", "/v23.0/1234567890/messages")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    texts = [{"type": "text", "text": "Ana Müller"}, {"type": "text", "text": "Tue 14:30"}]
    assert request.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "4915112345678",
        "type": "template",
        "template": {
            "name": "booking_confirmed",
            "language": {"code": "en"},
            "components": [{"type": "body", "parameters": texts}],
        },
        "biz_opaque_callback_data": "LUN-7F3K",
    }


def test_a_template_without_parameters_has_no_components() -> None:
    assert "components" not in replace(MESSAGE, parameters=()).body()["template"]


def test_each_message_has_a_connection_of_its_own() -> None:
    with sender(ACCEPTED, ACCEPTED) as (client, script):
        client.send(MESSAGE)
        client.send(MESSAGE)
    assert len({one.peer_port for one in script.seen}) == 2


def test_a_closed_port_means_that_nothing_was_sent() -> None:
    with WhatsAppClient(WhatsAppAccess(TOKEN, "1", unreachable())) as client:
        assert client.send(MESSAGE) == Retry("whatsapp not sent: ConnectError", TRANSIENT)


@pytest.mark.parametrize(
    ("token", "error_class"), [("EAA\u2013secret", ACCOUNT), ("EAA\nsecret", TRANSIENT)]
)
def test_a_token_that_can_not_be_written_sends_nothing(token: str, error_class: str) -> None:
    with (
        scripted(ACCEPTED) as script,
        WhatsAppClient(WhatsAppAccess(token, "1", script.url)) as client,
    ):
        outcome = client.send(MESSAGE)
    assert isinstance(outcome, Retry)
    assert (outcome.error_class, script.seen) == (error_class, [])


def test_a_message_is_unknown_even_if_reading_the_answer_breaks_in_a_new_way() -> None:
    bottomless = Reply(200, b"[" * 200_000)
    assert sent(bottomless) == Unknown("whatsapp no_answer RecursionError")


def test_a_server_that_never_takes_the_connection_was_sent_nothing() -> None:
    """A full backlog leaves the connection unmade: ConnectTimeout."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        host, port = listener.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex((host, port))
        access = WhatsAppAccess(TOKEN, "1", f"http://{host}:{port}")
        with WhatsAppClient(access, timeout_seconds=(0.3, 1)) as client:
            outcome = client.send(MESSAGE)
        for one in waiting:
            one.close()
    assert outcome == Retry("whatsapp not sent: ConnectTimeout", TRANSIENT)


@pytest.mark.parametrize(
    "reply",
    [
        Drop(),
        Stall(),
        Reply(500, b"<html>oops</html>"),
        Reply(503),
        Reply(502, {"error": "bad gateway"}),
        refusal(500, 131000),
        refusal(500, "131016"),
        Reply(302, None, {"Location": "/elsewhere"}),
        Reply(404, b"<html>nothing here</html>"),
        Reply(200, b"<html>welcome to the hotel</html>"),
        Reply(200, {"messages": []}),
        Reply(200, {"messages": [{"id": None}]}),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_message_without_a_clear_answer_is_unknown_and_sent_once(reply: Reply) -> None:
    with sender(reply, ACCEPTED, patience=0.5) as (client, script):
        assert isinstance(client.send(MESSAGE), Unknown)
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    ("reply", "error_class"),
    [
        (refusal(400, 4), THROTTLE),
        (refusal(400, 80007), THROTTLE),
        (refusal(429, 130429), THROTTLE),
        (Reply(429), THROTTLE),
        (refusal(400, 131056), RECIPIENT_THROTTLE),
        (refusal(400, 2), TRANSIENT),
        (refusal(400, 131016), TRANSIENT),
        (refusal(400, 131057), TRANSIENT),
        (refusal(401, 0), ACCOUNT),
        (refusal(403, 10), ACCOUNT),
        (refusal(401, 190), ACCOUNT),
        (refusal(403, 200), ACCOUNT),
        (refusal(403, 299), ACCOUNT),
        (refusal(403, 368), ACCOUNT),
        (refusal(403, 131031), ACCOUNT),
        (refusal(400, 131042), ACCOUNT),
        (Reply(401), ACCOUNT),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_was_clearly_not_sent_may_be_sent_later(reply: Reply, error_class: str) -> None:
    outcome = sent(reply)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == error_class
    assert outcome.counts is (error_class != THROTTLE)


@pytest.mark.parametrize("code", [2, 131016, 131057])
def test_a_server_error_may_have_sent_the_message_and_is_unknown(code: int) -> None:
    assert sent(refusal(500, code)) == Unknown(f"whatsapp 500 {code}")


@pytest.mark.parametrize("code", [131026, 131047, 131049, 131050, 130472])
def test_a_person_who_is_not_reached_here_may_be_reached_elsewhere(code: int) -> None:
    assert sent(refusal(400, code)) == Dead(f"whatsapp 400 {code}", UNDELIVERABLE)


@pytest.mark.parametrize("code", [100, 131008, 131009, 132000, 132016, 133010])
def test_a_message_that_is_refused_as_it_stands_is_dead(code: int) -> None:
    assert sent(refusal(400, code)) == Dead(f"whatsapp 400 {code}", PERMANENT)


def test_a_throttled_sender_waits_as_long_as_it_is_asked() -> None:
    outcome = sent(refusal(429, 130429, **{"Retry-After": "9"}))
    assert isinstance(outcome, Retry)
    assert outcome.after_seconds == 9


@pytest.mark.parametrize("number", ["", "0049 151", "+49-151-1234567", "+1234567890123456", "Ana"])
def test_a_number_that_is_none_is_refused_without_being_repeated(number: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164") as raised:
        replace(MESSAGE, to_e164=number)
    assert not number or number not in str(raised.value)


def test_neither_token_nor_customer_is_shown() -> None:
    shown = repr(WhatsAppAccess(TOKEN, "1", None)) + repr(MESSAGE)
    assert not any(secret in shown for secret in (TOKEN, "49151", "Ana"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    directory = tmp_path_factory.mktemp("sandbox")
    with serving(directory) as url:
        yield directory, url


class Phone:
    """A sender of the stand-in, our client for it, and what the stand-in saw."""

    def __init__(self, directory: Path, url: str) -> None:
        opened = open_whatsapp_sender(directory, display_name="Luna")
        self.control = SandboxClient(url)
        self.access = WhatsAppAccess(opened.token, opened.phone_number_id, url)
        self.client = WhatsAppClient(self.access, timeout_seconds=(2, 5))

    def count(self, code: str) -> int:
        messages = self.control.show()["whatsapp"]["messages"]
        return sum(one["booking"] == code for one in messages)


@pytest.fixture
def phone(served: tuple[Path, str]) -> Iterator[Phone]:
    phone = Phone(*served)
    with phone.client:
        yield phone
        phone.control.fault("whatsapp", off=True)


def test_a_message_arrives_with_its_template_and_booking(phone: Phone) -> None:
    outcome = phone.client.send(replace(MESSAGE, opaque="LUN-ONCE"))
    assert isinstance(outcome, Delivered)
    assert outcome.reference.startswith("wamid.")
    (seen,) = (
        one for one in phone.control.show()["whatsapp"]["messages"] if one["booking"] == "LUN-ONCE"
    )
    assert (seen["to"].lstrip("+"), seen["template"]) == ("4915112345678", "booking_confirmed")


@pytest.mark.parametrize(("fault", "messages"), [("drop-before", 0), ("drop-after", 1)])
def test_a_dropped_answer_is_unknown_whether_or_not_the_message_went(
    phone: Phone, fault: str, messages: int
) -> None:
    phone.control.fault("whatsapp", fault)
    code = f"LUN-{fault}"
    assert isinstance(phone.client.send(replace(MESSAGE, opaque=code)), Unknown)
    assert phone.count(code) == messages


def test_a_throttled_message_was_not_sent(phone: Phone) -> None:
    phone.control.fault("whatsapp", "429")
    outcome = phone.client.send(replace(MESSAGE, opaque="LUN-BUSY"))
    assert isinstance(outcome, Retry)
    assert (outcome.error_class, phone.count("LUN-BUSY")) == (THROTTLE, 0)


def test_a_strangers_token_stops_the_channel(phone: Phone) -> None:
    with WhatsAppClient(replace(phone.access, token="EAA-stranger")) as stranger:
        outcome = stranger.send(MESSAGE)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == ACCOUNT
