"""The frame that all dialogs share: a titled box, a place for what went wrong, and its keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from bookra.errors import BookraError
from bookra.tui.describe import line
from bookra.tui.front import Front
from bookra.tui.text import clean
from bookra.tui.work import WRITES

R = TypeVar("R")


class Dialog(ModalScreen[R | None]):
    """A box over the day. Escape goes back and changes nothing; what was typed is kept."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", show=False)]
    AUTO_FOCUS = ""
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (("esc", "close"),)

    def __init__(self, front: Front, title: str) -> None:
        super().__init__()
        self.front = front
        self._title = title
        self._parted = False
        self._waits: list[R | None] = []

    def compose(self) -> ComposeResult:
        """Put the body between the title and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(clean(self._title))
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield from self.body()
            yield Static(classes="dialog-message", markup=False)
            yield Static(self.hints(self.HINTS), classes="dialog-keys", markup=False)

    def body(self) -> Sequence[Widget]:
        """Return the widgets inside."""
        raise NotImplementedError

    def hints(self, pairs: Sequence[tuple[str, str]]) -> Content:
        """Return the line that names the dialog's keys."""
        written = [line((key, "bold $text-accent"), (f" {word}", "")) for key, word in pairs]
        return Content("   ").join(written)

    def show_hints(self, *pairs: tuple[str, str]) -> None:
        """Name other keys, for another step."""
        self.query_one(".dialog-keys", Static).update(self.hints(pairs))

    def say(self, text: str, colour: str = "$text-muted") -> None:
        """Show a message above the keys; an empty one takes no room."""
        message = self.query_one(".dialog-message", Static)
        message.update(line((text, colour)))
        message.display = bool(text)

    def refuse(self, error: BookraError) -> None:
        """Show what went wrong and what to do next."""
        message = self.query_one(".dialog-message", Static)
        hint = f"\n{clean(error.hint)}" if error.hint else ""
        message.update(line((clean(error.message), "bold $text-error"), (hint, "")))
        message.display = True

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Hear that something was changed, here or elsewhere; most dialogs need not know."""

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Close once, and only itself.

        A second key, or an answer, may be on its way when the first one closes the dialog; and
        something may lie over it by then, which would be closed in its place: then it waits.
        """
        if self._parted:
            return AwaitComplete()
        if self.app.screen is not self:
            self._waits = [result]
            return AwaitComplete()
        self._parted = True
        return super().dismiss(result)

    def on_screen_resume(self) -> None:
        """Close, if that was to be done while something lay over it."""
        if self._waits:
            self.dismiss(self._waits[0])

    def action_back(self) -> None:
        """Close without an answer; but not while something is being written."""
        if self.front.work.busy(WRITES):
            self.say("Still writing; the answer will be shown here", "$text-warning")
        else:
            self.leave()

    def leave(self) -> None:
        """Do what escape does here."""
        self.dismiss(None)
