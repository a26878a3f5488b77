"""Explaining a figure: what was posted for it, by whom it came, what hangs on it. ⏎ goes deeper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from bookra.tui.desk.money import Period
from bookra.tui.desk.money_values import Branch, EntryLine, Share
from bookra.tui.front import Front
from bookra.tui.messages import Refused
from bookra.tui.messages_money import EntriesRead, ExplainedRead
from bookra.tui.screens.dialog import Dialog
from bookra.tui.screens.money_text import branch, word
from bookra.tui.screens.money_views import entry_columns, entry_row
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Column, Listing, Row

LONGEST_NAME = 13
"""As much of an entry's id as tells it from others."""
TALLEST = 24

_CLOSES: list[BindingType] = [Binding("q", "back", "Close", show=False)]


class ExplainDialog(Dialog[None]):
    """All around a figure, as a tree."""

    BINDINGS: ClassVar[list[BindingType]] = _CLOSES

    def __init__(self, front: Front, name: str, title: str = "") -> None:
        divider = front.look.glyphs.divider
        super().__init__(front, f"Explain {divider} {title or name[:LONGEST_NAME]}")
        self._figure = name
        self._branches: tuple[Branch, ...] = ()

    def body(self) -> Sequence[Widget]:
        """Leave room for the tree, which is on its way."""
        columns = (Column("", weight=1), Column("", 13, right=True))
        return [Listing(columns, empty="Asking …", titles=False)]

    def on_mount(self) -> None:
        """Ask."""
        self.query_one(Listing).focus()
        self.show_hints((self.front.look.glyphs.enter, "open the line"), ("esc", "close"))
        call = partial(self.front.desk.explained, self._figure)
        self.front.work.ask(self, "explain", call, ExplainedRead)

    def on_explained_read(self, message: ExplainedRead) -> None:
        """Show the tree, with the cursor on what was asked about."""
        self._branches = message.explained.branches
        listing = self.query_one(Listing)
        listing.styles.height = min(len(self._branches), TALLEST)
        listing.show([self._row(n, one) for n, one in enumerate(self._branches)])
        marked = next((n for n, one in enumerate(self._branches) if one.marked), 0)
        listing.point_at(str(marked))

    def on_refused(self, message: Refused) -> None:
        """Say why there is no answer."""
        self.query_one(Listing).say_empty("")
        self.refuse(message.error)

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Explain the line, where it stands for something else than this."""
        name = self._branches[int(message.row_id)].name
        if name and name != self._figure:
            self.app.push_screen(ExplainDialog(self.front, name))

    def _row(self, number: int, found: Branch) -> Row:
        text, amount = branch(self.front.look, found)
        style = ("bold $text-accent", "bold", "")[min(2, found.depth)]
        return Row(str(number), ((text, style), amount))


class BehindDialog(Dialog[None]):
    """The entries behind one person's row of the takings."""

    BINDINGS: ClassVar[list[BindingType]] = _CLOSES

    def __init__(self, front: Front, period: Period, share: Share, title: str) -> None:
        divider = front.look.glyphs.divider
        super().__init__(front, f"{clean(share.name)} {divider} {title}")
        self._period = period
        self._staff = share.staff
        self._entries: tuple[EntryLine, ...] = ()

    def body(self) -> Sequence[Widget]:
        """Leave room for the entries, which are on their way."""
        return [Listing(entry_columns(), empty="Asking …")]

    def on_mount(self) -> None:
        """Ask."""
        self.query_one(Listing).focus()
        self.show_hints((self.front.look.glyphs.enter, "explain"), ("esc", "close"))
        call = partial(self.front.desk.entries_behind, self._period, self._staff)
        self.front.work.ask(self, "explain", call, _entries_read)

    def on_entries_read(self, message: EntriesRead) -> None:
        """List them."""
        self._entries = message.entries
        listing = self.query_one(Listing)
        listing.styles.height = min(len(self._entries) + 1, TALLEST)
        listing.say_empty("Nothing was posted")
        listing.show([entry_row(self.front.look, one) for one in self._entries])

    def on_refused(self, message: Refused) -> None:
        """Say why there is no answer."""
        self.query_one(Listing).say_empty("")
        self.refuse(message.error)

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Explain an entry."""
        found = next((one for one in self._entries if one.id == message.row_id), None)
        title = word(found.kind) if found else ""
        self.app.push_screen(ExplainDialog(self.front, message.row_id, title))


def _entries_read(ticket: int, entries: Sequence[EntryLine]) -> EntriesRead:
    return EntriesRead(ticket, tuple(entries))
