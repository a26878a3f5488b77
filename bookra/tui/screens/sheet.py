"""The day on paper: a file's name, ⏎. What it ends with decides what is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.tui.describe import line, lines
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES


class SheetDialog(Dialog[Written]):
    """Saves the day sheet."""

    def __init__(self, front: Front, day: date) -> None:
        super().__init__(front, f"Day sheet {front.look.glyphs.divider} {front.look.day(day)}")
        self._day = day

    def body(self) -> Sequence[Widget]:
        """Propose a name that was not given yet."""
        now = self.front.now().astimezone(self.front.look.tz)
        name = f"day-{self._day}-{now:%H%M}.pdf"
        told = [
            line("By person: times, clients with phone and notes, what is due."),
            line((f"In {clean(str(Path.cwd()))}", "$text-muted")),
            line((".pdf to print it, .txt for text; only you may read it", "$text-muted")),
            line(),
        ]
        return [
            Static(lines(told), markup=False),
            Input(name, id="sheet-file", compact=True, select_on_focus=False),
        ]

    def on_mount(self) -> None:
        """Begin in the name."""
        self.show_hints((self.front.look.glyphs.enter, "save"), ("esc", "close"))
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Save it."""
        name = event.value.strip()
        if not name:
            self.say("Type a name, such as day.pdf", "$text-warning")
            return
        path = Path(name)
        if not path.suffix:
            path = path.with_suffix(".pdf")
        desk, day, said = self.front.desk, self._day, f"Saved as {path}"
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.save_sheet(day, path),
            lambda ticket, done: Written(ticket, done, said),
        )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say why it was not saved; the name stays."""
        self.refuse(message.error)
