"""The default: no URL, no server, no settings. The first command makes its own PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine
from moments import coming_monday, monday_at


@pytest.fixture
def alone(home: Path) -> Iterator[CommandLine]:
    """A command line with nothing but a home; its server is stopped at the end."""
    command_line = CommandLine.in_folder(home, BOOKRA_HOME=str(home / "data"))
    try:
        yield command_line
    finally:
        command_line("db", "down", "--immediate")


def test_a_salon_is_opened_booked_paid_and_proved_without_any_server(alone: CommandLine) -> None:
    alone("tenant", "create", "luna", "--name", "Luna Hair", "--timezone", "Europe/Berlin",
          "--currency", "EUR", "--country", "DE", "--tax-percent", "19", check=True)  # fmt: skip
    alone("use", "luna", check=True)
    alone("service", "add", "cut", "--name", "Cut", "--minutes", "45", "--price", "45.00")
    alone("staff", "add", "ana", "--name", "Ana", "--commission-percent", "40", check=True)
    alone("hours", "set", "ana", "mon-fri 09:00-17:00", check=True)
    alone("customer", "add", "--name", "Rosa Vega", "--phone", "030 901820", check=True)
    slots = alone("slots", "cut", "--from", str(coming_monday()), "--limit", "1", "--json").json
    assert slots[0]["start"][:16] == monday_at("09:00")
    booked = alone("book", "cut", "--at", monday_at("09:00"), "--customer", "Rosa Vega",
                   "--pay", "cash", "--json", check=True).json  # fmt: skip
    assert booked["due"]["amount_minor"] == 0
    alone("relay", "run", "--once", check=True)
    assert alone("invoice", "list", "--json").json[0]["booking"] == booked["code"]
    assert alone("ledger", "verify", "--json", check=True).json["ok"] is True
    assert alone("doctor", "--json", check=True).json["ok"] is True


def test_the_server_is_stopped_and_the_next_command_starts_it_again(alone: CommandLine) -> None:
    assert alone("db", "status", "--json", check=True).json["running"] is False
    assert alone("db", "up", "--json", check=True).json["running"] is True
    assert alone("db", "down", "--json", check=True).json["stopped"] is True
    assert alone("tenant", "list", "--json", check=True).json == []
    status = alone("db", "status", "--json", check=True).json
    assert (status["kind"], status["running"], status["up_to_date"]) == ("embedded", True, True)
