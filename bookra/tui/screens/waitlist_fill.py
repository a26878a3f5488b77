"""Filling a gap from the waitlist: who would take it. ⏎ offers it, b books who has said yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from bookra.tui.desk.waitlist import Fitting
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_waitlist import FittingFound
from bookra.tui.screens import wish_text
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean, spell_minutes
from bookra.tui.widgets.day_grid.cursor import Pointed
from bookra.tui.widgets.listing import Listing
from bookra.tui.work import WRITES

LANE = "fitting"
MOST_ROWS, TITLES = 7, 1
"""How many are seen at once, and the line above them."""


class WaitlistFillDialog(Dialog[Written]):
    """Lists who waits for a time that the gap has. ⏎ waits for the list, so that w ⏎ is enough."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "offer", show=False, priority=True),
        Binding("b", "book", show=False),
        Binding("w,q", "back", show=False),
    ]

    def __init__(self, front: Front, pointed: Pointed) -> None:
        free = f"free for {spell_minutes(pointed.free_minutes)}"
        when = wish_text.moment(front.look, pointed.at)
        super().__init__(front, front.look.joined("Waitlist", pointed.staff_name, when, free))
        self._pointed = pointed
        self._found: dict[str, Fitting] | None = None
        self._offer_when_listed = False

    def body(self) -> Sequence[Widget]:
        """List them."""
        reading = f"Asking {self.front.look.glyphs.ellipsis}"
        listing = Listing(wish_text.FITTING_COLUMNS, empty=reading)
        listing.styles.height = 1 + TITLES
        return [listing]

    def on_mount(self) -> None:
        """Ask who would take it."""
        self.query_one(Listing).focus()
        self._read()

    def _read(self) -> None:
        pointed = self._pointed
        until = pointed.at + timedelta(minutes=pointed.free_minutes)
        call = partial(self.front.desk.who_fits, pointed.staff, pointed.at, until)
        self.front.work.ask(
            self, LANE, call, lambda ticket, found: FittingFound(ticket, tuple(found))
        )

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Ask again: somebody else may have filled it."""
        del subjects
        if not self.front.work.busy(WRITES) and not self.front.work.busy(LANE):
            self._read()

    def on_fitting_found(self, message: FittingFound) -> None:
        """List who would take it, the longest waiting first."""
        self._found = {one.wish.code: one for one in message.found}
        listing, now = self.query_one(Listing), self.front.now()
        shows = self.front.look.key("go.waitlist")
        listing.say_empty(f"Nobody waits for this time; esc, then {shows} shows who waits")
        listing.styles.height = min(max(1, len(message.found)), MOST_ROWS) + TITLES
        listing.show([wish_text.fitting_row(self.front.look, one, now) for one in message.found])
        self._name_keys()
        waited, self._offer_when_listed = self._offer_when_listed, False
        if waited:
            self.action_offer()

    def _name_keys(self) -> None:
        """Name what can be done for those who are listed; for nobody nothing can."""
        enter = self.front.look.glyphs.enter
        gives = ((enter, "offer: hold, and tell them"), ("b", "book: they said yes"))
        self.show_hints(*(gives if self._found else ()), ("esc", "close"))

    def action_offer(self) -> None:
        """Hold the time for who is chosen, and have them told."""
        if self._found is None:
            self._offer_when_listed = True
        else:
            self._give(sure=False)

    def action_book(self) -> None:
        """Book who is chosen: they have said yes."""
        self._give(sure=True)

    def _give(self, *, sure: bool) -> None:
        one = (self._found or {}).get(self.query_one(Listing).chosen)
        if one is None:
            return
        place, who = one.place, clean(one.wish.client)
        at = self.front.look.time(place.starts_at)
        said = f"Booked {at}, {who}" if sure else f"{who} is offered {at}"
        self.say(f"Writing {self.front.look.glyphs.ellipsis}")
        call = partial(
            self.front.desk.offer_time, one.wish.code, place.staff, place.starts_at, sure=sure
        )
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    def on_listing_chosen(self) -> None:
        """Do for the mouse what ⏎ does."""
        self.action_offer()

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say why not, and ask who would take it now."""
        self._offer_when_listed = False
        self.refuse(message.error)
        if message.lane == WRITES:
            self._read()
