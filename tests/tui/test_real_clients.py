"""Clients and the waitlist over the real engine; a second process reads what became of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from driving import Hand, drive
from factories import Salon

from bookra.engine.bookings.waitlist.actions import WishRequest, add_wish
from bookra.engine.bookings.waitlist.windows import parse_window
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.taking import take_cash
from bookra.engine.people.customers import Customer
from bookra.tui.engine_desk import EngineDesk
from bookra.tui.screens.clients import ClientsScreen

TODAY, THURSDAY = "2026-11-23", "2026-11-26"
Play = Callable[[Hand], Awaitable[None]]


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment, BOOKRA_TENANT="luna")


def at_the_desk(salon: Salon, play: Play, **more: Any) -> None:
    """Open the front desk over the salon's engine, at its clock."""
    desk: Any = EngineDesk(salon.engine, salon.slug)
    drive(play, desk=desk, now=lambda: salon.now, **more)


def client(bookra: CommandLine, name: str) -> dict[str, Any]:
    """Return a client as another process sees them."""
    document = bookra("customer", "show", name, "--json", check=True).json
    assert isinstance(document, dict)
    return document


def wishes(bookra: CommandLine, status: str = "open") -> list[dict[str, Any]]:
    """Return the waitlist as another process sees it."""
    listed = bookra("waitlist", "list", "--status", status, "--json", check=True).json
    assert isinstance(listed, list)
    return listed


def wait(salon: Salon, who: Customer, window: str, staff: str | None = None) -> str:
    """Put a wish for a cut on the list; returns its code."""
    spans = parse_window(window, salon.zone, salon.now)
    return salon.act(lambda tx: add_wish(tx, WishRequest("cut", staff, who.id, spans))).wish.code


def test_a_client_is_added_changed_and_taken_back(salon: Salon, bookra: CommandLine) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("2", "n", *"Zoe Ruiz", "down", *"030 901820", "down", "down", *"es")
        await hand.press("enter")
        assert "Zoe Ruiz is added" in hand.text()
        assert client(bookra, "zoe")["phone"] == "+4930901820"
        await hand.press("e", *"likes tea", "enter")
        assert client(bookra, "zoe")["notes"] == "likes tea"
        await hand.press("u")
        assert "Zoe Ruiz is as before" in hand.text()
        await hand.press("o", "2")
        await hand.press("exclamation_mark")
        assert "bookra message stop" in hand.text()

    at_the_desk(salon, play)
    known = client(bookra, "zoe")
    assert (known["notes"], known["opted_out_of"]) == ("", "reminders")
    assert "likes tea" not in str([row.payload for row in salon.ask(outbox_rows)])


def test_what_can_not_be_a_phone_is_said_while_it_is_typed(salon: Salon) -> None:
    async def play(hand: Hand) -> None:
        await hand.press("2", "n", *"Zoe", "down", *"12")
        assert "'12' is not a phone number in DE" in hand.text()
        await hand.press("enter")
        assert "is not a phone number" in hand.text()

    at_the_desk(salon, play)
    assert salon.ask(lambda tx: EngineDesk(salon.engine, salon.slug).clients("zoe")) == []


def test_the_card_sums_up_what_the_ledger_says(salon: Salon) -> None:
    rosa = salon.customer("Rosa Vega", phone="030 901820")
    paid = salon.book(f"{TODAY} 10:00", customer=rosa)
    salon.book(f"{THURSDAY} 11:00", customer=rosa)
    salon.act(lambda tx: take_cash(tx, paid.code))

    async def play(hand: Hand) -> None:
        await hand.press("2", "f", *"vega ro")
        text = hand.text()
        assert "+4930901820" in text
        assert re.search(rf"Spent +€{paid.price.minor / 100:.2f}", text)
        assert "Thu 26 Nov 11:00" in text

    at_the_desk(salon, play)


def test_what_is_free_is_offered_and_the_offer_is_accepted(
    salon: Salon, bookra: CommandLine
) -> None:
    code = wait(salon, salon.customer("Rosa Vega", phone="030 901820"), f"{THURSDAY} 14:00-15:00")

    async def play(hand: Hand) -> None:
        await hand.press("3")
        assert "Thu 26 Nov 14:00" in hand.text()
        await hand.press("o")
        assert "1h left" in hand.text()
        (wish,) = wishes(bookra)
        assert (wish["status"], wish["offer"]["start"][11:16]) == ("offered", "14:00")
        await hand.press("exclamation_mark")
        assert f"bookra waitlist offer {code} --staff ana --at 2026-11-26T14:00" in hand.text()
        await hand.press("escape", "y")
        assert "Rosa Vega is booked" in hand.text()

    at_the_desk(salon, play)
    assert wishes(bookra) == []
    assert wishes(bookra, "fulfilled")[0]["code"] == code


def test_a_wish_is_added_and_a_dropped_one_put_back(salon: Salon, bookra: CommandLine) -> None:
    salon.customer("Rosa Vega")

    async def play(hand: Hand) -> None:
        await hand.press("3", "n", *"ros", "enter", *"cut", "down", "down", *"thu 14:00-18:00")
        await hand.press("enter")
        assert "Rosa Vega waits for Cut" in hand.text()
        (wish,) = wishes(bookra)
        assert wish["windows"][0]["start"][:16] == f"{THURSDAY}T14:00"
        await hand.press("d")
        assert wishes(bookra) == []
        await hand.press("u")
        assert "Rosa Vega waits again" in hand.text()

    at_the_desk(salon, play)
    assert [wish["customer"] for wish in wishes(bookra)] == ["Rosa Vega"]


def test_a_gap_is_filled_by_two_keys_and_its_offer_seen_elsewhere(
    salon: Salon, bookra: CommandLine
) -> None:
    code = wait(salon, salon.customer("Rosa Vega"), f"{TODAY} 09:00-18:00", "ana")

    async def play(hand: Hand) -> None:
        hand.app.day_screen.grid.point_to("ana", salon.now + timedelta(hours=2))
        hand.presses = 0
        await hand.press("w", "enter")
        assert hand.presses == 2
        assert "Rosa Vega is offered 11:00" in hand.text()

    at_the_desk(salon, play)
    (wish,) = wishes(bookra)
    assert (wish["code"], wish["status"]) == (code, "offered")
    assert wish["offer"]["start"][:16] == f"{TODAY}T11:00"


def test_a_gap_filled_for_sure_is_booked_and_taking_it_back_lets_them_wait_again(
    salon: Salon, bookra: CommandLine
) -> None:
    wait(salon, salon.customer("Rosa Vega"), f"{TODAY} 09:00-18:00", "ana")

    async def play(hand: Hand) -> None:
        hand.app.day_screen.grid.point_to("ana", salon.now + timedelta(hours=2))
        await hand.press("w", "b")
        assert wishes(bookra) == []
        (booked,) = bookra("booking", "list", "--from", TODAY, "--json", check=True).json
        assert (booked["status"], booked["start"][11:16]) == ("confirmed", "11:00")
        await hand.press("u")
        assert "they wait again" in hand.text()

    at_the_desk(salon, play)
    assert [wish["customer"] for wish in wishes(bookra)] == ["Rosa Vega"]


def test_the_search_finds_clients_visits_and_services(salon: Salon) -> None:
    rosa = salon.customer("Rosa Vega")
    booking = salon.book(f"{THURSDAY} 10:00", customer=rosa)
    desk = EngineDesk(salon.engine, salon.slug)
    assert [one.kind for one in desk.search("vega")] == ["client", "booking"]
    (service,) = desk.search("cu")
    assert service.kind == "service"
    assert service.at is not None
    assert service.at >= salon.now
    (visit,) = desk.search(booking.code.lower())
    assert visit.target == booking.code

    async def play(hand: Hand) -> None:
        await hand.press("slash", *"vega", "down", "enter")
        await hand.rest()
        pointed = hand.app.day_screen.grid.pointed
        assert pointed is not None
        assert pointed.block is not None
        assert pointed.block.code == booking.code
        assert "Thu 26 Nov" in hand.text()
        await hand.press("slash", *"vega", "enter")
        await hand.rest()
        assert isinstance(hand.app.screen, ClientsScreen)

    at_the_desk(salon, play)
