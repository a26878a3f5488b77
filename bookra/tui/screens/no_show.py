"""A no-show: what the policy keeps, ⏎. Two keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from bookra.engine.bookings.day import DayBlock
from bookra.tui.describe import line, lines
from bookra.tui.desk import BookingDetail
from bookra.tui.front import Front
from bookra.tui.messages import DetailLoaded, Refused, Written
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES


class NoShowDialog(Dialog[Written]):
    """Notes that nobody came, after what it costs the client was shown."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "note", show=False)]

    def __init__(self, front: Front, block: DayBlock) -> None:
        super().__init__(front, f"No-show {front.look.glyphs.divider} {clean(block.customer)}")
        self._block = block
        self._detail: BookingDetail | None = None
        self._wanted = False

    def body(self) -> Sequence[Widget]:
        """Say what will happen."""
        return [Static(self._content(), markup=False)]

    def on_mount(self) -> None:
        """Name the keys, and ask what would be kept."""
        self.show_hints((self.front.look.glyphs.enter, "nobody came"), ("esc", "leave it"))
        call = partial(self.front.desk.detail, self._block.code)
        self.front.work.ask(self, "detail", call, DetailLoaded)

    def on_detail_loaded(self, message: DetailLoaded) -> None:
        """Show what is kept; and note it, if ⏎ was quicker than the answer."""
        self._detail = message.detail
        self.query_one(".dialog-body Static", Static).update(self._content())
        if self._wanted:
            self.action_note()

    def action_note(self) -> None:
        """Note it, once what it costs is known."""
        if self._detail is None:
            self._wanted = True
            return
        self._wanted = False
        self.say(f"Writing {self.front.look.glyphs.ellipsis}")
        desk, code = self.front.desk, self._block.code
        said = f"No-show {self.front.look.glyphs.divider} {clean(self._block.customer)}"
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.no_show(code),
            lambda ticket, done: Written(ticket, done, said),
        )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; the booking stands."""
        self._wanted = False
        self.refuse(message.error)

    def _content(self) -> Content:
        look, block = self.front.look, self._block
        what = look.joined(clean(block.service), look.span(block.starts_at, block.ends_at))
        return lines([line((what, "bold")), *self._cost()])

    def _cost(self) -> list[Content]:
        if self._detail is None:
            return [line((self.front.look.glyphs.ellipsis, "$text-muted"))]
        before, kept = self._detail.no_shows, self._detail.kept_if_absent
        times = f"{before} no-show{'s' * (before > 1)} before"
        counted = [line((times, "$text-muted"))] if before else []
        if kept is None:
            return counted
        if not kept:
            return [line(("No fee: what was paid goes back", "$text-muted")), *counted]
        return [line((f"{self.front.look.money(kept)} is kept", "$text-warning")), *counted]
