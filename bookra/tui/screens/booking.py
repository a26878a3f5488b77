"""Booking at the cursor: client, service, ⏎. One line to type in, one list to choose from.

The desk quotes what the visit would come to before it is booked. A time that is taken, by then or
meanwhile, says who has it and offers the nearest free ones; nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from bookra.tui.describe import line
from bookra.tui.desk import CustomerChoice, ServiceChoice
from bookra.tui.front import Front
from bookra.tui.messages import ServicesLoaded, Written
from bookra.tui.messages_booking import UsualFound
from bookra.tui.screens import booking_steps, booking_words
from bookra.tui.screens.booking_quote import QuotedDialog
from bookra.tui.screens.booking_steps import HOLD_MINUTES, Draft
from bookra.tui.screens.booking_words import Choice
from bookra.tui.text import clean, spell_minutes
from bookra.tui.widgets.day_grid.cursor import Pointed


class BookingDialog(QuotedDialog):
    """Books, holds or waits. ``waiting`` is for a time that is known to be taken.

    ``guest`` is who it is for, where that was said beforehand: then it begins with the service.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "hold", show=False),
        Binding("plus", "another", show=False),
        Binding("r", "repeat", show=False),
    ]

    def __init__(
        self,
        front: Front,
        pointed: Pointed,
        *,
        waiting: bool = False,
        guest: CustomerChoice | None = None,
    ) -> None:
        draft = Draft(pointed.staff, pointed.staff_name, pointed.at, guest)
        if guest is not None:
            self.FIRST = "service"
        super().__init__(front, _title(front, pointed, waiting=waiting), draft)
        self._free_minutes = pointed.free_minutes
        self._waiting = waiting
        self._services: tuple[ServiceChoice, ...] | None = None
        self._usual: tuple[str, tuple[str, ...]] | None = None

    def begin(self) -> None:
        """Ask for the services."""
        staff = self._draft.staff
        self.front.work.ask(
            self,
            "services",
            partial(self.front.desk.services, staff),
            lambda ticket, found: ServicesLoaded(ticket, tuple(found), staff),
        )

    # Steps

    def following(self, step: str) -> str:
        """Return the step after one that is complete."""
        if step == "client":
            return booking_steps.after_client(self._draft) or "service"
        if step in ("name", "contact"):
            return "service"
        return "wish" if self._waiting else "confirm"

    def preceding(self, step: str) -> str:
        """Return the step before; services that were chosen are chosen anew, the last one first."""
        draft = self._draft
        opened = step in ("confirm", "service") or (step == "wish" and self._waiting)
        if draft.services and opened:
            draft.services.pop()
            return "service"
        if step == "service":
            return booking_steps.after_client(draft) or "client"
        return super().preceding(step)

    def offered(self, step: str, typed: str) -> Sequence[Choice]:
        """Return what the list of a step offers."""
        if step == "service":
            free = self._free_minutes - self._draft.minutes
            return booking_steps.services(self._services or (), typed, free, self._habits)
        return super().offered(step, typed)

    def listed(self, step: str) -> bool:
        """Tell whether the list has come: of services, with the client's usual ones."""
        if step == "service":
            customer = self._draft.customer
            known = self._usual is not None and self._usual[0] == getattr(customer, "id", "")
            return self._services is not None and (
                known or not isinstance(customer, CustomerChoice)
            )
        return super().listed(step)

    def take(self, choice: Choice) -> str:
        """Keep what was chosen; return the step that follows."""
        if isinstance(choice, ServiceChoice):
            self._draft.services.append(choice)
            self._draft.typed["service"] = ""
            return self.following("service")
        return super().take(choice)

    def entered(self, step: str) -> None:
        """Ask for the client's habits before the services are listed."""
        super().entered(step)
        if step == "service" and not self.listed(step):
            self._ask_usual()

    def keys(self, step: str) -> list[tuple[str, str]]:
        """Return the keys that a step names."""
        glyphs = self.front.look.glyphs
        if step == "confirm":
            more = [("r", "repeat")] if len(self._draft.services) == 1 else []
            return [(glyphs.enter, "book"), ("h", "hold"), ("+", "service"), *more, ("esc", "back")]
        if step == "service":
            return [(glyphs.enter, "next"), (glyphs.up_down, "choose"), ("+", "and another"),
                    ("esc", "back")]  # fmt: skip
        return super().keys(step)

    def ends_typing(self, event: Input.Changed) -> bool:
        """Read ``+`` after a service as: this one, and another."""
        if self._step != "service" or not event.value.endswith("+"):
            return False
        with self.prevent(Input.Changed):
            event.input.value = event.value[:-1]
        self._draft.typed["service"] = event.value[:-1]
        self._choose_another()
        return True

    def _choose_another(self) -> None:
        chosen = len(self._draft.services)
        self.show_step()
        self.action_choose()
        if len(self._draft.services) > chosen:
            self.enter("service")

    # What the desk answers

    @property
    def _habits(self) -> tuple[str, ...]:
        return self._usual[1] if self._usual else ()

    def _ask_usual(self) -> None:
        customer = self._draft.customer
        if isinstance(customer, CustomerChoice):
            known = customer.id
            self.front.work.ask(
                self,
                "usual",
                partial(self.front.desk.usual, known),
                lambda ticket, found: UsualFound(ticket, known, tuple(found)),
            )

    def on_services_loaded(self, message: ServicesLoaded) -> None:
        """List the services."""
        self._services = message.services
        if self._step == "service":
            self.now_listed()

    def on_usual_found(self, message: UsualFound) -> None:
        """Put the client's usual services first."""
        self._usual = (message.customer_id, message.slugs)
        if self._step == "service":
            self.now_listed()

    # Verbs

    def finish(self) -> None:
        """Book."""
        self._book(None)

    def action_hold(self) -> None:
        """Keep the time for a while, unpaid and not confirmed."""
        if self._step == "confirm":
            self._book(HOLD_MINUTES)

    def action_another(self) -> None:
        """Choose one more service."""
        if self._step == "confirm":
            self.enter("service")

    def action_repeat(self) -> None:
        """Make a series of it."""
        from bookra.tui.screens.series import SeriesDialog

        if self._step == "confirm" and len(self._draft.services) == 1:
            self.app.push_screen(SeriesDialog(self.front, self._draft), self._repeated)

    def _repeated(self, message: Written | None) -> None:
        if message is not None:
            self.dismiss(message)

    def _book(self, hold_minutes: int | None) -> None:
        draft, look, desk = self._draft, self.front.look, self.front.desk
        customer = draft.for_booking
        if customer is None:
            return
        visit = self.visit()
        verb = "Booked" if hold_minutes is None else "Held"
        said = f"{verb} {look.time(draft.at)} {look.glyphs.divider} {clean(customer.name)}"
        self.write(lambda: desk.book(**visit, customer=customer, hold_minutes=hold_minutes), said)

    # What is shown

    def words(self, choice: Choice) -> Content:
        """Return a choice as its line."""
        free = self._free_minutes - self._draft.minutes
        return booking_words.written(self.front.look, choice, free, self._habits)

    def summary(self) -> list[Content]:
        """Return what was chosen so far."""
        look, draft, step = self.front.look, self._draft, self._step
        rows = super().summary()
        if step in ("client", "name", "contact"):
            return [*rows, line()]
        rows += booking_words.chosen_services(look, draft.services, more=step == "service")
        if step in ("confirm", "instead"):
            rows += booking_words.terms(look, draft, self._quote)
        return rows if step in ("confirm", "wish") else [*rows, line()]


def _title(front: Front, pointed: Pointed, *, waiting: bool) -> str:
    look = front.look
    free = f"free for {spell_minutes(pointed.free_minutes)}" if pointed.free_minutes else ""
    day = look.day(pointed.at.astimezone(look.tz).date())
    verb = "Wait for" if waiting else "Book"
    return look.joined(verb, pointed.staff_name, f"{day} {look.time(pointed.at)}", free)
