"""A line to type in above a list: what it narrows is found as one types."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class Finder(Input):
    """Letters go into the line; ⏎, ↓ and esc go to the list; esc empties the line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down,tab", "leave", show=False),
        Binding("escape", "drop", show=False),
    ]

    class Left(Message):
        """The hand goes back to the list."""

    def __init__(self, placeholder: str, id: str) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(placeholder=placeholder, compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False

    def action_leave(self) -> None:
        """Go to the list."""
        self.post_message(self.Left())

    def action_drop(self) -> None:
        """Empty the line, and go to the list."""
        self.value = ""
        self.post_message(self.Left())
