"""A series: the same visit every so often, whole or without the dates that are in the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from bookra.tui.describe import MUTED, Part, labelled, line, lines
from bookra.tui.desk.booking import Repeat, SeriesDate
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_booking import SeriesLooked
from bookra.tui.screens.booking_steps import Draft, parse_repeat
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Column, Listing, Row
from bookra.tui.work import WRITES

USUAL = "every 4 weeks x 6"
"""What stands there at first; typing replaces it."""


class SeriesDialog(Dialog[Written]):
    """⏎ takes the rule, ⏎ again books all of it; ``s`` skips the dates that can't be booked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "book", show=False),
        Binding("s", "skip", show=False),
    ]

    def __init__(self, front: Front, draft: Draft) -> None:
        look = front.look
        super().__init__(front, look.joined("Series", draft.services[0].name, draft.staff_name))
        self._draft = draft
        self._looked: SeriesLooked | None = None
        self._take_when_looked = False
        self._ruling = True
        """Whether the rule is being written, not its dates looked through."""

    def body(self) -> Sequence[Widget]:
        """Put the rule above its dates."""
        entry = Input(USUAL, id="entry", compact=True, select_on_focus=True)
        entry.cursor_blink = False
        columns = (Column("", 1), Column("", 11), Column("", 13), Column(""))
        dates = Listing(columns, empty="Such as: every 2 weeks x 6", titles=False, id="dates")
        return [Static(id="draft", markup=False), entry, dates]

    def on_mount(self) -> None:
        """Begin with the rule."""
        self.query_one(Input).focus()
        self._summarise()
        self._look()
        self._show_keys()

    # The rule

    @property
    def _text(self) -> str:
        return self.query_one(Input).value

    @property
    def _repeat(self) -> Repeat | None:
        return parse_repeat(self._text)

    @property
    def _dates(self) -> tuple[SeriesDate, ...] | None:
        """The dates of the rule that stands there; None until they have come."""
        looked = self._looked
        return looked.dates if looked is not None and looked.text == self._text else None

    def on_input_changed(self) -> None:
        """Look at the dates of what stands there now."""
        self._take_when_looked = False
        self.say("")
        self._look()

    def on_input_submitted(self) -> None:
        """Take the rule; the keys are for its dates then."""
        if self._repeat is None:
            self.say("Write how often and how many times: every 2 weeks x 6", "$text-warning")
        elif self._dates is None:
            self._take_when_looked = True
        else:
            self._taken()

    def _taken(self) -> None:
        self._ruling = False
        self.query_one("#dates", Listing).focus()
        self._show_keys()

    def _look(self) -> None:
        text, repeat, draft = self._text, self._repeat, self._draft
        if repeat is None:
            self.query_one("#dates", Listing).show(())
            self._summarise()
            return
        call = partial(
            self.front.desk.series_dates,
            service=draft.services[0].slug,
            staff=draft.staff,
            at=draft.at,
            repeat=repeat,
        )
        self.front.work.ask(
            self, "series", call, lambda ticket, found: SeriesLooked(ticket, text, tuple(found))
        )

    def on_series_looked(self, message: SeriesLooked) -> None:
        """List the dates, with what is in their way."""
        if message.text != self._text:
            return
        self._looked = message
        rows = [self._row(number, date) for number, date in enumerate(message.dates, start=1)]
        self.query_one("#dates", Listing).show(rows)
        self._summarise()
        if self._take_when_looked:
            self._take_when_looked = False
            self._taken()

    # Verbs

    def on_listing_chosen(self) -> None:
        """Book all of it."""
        self.action_book()

    def action_book(self) -> None:
        """Book every date; not while some can't be."""
        if self._in_the_way:
            said = f"{self._in_the_way} can't be booked: s skips them, esc changes the rule"
            self.say(said, "$text-warning")
        elif self._dates:
            self._write(skip=False)

    def action_skip(self) -> None:
        """Book the dates that can be booked."""
        if self._dates and 0 < self._in_the_way < len(self._dates):
            self._write(skip=True)

    def leave(self) -> None:
        """Go back to the rule, then to the booking."""
        if self._ruling:
            self.dismiss(None)
        else:
            self._ruling = True
            self.query_one(Input).focus()
            self._show_keys()

    @property
    def _in_the_way(self) -> int:
        return sum(bool(date.why) for date in self._dates or ())

    def _write(self, *, skip: bool) -> None:
        draft, repeat, desk = self._draft, self._repeat, self.front.desk
        customer = draft.for_booking
        if repeat is None or customer is None:
            return
        count = len(self._dates or ()) - self._in_the_way
        said = f"{count} visits booked {self.front.look.glyphs.divider} {clean(customer.name)}"
        call = partial(
            desk.book_series,
            service=draft.services[0].slug,
            staff=draft.staff,
            at=draft.at,
            customer=customer,
            repeat=repeat,
            skip=skip,
        )
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))
        self.say("Writing …")

    def on_written(self, message: Written) -> None:
        """Close with what was booked."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; the rule stays."""
        self.refuse(message.error)

    # What is shown

    def _row(self, number: int, date: SeriesDate) -> Row:
        look, draft = self.front.look, self._draft
        if date.at is None:
            when, span = date.when, ""
        else:
            when = look.day(date.at.astimezone(look.tz).date())
            span = look.span(date.at, date.at + timedelta(minutes=draft.minutes))
        mark = look.glyphs.state("no_show" if date.why else "confirmed")
        style = "$text-warning" if date.why else ""
        cells = ((mark, style), (when, style), (span, style), (date.why, style))
        return Row(str(number), cells)

    def _summarise(self) -> None:
        client, dates = self._draft.for_booking, self._dates
        said: list[Part] = [("…", MUTED)]
        if dates:
            bad = f", {self._in_the_way} in the way" if self._in_the_way else ""
            said = [(f"{len(dates)} visits", "bold"), (bad, "$text-warning")]
        rows = [
            labelled("Client", (clean(client.name) if client else "", "bold")),
            labelled("Series", *said),
        ]
        self.query_one("#draft", Static).update(lines([*rows, line()]))

    def _show_keys(self) -> None:
        enter = self.front.look.glyphs.enter
        if self._ruling:
            self.show_hints((enter, "take this rule"), ("esc", "back"))
        elif self._in_the_way:
            self.show_hints(("s", "skip those, book the rest"), ("esc", "change the rule"))
        else:
            self.show_hints((enter, "book all"), ("esc", "change the rule"))
