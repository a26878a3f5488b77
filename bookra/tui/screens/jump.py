"""Jump letters: a label on every booking in sight; its letters lead there."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key

from bookra.tui.front import Front
from bookra.tui.screens.layer import Layer
from bookra.tui.widgets.day_grid import ghost
from bookra.tui.widgets.day_grid.geometry import Placed

if TYPE_CHECKING:
    from bookra.tui.screens.day_place import DayPlace

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The letters of labels, those below the resting fingers first."""


def labels(count: int) -> list[str]:
    """Return so many labels: of one letter where that is enough, else all of two."""
    if count <= len(LETTERS):
        return list(LETTERS[:count])
    return [first + second for first, second in product(LETTERS, repeat=2)][:count]


class JumpLayer(Layer[None], inherit_bindings=False):
    """Reads letters until they name one booking. Any other key gives up."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Give up", show=False)]
    HINTS = (("a-z", "the letters on the booking"), ("esc", "give up"))

    def __init__(self, front: Front, day: DayPlace) -> None:
        super().__init__(front, day)
        self._typed = ""
        self._targets: dict[str, tuple[int, Placed]] = {}

    def pointed(self) -> None:
        """Label what is in sight, again when the day has changed."""
        found = self.grid.in_sight()
        self._targets = dict(zip(labels(len(found)), found, strict=False))
        self._show()

    def action_take(self) -> None:
        """Nothing is chosen by ⏎."""

    def on_key(self, event: Key) -> None:
        """Take a letter."""
        if event.key == "escape":
            return
        event.stop()
        event.prevent_default()
        typed = self._typed + (event.character or "").lower()
        matching = [label for label in self._targets if label.startswith(typed)]
        if not event.character or not matching:
            self.dismiss(None)
        elif matching == [typed]:
            column, one = self._targets[typed]
            self.grid.point_at_placed(column, one)
            self.dismiss(None)
        else:
            self._typed = typed
            self._show()

    def _show(self) -> None:
        ghosts = [
            ghost.label(column, one, label[len(self._typed) :])
            for label, (column, one) in self._targets.items()
            if label.startswith(self._typed)
        ]
        self.grid.haunt(ghosts)
        self.say("Jump to which booking?" if ghosts else "No booking is in sight", "bold")
