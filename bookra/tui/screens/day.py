"""The day: the grid, what the cursor points at, and the verbs of the counter.

The picture is painted anew where it differs from what was read before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from bookra.engine.bookings.day import DaySnapshot
from bookra.tui import actions, describe
from bookra.tui.actions.day import FITS
from bookra.tui.front import Front
from bookra.tui.messages import DayLoaded
from bookra.tui.screens.base import TALL, WIDE
from bookra.tui.screens.day_verbs import CLASS
from bookra.tui.screens.day_view_verbs import ViewVerbs
from bookra.tui.screens.day_views import STAFF, WEEK
from bookra.tui.screens.layer import Layer
from bookra.tui.theme import Ink
from bookra.tui.widgets.day_grid.grid import DayGrid
from bookra.tui.widgets.header import Header
from bookra.tui.widgets.inspector import Inspector, Peek
from bookra.tui.widgets.week_board import WeekBoard

INSPECTING = "-inspecting"
"""The class of a screen whose inspector lies over the grid."""


class DayScreen(ViewVerbs):
    """The first screen: the day as a grid."""

    TABLE = actions.TABLES["day"]
    LANE = "day"
    BINDINGS: ClassVar[list[BindingType]] = [
        *actions.bindings(actions.DAY),
        Binding("escape", "inspect_no_more", show=False),
    ]

    def __init__(self, front: Front, ink: Callable[[], Ink]) -> None:
        super().__init__(front, front.today)
        self._ink = ink
        self._snapshot: DaySnapshot | None = None
        self._then: Callable[[], None] | None = None

    def body(self) -> Iterable[Widget]:
        """Put the grid in the middle; what surrounds it depends on the size."""
        look = self.front.look
        yield Static(id="totals", markup=False)
        with Horizontal(id="main"):
            yield DayGrid(self._ink, look.glyphs, look.due_mark)
            yield WeekBoard(self._ink, look.glyphs)
            yield Inspector(self.front)
        yield Peek()

    def on_mount(self) -> None:
        """Begin on the grid."""
        self.grid.focus()

    @property
    def settled(self) -> bool:
        """Tell whether the wanted day is shown and nothing more is on its way."""
        return super().settled and self.query_one(Inspector).settled

    # Reading the day

    def read(self) -> None:
        """Ask for the day, or for what another view shows."""
        if self.read_view():
            return
        self.front.work.ask(self, self.LANE, partial(self.front.desk.day, self.day), DayLoaded)

    def load(self, day: date, then: Callable[[], None] | None = None) -> None:
        """Go to a day; ``then`` is done once it is shown, on the day by staff."""
        if then is not None and self.view != STAFF:
            self._turn_to(STAFF, then, day)
            return
        self.freshness.wanted = day
        self._then = then or self._then
        self.reread()
        self.show_state()

    def on_day_loaded(self, message: DayLoaded) -> None:
        """Show a day, if it is still the one that is wanted."""
        new, old = message.snapshot, self._snapshot
        if new.day != self.freshness.wanted or self.view != STAFF:
            return
        self._snapshot = new
        self.was_read(new.day)
        if old is None or replace(old, read_at=new.read_at) != new:
            totals = describe.totals(self.front.look, new)
            self.query_one("#totals", Static).update(totals, layout=False)
            self.grid.show(new, self.front.now())
            self._show_pointed(anew=True)
            if isinstance(self.app.screen, Layer):
                self.app.screen.day_changed()
        self.arrived()
        self.show_state()

    def arrived(self) -> None:
        """Do what was to be done once the wanted picture is shown."""
        then, self._then = self._then, None
        if then is not None:
            then()

    def forget_picture(self) -> None:
        """Paint the next picture even if it was shown before in another view."""
        self._snapshot = None

    # What surrounds the grid

    def minute_passed(self) -> None:
        """Move the now-line."""
        self.grid.tick(self.front.now())

    def show_state(self) -> None:
        """Say which day it is, and how it stands where the line of figures has no room."""
        super().show_state()
        if not self.is_mounted:
            return
        header, look = self.query_one(Header), self.front.look
        header.day = self.shown_time()
        alone = self._snapshot is not None and self.size.height < TALL
        header.notes = describe.notes(look, self._snapshot) if alone and self._snapshot else ()

    def idle_actions(self) -> Iterable[str]:
        """On free time nothing can be done with a booking; on one, what its state and day allow."""
        pointed = self.pointed
        block = pointed.block if pointed is not None else None
        if block is None:
            return [action.id for action in actions.DAY if action.needs_booking]
        idle = [name for name, states in FITS.items() if block.status not in states]
        return [*idle, "booking.no-show"] if self.is_to_come(block) else idle

    def on_day_grid_moved(self) -> None:
        """Tell about what the cursor points at."""
        self._show_pointed()
        self.show_state()
        if isinstance(self.app.screen, Layer):
            self.app.screen.pointed()

    def _show_pointed(self, *, anew: bool = False) -> None:
        if self.view == WEEK:
            return
        pointed = self.grid.pointed
        if pointed is not None:
            self.query_one(Peek).content = describe.in_one_line(self.front.look, pointed)
        self.query_one(Inspector).look_at(pointed, anew=anew)
        if self.has_class(INSPECTING) and self.grid.scene:
            view = self.grid.scene.view
            beside = 2 * (self.grid.spot.column - view.first) + 1
            self.set_class(beside > len(view.widths), "-at-right")

    def action_inspect(self) -> None:
        """Lay over the grid what a wide terminal shows beside it, and take it away again."""
        self._inspect(not self.has_class(INSPECTING) and self.size.width < WIDE)

    def action_inspect_no_more(self) -> None:
        """Take it away."""
        self._inspect(False)

    def _inspect(self, wanted: bool) -> None:  # noqa: FBT001
        self.set_class(wanted and self.view != WEEK, INSPECTING)
        self.call_after_refresh(self._show_pointed)

    # Opening

    async def action_open(self) -> None:
        """Open the booking under the cursor; on free time, book."""
        from bookra.tui.screens.reading import DetailDialog

        if self.view == WEEK:
            self.open_day()
            return
        pointed = self.grid.pointed
        if pointed is not None and pointed.block is not None and pointed.block.status == CLASS:
            self._open_class(pointed.block)
        elif pointed is not None and pointed.block is not None:
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
