"""The form for a client: new or known. It says what can't be as it is typed, and keeps it all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.errors import BookraError
from bookra.tui.desk.clients import ClientCard, ClientDraft
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_clients import FieldsChecked
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES

FIELDS = (
    ("name", "Name", ""),
    ("phone", "Phone", "as written here, or +49…"),
    ("email", "E-mail", ""),
    ("language", "Language", "such as de; empty: the house's"),
    ("notes", "Note", "what to know at the next visit"),
)
CHECKS = "check"


class ClientForm(Dialog[Written]):
    """Five lines. ⏎ in any of them saves; ↑ ↓ and tab go from line to line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+tab", "line(-1)", show=False, priority=True),
        Binding("down,tab", "line(1)", show=False, priority=True),
        Binding("enter", "save", show=False, priority=True),
    ]

    def __init__(self, front: Front, card: ClientCard | None = None, *, name: str = "") -> None:
        super().__init__(front, card.name if card else "New client")
        self._card = card
        self._was = _draft_of(card) if card else ClientDraft(name)

    def body(self) -> Sequence[Widget]:
        """Put a label before each line."""
        rows: list[Widget] = []
        for field, label, hint in FIELDS:
            value = _on_a_line(getattr(self._was, field))
            entry = Input(value, hint, id=f"client-{field}", compact=True, select_on_focus=False)
            entry.cursor_blink = False
            title = Static(label, classes="field-label", markup=False)
            rows.append(Horizontal(title, entry, classes="field"))
        return rows

    def on_mount(self) -> None:
        """Begin at the name, or at the note of who is known."""
        glyphs = self.front.look.glyphs
        self.show_hints((glyphs.enter, "save"), (glyphs.up_down, "line"), ("esc", "back"))
        self._entry("notes" if self._card else "name").focus()

    def _entry(self, field: str) -> Input:
        return self.query_one(f"#client-{field}", Input)

    def _typed(self, field: str) -> str:
        return self._entry(field).value.strip()

    def action_line(self, lines: int) -> None:
        """Go to another line."""
        names = [field for field, *_ in FIELDS]
        here = next((n for n, field in enumerate(names) if self._entry(field).has_focus), 0)
        self._entry(names[(here + lines) % len(names)]).focus()

    # As one types

    def on_input_changed(self, event: Input.Changed) -> None:
        """Have phone and e-mail checked; a name is only missing or there."""
        event.stop()
        self.say("")
        if event.input.id in ("client-phone", "client-email"):
            self._check()

    def _check(self) -> None:
        typed = (self._typed("phone"), self._typed("email"))
        call = partial(self.front.desk.check_contact, *typed)
        self.front.work.ask(self, CHECKS, call, lambda ticket, _: FieldsChecked(ticket, typed))

    def on_fields_checked(self, message: FieldsChecked) -> None:
        """Say nothing more: they can be so."""
        if message.typed == (self._typed("phone"), self._typed("email")):
            self.say("")

    def on_refused(self, message: Refused) -> None:
        """Say what can't be, or why it was not saved; all that was typed stays."""
        if message.lane == CHECKS:
            self._doubt(message.error)
        else:
            self.refuse(message.error)

    def _doubt(self, error: BookraError) -> None:
        self.say(error.message, "$text-warning")

    # Saving

    @property
    def draft(self) -> ClientDraft:
        """What stands in the lines."""
        typed = {field: self._typed(field) for field, *_ in FIELDS}
        if typed["notes"] == _on_a_line(self._was.notes):
            typed["notes"] = self._was.notes
        return ClientDraft(**typed)

    def action_save(self) -> None:
        """Save what was typed; what did not change is not written."""
        draft, card, desk = self.draft, self._card, self.front.desk
        if not draft.name:
            self.say("A client needs a name", "$text-warning")
            self._entry("name").focus()
            return
        if card is not None and draft == _draft_of(card):
            self.dismiss(None)
            return
        self.say(f"Saving {self.front.look.glyphs.ellipsis}")
        said = f"{clean(draft.name)} is {'saved' if card else 'added'}"
        if card is None:
            call = partial(desk.add_client, draft)
        else:
            call = partial(desk.change_client, card.id, draft)
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)


def _draft_of(card: ClientCard) -> ClientDraft:
    return ClientDraft(card.name, card.phone, card.email, card.language, card.notes)


def _on_a_line(text: str) -> str:
    """Return a note as one line; one that is not changed keeps its lines."""
    return text.replace("\n", " / ")
