"""Booking again: the same visit with the same person, after as many weeks as is usual."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from bookra.engine.bookings.day import DayBlock
from bookra.tui.describe import MUTED, labelled, line
from bookra.tui.desk.booking import Again
from bookra.tui.front import Front
from bookra.tui.look import Look
from bookra.tui.messages_booking import AgainFound
from bookra.tui.screens import booking_words
from bookra.tui.screens.booking_quote import QuotedDialog
from bookra.tui.screens.booking_steps import Draft
from bookra.tui.screens.booking_words import Choice
from bookra.tui.text import clean


class RebookDialog(QuotedDialog):
    """Proposes a time; ⏎ books it, ``t`` offers others near it. ``again`` may be known already."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("t", "times", show=False)]
    FIRST = "asking"

    def __init__(self, front: Front, block: DayBlock, again: Again | None = None) -> None:
        title = f"Book again {front.look.glyphs.divider} {clean(block.customer)}"
        super().__init__(front, title, Draft(block.staff, "", block.starts_at))
        self._code = block.code
        self._again = again
        self._none = False

    def begin(self) -> None:
        """Take what is known, or ask for it."""
        if self._again is not None:
            self.FIRST = "confirm"
            self._propose(self._again)
        else:
            call = partial(self.front.desk.again, self._code)
            self.front.work.ask(self, "again", call, AgainFound)

    def on_again_found(self, message: AgainFound) -> None:
        """Propose the usual time."""
        if message.again is None:
            self._none = True
            self.show_step()
        else:
            self._propose(message.again)
            self.enter("confirm")

    def _propose(self, again: Again) -> None:
        self._again = again
        draft = self._draft
        draft.staff, draft.staff_name, draft.at = again.staff, again.staff_name, again.at
        draft.customer, draft.services = again.customer, [again.service, *again.more]

    def preceding(self, step: str) -> str:
        """Return the step before; nothing comes before the proposal."""
        return "confirm" if step == "times" else super().preceding(step)

    def following(self, step: str) -> str:
        """Return the step after one that is complete."""
        del step
        return "confirm"

    def offered(self, step: str, typed: str) -> Sequence[Choice]:
        """Return what the list of a step offers."""
        if step == "times":
            return self._again.free if self._again else ()
        return super().offered(step, typed)

    def keys(self, step: str) -> list[tuple[str, str]]:
        """Return the keys that a step names."""
        glyphs = self.front.look.glyphs
        if step == "confirm":
            return [(glyphs.enter, "book"), ("t", "other times"), ("esc", "close")]
        if step == "times":
            return [(glyphs.enter, "take"), (glyphs.up_down, "choose"), ("esc", "back")]
        return [("esc", "close")] if step == "asking" else super().keys(step)

    def action_times(self) -> None:
        """Offer other times near the usual one."""
        if self._step == "confirm":
            self.enter("times")

    def finish(self) -> None:
        """Book it."""
        draft, desk, visit = self._draft, self.front.desk, self.visit()
        customer = draft.for_booking
        if customer is not None:
            said = f"Booked {when(self.front.look, draft)} {self.front.look.glyphs.divider} "
            said += clean(customer.name)
            self.write(lambda: desk.book(**visit, customer=customer), said)

    def summary(self) -> list[Content]:
        """Return what is proposed."""
        look, draft = self.front.look, self._draft
        if self._again is None:
            said = "They come again already" if self._none else "…"
            return [labelled("Again", (said, MUTED))]
        weeks = self._again.weeks
        usual = f"in {weeks} weeks, as usual" if weeks > 1 else "in a week, as usual"
        return [
            booking_words.client(draft),
            *booking_words.chosen_services(look, draft.services, more=False),
            *booking_words.terms(look, draft, self._quote),
            labelled("", (usual, MUTED)),
            *([line()] if self._step != "confirm" else []),
        ]


def when(look: Look, draft: Draft) -> str:
    """Return ``Sun 20 Dec 10:15``."""
    return f"{look.day(draft.at.astimezone(look.tz).date())} {look.time(draft.at)}"
