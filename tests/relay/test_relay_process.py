"""The relay as a process: it ends when told to, shares the work, and finds the stand-ins again."""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from command_line import CommandLine
from connected import ONCE_PAID, Connected, connected_salon
from databases import Database
from sqlalchemy import Engine as Pool

from bookra.config import Settings
from bookra.engine.bookings.model import Status
from bookra.sandbox import SandboxClient

RELAY_KEYS = {
    "id",
    "started_at",
    "last_tick_seconds_ago",
    "alive",
    "host",
    "pid",
    "version",
    "leads",
}


@contextmanager
def running(bookra: CommandLine, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a relay, told to end afterwards; it must end well."""
    with bookra.start("relay", "run", "--poll", "0.3", *words) as relay:
        yield relay
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(20) == 0


def test_a_running_relay_delivers_polls_and_tells_that_it_lives(
    luna: Connected, bookra: CommandLine
) -> None:
    with running(bookra):
        booking = luna.book_with_link()
        luna.until(lambda: luna.booking(booking).payment_url is not None)
        status = bookra("relay", "status", "--json", check=True).json
        assert status["running"] is True
        (alive,) = status["relays"]
        assert set(alive) == RELAY_KEYS
        luna.pay(booking)
        luna.until(lambda: luna.booking(booking).status is Status.CONFIRMED)
        luna.until(lambda: not luna.rows())
    status = bookra("relay", "status", "--json", check=True).json
    assert status["running"] is False
    assert status["outbox"]["ready"] == status["outbox"]["in_flight"] == 0
    assert luna.seen(booking) == ONCE_PAID


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_relay_that_is_told_to_end_finishes_what_is_in_flight(
    luna: Connected, bookra: CommandLine, number: signal.Signals
) -> None:
    """Google takes two seconds, longer than the lease: heartbeats keep it from other relays."""
    luna.outside.fault("google", "slow")
    with bookra.start("relay", "run", "--lease", "1") as relay:
        booking = luna.book()
        luna.until(lambda: luna.row("calendar.upsert").state == "leased")
        relay.send_signal(number)
        while relay.poll() is None:
            luna.drain()
        _, stderr = relay.communicate(timeout=20)
    assert relay.returncode == 0
    assert "relay.stopped" in stderr
    assert luna.rows() == []
    assert luna.seen(booking)["events"] == 1
    (settled,) = [row for row in luna.rows("delivered") if row.topic == "calendar.upsert"]
    assert (settled.attempts, settled.rescues) == (1, 0)


def test_a_second_signal_ends_a_relay_at_once_and_leaves_its_work_to_others(
    luna: Connected, bookra: CommandLine
) -> None:
    luna.outside.fault("google", "timeout", count=1)
    with bookra.start("relay", "run", "--lease", "1") as relay:
        booking = luna.book()
        # Only then is it Google that this relay waits for, and not the one that takes over.
        luna.until(lambda: luna.seen(booking)["events"] == 1)
        assert luna.row("calendar.upsert").state in ("leased", "sending")
        relay.send_signal(signal.SIGTERM)
        assert relay.stderr is not None
        while "relay.stopping" not in relay.stderr.readline():  # two at once would be one
            assert relay.poll() is None
        relay.send_signal(signal.SIGTERM)
        assert relay.wait(5) == 1
    luna.let_leases_lapse()
    luna.drain_past_failures()
    assert luna.seen(booking)["events"] == 1


def test_two_relays_side_by_side_deliver_each_row_once(
    luna: Connected, bookra: CommandLine
) -> None:
    with running(bookra) as one, running(bookra) as other:
        bookings = [luna.book() for _ in range(20)]
        luna.until(lambda: not luna.rows(), within_seconds=30)
        logs = []
        for relay in (one, other):
            relay.send_signal(signal.SIGTERM)
            logs.append(relay.communicate(timeout=20)[1])
    settled = [
        Counter(line["row"] for line in events(log) if line["event"] == "outbox.settled")
        for log in logs
    ]
    assert sum(settled, Counter()) == {str(row.id): 1 for row in luna.rows("delivered")}
    shown = luna.outside.show()
    codes = {booking.code: 1 for booking in bookings}
    assert Counter(event["booking"] for event in shown["calendar"]["events"]) == codes
    assert Counter(message["booking"] for message in shown["whatsapp"]["messages"]) == codes


def test_the_log_holds_no_names_numbers_or_tokens(luna: Connected, bookra: CommandLine) -> None:
    luna.outside.fault("google", "500", count=1)
    booking = luna.book_with_link()
    luna.drain()
    luna.pay(booking)
    ran = bookra("relay", "drain", check=True)
    assert "outbox.settled" in ran.stderr
    for secret in ("Rosa", "Vega", "4930901820", luna.stripe.secret_key, "Bearer"):
        assert secret not in ran.stderr


def test_a_sandbox_that_comes_back_on_another_port_is_found_again(
    database: Database, pool: Pool, settings: Settings, bookra: CommandLine
) -> None:
    """The relay runs on; the stand-ins' state is in their folder, their address in a file there."""
    with running(bookra):
        with connected_salon(database, pool, settings) as luna:
            first = luna.book_with_link()
            # Once it is paid, nobody is sent the link any more.
            luna.until(lambda: luna.seen(first)["links"] == 1)
        second = luna.book()
        luna.until(lambda: luna.row("calendar.upsert").last_error == "sandbox_down")
        with sandbox_elsewhere(bookra, luna.url) as url:
            there = replace(luna, outside=SandboxClient(url), url=url)
            there.pay(first)
            there.until(lambda: there.booking(first).status is Status.CONFIRMED)
            there.hurry()
            there.until(lambda: not there.rows())
            assert there.seen(first) == ONCE_PAID
            assert there.seen(second)["events"] == 1


@contextmanager
def sandbox_elsewhere(bookra: CommandLine, before: str) -> Iterator[str]:
    """Run the stand-ins as a process, on another port than before."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    assert not before.endswith(port)
    with bookra.start("sandbox", "run", "--port", port, "--output", "csv") as process:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 20)[0]
        assert process.stdout.readline().strip() == "url"
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def events(log: str) -> list[dict[str, str]]:
    """Return the lines of a relay's log."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]
