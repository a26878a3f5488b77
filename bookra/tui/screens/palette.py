"""The command palette, that can be closed while it still searches.

Textual's own looks for its list after the search, and takes the program down with it if the list
went away in between: a quick hand on escape is enough.
"""

from __future__ import annotations

from textual.command import CommandInput, CommandList, CommandPalette


class Palette(CommandPalette):
    """Textual's palette; what comes too late is shown nowhere."""

    def on_mount(self) -> None:
        """Let the cursor stand still, as everywhere: an idle desk paints nothing."""
        self.query_one(CommandInput).cursor_blink = False

    def _watch__list_visible(self) -> None:
        """Show or hide the list, while there is one."""
        if self.query(CommandList):
            super()._watch__list_visible()

    async def _watch__show_busy(self) -> None:
        """Say that it searches, while there is anything to say it with."""
        if self.query(CommandList):
            await super()._watch__show_busy()
