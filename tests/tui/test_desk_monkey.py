"""Thousands of keys that nobody means, on all screens, while terminal and wire misbehave."""

from __future__ import annotations

import asyncio
import os
import threading
from random import Random

import pytest
from desk_double import DeskDouble
from driving import Hand, drive
from rich.cells import cell_len

from bookra.errors import UnavailableError
from bookra.tui import actions

DOWN = UnavailableError("database_down", "The database can't be reached", hint="It is retried")
SIZES = [(80, 24), (120, 36), (160, 48), (60, 16), (100, 17), (59, 15), (20, 5), (250, 70)]
STEPS, BURST = 25, 12
"""Each step is a burst of keys, and now and then something worse."""
SEEDS = int(os.environ.get("BOOKRA_TEST_WALKS", "1"))


def keys() -> list[str]:
    """Return every key that means something anywhere, and what people type."""
    everything = [one for table in actions.TABLES.values() for one in table.actions]
    everything += [*actions.GRID, *actions.EVERYWHERE, *actions.APP]
    found = {key for one in everything for key in one.keys.split(",")} - {"q"}
    typed = [*"aeinrstmcxloy0159", "space", "backspace", "delete", "left_curly_bracket", "f"]
    often = ["enter", "escape", "escape", "tab", "down", "right", "v"] * 3
    return [*sorted(found), *typed, *often]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_keys_sizes_or_losses_bring_the_desk_down(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, choices = Random(seed), keys()
    desk = DeskDouble()

    async def play(hand: Hand) -> None:
        app = hand.app
        monkeypatch.setattr(app, "exit", lambda *_, **__: None)  # the palette can leave, too
        for _ in range(STEPS):
            pressed = random.choices(choices, k=BURST)
            for key in pressed:
                app.simulate_key(key)
                await asyncio.sleep(0)
            await disturb(hand, desk, random)
            await hand.pilot.pause()
            assert app.is_running, pressed
        desk.failing = desk.lost = None
        await hand.pilot.resize_terminal(120, 36)
        for _ in range(12):
            await hand.pilot.press("escape")
        await hand.pilot.press("1")
        await hand.rest()
        assert {cell_len(line) for line in hand.lines()} == {120}
        assert "1 Day" in hand.text()

    drive(play, desk=desk, size=(120, 36))
    assert threading.get_ident() not in desk.threads
    assert len(desk.calls) > STEPS


async def disturb(hand: Hand, desk: DeskDouble, random: Random) -> None:
    """Resize, lose the database or the wire, find them again, or hear of a change."""
    what = random.random()
    if what < 0.12:
        await hand.pilot.resize_terminal(*random.choice(SIZES))
    elif what < 0.2:
        desk.failing = DOWN
    elif what < 0.26:
        desk.lost = DOWN
    elif what < 0.45:
        desk.failing = desk.lost = None
    elif what < 0.6:
        desk.announce("booking:anything")
    elif what < 0.7:
        await hand.pilot.click(offset=(random.randrange(20), random.randrange(5)))
