"""Booking at the cursor: service, client, ⏎. One line to type in, one list to choose from.

What is typed before the list has come is not lost: ⏎ waits for the answer to the text that
stands there, so that a fast hand never books whoever happened to be first a moment ago.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from bookra.tui.describe import labelled, line, lines
from bookra.tui.desk import CustomerChoice, NewCustomer, ServiceChoice
from bookra.tui.front import Front
from bookra.tui.messages import CustomersFound, Refused, ServicesLoaded, Written
from bookra.tui.screens import booking_steps
from bookra.tui.screens.booking_steps import STEPS, Draft
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean, spell_minutes
from bookra.tui.widgets.day_grid.cursor import Pointed
from bookra.tui.work import WRITES


class BookingDialog(Dialog[Written]):
    """Walks through the steps of `booking_steps`; escape goes one back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", show=False),
        Binding("up", "highlight(-1)", show=False, priority=True),
        Binding("down", "highlight(1)", show=False, priority=True),
    ]

    def __init__(self, front: Front, pointed: Pointed) -> None:
        look = front.look
        free = f"free for {spell_minutes(pointed.free_minutes)}" if pointed.free_minutes else ""
        day = look.day(pointed.at.astimezone(look.tz).date())
        title = look.joined("Book", pointed.staff_name, f"{day} {look.time(pointed.at)}", free)
        super().__init__(front, title)
        self._pointed = pointed
        self._draft = Draft()
        self._step = STEPS[0]
        self._services: tuple[ServiceChoice, ...] | None = None
        self._found: tuple[str, tuple[CustomerChoice, ...]] | None = None
        self._offered: list[ServiceChoice | CustomerChoice | NewCustomer] = []
        self._choose_when_listed = False

    def body(self) -> Sequence[Widget]:
        """Put what is chosen above the line to type in, and the list below."""
        entry = Input(id="entry", compact=True, select_on_focus=False)
        entry.cursor_blink = False
        choices = OptionList(id="choices", compact=True, markup=False)
        choices.can_focus = False
        return [Static(id="draft", markup=False), entry, choices]

    def on_mount(self) -> None:
        """Ask for services and for the latest clients."""
        desk, work = self.front.desk, self.front.work
        staff = self._pointed.staff
        work.ask(
            self,
            "services",
            partial(desk.services, staff),
            lambda ticket, found: ServicesLoaded(ticket, tuple(found), staff),
        )
        self._search("")
        self._enter(STEPS[0])

    # Steps

    def _enter(self, step: str) -> None:
        self._step = step
        self._choose_when_listed = False
        entry, glyphs = self.query_one("#entry", Input), self.front.look.glyphs
        self.say("")
        with self.prevent(Input.Changed):
            entry.value = self._draft.typed.get(step, "")
        entry.cursor_position = len(entry.value)
        entry.placeholder = booking_steps.PROMPTS[step]
        entry.display = step != "confirm"
        if entry.display:
            entry.focus()
        else:
            self.set_focus(None)
        word = "book" if step == "confirm" else "next"
        moves = ((glyphs.up_down, "choose"),) if step in ("service", "client") else ()
        self.show_hints((glyphs.enter, word), *moves, ("esc", "back"))
        if step == "client" and (self._found is None or self._found[0] != entry.value):
            self._search(entry.value)
        self._show()

    def leave(self) -> None:
        """Go a step back; from the first one, close."""
        if previous := booking_steps.before(self._step, self._draft):
            self._enter(previous)
        else:
            self.dismiss(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search for what stands there now."""
        self._draft.typed[self._step] = event.value
        self._choose_when_listed = False
        if self._step == "client":
            self._search(event.value)
        self._show()

    def on_input_submitted(self) -> None:
        """Take the choice."""
        self.action_choose()

    def action_highlight(self, rows: int) -> None:
        """Move along the list."""
        choices = self.query_one("#choices", OptionList)
        (choices.action_cursor_down if rows > 0 else choices.action_cursor_up)()

    def action_choose(self) -> None:
        """Finish the step, as soon as its list answers what is typed."""
        if self._step == "confirm":
            self._book()
        elif self._step in ("service", "client"):
            self._choose_when_listed = not self._listed
            index = self.query_one("#choices", OptionList).highlighted
            if self._listed and index is not None and index < len(self._offered):
                self._draft.take(self._offered[index])
                self._enter(booking_steps.after(self._step, self._draft))
        elif self._draft.complete(self._step):
            self._enter(booking_steps.after(self._step, self._draft))
        else:
            self.say("A new client needs a name", "$text-warning")

    # What the desk answers

    @property
    def _listed(self) -> bool:
        """Tell whether the list answers what stands in the entry."""
        if self._step == "service":
            return self._services is not None
        return self._found is not None and self._found[0] == self.query_one("#entry", Input).value

    def _search(self, text: str) -> None:
        self.front.work.ask(
            self,
            "customers",
            partial(self.front.desk.find_customers, text.strip()),
            lambda ticket, found: CustomersFound(ticket, text, tuple(found)),
        )

    def on_services_loaded(self, message: ServicesLoaded) -> None:
        """List the services."""
        self._services = message.services
        self._now_listed()

    def on_customers_found(self, message: CustomersFound) -> None:
        """List the clients."""
        self._found = (message.text, message.customers)
        if self._step == "client":
            self._now_listed(by_itself=bool(message.customers))

    def _now_listed(self, *, by_itself: bool = True) -> None:
        waited, self._choose_when_listed = self._choose_when_listed, False
        self._show()
        if waited and by_itself and self._listed:
            self.action_choose()

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; all that was typed and chosen stays."""
        self._choose_when_listed = False
        self.refuse(message.error)

    def _book(self) -> None:
        service, customer = self._draft.service, self._draft.for_booking
        if service is None or customer is None:
            return
        self.say("Booking …")
        look, pointed, desk = self.front.look, self._pointed, self.front.desk
        said = f"Booked {look.time(pointed.at)} {look.glyphs.divider} {clean(customer.name)}"
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.book(
                service=service.slug, staff=pointed.staff, at=pointed.at, customer=customer
            ),
            lambda ticket, done: Written(ticket, done, said),
        )

    def on_written(self, message: Written) -> None:
        """Close with the new booking."""
        self.dismiss(message)

    # What is shown

    def _show(self) -> None:
        self.query_one("#draft", Static).update(self._summary())
        choices = self.query_one("#choices", OptionList)
        choices.display = self._step in ("service", "client")
        if not choices.display:
            return
        typed, free = self._draft.typed.get(self._step, ""), self._pointed.free_minutes
        if self._step == "service":
            self._offered = [*booking_steps.services(self._services or (), typed, free)]
        else:
            self._offered = [*booking_steps.clients(self._found, typed)]
        written = [booking_steps.written(self.front.look, one, free) for one in self._offered]
        choices.set_options([Option(content) for content in written])
        choices.highlighted = 0 if written else None

    def _summary(self) -> Content:
        look, draft = self.front.look, self._draft
        rows = [labelled("Service", *booking_steps.service_words(look, draft.service))]
        if self._step != "service":
            rows.append(labelled("Client", *booking_steps.customer_words(draft, self._step)))
        if self._step == "confirm" and draft.service is not None:
            end = self._pointed.at + timedelta(minutes=draft.service.minutes)
            rows.append(labelled("Time", (look.span(self._pointed.at, end), "bold")))
            rows.append(labelled("To pay", look.money(draft.service.price), ", at the counter"))
        return lines(rows if self._step == "confirm" else [*rows, line()])
