"""Keys that come all at once mean what they mean one by one."""

from __future__ import annotations

from driving import Hand, drive
from textual.events import Paste
from textual.widgets import Input

from bookra.tui.screens.base import DeskScreen
from bookra.tui.screens.search import SearchDialog


def at_once(hand: Hand, *keys: str) -> None:
    """Let keys come faster than the program turns to them."""
    for key in keys:
        hand.app.simulate_key(key)


def test_letters_behind_a_key_are_typed_into_what_it_opens() -> None:
    async def play(hand: Hand) -> None:
        at_once(hand, "slash", *"inax")
        await hand.rest()
        assert isinstance(hand.app.screen, SearchDialog)
        assert hand.app.screen.query_one(Input).value == "inax"

    calls = drive(play).calls
    assert not [call for call in calls if call[0] == "check_in"]


def test_what_is_pasted_behind_a_key_waits_for_what_it_opens() -> None:
    async def play(hand: Hand) -> None:
        at_once(hand, "slash")
        hand.app.post_message(Paste("Rosa Vega"))
        at_once(hand, "x")
        await hand.rest()
        assert hand.app.screen.query_one(Input).value == "Rosa Vegax"

    drive(play)


def test_a_key_too_early_finds_no_half_made_dialog() -> None:
    bursts = [
        ("question_mark", "down", "escape", "down"),
        ("5", "enter", "escape", "enter", "down", "escape", "escape"),
        ("ctrl+p", "enter", "enter", "escape", "escape"),
    ]

    async def play(hand: Hand) -> None:
        for burst in bursts:
            at_once(hand, *burst)
            await hand.rest()
            assert isinstance(hand.app.screen, DeskScreen), burst

    drive(play)
