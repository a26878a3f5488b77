"""The verbs on the grid over the real engine; a second process reads what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from driving import Hand, drive
from factories import Salon
from sqlalchemy import text

from bookra.engine.bookings import moving
from bookra.engine.bookings.model import Booking
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments import taking
from bookra.engine.prices import policies
from bookra.engine.prices.policy import Fee
from bookra.tui.engine_desk import EngineDesk
from bookra.tui.screens.moving import MovingLayer
from bookra.tui.screens.repair import RepairDialog

TODAY = "2026-11-23"
_ACCEPTED = text(
    "UPDATE bookings SET policy_accepted_at = :now, policy_accepted_via = 'counter',"
    " changed_by = session_user WHERE tenant_id = :tenant_id AND code = :code"
)
Play = Callable[[Hand], Awaitable[None]]


@pytest.fixture
def bookra(environment: dict[str, str], tmp_path: Path) -> CommandLine:
    """The command line on the test's database."""
    return CommandLine.in_folder(tmp_path, **environment, BOOKRA_TENANT="luna")


def at_the_desk(salon: Salon, play: Play, **more: Any) -> None:
    """Open the front desk over the salon's engine, at its clock."""
    desk: Any = EngineDesk(salon.engine, salon.slug)
    drive(play, desk=desk, now=lambda: salon.now, **more)


def shown(bookra: CommandLine, code: str) -> dict[str, Any]:
    """Return a booking as another process sees it."""
    document = bookra("booking", "show", code, "--json", check=True).json
    assert isinstance(document, dict)
    return document


def place(document: dict[str, Any]) -> tuple[str, str]:
    """Return with whom and when a booking is."""
    return document["staff"], document["start"][11:16]


def rosa_and_kim(salon: Salon) -> tuple[Booking, Booking]:
    """Book Rosa with Ana at ten, Kim with Ben at eleven."""
    rosa = salon.book(f"{TODAY} 10:00", customer=salon.customer("Rosa Vega"))
    kim = salon.book(f"{TODAY} 11:00", staff="ben", customer=salon.customer("Kim Roth"))
    return rosa, kim


def test_a_move_is_seen_by_another_process_and_taken_back(
    salon: Salon, bookra: CommandLine
) -> None:
    rosa, _ = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("m", "right", "down", "down")
        assert "✗ 10:30 Rosa" in hand.text()
        assert "hits Kim" in hand.text()
        await hand.press("up", "enter")
        assert "✗" not in hand.text()
        assert place(shown(bookra, rosa.code)) == ("ben", "10:15")
        await hand.press("exclamation_mark")
        assert f"bookra booking move {rosa.code} --at 2026-11-23T10:15 --staff ben" in hand.text()
        await hand.press("escape", "u")

    at_the_desk(salon, play)
    assert place(shown(bookra, rosa.code)) == ("ana", "10:00")


def test_the_next_fit_is_one_that_booking_would_take(salon: Salon, bookra: CommandLine) -> None:
    rosa, _ = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("m", "right", "down", "down", "f", "enter")

    at_the_desk(salon, play)
    assert place(shown(bookra, rosa.code)) == ("ben", "11:45")


def test_who_was_quicker_is_named_and_the_ghost_stays(salon: Salon, bookra: CommandLine) -> None:
    rosa, _ = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("m", *["down"] * 8)
        assert "✓ 12:00 Rosa" in hand.text()
        quick = salon.customer("Zoe Quick")
        salon.book(f"{TODAY} 12:00", customer=quick)
        await hand.press("enter")
        assert isinstance(hand.app.screen, MovingLayer)
        assert "Next free" in hand.text()
        assert "hits Zoe" in hand.text()
        await hand.press("f", "enter")

    at_the_desk(salon, play)
    assert place(shown(bookra, rosa.code)) == ("ana", "12:45")


def test_a_swap_is_seen_by_another_process(salon: Salon, bookra: CommandLine) -> None:
    rosa, kim = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("s", "tab")
        assert "✓ fits" in hand.text()
        await hand.press("enter")

    at_the_desk(salon, play)
    assert place(shown(bookra, rosa.code)) == ("ben", "11:00")
    assert place(shown(bookra, kim.code)) == ("ana", "10:00")


def test_a_walk_in_is_booked_and_here(salon: Salon, bookra: CommandLine) -> None:
    salon.book(f"{TODAY} 09:00", customer=salon.customer("Rosa Vega"))

    async def play(hand: Hand) -> None:
        await hand.press("a", "c", "u", "enter")
        assert hand.presses == 4
        await hand.press("a", "c", "u", "enter")

    at_the_desk(salon, play)
    rows = bookra("booking", "list", "--from", TODAY, "--json", check=True).json
    found = [row for row in rows if row["status"] == "checked_in"]
    assert [(row["customer"], row["start"][11:16]) for row in found] == [
        ("Walk-in", "09:00"),
        ("Walk-in", "09:45"),
    ]
    assert found[0]["staff"] == "ben"


def test_a_no_show_shows_and_keeps_what_the_policy_says(salon: Salon, bookra: CommandLine) -> None:
    salon.act(lambda tx: policies.set_policy(tx, "Come.", 24 * 60, Fee(bps=5000), Fee(bps=8000)))
    rosa, _ = rosa_and_kim(salon)
    salon.act(lambda tx: tx.run(_ACCEPTED, code=rosa.code, now=tx.now))
    salon.act(lambda tx: taking.take_cash(tx, rosa.code, None))

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("c")
        assert "Cancelled now, €22.50 is kept" in hand.text()
        await hand.press("escape", "N")
        assert "€36.00 is kept" in hand.text()
        await hand.press("enter")
        await hand.press("u")
        assert "There is nothing to take back" in hand.text()

    at_the_desk(salon, play)
    document = shown(bookra, rosa.code)
    assert document["status"] == "no_show"
    assert salon.balances()["income:no-show"] == -3600


def test_a_no_show_without_a_fee_is_taken_back_after_its_time_began(
    salon: Salon, bookra: CommandLine
) -> None:
    rosa, _ = rosa_and_kim(salon)
    late = salon.later(hours=1, minutes=20)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("N")
        assert "No fee" in hand.text()
        await hand.press("enter")
        assert shown(bookra, rosa.code)["status"] == "no_show"
        await hand.press("u")

    at_the_desk(late, play)
    document = shown(bookra, rosa.code)
    assert (document["status"], place(document)) == ("confirmed", ("ana", "10:00"))
    assert "10:00" not in salon.starts(TODAY)


def test_a_check_in_is_taken_back(salon: Salon, bookra: CommandLine) -> None:
    rosa, _ = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("i")
        assert shown(bookra, rosa.code)["status"] == "checked_in"
        await hand.press("u")

    at_the_desk(salon, play)
    assert shown(bookra, rosa.code)["status"] == "confirmed"


def test_a_visit_that_is_done_is_completed(salon: Salon, bookra: CommandLine) -> None:
    rosa, _ = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("i", "d")

    at_the_desk(salon.later(hours=2), play)
    assert shown(bookra, rosa.code)["status"] == "completed"


def test_time_off_displaces_and_the_repair_gives_another_time(
    salon: Salon, bookra: CommandLine
) -> None:
    rosa, _ = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("o", "down", "down", "enter")
        assert hand.presses == 2 + 2
        assert isinstance(hand.app.screen, RepairDialog)
        assert shown(bookra, rosa.code)["status"] == "displaced"
        assert "10:45 Ana" in hand.text()
        await hand.press("enter")
        assert "nobody waits any more" in hand.text()
        await hand.press("escape")

    at_the_desk(salon, play)
    document = shown(bookra, rosa.code)
    assert (document["status"], place(document)) == ("confirmed", ("ana", "10:45"))
    (absence,) = bookra("time-off", "list", "--from", TODAY, "--json", check=True).json
    assert (absence["start"][11:16], absence["end"][11:16]) == ("10:00", "10:45")


def test_time_off_is_taken_back_and_nobody_is_told_anything(
    salon: Salon, bookra: CommandLine, tmp_path: Path
) -> None:
    salon.connect_provider("whatsapp", tmp_path / "key")
    rosa = salon.book(f"{TODAY} 10:00", customer=salon.customer(phone="030 901820"))
    told = _messages(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("o", "down", "enter", "escape")
        assert shown(bookra, rosa.code)["status"] == "displaced"
        await hand.press("u")

    at_the_desk(salon, play)
    document = shown(bookra, rosa.code)
    assert (document["status"], place(document)) == ("confirmed", ("ana", "10:00"))
    assert bookra("time-off", "list", "--from", TODAY, "--json", check=True).json == []
    assert "10:00" not in salon.starts(TODAY)
    assert _messages(salon) == told


def test_what_somebody_else_has_taken_by_now_is_not_taken_back(
    salon: Salon, bookra: CommandLine
) -> None:
    rosa, _ = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("N", "enter")
        salon.book(f"{TODAY} 10:00", customer=salon.customer("Zoe Quick"))
        await hand.press("u")
        assert "Ana is no longer free at 10:00" in hand.text()

    at_the_desk(salon, play)
    assert shown(bookra, rosa.code)["status"] == "no_show"


def test_a_colleagues_move_shows_below_the_ghost(salon: Salon) -> None:
    rosa, kim = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("m", "right", *["down"] * 12)
        assert "✓ 13:00 Rosa" in hand.text()
        salon.act(lambda tx: moving.move(tx, kim.code, salon.local(f"{TODAY} 13:00")))
        for _ in range(200):
            await hand.pilot.pause(0.02)
            if "hits Kim" in hand.text():
                break
        assert "hits Kim" in hand.text()

    at_the_desk(salon, play)


def test_a_line_of_a_visit_is_moved_but_not_onto_another_one(
    salon: Salon, bookra: CommandLine
) -> None:
    from bookra.engine.availability.asked import Wish
    from bookra.engine.bookings.booking import BookingRequest, book

    rosa = salon.customer()
    at = salon.local(f"{TODAY} 10:00")
    request = BookingRequest("cut", "ana", at, rosa.id, more=(Wish("color", "ben"),))
    visit = salon.act(lambda tx: book(tx, request))

    async def play(hand: Hand) -> None:
        hand.goto(visit.code)
        await hand.press("m", "down")
        assert "of the same visit is then" in hand.text()
        await hand.press("up", "up", "enter")

    at_the_desk(salon, play)
    lines = shown(bookra, visit.code)["lines"]
    assert [(line["staff"], line["start"][11:16]) for line in lines] == [
        ("ana", "09:45"),
        ("ben", "10:45"),
    ]


def test_another_day_is_two_keys_away(salon: Salon, bookra: CommandLine) -> None:
    rosa, _ = rosa_and_kim(salon)

    async def play(hand: Hand) -> None:
        hand.goto(rosa.code)
        await hand.press("m", "right_curly_bracket", "enter")

    at_the_desk(salon, play)
    assert salon.booking(rosa.code).starts_at == rosa.starts_at + timedelta(days=1)


def _messages(salon: Salon) -> int:
    return sum(row.topic == "message.send" for row in salon.ask(outbox_rows))
