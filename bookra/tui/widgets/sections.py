"""The line that names a screen's sections with their keys, the shown one lit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.events import Click
from textual.reactive import reactive
from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a screen: its id, the action that shows it, its title, and how it is run."""

    id: str
    action: str
    title: str
    run: str


class Sections(Widget):
    """Names the sections. ``counts`` stand after their titles where they are not zero."""

    DEFAULT_CSS = "Sections { height: 1; background: $surface; }"

    shown: reactive[str] = reactive("")
    counts: reactive[dict[str, int]] = reactive({})
    note: reactive[str] = reactive("")

    def __init__(self, sections: Sequence[Section], key: Callable[[str], str]) -> None:
        """Take the sections, and how an action's key is written."""
        super().__init__()
        self._key = key
        self._sections = tuple(sections)

    def render(self) -> Content:
        """Put the titles on a line, and the note at its end where it has room."""
        line = Content(" ").join(self._title(section) for section in self._sections)
        room = self.size.width - line.cell_length - len(self.note) - 2
        note = Content.styled(self.note, "$text-muted") if room > 0 else Content("")
        return line + Content(" " * max(0, room + 1)) + note

    def _title(self, section: Section) -> Content:
        count = self.counts.get(section.id, 0)
        counted = f" {count}" if count else ""
        if section.id == self.shown:
            return Content.styled(f" {section.title}{counted} ", "bold $on-accent on $accent")
        return Content.assemble(
            (f" {self._key(section.action)} ", "bold $text-accent"),
            (section.title, "$text-muted"),
            (counted, "bold $text-warning"),
            " ",
        )

    async def on_click(self, event: Click) -> None:
        """Show the clicked section."""
        left = 0
        for section in self._sections:
            width = self._title(section).cell_length
            if left <= event.x < left + width:
                await self.screen.run_action(section.run)
                return
            left += width + 1
