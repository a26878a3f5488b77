"""A class: who sits in it, one more seat for somebody, and check-out seat by seat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from bookra.engine.bookings.day import DayBlock
from bookra.tui.describe import MUTED, labelled, line
from bookra.tui.desk.booking import ClassSeats, Seat
from bookra.tui.front import Front
from bookra.tui.messages import Written
from bookra.tui.messages_booking import SeatsLoaded
from bookra.tui.screens import booking_steps
from bookra.tui.screens.booking_client import ClientDialog
from bookra.tui.screens.booking_steps import Draft
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Column, Listing, Row

MOST_SEATS = 50


class SeatsDialog(ClientDialog):
    """Lists the seats; ``n`` books one. ``booking`` begins with that at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", show=False, id="booking.new"),
        Binding("x", "check_out", show=False, id="booking.check-out"),
        Binding("plus,equals_sign", "seats(1)", show=False),
        Binding("minus", "seats(-1)", show=False),
    ]

    def __init__(self, front: Front, block: DayBlock, *, booking: bool = False) -> None:
        span = front.look.span(block.starts_at, block.ends_at)
        title = front.look.joined(block.service, span, block.customer)
        super().__init__(front, title, Draft(block.staff, "", block.starts_at))
        self.FIRST = "client" if booking else "list"
        self._block = block
        self._class: ClassSeats | None = None
        self._wanted = 1

    def body(self) -> Sequence[Widget]:
        """Put who sits there above what is booked."""
        columns = (
            Column("", 3, right=True),
            Column(""),
            Column("", 14),
            Column("", 12, right=True),
        )
        empty = f"Nobody yet: {self.front.look.key('booking.new')} books a seat"
        listing = Listing(columns, empty=empty, titles=False, id="seats")
        return [listing, Static(id="gap"), *super().body()]

    def begin(self) -> None:
        """Open the class."""
        self._read()

    def _read(self) -> None:
        call = partial(self.front.desk.seats, self._block.code)
        self.front.work.ask(self, "seats", call, SeatsLoaded)

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Open it again: somebody may have taken a seat."""
        del subjects
        self._read()

    def on_seats_loaded(self, message: SeatsLoaded) -> None:
        """List who sits there."""
        self._class = message.seats
        self.query_one("#seats", Listing).show([self._row(seat) for seat in message.seats.taken])
        self.show_step()

    # Steps

    def entered(self, step: str) -> None:
        """Give the keys to the list while nothing is being booked."""
        listing = self.query_one("#seats", Listing)
        listing.can_focus = step == "list"
        if step == "list":
            listing.focus()

    def following(self, step: str) -> str:
        """Return the step after one that is complete."""
        if step == "client":
            return booking_steps.after_client(self._draft) or "confirm"
        return "confirm"

    def preceding(self, step: str) -> str:
        """Return the step before."""
        if step == "confirm":
            return booking_steps.after_client(self._draft) or "client"
        if step == "client" and self.FIRST == "list":
            return "list"
        return super().preceding(step)

    def keys(self, step: str) -> list[tuple[str, str]]:
        """Return the keys that a step names."""
        enter, key = self.front.look.glyphs.enter, self.front.look.key
        if step == "list":
            verbs = [(key("booking.new"), "book a seat"), (key("booking.check-out"), "check out")]
            return [*verbs, ("esc", "close")]
        if step == "confirm":
            return [(enter, "book"), ("+ -", "seats"), ("esc", "back")]
        return super().keys(step)

    # Verbs

    def action_new(self) -> None:
        """Book a seat."""
        if self._step == "list":
            self.enter("client")

    def action_seats(self, more: int) -> None:
        """Book so many seats."""
        if self._step == "confirm":
            self._wanted = max(1, min(MOST_SEATS, self._wanted + more))
            self.show_step()

    def on_listing_chosen(self) -> None:
        """Do what ``x`` does."""
        self.action_check_out()

    def action_check_out(self) -> None:
        """Take what the booking at the cursor owes."""
        from bookra.tui.screens.checkout import CheckOutDialog

        if self._step != "list" or self._class is None:
            return
        chosen = self.query_one("#seats", Listing).chosen
        for seat in self._class.taken:
            if str(seat.number) == chosen:
                block = replace(
                    self._block, code=seat.code, customer=seat.customer, status=seat.status,
                    price=seat.price, due=seat.due,
                )  # fmt: skip
                self.app.push_screen(CheckOutDialog(self.front, block), self._checked_out)

    def _checked_out(self, message: Written | None) -> None:
        if message is not None:
            self.dismiss(message)
        else:
            self._read()

    def finish(self) -> None:
        """Book the seats."""
        desk, code, customer = self.front.desk, self._block.code, self._draft.for_booking
        if customer is not None:
            wanted = self._wanted
            many = f"{wanted} seats" if wanted > 1 else "A seat"
            said = f"{many} booked {self.front.look.glyphs.divider} {clean(customer.name)}"
            self.write(lambda: desk.book_seats(code, customer, seats=wanted), said)

    # What is shown

    def summary(self) -> list[Content]:
        """Return how full it is, and who comes."""
        found, look = self._class, self.front.look
        if found is None:
            return [labelled("Free", ("…", MUTED))]
        price = (look.also(f"{look.money(found.price)} a seat"), MUTED)
        free = [labelled("Free", (f"{found.free} of {found.capacity} seats", "bold"), price)]
        if self._step == "list":
            return free
        rows = [*free, *super().summary()]
        if self._step == "confirm":
            return [*rows, labelled("Seats", (str(self._wanted), "bold"))]
        return [*rows, line()]

    def _row(self, seat: Seat) -> Row:
        look = self.front.look
        due = f"{look.money(seat.due)} due" if seat.due else ""
        return Row(
            str(seat.number), (str(seat.number), seat.customer, look.state(seat.status), due)
        )
