"""What an action is: one thing that the operator can do, with its keys, words and conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType

_PLAIN_KEYS = {"⏎": "Enter", "⇧tab": "S-tab", "↑ k": "k", "↓ j": "j", "← h": "h", "→ l": "l"}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the operator can do.

    ``keys`` are Textual's names, ``shown`` is what a person reads. ``word`` stands in the
    footer (none: not shown there), ``help`` in the help and the palette. ``writes`` actions
    are refused while the desk is read-only or its data old; ``needs_booking`` ones on free time.
    ``role`` is the least that the operator has to be: front-desk, manager or owner.
    """

    id: str
    keys: str
    shown: str
    run: str
    help: str
    group: str
    word: str = ""
    writes: bool = False
    needs_booking: bool = False
    role: str = "front-desk"

    def binding(self) -> Binding:
        """Return this action as Textual binds it."""
        return Binding(
            self.keys, self.run, self.word or self.help, key_display=self.shown, id=self.id
        )

    def key(self, *, ascii_only: bool) -> str:
        """Return the key as a person reads it."""
        return _PLAIN_KEYS.get(self.shown, self.shown) if ascii_only else self.shown

    @property
    def name(self) -> str:
        """The action's method, without arguments."""
        return self.run.partition("(")[0]


@dataclass(frozen=True, slots=True)
class Table:
    """The actions of one screen, and its footer: ids, most needed first. Equal words join."""

    screen: str
    actions: tuple[Action, ...]
    bar: tuple[str, ...]


def bindings(actions: Iterable[Action]) -> list[BindingType]:
    """Return Textual bindings for some actions."""
    return [action.binding() for action in actions]
