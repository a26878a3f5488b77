"""Day repair: who lost their time, what each could have instead, and giving it to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from bookra.errors import BookraError
from bookra.tui.desk.absences import Displaced, Proposal
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_day import DisplacedRead
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Column, Listing, Row
from bookra.tui.work import WRITES

READ = "displaced"
MOST_ROWS = 12
"""How many visits are seen at once."""
CHANGES = {
    "unchanged": "as it was",
    "other_staff": "other person",
    "other_time": "other time",
    "both": "both other",
}
"""What differs from the visit as it was."""


class RepairDialog(Dialog[str]):
    """Lists the displaced visits of a day. Answers with a code to move by hand, or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "other(1)", show=False),
        Binding("left,h", "other(-1)", show=False),
        Binding("A", "all", show=False),
        Binding("m", "by_hand", show=False, id="booking.move"),
        Binding("q", "back", show=False),
    ]
    COLUMNS = (
        Column("Was", 5),
        Column("With", 9, least=60),
        Column("Client", weight=3),
        Column("Service", weight=2, least=84),
        Column("Could be", 24),
        Column("", 12, least=70),
    )

    def __init__(self, front: Front, day: date) -> None:
        super().__init__(front, f"Day repair {front.look.glyphs.divider} {front.look.day(day)}")
        self._day = day
        self._visits: dict[str, Displaced] = {}
        self._chosen: dict[str, int] = {}
        self._queue: list[str] = []
        self._given = 0
        self._failed: BookraError | None = None

    def body(self) -> Sequence[Widget]:
        """List them."""
        return [Listing(self.COLUMNS, empty=f"Reading {self.front.look.glyphs.ellipsis}")]

    def on_mount(self) -> None:
        """Name the keys, and read who waits."""
        glyphs = self.front.look.glyphs
        arrows = "<>" if glyphs.enter != "⏎" else "←→"
        keys = ((glyphs.enter, "give this"), (arrows, "other proposal"), ("A", "give all"))
        self.show_hints(
            *keys, (self.front.look.key("booking.move"), "move by hand"), ("esc", "close")
        )
        self._listing.focus()
        self._read()

    @property
    def _listing(self) -> Listing:
        return self.query_one(Listing)

    def _read(self) -> None:
        call = partial(self.front.desk.displaced, self._day)
        work = self.front.work
        work.ask(self, READ, call, lambda ticket, found: DisplacedRead(ticket, tuple(found)))

    def on_displaced_read(self, message: DisplacedRead) -> None:
        """Show who waits."""
        self._visits = {visit.code: visit for visit in message.visits}
        self._show()
        if self._given and not self._failed:
            left = len(self._visits)
            rest = f"{left} still wait" if left else "nobody waits any more; esc closes"
            self.say(f"{self._given} have a new time, {rest}", "$text-success")

    def _show(self) -> None:
        takes = self.front.look.key("time-off")
        nobody = f"Everybody has a time on this day; {takes} takes somebody off"
        self._listing.say_empty(nobody)
        self._listing.styles.height = min(max(1, len(self._visits)), MOST_ROWS) + 1
        self._listing.show([self._row(visit) for visit in self._visits.values()])

    def _row(self, visit: Displaced) -> Row:
        look, proposal = self.front.look, self._proposal(visit)
        if proposal is None:
            by_hand = look.key("booking.move")
            could, change = (f"nothing free: {by_hand} moves it", "$text-warning"), ""
        else:
            day = proposal.starts_at.astimezone(look.tz).date()
            when = look.time(proposal.starts_at)
            when = when if day == self._day else f"{look.day(day)} {when}"
            count = f" {self._chosen.get(visit.code, 0) + 1}/{len(visit.proposals)}"
            could = (f"{when} {clean(proposal.staff_name)}{count}", "bold")
            change = CHANGES.get(proposal.kind, proposal.kind)
        return Row(
            visit.code,
            (
                look.time(visit.starts_at)[:5],
                (clean(visit.staff_name), "$text-muted"),
                clean(visit.customer),
                (clean(visit.service), "$text-muted"),
                could,
                (change, "$text-muted"),
            ),
        )

    def _proposal(self, visit: Displaced) -> Proposal | None:
        if not visit.proposals:
            return None
        return visit.proposals[self._chosen.get(visit.code, 0) % len(visit.proposals)]

    @property
    def _here(self) -> Displaced | None:
        return self._visits.get(self._listing.chosen)

    # Verbs

    def action_other(self, steps: int) -> None:
        """Look at another proposal for this visit."""
        if (visit := self._here) is not None and visit.proposals:
            chosen = (self._chosen.get(visit.code, 0) + steps) % len(visit.proposals)
            self._chosen[visit.code] = chosen
            self._show()

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Give a visit what it could have."""
        message.stop()
        self._given, self._failed = 0, None
        self._queue = [message.row_id]
        self._next()

    def action_all(self) -> None:
        """Give every visit its proposal, the earliest first."""
        if not self.front.work.busy(WRITES):
            self._given, self._failed = 0, None
            self._queue = [code for code, visit in self._visits.items() if visit.proposals]
            self._next()

    def action_by_hand(self) -> None:
        """Move this one on the grid."""
        if (visit := self._here) is not None and not self.front.work.busy(WRITES):
            self.dismiss(visit.code)

    def _next(self) -> None:
        """Give the next of those that wait for it; look again when there is none."""
        if not self._queue:
            self._read()
            return
        code = self._queue.pop(0)
        visit, desk = self._visits.get(code), self.front.desk
        proposal = self._proposal(visit) if visit else None
        if visit is None or proposal is None:
            self.say("Nothing is free for it at the agreed price; m moves it", "$text-warning")
            return
        self.say(f"Writing {self.front.look.glyphs.ellipsis}")
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.accept(code, proposal.number),
            lambda ticket, done: Written(ticket, done, clean(visit.customer)),
        )

    def on_written(self, message: Written) -> None:
        """Go on with the next."""
        self.front.sitting.note(message.done)
        self._given += 1
        self._chosen.pop(message.done.code, None)
        self._next()

    def on_refused(self, message: Refused) -> None:
        """Say why one got nothing, and show what is free by now; the others go on."""
        self._failed = message.error
        self.refuse(message.error)
        if message.lane == WRITES:
            self._next()
