"""Notes, short names and the discount's limit at the front desk, by its own login."""

from __future__ import annotations

from pathlib import Path

from driving import Hand
from factories import Salon
from over_the_engine import as_front_desk, at_the_desk

from bookra.engine.bookings.noting import set_note
from bookra.engine.catalog.actions import set_service
from bookra.engine.tenancy.rules import set_rules
from bookra.tui.screens.checkout import CheckOutDialog
from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.note import NoteDialog

TODAY = "2026-11-23"
LONG = "A cut with all that belongs around it"


def test_a_note_is_written_seen_at_check_in_and_taken_back(salon: Salon, tmp_path: Path) -> None:
    code = salon.book(f"{TODAY} 10:00").code

    async def play(hand: Hand) -> None:
        hand.goto(code)
        await hand.press("t", *"Kira")
        assert isinstance(hand.app.screen, NoteDialog)
        await hand.press("enter")
        assert isinstance(hand.app.screen, DayScreen), hand.text()
        assert "Noted \u00b7 Rosa Vega" in hand.text()
        assert front.booking(code).note == "Kira"
        await hand.press("t", *" too", "enter", "i")
        assert "is checked in" in hand.text()
        assert "Kira too" in hand.text()
        await hand.press("u", "u")
        assert front.booking(code).note == "Kira"
        salon.act(lambda tx: set_note(tx, code, "Somebody else\nwas here"))
        await hand.press("u")
        assert "changed by somebody else" in hand.text()
        await hand.press("t")
        assert "Somebody else / was here" in hand.text()
        await hand.press("enter")
        assert front.booking(code).note == "Somebody else\nwas here"

    with as_front_desk(salon, tmp_path) as front:
        at_the_desk(front, play)


def test_narrow_columns_say_short_names_and_more_off_than_allowed_is_told_as_it_is_typed(
    salon: Salon, tmp_path: Path
) -> None:
    salon.act(lambda tx: set_service(tx, "cut", {"name": LONG, "short_name": "Snip"}))
    salon.act(lambda tx: set_rules(tx, {"front_desk_discount_bps": 2000}))
    code = salon.book(f"{TODAY} 10:00").code

    async def play(hand: Hand) -> None:
        hand.goto(code)
        assert "  Snip " in hand.text()
        await hand.resize((160, 48))
        assert "Snip" not in hand.text()
        assert LONG in hand.text()
        await hand.press("x", "d", *"25%")
        assert "at most 20 % off: \u20ac9.00" in hand.text()
        await hand.press("enter")
        assert "A front desk may take at most 20% off" in hand.text()
        assert isinstance(hand.app.screen, CheckOutDialog)
        await hand.press("backspace", "backspace", "backspace", *"9.00")
        assert "at most" not in hand.text()
        await hand.press("enter")
        assert front.booking(code).off.minor == 900

    with as_front_desk(salon, tmp_path) as front:
        at_the_desk(front, play, size=(80, 24))
