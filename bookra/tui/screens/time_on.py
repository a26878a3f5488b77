"""Removing time off, or a block: at the cursor or out of somebody's list, ⏎.

Whom it displaced and who still waits is named first: they go on waiting, with their old time
among what is proposed to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from bookra.tui.desk.absences import Absent
from bookra.tui.desk.team import Away
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_day import AbsentFound
from bookra.tui.screens import team_words
from bookra.tui.screens.dialog import Dialog
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Column, Listing, Row
from bookra.tui.work import WRITES

MOST_ROWS = 10
"""How many absences are seen at once."""
NAMED = 3
"""How many of those who wait are named; the others are counted."""
KINDS = {"time-off": "Time off", "block": "Blocked"}
FREED = {"time-off": "off", "block": "blocked"}


class TimeOnDialog(Dialog[Written]):
    """Lists what somebody has at an instant, or from now on; ⏎ removes what is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "remove", show=False)]
    COLUMNS = (Column("When", weight=3), Column("", 8), Column("Reason", weight=2))

    def __init__(self, front: Front, staff: str, name: str, at: datetime | None = None) -> None:
        divider = front.look.glyphs.divider
        super().__init__(front, f"Remove time off or a block {divider} {clean(name)}")
        self._staff = staff
        self._name = clean(name)
        self._at = at
        self._found: dict[str, Absent] | None = None
        self._wanted = False

    def body(self) -> Sequence[Widget]:
        """Leave room for the list, which is on its way."""
        reading = f"Reading {self.front.look.glyphs.ellipsis}"
        listing = Listing(self.COLUMNS, empty=reading, titles=False)
        listing.styles.height = 1
        return [listing]

    def on_mount(self) -> None:
        """Ask for them."""
        call = partial(self.front.desk.absent, self._staff, self._at)
        self.front.work.ask(
            self, "absent", call, lambda ticket, found: AbsentFound(ticket, tuple(found))
        )

    def on_absent_found(self, message: AbsentFound) -> None:
        """List them; and remove, if ⏎ was quicker than the answer and nobody waits."""
        look, listing = self.front.look, self.query_one(Listing)
        self._found = {one.id: one for one in message.found}
        when = f"at {look.time(self._at)}" if self._at else "ahead"
        listing.say_empty(f"{self._name} has no time off and no block {when}")
        listing.styles.height = min(max(1, len(self._found)), MOST_ROWS)
        listing.show([self._row(one) for one in message.found])
        listing.focus()
        if self._found:
            self.show_hints((look.glyphs.enter, "remove it"), ("esc", "leave it"))
        self._warn()
        wanted, self._wanted = self._wanted, False
        if wanted and not any(one.waiting for one in message.found):
            self.action_remove()

    def _row(self, one: Absent) -> Row:
        return Row(one.id, (self._when(one), KINDS.get(one.kind, one.kind), clean(one.reason)))

    def _when(self, one: Absent) -> str:
        span = Away(one.id, one.starts_at, one.ends_at, one.reason)
        return team_words.away(self.front.look, span, self.front.today)

    @property
    def _chosen(self) -> Absent | None:
        return (self._found or {}).get(self.query_one(Listing).chosen)

    def on_listing_moved(self) -> None:
        """Say who waits because of another one."""
        self._warn()

    def _warn(self) -> None:
        """Name those who lost their time to it and wait still."""
        one = self._chosen
        if one is None or not one.waiting:
            self.say("")
            return
        names = ", ".join(map(clean, one.waiting[:NAMED]))
        more = f" and {len(one.waiting) - NAMED} more" if len(one.waiting) > NAMED else ""
        wait = "waits" if len(one.waiting) == 1 else "wait"
        finds = self.front.look.key("repair")
        sign = self.front.look.glyphs.states["displaced"]
        said = f"{sign} {names}{more} {wait} for another time because of it, and will go on so"
        self.say(f"{said}; {finds} on the day finds it", "$text-warning")

    def on_listing_chosen(self) -> None:
        """Do for the list, and for the mouse, what ⏎ does."""
        self.action_remove()

    def action_remove(self) -> None:
        """Remove it; ⏎ before the answer waits for it."""
        one = self._chosen
        if self._found is None:
            self._wanted = True
        elif one is not None and not self.front.work.busy(WRITES):
            desk, was = self.front.desk, FREED.get(one.kind, one.kind)
            said = f"{self._name} is not {was} {self._when(one)}"
            self.say(f"Writing {self.front.look.glyphs.ellipsis}")
            self.front.work.ask(
                self,
                WRITES,
                lambda: desk.take_on(one.id, one.kind),
                lambda ticket, done: Written(ticket, done, said),
            )

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say why not; the absence stands."""
        self.refuse(message.error)
