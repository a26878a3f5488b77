"""Time off: mark a span on a person's column, see whom it displaces, ⏎."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from bookra.tui.describe import line
from bookra.tui.front import Front
from bookra.tui.glyphs import DONE
from bookra.tui.messages_day import InTheWay, OffTaken
from bookra.tui.screens.layer import Layer
from bookra.tui.text import clean, spell_minutes
from bookra.tui.widgets.day_grid import ghost
from bookra.tui.work import WRITES

if TYPE_CHECKING:
    from bookra.tui.screens.day_place import DayPlace
    from bookra.tui.widgets.day_grid.cursor import Pointed

LANE = "time-off"
NAMED = 3
"""How many of the displaced are named; the others are counted."""


class TimeOffLayer(Layer[OffTaken]):
    """Marks from where it was begun to where the cursor is, that row included."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "take", "Take off", show=False, id="time-off"),
        Binding("d", "whole_day", "The whole day", show=False),
    ]
    HINTS = (
        ("arrows", "until when"),
        ("d", "the whole day"),
        ("⏎", "take off"),
        ("{ }", "day"),
        ("esc", "give up"),
    )

    def __init__(self, front: Front, day: DayPlace, start: datetime) -> None:
        super().__init__(front, day)
        self._anchor = start
        self._whole: tuple[str, datetime, datetime] | None = None
        self._marked: tuple[str, datetime, datetime] | None = None
        self._met: tuple[str, ...] | None = None

    # The span

    @property
    def _span(self) -> tuple[datetime, datetime] | None:
        pointed, scene = self.grid.pointed, self.grid.scene
        if pointed is None or scene is None:
            return None
        if self._whole is not None and self._whole[0] == pointed.staff:
            return self._whole[1:]
        row = timedelta(minutes=scene.axis.minutes)
        return min(self._anchor, pointed.at), max(self._anchor, pointed.at) + row

    def action_move(self, columns: int, rows: int) -> None:
        """Mark by rows again."""
        self._whole = None if rows else self._whole
        super().action_move(columns, rows)

    def action_whole_day(self) -> None:
        """Mark all that the person works on this day."""
        pointed, scene = self.grid.pointed, self.grid.scene
        shifts = scene.columns[self.grid.spot.column].shifts if scene and pointed else ()
        if pointed and shifts:
            start, until = min(s for s, _ in shifts), max(e for _, e in shifts)
            self._whole = (pointed.staff, start, until)
            self.pointed()
        elif pointed:
            self.say(f"{clean(pointed.staff_name)} does not work on this day", "$text-warning")

    def pointed(self) -> None:
        """Mark the span, and say whom it displaces: what the picture tells, until the desk does."""
        span, pointed = self._span, self.grid.pointed
        if span is None or pointed is None:
            return
        marked = (pointed.staff, *span)
        if marked != self._marked:
            self._marked, self._met = marked, None
        self._show(pointed)
        call = partial(self.front.desk.in_the_way, *marked)
        self.front.work.ask(self, LANE, call, lambda ticket, met: InTheWay(ticket, tuple(met)))

    def on_in_the_way(self, message: InTheWay) -> None:
        """Say whom it displaces; an answer that another one follows never comes here."""
        self._met = tuple(one.customer for one in message.affected)
        if self.grid.pointed is not None:
            self._show(self.grid.pointed)

    def _show(self, pointed: Pointed) -> None:
        scene = self.grid.scene
        if scene is None or self._marked is None:
            return
        _, start, until = self._marked
        top = max(0, scene.axis.row(start))
        bottom = min(scene.axis.rows, max(top + 1, scene.axis.row_after(until)))
        hit = self._pictured(pointed.staff, start, until) if self._met is None else self._met
        look = self.front.look
        sign = look.glyphs.states["displaced"]
        said = f"{sign} {len(hit)} to move" if hit else " Time off"
        ends = f" {look.glyphs.arrow} {look.time(until)[:5]}"
        lines = (said, (f" {look.span(start, until)}", ends))
        mood = ghost.HITS if hit else ghost.SPAN
        self.grid.haunt([ghost.Ghost(self.grid.spot.column, top, bottom, lines, mood)])
        self._tell(pointed.staff_name, start, until, hit)

    def _pictured(self, staff: str, start: datetime, until: datetime) -> tuple[str, ...]:
        """Return whom it displaces, as far as the day that is shown tells: it knows no buffers."""
        scene, now = self.grid.scene, self.front.now()
        return tuple(
            block.customer
            for block in (scene.snapshot.blocks if scene else ())
            if block.staff == staff
            and block.status not in DONE | {"displaced"}
            and block.starts_at < until
            and block.ends_at > max(start, now)
        )

    def _tell(self, name: str, start: datetime, until: datetime, hit: Sequence[str]) -> None:
        look = self.front.look
        minutes = int((until - start).total_seconds()) // 60
        span = f"{look.day(start.astimezone(look.tz).date())} {look.span(start, until)}"
        head = (f" Time off for {clean(name)} {look.glyphs.divider} {span}", "bold")
        length = (f" {spell_minutes(minutes)}  ", "$text-muted")
        if not hit:
            self.say_content(line(head, length, ("nobody is booked then", "$text-success")))
            return
        named = ", ".join(map(clean, hit[:NAMED]))
        more = f" and {len(hit) - NAMED} more" if len(hit) > NAMED else ""
        verb = "needs" if len(hit) == 1 else "need"
        told = f"{named}{more} {verb} another time"
        self.say_content(line(head, length, (f"{look.glyphs.states['displaced']} {told}",
                                             "$text-warning")))  # fmt: skip

    # The verb

    def action_take(self) -> None:
        """Write it down; whom it displaces waits for another time."""
        span, pointed = self._span, self.grid.pointed
        if span is None or pointed is None or self.busy or not self.day_screen.may_write():
            return
        start, until = span
        desk, staff, look = self.front.desk, pointed.staff, self.front.look
        said = f"{clean(pointed.staff_name)} is off {look.span(start, until)}"
        self.say(f"Writing {look.glyphs.ellipsis}")
        self.front.work.ask(
            self,
            WRITES,
            lambda: desk.take_off(staff, start, until, ""),
            lambda ticket, taken: OffTaken(ticket, taken, said),
        )

    def on_off_taken(self, message: OffTaken) -> None:
        """Close with what was written."""
        self.dismiss(message)
