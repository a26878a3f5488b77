"""What was done at this desk since it was opened: said as commands, and taken back in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bookra.tui.desk import CustomerChoice, Done, Undo

KEPT = 50
"""How many verbs are remembered."""


class Sitting:
    """The verbs since the desk was opened, the newest last, and its lock. For the UI's thread."""

    def __init__(self) -> None:
        self._done: list[Done] = []
        self._undoable: list[Undo] = []
        self.locked = False
        """Whether the operator has locked writing, on every screen."""
        self.guest: CustomerChoice | None = None
        """For whom the next booking on the day is, when that was said beforehand."""

    def note(self, done: Done) -> None:
        """Remember what was done. What can't be taken back closes the way to what came before."""
        self._done = [*self._done, done][-KEPT:]
        if done.undo is None:
            self._undoable.clear()
        else:
            self._undoable.append(done.undo)

    def noted_undo(self, done: Done) -> None:
        """Remember that the last verb was taken back."""
        self._done = [*self._done, done][-KEPT:]
        if self._undoable:
            self._undoable.pop()

    @property
    def commands(self) -> tuple[str, ...]:
        """The command lines that would have done the same, the newest first."""
        return tuple(done.command for done in reversed(self._done))

    @property
    def undoable(self) -> Undo | None:
        """What can be taken back now."""
        return self._undoable[-1] if self._undoable else None
