"""What the command line tells when the outside fails: stand-ins down, keys gone, cards declined."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_desk import Desk
from moments import monday_at
from relay.served_sandbox import serving

BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--json", "--at")


@pytest.fixture
def connected(desk: Desk) -> Desk:
    """A desk whose salon is connected to stand-ins that nobody has started."""
    for provider in ("stripe", "google", "whatsapp"):
        desk("tenant", "provider", "set", provider, "--sandbox", check=True)
    return desk


@pytest.fixture
def served(connected: Desk) -> Iterator[Desk]:
    """A desk whose stand-ins run."""
    with serving(connected.shop.settings.sandbox_dir):
        yield connected


def drained(desk: Desk) -> dict[str, tuple[str, str]]:
    """Drain once; return the state and the last error of what is left, by topic."""
    assert desk("relay", "drain").code == 0
    left = desk("outbox", "list", "--json", check=True).json
    return {row["topic"]: (row["state"], row["last_error"]) for row in left}


def test_a_sandbox_that_is_down_is_exit_7(connected: Desk) -> None:
    for words in (("sandbox", "show"), ("sandbox", "pay", "LUN-7F3K"), ("reconcile", "stripe")):
        ran = connected(*words, "--json")
        assert (ran.code, ran.error["code"]) == (7, "sandbox_down"), words


def test_effects_wait_for_a_sandbox_that_is_down_and_say_why(connected: Desk) -> None:
    connected(*BOOK, monday_at("10:00"), check=True)
    why = ("ready", "sandbox_down")
    assert drained(connected) == {"calendar.upsert": why, "message.send": why}
    with serving(connected.shop.settings.sandbox_dir):
        for row in connected("outbox", "list", "--json").json:
            connected("outbox", "retry", row["id"], check=True)
        assert drained(connected) == {}


def test_what_is_held_back_is_listed_and_resumed(connected: Desk) -> None:
    for hour in range(10, 15):
        connected(*BOOK, monday_at(f"{hour}:00"), check=True)
    drained(connected)
    held = connected("outbox", "resume", "--json", check=True).json
    states = {row["destination"]: (row["state"], row["why"]) for row in held}
    assert states["google"] == ("open", "sandbox_down")
    assert connected("outbox", "resume", "google", "--dry-run", check=True).code == 0
    resumed = connected("outbox", "resume", "google", "--json", check=True).json
    assert resumed == {"destination": "google", "resumed": True}
    held = connected("outbox", "resume", "--json", check=True).json
    assert "google" not in {row["destination"] for row in held}
    again = connected("outbox", "resume", "google", "--json", check=True).json
    assert again["resumed"] is False


@pytest.mark.parametrize(
    ("key", "why"), [(b"\0" * 32, "wrong_key"), (b"short", "key_broken"), (None, "key_missing")]
)
def test_a_token_that_the_key_does_not_open_is_told(
    served: Desk, key: bytes | None, why: str
) -> None:
    served(*BOOK, monday_at("10:00"), check=True)
    file = served.shop.settings.key_file
    right = file.read_bytes()
    file.unlink()
    if key is not None:
        write_key(file, key)
    assert drained(served) == {"calendar.upsert": ("ready", why), "message.send": ("ready", why)}
    ran = served("reconcile", "stripe", "--json")
    assert (ran.code, ran.error["code"]) == (7, why)
    assert str(file) in ran.error["message"]
    write_key(file, right)
    for row in served("outbox", "list", "--json").json:
        served("outbox", "retry", row["id"], check=True)
    assert drained(served) == {}


def write_key(file: Path, key: bytes) -> None:
    """Write a key that nobody else may read: another one is refused."""
    file.touch(0o600)
    file.write_bytes(key)


def test_a_visit_is_paid_by_link_from_the_command_line(served: Desk) -> None:
    booked = served(*BOOK, monday_at("10:00"), "--pay", "link", check=True).json
    assert booked["status"] == "held"
    assert "payment_url" not in booked
    assert drained(served) == {}
    shown = served("booking", "show", booked["code"], "--json").json
    assert shown["payment_url"].startswith("http://127.0.0.1:")

    paid = served("sandbox", "pay", shown["payment_url"], "--json", check=True).json
    assert paid["paid"] is True
    again = served("sandbox", "pay", booked["code"], "--json")
    assert (again.code, again.error["code"]) == (4, "already_paid")

    assert drained(served) == {}
    assert served("booking", "show", booked["code"], "--json").json["status"] == "confirmed"
    seen = served("sandbox", "show", "--json", check=True).json
    assert (seen["stripe"]["charges"], seen["stripe"]["refunds"]) == (1, 0)
    assert [event["booking"] for event in seen["calendar"]["events"]] == [booked["code"]]
    told = seen["whatsapp"]["messages"]
    assert [message["template"] for message in told] == ["payment_link", "booking_confirmed"]
    assert {(each["to"], each["booking"]) for each in told} == {("4930901820", booked["code"])}
    proof = served("reconcile", "stripe", "--json", check=True).json
    assert proof["ok"] is True
    assert proof["ledger"] == proof["stripe"]
    assert proof["difference"]["amount_minor"] == 0
    assert {"currency", "entries", "balance_transactions", "drift"} <= set(proof)


def test_a_drift_from_stripe_is_exit_8_with_the_proof_on_stdout(served: Desk) -> None:
    booked = served(*BOOK, monday_at("10:00"), "--pay", "link", check=True).json
    drained(served)
    served("sandbox", "pay", booked["code"], check=True)
    ran = served("reconcile", "stripe", "--json")
    assert (ran.code, ran.error["code"]) == (8, "drift")
    assert ran.json["ok"] is False
    (drift,) = [item for item in ran.json["drift"] if item["class"] == "missing_here"]
    assert set(drift) == {"class", "id", "amount"}


def test_a_declined_card_is_an_outcome_and_books_nothing(served: Desk) -> None:
    booked = served(*BOOK, monday_at("10:00"), "--pay", "link", check=True).json
    drained(served)
    declined = served("sandbox", "pay", booked["code"], "--card", "declined", "--json", check=True)
    assert declined.json["paid"] is False
    assert drained(served) == {}
    assert served("booking", "show", booked["code"], "--json").json["status"] == "held"
    told = served("sandbox", "show", "--json").json["whatsapp"]["messages"]
    assert [message["template"] for message in told] == ["payment_link"]


def test_a_fault_is_planned_shown_and_taken_back(served: Desk) -> None:
    planned = served("sandbox", "fault", "google", "down", "--json", check=True).json
    assert planned["faults"] == [
        {"provider": "google", "kind": "down", "remaining": None, "rate": None}
    ]
    assert served("sandbox", "fault", "google", "--off", "--json").json == {"faults": []}


def test_a_token_is_never_shown(served: Desk) -> None:
    token = served.shop.settings.home / "token"
    token.write_text("sk_live_verysecret", "utf-8")
    words = ("tenant", "provider", "set", "stripe", "--account", "acct_1", "--success-url",
             "https://luna.example/thanks", "--token-file")  # fmt: skip
    ran = served(*words, os.fspath(token), check=True)
    listed = served("tenant", "provider", "list", "--json", check=True)
    for text in (ran.stdout, ran.stderr, listed.stdout):
        assert "verysecret" not in text
