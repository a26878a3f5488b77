"""What a visit would come to before it is booked, and what else is free when its time is not.

A time that is taken, by then or meanwhile, says who has it, and offers the nearest free ones and
the waitlist; nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from bookra.errors import BookraError, ConflictError
from bookra.tui.describe import line
from bookra.tui.desk.booking import FreeTime, Instead, Quote
from bookra.tui.front import Front
from bookra.tui.messages import Refused
from bookra.tui.messages_booking import InsteadFound, Quoted
from bookra.tui.screens import booking_steps, booking_words
from bookra.tui.screens.booking_client import ClientDialog
from bookra.tui.screens.booking_steps import Draft, Waiting, WishChoice
from bookra.tui.screens.booking_words import Choice
from bookra.tui.text import clean
from bookra.tui.work import WRITES

TAKEN = frozenset({"slot_taken", "not_offered"})
"""Refusals of a time: another one may do."""


class QuotedDialog(ClientDialog):
    """Confirms what was quoted, takes another time, or waits for this one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("w", "wait", show=False)]

    def __init__(self, front: Front, title: str, draft: Draft) -> None:
        super().__init__(front, title, draft)
        self._quote: Quote | None = None
        self._instead: Instead | None = None
        self._refusal: BookraError | None = None

    def visit(self) -> dict[str, Any]:
        """Return the visit as the desk's verbs take it."""
        draft = self._draft
        first, *more = [service.slug for service in draft.services]
        return {"service": first, "staff": draft.staff, "at": draft.at, "more": tuple(more)}

    # Steps

    def preceding(self, step: str) -> str:
        """Return the step before."""
        if step == "instead":
            return "confirm"
        if step == "wish":
            return "instead" if self._instead else "confirm"
        return super().preceding(step)

    def offered(self, step: str, typed: str) -> Sequence[Choice]:
        """Return what the list of a step offers."""
        if step == "instead":
            return [*(self._instead.free if self._instead else ()), Waiting()]
        if step == "wish":
            return booking_steps.wishes(self.front.look, self._draft, self.front.now())
        return super().offered(step, typed)

    def take(self, choice: Choice) -> str:
        """Keep what was chosen; return the step that follows."""
        match choice:
            case FreeTime():
                self._draft.move(choice)
                return "confirm"
            case Waiting():
                return "wish"
        return super().take(choice)

    def choose(self, choice: Choice) -> None:
        """Take a choice; one that ends the dialog is written."""
        if isinstance(choice, WishChoice):
            self._wish(choice)
        else:
            super().choose(choice)

    def entered(self, step: str) -> None:
        """Ask for a quote."""
        if step == "confirm":
            self._quote = self._instead = None
            self._ask_quote()

    def keys(self, step: str) -> list[tuple[str, str]]:
        """Return the keys that a step names."""
        glyphs = self.front.look.glyphs
        choose = (glyphs.up_down, "choose")
        if step == "instead":
            return [(glyphs.enter, "take"), choose, ("w", "wait"), ("esc", "back")]
        if step == "wish":
            return [(glyphs.enter, "put on the waitlist"), choose, ("esc", "back")]
        return super().keys(step)

    # What the desk answers

    def _ask_quote(self) -> None:
        if (customer := self._draft.for_booking) is not None:
            call = partial(self.front.desk.quote, **self.visit(), customer=customer)
            self.front.work.ask(self, "quote", call, Quoted)

    def changed(self, subjects: tuple[str, ...]) -> None:
        """Ask again what the visit would come to: somebody may just have taken the time."""
        del subjects
        if self._step == "confirm" and not self.front.work.busy(WRITES):
            self._ask_quote()

    def on_quoted(self, message: Quoted) -> None:
        """Show what it would come to."""
        if self._step == "confirm":
            self._quote = message.quote
            self.show_step()

    def on_instead_found(self, message: InsteadFound) -> None:
        """Say who has the time, and offer others."""
        if self._step == "instead" and self._refusal is not None:
            self._instead = message.instead
            told = self.query_one(".dialog-message", Static)
            error = self._refusal.message.partition(". Next free")[0]
            parts = booking_words.taken(self.front.look, message.instead)
            told.update(line((clean(error), "bold $text-error"), *parts))
            self.show_step()

    def refused(self, message: Refused) -> None:
        """Say what went wrong; of a time that is taken, ask for others."""
        late = message.lane == "quote" and (self._step != "confirm" or self.front.work.busy(WRITES))
        if late:
            return
        taken = isinstance(message.error, ConflictError) and message.error.code in TAKEN
        if self._step == "confirm" and taken:
            self._refused_time(message.error)
        else:
            super().refused(message)

    def _refused_time(self, error: BookraError) -> None:
        self._refusal = error
        self.enter("instead")
        self.refuse(error)
        call = partial(self.front.desk.instead, **self.visit())
        self.front.work.ask(self, "instead", call, InsteadFound)

    # Verbs

    def action_wait(self) -> None:
        """Wait for this time instead."""
        if self._step == "instead":
            self.enter("wish")

    def _wish(self, choice: WishChoice) -> None:
        look, desk, customer = self.front.look, self.front.desk, self._draft.for_booking
        service, windows = self.visit()["service"], (choice.window,)
        if customer is None:
            return
        said = f"On the waitlist {look.glyphs.divider} {clean(customer.name)}"
        self.write(
            lambda: desk.wish(
                service=service, staff=choice.staff, customer=customer, windows=windows
            ),
            said,
        )
