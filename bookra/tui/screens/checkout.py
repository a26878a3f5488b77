"""Check-out: what is due, a method, a tip if there is one. Three keys in cash: `x` `c` ⏎."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.engine.bookings.day import DayBlock
from bookra.errors import BookraError
from bookra.money import Money, parse_amount
from bookra.tui.describe import labelled, line, lines
from bookra.tui.front import Front
from bookra.tui.messages import DetailLoaded, Refused, Written
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES


class CheckOutDialog(Dialog[Written]):
    """Takes what a booking owes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "cash", "Cash", show=False)]
    HINTS = (("c", "cash"), ("esc", "close"))

    def __init__(self, front: Front, block: DayBlock) -> None:
        super().__init__(front, f"Check out {front.look.glyphs.divider} {clean(block.customer)}")
        self._block = block
        self._paid: Money | None = None
        self._due = block.due

    def body(self) -> Sequence[Widget]:
        """Show the sum, and keep the tip for later."""
        tip = Input(placeholder="Tip: none", id="tip", compact=True, select_on_focus=False)
        tip.cursor_blink = False
        tip.display = False
        return [Static(self._sum(None), id="sum", markup=False), tip]

    def on_mount(self) -> None:
        """Open the booking: others may have taken money for it meanwhile."""
        call = partial(self.front.desk.detail, self._block.code)
        self.front.work.ask(self, "detail", call, DetailLoaded)

    def on_detail_loaded(self, message: DetailLoaded) -> None:
        """Show what was paid already, and what is due by now."""
        self._paid, self._due = message.detail.paid, message.detail.due
        self._show_sum()

    def action_cash(self) -> None:
        """Choose cash; ⏎ takes it then."""
        tip = self.query_one("#tip", Input)
        if self._due.minor <= 0 or tip.display:
            self.say("Nothing is due" if self._due.minor <= 0 else "")
            return
        tip.display = True
        tip.focus()
        glyphs = self.front.look.glyphs
        self.show_hints((glyphs.enter, "cash taken"), ("0-9", "tip"), ("esc", "close"))
        self._show_sum()

    def on_input_changed(self) -> None:
        """Add the tip to what is to be taken."""
        self.say("")
        self._show_sum()

    def on_input_submitted(self) -> None:
        """Take the cash, with the tip if it is an amount."""
        try:
            tip = self._tip()
        except BookraError as error:
            self.refuse(error)
            return
        self.say("Writing …")
        desk, code = self.front.desk, self._block.code
        look = self.front.look
        total = self._due + tip if tip else self._due
        said = (
            f"{look.money(total)} taken in cash {look.glyphs.divider} {clean(self._block.customer)}"
        )
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.take_cash(code, tip=tip),
            lambda ticket, done: Written(ticket, done, said),
        )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; nothing that was typed is lost."""
        self.refuse(message.error)

    def _tip(self) -> Money | None:
        text = self.query_one("#tip", Input).value.strip()
        tip = parse_amount(text, self._due.currency) if text else None
        return tip or None

    def _show_sum(self) -> None:
        try:
            tip = self._tip()
        except BookraError:
            tip = None
        self.query_one("#sum", Static).update(self._sum(tip))

    def _sum(self, tip: Money | None) -> Content:
        look, block = self.front.look, self._block
        total = self._due + tip if tip else self._due
        return lines(
            [
                line(clean(block.service), (f"  {block.code}", "$text-muted")),
                line(),
                labelled("Price", f"{look.money(block.price):>12}"),
                *([labelled("Paid", f"{look.money(self._paid):>12}")] if self._paid else []),
                *([labelled("Tip", f"{look.money(tip):>12}")] if tip else []),
                labelled("To take", (f"{look.money(total):>12}", "bold")),
            ]
        )
