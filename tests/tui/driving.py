"""How the tests drive the front desk: keys in, text of the screen out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from desk_double import NOW, DeskDouble
from textual.pilot import Pilot
from textual.strip import Strip

from bookra.tui.app import BookraApp
from bookra.tui.picture import settle

Size = tuple[int, int]


class Hand:
    """A hand on the keyboard that counts its key presses."""

    def __init__(self, app: BookraApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.presses = 0

    async def press(self, *keys: str) -> None:
        """Press keys; each waits until what it started is over."""
        for key in keys:
            self.presses += 1
            await self.pilot.press(key)
            await self.rest()

    async def rest(self) -> None:
        await settle(self.app, self.pilot)

    async def resize(self, size: Size) -> None:
        """Give the terminal another size."""
        await self.pilot.resize_terminal(*size)
        await self.rest()

    async def sees(self, words: str) -> None:
        """Wait for a notice: it comes up by itself, some moments after what it tells of."""
        for _ in range(200):
            if words in self.text():
                return
            await self.pilot.pause(0.02)
        assert words in self.text()

    def text(self) -> str:
        """Return what stands on the whole screen, dialogs included."""
        return "\n".join(line.rstrip() for line in self.lines())

    def lines(self) -> list[str]:
        """Return the screen's lines in full width."""
        return [strip.text for strip in self.strips()]

    def strips(self) -> list[Strip]:
        """Return the screen's lines as they are styled."""
        screen = self.app.screen
        compositor = screen._compositor
        background = self.app._background_screens
        from textual._context import visible_screen_stack

        visible_screen_stack.set(background)
        return compositor.render_strips()

    def goto(self, code: str) -> None:
        """Put the cursor on a booking."""
        self.app.day_screen.grid.point_at(code)


def drive(
    play: Callable[[Hand], Awaitable[None]],
    *,
    desk: DeskDouble | None = None,
    size: Size = (120, 36),
    **options: Any,
) -> DeskDouble:
    """Open the front desk, play, and close it; return the desk that was asked."""
    desk = desk or DeskDouble()
    options.setdefault("now", lambda: NOW)

    async def run() -> None:
        app = BookraApp(desk, desk.brand(), **options)
        async with app.run_test(size=size, notifications=True) as pilot:
            hand = Hand(app, pilot)
            await hand.rest()
            await play(hand)

    asyncio.run(run())
    return desk
