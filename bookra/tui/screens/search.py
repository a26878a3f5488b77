"""Search over everything: clients, visits and services, as one types; ⏎ goes there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from bookra.tui.desk.search import Found
from bookra.tui.front import Front
from bookra.tui.messages import Refused
from bookra.tui.messages_search import ThingsFound
from bookra.tui.screens.dialog import Dialog
from bookra.tui.widgets.listing import Cell, Column, Listing, Row

START = "A name, a phone, an e-mail, a code or a service"
KINDS = {"client": "client", "booking": "visit", "service": "service"}


class SearchDialog(Dialog[str]):
    """One line to type in and what matches it. Answers with the target that was chosen.

    ⏎ waits for the answer to the text that stands there, so that a fast hand goes where it meant.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("enter", "choose", show=False, priority=True),
    ]

    def __init__(self, front: Front) -> None:
        super().__init__(front, "Search")
        self._answered = ""
        self._choose_when_listed = False

    def body(self) -> Sequence[Widget]:
        """Put the list below the line to type in."""
        entry = Input(id="entry", compact=True, placeholder=START, select_on_focus=False)
        entry.cursor_blink = False
        columns = (Column("", 8), Column("", weight=3), Column("", weight=4), Column("", 17))
        listing = Listing(columns, empty="Type to search", titles=False, id="found")
        listing.can_focus = False
        return [entry, listing]

    def on_mount(self) -> None:
        """Begin to type at once."""
        glyphs = self.front.look.glyphs
        self.show_hints((glyphs.enter, "go there"), (glyphs.up_down, "choose"), ("esc", "close"))
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search for what stands there now."""
        self._choose_when_listed = False
        text = event.value.strip()
        call = partial(self.front.desk.search, text)
        self.front.work.ask(
            self, "search", call, lambda ticket, found: ThingsFound(ticket, text, tuple(found))
        )

    def on_things_found(self, message: ThingsFound) -> None:
        """List what was found, and go there if ⏎ was pressed already."""
        self._answered = message.text
        listing = self.query_one(Listing)
        listing.say_empty("Nothing matches" if message.text else "Type to search")
        listing.show([self._row(one) for one in message.found])
        if self._choose_when_listed and message.found:
            self.action_choose()

    def on_refused(self, message: Refused) -> None:
        """Say why there is no answer; what was typed stays."""
        self._choose_when_listed = False
        self.refuse(message.error)

    def action_move(self, rows: int) -> None:
        """Move along the list."""
        self.query_one(Listing).action_move(rows)

    def action_choose(self) -> None:
        """Go to what is chosen, as soon as the list answers what is typed."""
        chosen = self.query_one(Listing).chosen
        if self._answered != self.query_one(Input).value.strip():
            self._choose_when_listed = True
        elif chosen:
            self.dismiss(chosen)

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Do for the mouse what ⏎ does."""
        self.dismiss(message.row_id)

    def _row(self, one: Found) -> Row:
        look = self.front.look
        when = ""
        if one.at is not None:
            when = f"{look.day(one.at.astimezone(look.tz).date())} {look.time(one.at)}"
        cells: tuple[Cell, ...] = (
            (KINDS[one.kind], "$text-muted"),
            (one.title, "bold"),
            one.detail,
            (when, "$text-muted"),
        )
        return Row(one.target, cells)
