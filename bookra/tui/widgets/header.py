"""The top of the screen: whose desk, which day, how the day stands, and how fresh all that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from bookra.tui.actions import TABS, Action
from bookra.tui.text import fit


@dataclass(frozen=True, slots=True)
class Health:
    """How fresh the picture is: ``live``, ``reading``, ``stale`` or ``locked``; and in words."""

    state: str
    words: str


_COLOURS = {
    "live": "$text-success",
    "reading": "$text-muted",
    "stale": "bold $text-warning",
    "locked": "bold $text-accent",
}


class Header(Widget):
    """One line. Nothing is painted while its facts stay the same."""

    def __init__(self, screen: str, key: Callable[[Action], str]) -> None:
        """Take the screen's name, and how an action's key is written."""
        super().__init__()
        self._key = key
        self._screen = screen

    logo: reactive[str] = reactive("")
    day: reactive[str] = reactive("")
    notes: reactive[tuple[str, ...]] = reactive(())
    health: reactive[Health] = reactive(Health("reading", "reading"))
    clock: reactive[str] = reactive("")

    def render(self) -> Content:
        """Put the logo, the day, what there is room for, freshness and the time on a line."""
        width = self.size.width
        right = Content.assemble(
            (self.health.words, _COLOURS[self.health.state]), "  ", (self.clock, "bold"), " "
        )
        logo = fit(self.logo, max(8, width // 3))
        left = Content.assemble(
            (f" {logo} ", "bold $on-primary on $primary"), " ", (self.day, "bold")
        )
        tabs = self._tabs()
        if left.cell_length + tabs.cell_length + right.cell_length + 4 > width:
            tabs = self._tabs(alone=True)
        left = left + "  " + tabs
        room = width - left.cell_length - right.cell_length
        note = next((note for note in self.notes if len(note) + 5 <= room), "")
        left = left + Content.styled(f"   {note}" if note else "", "$text-muted")
        gap = max(1, width - left.cell_length - right.cell_length)
        return left + Content(" " * gap) + right

    def _tabs(self, *, alone: bool = False) -> Content:
        """Name the screens by their keys, the one that is shown in bold."""
        written = []
        for tab in TABS:
            here = tab.id == f"go.{self._screen}"
            if here:
                written.append(Content.styled(f"{self._key(tab)} {tab.word}", "bold $text-accent"))
            elif not alone:
                written.append(Content.styled(f"{self._key(tab)} {tab.word}", "$text-muted"))
        return Content("  ").join(written)
