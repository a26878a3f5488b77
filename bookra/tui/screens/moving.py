"""Moving a booking: its ghost goes with the arrows and says why it can't stay where it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from bookra.engine.bookings.day import DayBlock
from bookra.errors import BookraError
from bookra.tui.describe import line
from bookra.tui.desk.moving import Fit, Hindrance, Seat
from bookra.tui.front import Front
from bookra.tui.messages import Refused, Written
from bookra.tui.messages_day import FitFound, NextFitFound
from bookra.tui.screens.layer import Layer
from bookra.tui.text import clean
from bookra.tui.widgets.day_grid import ghost
from bookra.tui.widgets.day_grid.scene import Scene
from bookra.tui.work import WRITES

if TYPE_CHECKING:
    from bookra.tui.screens.day_place import DayPlace

LANE, NEXT = "ghost", "next-fit"
SHORT = {
    "past": "is over",
    "skill": "can't do it",
    "closed": "closed",
    "outside_shift": "not at work",
    "service_hours": "not offered",
    "external_busy": "busy elsewhere",
    "hold": "is held",
    "buffer": "too close",
    "busy": "is busy",
    "resource": "no unit free",
    "limit": "day is full",
    "time_off": "has time off",
    "block": "is blocked",
    "sequence": "same visit",
}
"""What a ghost says of a rule, where a column has room for two words only."""


class MovingLayer(Layer[Written]):
    """Leads the ghost of one line of a visit; ⏎ moves it there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "next_fit", "Next fit", show=False),
        Binding("m", "take", "Move", show=False, id="booking.move"),
    ]
    HINTS = (
        ("arrows", "where to"),
        ("⏎", "move"),
        ("f", "next that fits"),
        ("{ }", "day"),
        ("esc", "give up"),
    )

    def __init__(self, front: Front, day: DayPlace, block: DayBlock, column: int) -> None:
        super().__init__(front, day)
        self._block = block
        self._seat = Seat(block.code, block.staff, block.starts_at)
        self._client = clean(block.customer)
        self._from = (day.day, column)
        self._begun = False
        self._target: tuple[str, datetime] | None = None
        self._fit: Fit | None = None
        self._take = False
        self._take_there = False
        self._exact: tuple[datetime, ...] = (block.starts_at,)
        self._refusal: BookraError | None = None

    # Where it is

    def pointed(self) -> None:
        """Let the ghost follow the cursor, and ask whether it fits there."""
        pointed, scene = self.grid.pointed, self.grid.scene
        if pointed is None or scene is None or self.day_screen.moving_between_days:
            return
        if not self._begun:
            self._begun = True
            self.grid.point_at_row(scene.axis.row(self._block.starts_at))
            pointed = self.grid.pointed or pointed
        exact = (at for at in self._exact if scene.axis.row(at) == self.grid.spot.row)
        target = (pointed.staff, next(exact, pointed.at))
        if target != self._target:
            self._target, self._fit, self._refusal = target, None, None
            self._take, self._take_there = self._take_there, False
        self._show()
        if self._fit is None:
            self._ask()

    def day_changed(self) -> None:
        """Ask again whether it fits; what was said stands until there is an answer."""
        self.pointed()
        self._ask()

    @property
    def _at_home(self) -> bool:
        return self._target == (self._seat.staff, self._seat.starts_at)

    def _ask(self) -> None:
        if self._target is None or (self._at_home and self._block.status != "displaced"):
            return
        staff, at = self._target
        self.front.work.ask(
            self,
            LANE,
            partial(self.front.desk.fit, self._seat, staff, at),
            lambda ticket, fit: FitFound(ticket, fit, staff, at),
        )

    def on_fit_found(self, message: FitFound) -> None:
        """Say whether it fits; and move it, if ⏎ was quicker than the answer."""
        if (message.staff, message.at) == self._target:
            self._fit = message.fit
            self._show()
            if self._take:
                self.action_take()

    def grip(self, column: int, row: int) -> int | None:
        """Let the ghost be dragged by any of its rows."""
        scene = self.grid.scene
        if scene is None or self._target is None or column != self.grid.spot.column:
            return None
        ends = self._fit.ends_at if self._fit else self._target[1] + self._length
        top = scene.axis.row(self._target[1])
        return row - top if top <= row < max(top + 1, scene.axis.row_after(ends)) else None

    # How it looks

    def _show(self) -> None:
        scene = self.grid.scene
        if scene is None or self._target is None:
            return
        at = self._target[1]
        ends = self._fit.ends_at if self._fit else at + self._length
        top = scene.axis.row(at)
        bottom = max(top + 1, scene.axis.row_after(ends))
        mood = ghost.ASKING if self._fit is None else ghost.FITS if self._fit.free else ghost.HITS
        lines = self._lines(bottom - top)
        bottom = min(bottom, scene.axis.rows)
        body = ghost.Ghost(self.grid.spot.column, top, bottom, lines, mood)
        self.grid.haunt([*self._origin(scene), body])
        self._tell()

    def _origin(self, scene: Scene) -> list[ghost.Ghost]:
        """Mark where it stands now, while that day is shown."""
        if scene.day != self._from[0] or self._from[1] >= len(scene.columns):
            return []
        top = max(0, scene.axis.row(self._block.starts_at))
        bottom = max(top + 1, min(scene.axis.rows, scene.axis.row_after(self._block.ends_at)))
        return [ghost.Ghost(self._from[1], top, bottom, (), ghost.FROM)]

    @property
    def _length(self) -> timedelta:
        return self._block.ends_at - self._block.starts_at

    def _lines(self, rows: int) -> tuple[str | tuple[str, ...], ...]:
        assert self._target is not None
        look = self.front.look
        time = look.time(self._target[1])[:5]
        signs = look.glyphs.states
        if self._fit is None:
            sign = " " if self._at_home else look.glyphs.ellipsis
            return (self._forms(sign, time, self._client),)
        ends = f"  {look.glyphs.arrow} {look.time(self._fit.ends_at)[:5]}"
        if self._fit.free:
            return (self._forms(signs["completed"], time, self._client), ends)
        why, sign = self._short(self._fit.hindrances[0]), signs["no_show"]
        if rows == 1:
            return ((f"{sign} {time} {why}", f"{sign} {why}", f"{sign} {time}"),)
        return (self._forms(sign, time, self._client), f"  {why}", ends)

    @staticmethod
    def _forms(sign: str, time: str, name: str) -> tuple[str, ...]:
        first = name.partition(" ")[0]
        return (f"{sign} {time} {name}", f"{sign} {time} {first}", f"{sign} {time}")

    def _short(self, found: Hindrance) -> str:
        """Return a hindrance in two words: whom it hits, where the day knows them."""
        who = self._who(found)
        return f"hits {who.split(' ')[0]}" if who else SHORT.get(found.rule, "not free")

    def _who(self, found: Hindrance) -> str:
        scene = self.grid.scene
        blocks = scene.snapshot.blocks if scene and found.code else ()
        named = (clean(block.customer) for block in blocks if block.code == found.code)
        return "" if found.code == self._block.code else next(named, "")

    def _tell(self) -> None:
        """Say it in full below the grid; a refusal stays until the ghost goes elsewhere."""
        if self._target is None:
            return
        if self._refusal is not None:
            self.refuse(self._refusal)
            return
        look, pointed = self.front.look, self.grid.pointed
        staff = pointed.staff_name if pointed else ""
        where = f" {look.day(self.day_screen.day)} {look.time(self._target[1])} {staff}"
        head = (f" Move {self._client} to{where}  ", "bold")
        if self._at_home:
            self.say_content(line(head, ("it is here now", "$text-muted")))
        elif self._fit is None:
            self.say_content(line(head, (look.glyphs.ellipsis, "$text-muted")))
        elif self._fit.free:
            sign = look.glyphs.states["completed"]
            self.say_content(line(head, (f"{sign} fits", "$text-success")))
        else:
            first = self._fit.hindrances[0]
            who = f" {look.glyphs.divider} {self._who(first)}" if self._who(first) else ""
            sign = look.glyphs.states["no_show"]
            self.say_content(line(head, (f"{sign} {clean(first.said)}{who}", "$text-error")))

    # Verbs

    def action_take(self) -> None:
        """Move it here, if it fits; ⏎ before an answer waits for it."""
        if self._target is None or self.busy:
            return
        if self.day_screen.moving_between_days or self.front.work.busy(NEXT):
            self._take_there = True
            return
        if not self.day_screen.may_write():
            return
        if self._at_home:
            self.say("It is here now; the arrows lead it elsewhere", "$text-warning")
        elif self._fit is None:
            self._take = True
            self._ask()
        elif self._fit.free:
            self._move(*self._target)
        else:
            first = self._fit.hindrances[0]
            opens = f". It would need {clean(first.opens_if)}" if first.opens_if else ""
            self.say(f"{clean(first.said)}{opens}. f finds the next that fits", "$text-error")
            self._take = False

    def _move(self, staff: str, at: datetime) -> None:
        look, desk, seat = self.front.look, self.front.desk, self._seat
        name = self.grid.pointed.staff_name if self.grid.pointed else staff
        said = f"Moved {self._client} to {look.time(at)}{look.also(name)}"
        self._take = False
        self.say(f"Writing {look.glyphs.ellipsis}")
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.move(seat, staff, at),
            lambda ticket, done: Written(ticket, done, said),
        )

    def action_next_fit(self) -> None:
        """Go to the next time that fits with this person."""
        if self._target is None or self.busy:
            return
        staff, at = self._target
        self.say(f"Looking for the next that fits {self.front.look.glyphs.ellipsis}")
        call = partial(self.front.desk.next_fit, self._seat, staff, at)
        self.front.work.ask(self, NEXT, call, NextFitFound)

    def on_next_fit_found(self, message: NextFitFound) -> None:
        """Lead the ghost there, to another day if need be."""
        if message.at is None:
            self._take_there = False
            self.say("Nothing fits within two weeks; try somebody else", "$text-warning")
        else:
            self._exact = (message.at, self._block.starts_at)
            self.day_screen.go_to(message.at)
            self.pointed()

    def on_written(self, message: Written) -> None:
        """Close with what was done."""
        self.dismiss(message)

    def on_refused(self, message: Refused) -> None:
        """Say who was quicker, and when it is free next; the ghost stays where it is."""
        self._take = self._take_there = False
        if message.lane == WRITES:
            self._fit, self._refusal = None, message.error
            self.day_screen.reread()
            self._ask()
        self.refuse(message.error)
