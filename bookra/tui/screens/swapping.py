"""Swapping two bookings: choose the other one, see whether it can be, ⏎."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from bookra.engine.bookings.day import DayBlock
from bookra.tui.describe import line
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_day import SwapJudged
from bookra.tui.screens.layer import Layer
from bookra.tui.text import clean
from bookra.tui.widgets.day_grid import ghost
from bookra.tui.work import WRITES

if TYPE_CHECKING:
    from bookra.tui.screens.day_place import DayPlace


class SwapLayer(Layer[Written]):
    """Leads to the booking that this one changes places with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "take", "Swap", show=False, id="booking.swap")
    ]
    HINTS = (
        ("arrows", "the other booking"),
        ("⏎", "swap"),
        ("{ }", "day"),
        ("esc", "give up"),
    )

    def __init__(self, front: Front, day: DayPlace, block: DayBlock) -> None:
        super().__init__(front, day)
        self._block = block
        self._client = clean(block.customer)
        self._other: DayBlock | None = None
        self._hindrance: str | None = None
        self._take = False

    def pointed(self) -> None:
        """Judge the booking under the cursor."""
        pointed = self.grid.pointed
        block = pointed.block if pointed else None
        other = None if block is None or block.code == self._block.code else block
        if other != self._other:
            self._other, self._hindrance, self._take = other, None, False
        self._show()
        if other is not None and self._hindrance is None:
            self._ask(other.code)

    def day_changed(self) -> None:
        """Ask again; what was said stands until there is an answer."""
        self.pointed()
        if self._other is not None:
            self._ask(self._other.code)

    def _ask(self, code: str) -> None:
        call = partial(self.front.desk.swap_hindrance, self._block.code, code)
        self.front.work.ask(
            self, "ghost", call, lambda ticket, said: SwapJudged(ticket, code, said)
        )

    def on_swap_judged(self, message: SwapJudged) -> None:
        """Say whether they can change places."""
        if self._other is not None and self._other.code == message.other:
            self._hindrance = message.hindrance
            self._show()
            if self._take:
                self.action_take()

    def _show(self) -> None:
        mood = ghost.ASKING
        if self._hindrance is not None:
            mood = ghost.HITS if self._hindrance else ghost.FITS
        ghosts = []
        if self._other is not None:
            ghosts = [
                *self._stand_in(self._block, clean(self._other.customer), mood),
                *self._stand_in(self._other, self._client, mood),
            ]
        self.grid.haunt(ghosts)
        self._tell()

    def _stand_in(self, block: DayBlock, name: str, mood: str) -> list[ghost.Ghost]:
        """Show who would stand in a block's place."""
        scene = self.grid.scene
        if scene is None:
            return []
        glyphs = self.front.look.glyphs
        sign = {ghost.FITS: glyphs.states["completed"], ghost.HITS: glyphs.states["no_show"]}
        text = f"{sign.get(mood, glyphs.ellipsis)} {name}"
        return [
            ghost.Ghost(column, one.top, one.bottom, (text,), mood, one.lane, one.lanes)
            for column, placed in enumerate(scene.placed)
            for one in placed
            if one.block.code == block.code and one.block.starts_at == block.starts_at
        ]

    def _tell(self) -> None:
        glyphs = self.front.look.glyphs
        if self._other is None:
            hop = self.front.look.key("move.hop")
            self.say(f"Swap {self._client} with whom? {hop} goes from booking to booking", "bold")
            return
        head = (f" Swap {self._client} with {clean(self._other.customer)}  ", "bold")
        if self._hindrance is None:
            self.say_content(line(head, (glyphs.ellipsis, "$text-muted")))
        elif self._hindrance:
            sign = glyphs.states["no_show"]
            self.say_content(line(head, (f"{sign} {clean(self._hindrance)}", "$text-error")))
        else:
            self.say_content(line(head, (f"{glyphs.states['completed']} fits", "$text-success")))

    def action_take(self) -> None:
        """Swap them, if they can be; ⏎ before the answer waits for it."""
        if self._other is None or self.busy or not self.day_screen.may_write():
            return
        if self._hindrance is None:
            self._take = True
        elif not self._hindrance:
            desk, code, other = self.front.desk, self._block.code, self._other.code
            said = f"Swapped {self._client} with {clean(self._other.customer)}"
            self._take = False
            self.front.work.ask(
                self,
                WRITES,
                lambda: desk.swap(code, other),
                lambda ticket, done: Written(ticket, done, said),
            )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say why not; both stay where they are."""
        self._take = False
        super().on_refused(message)
