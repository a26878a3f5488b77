"""Dialogs of operations: all of a row, and the question before one is let go."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from bookra.tui import actions
from bookra.tui.describe import line, lines
from bookra.tui.desk.ops import Letter
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.screens import ops_text as text
from bookra.tui.screens.dialog import Dialog
from bookra.tui.work import WRITES

_CLOSES: list[BindingType] = [
    Binding("enter", "back", "Close", show=False),
    Binding("q", "back", "Close", show=False),
]


class FactsDialog(Dialog[str]):
    """Facts with their names."""

    BINDINGS: ClassVar[list[BindingType]] = _CLOSES

    def __init__(self, front: Front, title: str, facts: text.Facts) -> None:
        super().__init__(front, title)
        self._facts = facts

    def body(self) -> Sequence[Widget]:
        """List them."""
        return [Static(text.listed(self._facts), markup=False)]


class LetterDialog(FactsDialog):
    """All of an effect that is stuck. Answers with the verb that was chosen here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "verb('retry')", "Retry", show=False, id="ops.retry"),
        Binding("d", "verb('discard')", "Discard", show=False, id="ops.discard"),
    ]

    def __init__(self, front: Front, letter: Letter) -> None:
        super().__init__(front, "Effect", text.letter(front.look, letter))
        self._letter = letter

    def on_mount(self) -> None:
        """Name the keys that the operator may use."""
        if self.front.may(actions.by_id()["ops.retry"]):
            key = self.front.look.key
            stuck = self._letter.waits_for_somebody
            discard = ((key("ops.discard"), "discard"),) if stuck else ()
            self.show_hints((key("ops.retry"), "retry"), *discard, ("esc", "close"))

    def action_verb(self, verb: str) -> None:
        """Close, and do the verb to this row."""
        if self.front.may(actions.by_id()[f"ops.{verb}"]):
            self.dismiss(verb)


class DiscardDialog(Dialog[Written]):
    """Asks before an effect is let go: nobody will deliver it any more."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "discard", show=False)]

    def __init__(self, front: Front, letter: Letter) -> None:
        super().__init__(front, "Discard")
        self._letter = letter

    def body(self) -> Sequence[Widget]:
        """Say what it means."""
        one = self._letter
        where = text.NAMES.get(one.destination, one.destination)
        of = self.front.look.also(one.subject)
        unknown = "It may have arrived there already." if one.state == "unknown" else ""
        rows = [line((f"{one.topic}{of}", "bold")), line(f"It will not go to {where} any more.")]
        return [Static(lines([*rows, *([line(unknown)] if unknown else [])]), markup=False)]

    def on_mount(self) -> None:
        """Name the keys."""
        self.show_hints((self.front.look.glyphs.enter, "discard it"), ("esc", "keep it"))

    def action_discard(self) -> None:
        """Do it."""
        self.say(f"Writing {self.front.look.glyphs.ellipsis}")
        call = partial(self.front.desk.discard_letter, self._letter.id)
        said = f"{self._letter.topic} is discarded"
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; the row stands."""
        self.refuse(message.error)
