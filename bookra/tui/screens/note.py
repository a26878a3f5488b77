"""The note of a visit: one line, ⏎. What holds at every visit stands with the client instead."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.engine.bookings.day import DayBlock
from bookra.tui.describe import line, note_line
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES


class NoteDialog(Dialog[Written]):
    """Changes the note of a visit. A note that is left as it is keeps its lines."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", show=False, priority=True)]

    def __init__(self, front: Front, block: DayBlock) -> None:
        super().__init__(front, f"Note {front.look.glyphs.divider} {clean(block.customer)}")
        self._block = block
        self._was = note_line(block.note)

    def body(self) -> Sequence[Widget]:
        """Put what is known of the visit into a line to type in."""
        look, block = self.front.look, self._block
        what = look.joined(clean(block.service), look.span(block.starts_at, block.ends_at))
        entry = Input(
            self._was,
            "what to know of this visit",
            id="visit-note",
            compact=True,
            select_on_focus=False,
        )
        entry.cursor_blink = False
        return [Static(line((what, "bold")), markup=False), entry]

    def on_mount(self) -> None:
        """Name the keys, and begin at the note's end."""
        enter = self.front.look.glyphs.enter
        self.show_hints((enter, "save; an empty one removes it"), ("esc", "back"))
        self.query_one("#visit-note", Input).focus()

    def on_input_changed(self) -> None:
        """Forget what was said about the text before."""
        self.say("")

    def action_save(self) -> None:
        """Write it, if it is another one."""
        typed = self.query_one("#visit-note", Input).value.strip()
        if typed == self._was:
            self.dismiss(None)
            return
        self.say(f"Saving {self.front.look.glyphs.ellipsis}")
        call = partial(self.front.desk.set_note, self._block.code, typed)
        verb = "Noted" if typed else "The note is removed"
        said = f"{verb} {self.front.look.glyphs.divider} {clean(self._block.customer)}"
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; what was typed stays."""
        self.refuse(message.error)
