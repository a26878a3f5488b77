"""The command palette and a quick hand."""

from __future__ import annotations

from driving import Hand, drive
from textual.command import CommandList

from bookra.tui.screens.day import DayScreen
from bookra.tui.screens.palette import Palette


def test_a_palette_that_goes_while_it_searches_takes_nothing_with_it() -> None:
    async def play(hand: Hand) -> None:
        await hand.press("colon")
        palette = hand.app.screen
        assert isinstance(palette, Palette)
        await palette.query_one(CommandList).remove()
        palette._list_visible = not palette._list_visible
        palette._show_busy = not palette._show_busy
        await hand.press("escape", "escape")
        assert isinstance(hand.app.screen, DayScreen)
        assert hand.app.is_running

    drive(play)
