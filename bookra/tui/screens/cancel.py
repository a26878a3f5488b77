"""Cancelling: what the policy keeps, a reason by its digit, ⏎. Three keys, none by accident."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from bookra.engine.bookings.day import DayBlock
from bookra.money import Money
from bookra.tui.describe import line, lines
from bookra.tui.front import Front
from bookra.tui.messages import DetailLoaded, Refused, Written
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES

REASONS = (
    ("client", "The client asked for it"),
    ("client-ill", "The client is ill"),
    ("staff", "We can't do it"),
    ("mistake", "Booked by mistake"),
)
"""What is recorded, and what the operator reads."""


class CancelDialog(Dialog[Written]):
    """Cancels a booking after a reason was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"reason({n})", show=False) for n in range(1, len(REASONS) + 1)),
        Binding("enter", "cancel", show=False),
    ]

    def __init__(self, front: Front, block: DayBlock) -> None:
        super().__init__(front, f"Cancel {front.look.glyphs.divider} {clean(block.customer)}")
        self._block = block
        self._reason = 0
        self._kept: Money | None = None

    def body(self) -> Sequence[Widget]:
        """List what will happen and the reasons."""
        return [Static(self._content(), markup=False)]

    def on_mount(self) -> None:
        """Name the keys, and ask what would be kept."""
        self.show_hints((f"1-{len(REASONS)}", "reason"), ("esc", "keep the booking"))
        call = partial(self.front.desk.detail, self._block.code)
        self.front.work.ask(self, "detail", call, DetailLoaded)

    def on_detail_loaded(self, message: DetailLoaded) -> None:
        """Show what the policy keeps."""
        self._kept = message.detail.kept_if_cancelled
        self._show()

    def action_reason(self, number: int) -> None:
        """Choose a reason; ⏎ cancels then."""
        self._reason = number
        self.say("")
        self.show_hints(
            (self.front.look.glyphs.enter, "cancel the booking"), ("esc", "keep the booking")
        )
        self._show()

    def action_cancel(self) -> None:
        """Cancel, if a reason was chosen."""
        if not self._reason:
            self.say(f"Choose a reason first: 1 to {len(REASONS)}", "$text-warning")
            return
        self.say("Writing …")
        desk, code, reason = self.front.desk, self._block.code, REASONS[self._reason - 1][0]
        said = f"Cancelled {self.front.look.glyphs.divider} {clean(self._block.customer)}"
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.cancel(code, reason),
            lambda ticket, done: Written(ticket, done, said),
        )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; the booking stands."""
        self.refuse(message.error)

    def _show(self) -> None:
        self.query_one(".dialog-body Static", Static).update(self._content())

    def _content(self) -> Content:
        look, block = self.front.look, self._block
        chosen = [number == self._reason for number in range(1, len(REASONS) + 1)]
        reasons = [
            line(
                (f" {number} ", "bold $on-accent on $accent" if here else "bold $text-accent"),
                (f" {words}", "bold" if here else ""),
            )
            for number, ((_, words), here) in enumerate(zip(REASONS, chosen, strict=True), start=1)
        ]
        what = look.joined(clean(block.service), look.span(block.starts_at, block.ends_at))
        return lines([line((what, "bold")), self._policy(), line(), *reasons])

    def _policy(self) -> Content:
        if self._kept is None:
            return line()
        if not self._kept:
            return line(("Nothing is kept: what was paid goes back", "$text-muted"))
        return line(
            (f"Cancelled now, {self.front.look.money(self._kept)} is kept", "$text-warning")
        )
