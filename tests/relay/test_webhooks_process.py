"""The receiver in a relay's process: a payment without a poll, and a kill right after the 200."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from command_line import CommandLine
from connected import ONCE_PAID, Connected
from relay.webhook_sender import INBOX, WEBHOOK_SECRET, Poked, Sender, seal
from trusting import NOBODY

from bookra.engine.bookings.model import Status

NEVER = "3600"
"""Seconds between polls: longer than any test."""


def told(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Read a relay's log up to an event, and return it."""
    assert process.stderr is not None
    for line in process.stderr:
        found: dict[str, Any] = json.loads(line)
        if found["event"] == event:
            return found
    raise AssertionError(f"the relay ended without {event}")


@contextmanager
def listening(bookra: CommandLine, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a relay that receives webhooks on a free port and hardly ever polls."""
    given = ("relay", "run", "--poll", NEVER, "--webhooks", "127.0.0.1:0", *words)
    with bookra.start(*given) as relay:
        url = told(relay, "webhooks.listening")["url"]
        told(relay, "relay.started")
        yield relay, url


def test_a_payment_is_confirmed_by_its_webhook_alone(luna: Connected, bookra: CommandLine) -> None:
    seal(luna, "stripe", webhook_secret=WEBHOOK_SECRET)
    with listening(bookra) as (relay, url):
        luna.outside.register_webhook(f"{url}/stripe/luna", WEBHOOK_SECRET)
        booking = luna.book_with_link()
        luna.until(lambda: luna.booking(booking).payment_url is not None)
        luna.pay(booking)
        luna.until(lambda: luna.booking(booking).status is Status.CONFIRMED)
        luna.until(lambda: not luna.rows())
        kept = luna.salon.ask(lambda tx: tx.rows(INBOX))
        assert {row.via for row in kept} == {"webhook"}
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(20) == 0
    luna.drain()
    assert luna.seen(booking) == ONCE_PAID
    luna.prove_the_money()


def test_an_event_that_was_acknowledged_outlives_the_relay(
    luna: Connected, bookra: CommandLine
) -> None:
    """It is killed at the very moment of its 200; the next relay handles what it kept."""
    seal(luna, "stripe", webhook_secret=WEBHOOK_SECRET)
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    events = [e for e in luna.stripe_list("events") if e["type"] == "checkout.session.completed"]
    with listening(bookra) as (relay, url):
        luna.outside.fault("stripe", "slow")  # so that it is not handled before the kill
        sends = Sender(luna, url, Poked())
        answer = sends.stripe({**events[0], "account": luna.stripe.id})
        relay.kill()
        assert answer.status_code == 200
        relay.wait(20)
    assert events[0]["id"] in {row.event_ref for row in sends.inbox()}
    luna.outside.fault("stripe", off=True)
    luna.drain()
    assert luna.booking(booking).status is Status.CONFIRMED
    assert luna.seen(booking) == ONCE_PAID


@pytest.mark.parametrize("option", ["--webhooks", "--metrics"])
def test_an_address_that_is_wrong_or_taken_ends_the_command(
    luna: Connected, bookra: CommandLine, option: str
) -> None:
    ran = bookra("relay", "run", option, ":8787", "--json")
    assert (ran.code, ran.error["code"]) == (6, "bad_address")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = bookra("relay", "run", option, address, "--json")
    assert ran.code == 7
    last = json.loads(ran.stderr.splitlines()[-1])["error"]
    assert (last["code"], last["details"]) == ("port_taken", {"address": address})
    assert address in last["message"]


def test_it_says_how_it_is_as_long_as_it_runs(luna: Connected, bookra: CommandLine) -> None:
    given = ("relay", "run", "--poll", "0.3", "--metrics", "127.0.0.1:0")
    with bookra.start(*given) as relay:
        url = told(relay, "metrics.listening")["url"]
        luna.book()
        luna.until(lambda: not luna.rows())
        for path in ("/live", "/ready"):
            answer = httpx.get(f"{url}{path}", trust_env=False, verify=NOBODY)
            assert (answer.status_code, answer.json()["ok"]) == (200, True), answer.text
        text = httpx.get(f"{url}/metrics", trust_env=False, verify=NOBODY).text
        assert "bookra_database_up 1.0" in text
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(20) == 0
