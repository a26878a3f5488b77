"""Which messages a client gets: all, no reminders, none. One digit chooses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from bookra.tui.describe import MUTED, line, lines
from bookra.tui.desk.clients import EVERYTHING, REMINDERS, ClientCard
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.screens.client_card import MESSAGES
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.work import WRITES

CHOICES = ("", REMINDERS, EVERYTHING)
MEANT = {
    "": "confirmations, reminders, waitlist offers",
    REMINDERS: "only what a visit they booked needs",
    EVERYTHING: "what a visit needs, by mail alone",
}


class ClientMessagesDialog(Dialog[Written]):
    """Three lines; what is so now is marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(str(number), f"choose({number})", show=False) for number in (1, 2, 3)
    ]

    def __init__(self, front: Front, card: ClientCard) -> None:
        super().__init__(front, f"Messages to {card.name}")
        self._card = card

    def body(self) -> Sequence[Widget]:
        """List what can be chosen."""
        glyphs, written = self.front.look.glyphs, []
        for number, choice in enumerate(CHOICES, start=1):
            here = choice == self._card.opted_out_of
            written.append(
                line(
                    (f"{number} ", "bold $text-accent"),
                    f"{glyphs.live if here else ' '} ",
                    (f"{MESSAGES[choice].capitalize():<14}", "bold" if here else ""),
                    (MEANT[choice], MUTED),
                )
            )
        return [Static(lines(written), markup=False)]

    def on_mount(self) -> None:
        """Name the keys."""
        self.show_hints(("1 2 3", "choose"), ("esc", "back"))

    def action_choose(self, number: int) -> None:
        """Write the choice down."""
        of = CHOICES[number - 1]
        if of == self._card.opted_out_of:
            self.dismiss(None)
            return
        said = f"{clean(self._card.name)}: {MESSAGES[of]} from now on"
        call = partial(self.front.desk.opt_out, self._card.id, of)
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say why it was not written."""
        self.refuse(message.error)
