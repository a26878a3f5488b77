"""The day: the grid, what the cursor points at, and the verbs of the counter.

The picture is read again every few seconds and painted where it differs. When it can't be
read it stays, says since when it is old, and nothing can be written until it is live again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from bookra.engine.bookings.day import DayBlock, DaySnapshot
from bookra.tui import actions, describe
from bookra.tui.freshness import Freshness
from bookra.tui.front import Front
from bookra.tui.messages import DayLoaded, Refused, Written
from bookra.tui.text import clean
from bookra.tui.theme import Ink
from bookra.tui.widgets.day_grid.cursor import Pointed
from bookra.tui.widgets.day_grid.grid import DayGrid
from bookra.tui.widgets.header import Header
from bookra.tui.widgets.inspector import Inspector, Peek
from bookra.tui.widgets.keybar import KeyBar
from bookra.tui.work import WRITES

POLL_SECONDS = 3.0
"""How often the day is read again."""
SMALLEST = (60, 16)
"""Columns and lines below which nothing useful fits."""
_WIDE, _TALL = 136, 30


class DayScreen(Screen[None]):
    """The first screen, and the one that is always there."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(actions.DAY)
    HORIZONTAL_BREAKPOINTS = [(0, "-small"), (SMALLEST[0], "-narrow"), (_WIDE, "-wide")]  # noqa: RUF012  as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (SMALLEST[1], "-short"), (_TALL, "-tall")]  # noqa: RUF012

    def __init__(self, front: Front, ink: Callable[[], Ink]) -> None:
        super().__init__()
        self.front = front
        self.freshness = Freshness(wanted=front.today, read_only=front.read_only)
        self._ink = ink
        self._snapshot: DaySnapshot | None = None
        self._then: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        """Put the grid in the middle; what surrounds it depends on the size."""
        look = self.front.look
        yield Header()
        yield Static(id="totals", markup=False)
        with Horizontal(id="main"):
            yield DayGrid(self._ink, look.glyphs, look.due_mark)
            yield Inspector(self.front)
        yield Peek()
        yield KeyBar(ascii_only=look.ascii_only)
        wide, high = SMALLEST
        yield Static(f"Too small. The desk needs {wide} columns and {high} lines.", id="too-small")

    def on_mount(self) -> None:
        """Ask for today, and keep asking."""
        self.grid.focus()
        self.query_one(Header).logo = clean(self.front.brand.logo_text or self.front.brand.name)
        self._load(self.freshness.wanted)
        self._tick()
        self.set_interval(POLL_SECONDS, self._poll)
        self.set_interval(1.0, self._tick)

    @property
    def grid(self) -> DayGrid:
        """The grid."""
        return self.query_one(DayGrid)

    @property
    def settled(self) -> bool:
        """Tell whether the wanted day is shown and nothing more is on its way."""
        shown = self.freshness.failed or self.freshness.shows_wanted
        return shown and self.front.work.idle and self.query_one(Inspector).settled

    # Reading the day

    def _load(self, day: date, then: Callable[[], None] | None = None) -> None:
        """Ask for a day; ``then`` is done once it is shown."""
        self.freshness.wanted = day
        self._then = then or self._then
        self.front.work.ask(self, "day", partial(self.front.desk.day, day), DayLoaded)
        self._show_header()

    def _poll(self) -> None:
        if not self.front.work.busy("day"):
            self._load(self.freshness.wanted)
        self._show_header()

    def on_day_loaded(self, message: DayLoaded) -> None:
        """Show a day, if it is still the one that is wanted."""
        new, old = message.snapshot, self._snapshot
        if new.day != self.freshness.wanted:
            return
        self._snapshot = new
        self.freshness.read(new.day, self.front.now())
        if old is None or replace(old, read_at=new.read_at) != new:
            self.query_one("#totals", Static).update(describe.totals(self.front.look, new))
            self.grid.show(new, self.front.now())
            self._show_pointed(anew=True)
        if self._then is not None:
            self._then()
            self._then = None
        self._show_header()

    def on_resize(self) -> None:
        """Let the header say what the line of figures says where there is no room for that."""
        self._show_header()

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; a day that can't be read is old from now on."""
        known = self.freshness.failed
        if message.lane == "day":
            self.freshness.failed = True
        if message.lane != "day" or not known:
            error = message.error
            hint = f"\n{clean(error.hint)}" if error.hint else ""
            self.notify(f"{clean(error.message)}{hint}", severity="error", timeout=8, markup=False)
        self._show_header()

    # What surrounds the grid

    def _tick(self) -> None:
        """Move the clock; nothing is painted within the same minute."""
        header, clock = self.query_one(Header), self.front.look.time(self.front.now())[:5]
        if header.clock != clock:
            header.clock = clock
            self.grid.tick(self.front.now())
        self._show_header()

    def _show_header(self) -> None:
        header, look, now = self.query_one(Header), self.front.look, self.front.now()
        wanted, pointed = self.freshness.wanted, self.grid.pointed
        year = f" {wanted.year}" if wanted.year != self.front.today.year else ""
        today = look.also("today") if wanted == self.front.today else ""
        header.day = f"{look.day(wanted)}{year}{today}"
        alone = self._snapshot is not None and self.size.height < _TALL
        header.notes = describe.notes(look, self._snapshot) if alone and self._snapshot else ()
        header.health = self.freshness.health(look, now)
        locked = bool(self.freshness.why_not_write(look, now))
        booked = pointed is not None and pointed.block is not None
        self.query_one(KeyBar).idle = frozenset(
            action.id
            for action in actions.DAY
            if (action.writes and locked) or (action.needs_booking and not booked)
        )

    def on_day_grid_moved(self) -> None:
        """Tell about what the cursor points at."""
        self._show_pointed()
        self._show_header()

    def _show_pointed(self, *, anew: bool = False) -> None:
        pointed = self.grid.pointed
        if pointed is not None:
            self.query_one(Peek).content = describe.in_one_line(self.front.look, pointed)
        self.query_one(Inspector).look_at(pointed, anew=anew)

    # Verbs

    def _may_write(self) -> bool:
        reason = self.freshness.why_not_write(self.front.look, self.front.now())
        if reason:
            self.notify(reason, severity="warning", markup=False)
        return not reason

    def _booking_to_change(self) -> tuple[Pointed, DayBlock] | None:
        """Return the booking under the cursor if it may be changed; else say why not."""
        pointed = self.grid.pointed
        if not self._may_write() or pointed is None:
            return None
        if pointed.block is None:
            self.notify("There is no booking here; tab goes to the next", severity="warning")
            return None
        return pointed, pointed.block

    def action_new(self) -> None:
        """Book at the cursor."""
        from bookra.tui.screens.booking import BookingDialog

        pointed = self.grid.pointed
        if pointed is None or not self._may_write():
            return
        if pointed.free_minutes:
            self.app.push_screen(BookingDialog(self.front, pointed), self._written)
        else:
            when = self.front.look.time(pointed.at)
            said = f"{pointed.staff_name} is not free at {when}. Press y to see why"
            self.notify(said, severity="warning", markup=False)

    def action_check_in(self) -> None:
        """Note that the client has arrived."""
        if found := self._booking_to_change():
            block, desk = found[1], self.front.desk
            said = f"{clean(block.customer)} is checked in"
            self.front.work.ask(
                self,
                WRITES,
                lambda: desk.check_in(block.code),
                lambda ticket, _: Written(ticket, block.code, said),
            )

    def action_check_out(self) -> None:
        """Take what is due."""
        from bookra.tui.screens.checkout import CheckOutDialog

        if found := self._booking_to_change():
            self.app.push_screen(CheckOutDialog(self.front, found[1]), self._written)

    def action_cancel(self) -> None:
        """Cancel the booking."""
        from bookra.tui.screens.cancel import CancelDialog

        if found := self._booking_to_change():
            self.app.push_screen(CancelDialog(self.front, found[1]), self._written)

    def on_written(self, message: Written) -> None:
        """A verb without a dialog was done."""
        self._written(message)

    def _written(self, done: Written | None) -> None:
        """Say what was done, and show the day as it is after it."""
        if done is not None:
            self.notify(done.said, markup=False, timeout=4)
            self._load(self.freshness.wanted)

    async def action_open(self) -> None:
        """Open the booking under the cursor; on free time, book."""
        from bookra.tui.screens.reading import DetailDialog

        pointed = self.grid.pointed
        if pointed is not None and pointed.block is not None:
            dialog = DetailDialog(self.front, pointed.block, pointed.staff_name)
            self.app.push_screen(dialog, self._do_verb)
        elif pointed is not None and pointed.free_minutes:
            self.action_new()

    async def on_day_grid_opened(self) -> None:
        """Do for the mouse what ⏎ does."""
        await self.action_open()

    async def _do_verb(self, verb: str | None) -> None:
        if verb:
            await self.run_action(verb)

    def action_why(self) -> None:
        """Tell why the time at the cursor can't be booked."""
        from bookra.tui.screens.reading import WhyDialog

        if (pointed := self.grid.pointed) is not None:
            self.app.push_screen(WhyDialog(self.front, pointed))

    def action_help(self) -> None:
        """Show every key."""
        from bookra.tui.screens.reading import HelpDialog

        self.app.push_screen(HelpDialog(self.front))

    def action_day(self, days: int) -> None:
        """Go to another day."""
        self._load(self.freshness.wanted + timedelta(days=days))

    def action_now(self) -> None:
        """Go to today, with the cursor on the present."""
        self._load(self.front.today, then=lambda: self.grid.point_now(self.front.now()))

    def action_zoom(self, direction: int) -> None:
        """Show time larger or smaller."""
        self.grid.zoom(direction)

    def action_lock(self) -> None:
        """Lock or unlock writing; a desk that was started read-only stays so."""
        self.freshness.toggle_lock()
        self._show_header()

    async def action_quit(self) -> None:
        """Leave."""
        self.app.exit()
