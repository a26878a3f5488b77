"""A thin layer over the day in which the arrows lead something about the grid.

The day stays in sight and goes on being read; two lines at the bottom say what is going on and
which keys there are. Escape gives up; nothing is written without ⏎.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import (
    Click,
    MouseDown,
    MouseMove,
    MouseScrollDown,
    MouseScrollUp,
)
from textual.screen import ModalScreen
from textual.widgets import Static

from bookra.errors import BookraError
from bookra.tui import actions
from bookra.tui.describe import line
from bookra.tui.front import Front
from bookra.tui.messages import Refused
from bookra.tui.text import clean
from bookra.tui.widgets.day_grid.grid import DayGrid
from bookra.tui.work import WRITES

if TYPE_CHECKING:
    from bookra.tui.screens.day_place import DayPlace

R = TypeVar("R")
WHEEL_ROWS = 3


class Layer(ModalScreen[R | None]):
    """Leads the grid's cursor. Subclasses lay ghosts over the grid where it goes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *actions.bindings(actions.GRID),
        Binding("escape", "give_up", "Give up", show=False),
        Binding("enter", "take", "Do it", show=False),
        Binding("left_curly_bracket", "day(-1)", "The day before", show=False),
        Binding("right_curly_bracket", "day(1)", "The day after", show=False),
        Binding("plus,equals_sign", "zoom(1)", show=False, id="zoom.in"),
        Binding("minus", "zoom(-1)", show=False, id="zoom.out"),
    ]
    AUTO_FOCUS = ""
    ALLOW_SELECT = False
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (("esc", "give up"),)

    def __init__(self, front: Front, day: DayPlace) -> None:
        super().__init__()
        self.front = front
        self.day_screen = day
        self._dragged = False

    def compose(self) -> ComposeResult:
        """Say what goes on, and name the keys."""
        yield Static(id="layer-said", markup=False)
        yield Static(self._hints(self.HINTS), id="layer-keys", markup=False)

    def on_mount(self) -> None:
        """Begin where the cursor is."""
        self.pointed()

    def on_unmount(self) -> None:
        """Leave nothing behind on the grid."""
        for grid in self.day_screen.query(DayGrid):  # when the program ends it may be gone
            grid.haunt()

    @property
    def grid(self) -> DayGrid:
        """The grid below."""
        return self.day_screen.grid

    def pointed(self) -> None:
        """Follow the cursor, or what has changed under it; the day tells when."""
        raise NotImplementedError

    def day_changed(self) -> None:
        """Judge anew: somebody has changed the day that is shown."""
        self.pointed()

    def action_take(self) -> None:
        """Do it, here."""
        raise NotImplementedError

    # What is said

    def say(self, text: str, colour: str = "") -> None:
        """Say what goes on, in one line."""
        self.say_content(line((f" {text}", colour)))

    def say_content(self, content: Content) -> None:
        """Say it in several styles."""
        for said in self.query("#layer-said").results(Static):  # none before it is composed
            said.update(content)

    def refuse(self, error: BookraError) -> None:
        """Say what went wrong and what to do next."""
        hint = f"  {clean(error.hint)}" if error.hint else ""
        self.say_content(line((f" {clean(error.message)}", "bold $text-error"), hint))

    def on_refused(self, message: Refused) -> None:
        """Say what went wrong; nothing was written."""
        self.refuse(message.error)

    def _hints(self, pairs: Sequence[tuple[str, str]]) -> Content:
        named = {"⏎": self.front.look.glyphs.enter, "arrows": self._arrows()}
        written = [
            line((named.get(key, key), "bold $text-accent"), f" {word}") for key, word in pairs
        ]
        return line(" ") + Content("   ").join(written)

    def _arrows(self) -> str:
        """Name what leads the cursor: the arrows, or the keys that the operator gave it."""
        look = self.front.look
        moves = [f"move.{way}" for way in ("left", "up", "down", "right")]
        if look.keys.keys().isdisjoint(moves):
            return "arrows" if look.ascii_only else "←↑↓→"
        return " ".join(look.key(move) for move in moves)

    # Keys and mouse

    @property
    def busy(self) -> bool:
        """Tell whether something is being written: nothing moves until that is answered."""
        return self.front.work.busy(WRITES)

    def action_move(self, columns: int, rows: int) -> None:
        """Go by cells."""
        if not self.busy:
            self.grid.action_move(columns, rows)

    def action_hop(self, direction: int) -> None:
        """Go to the next or previous booking."""
        if not self.busy:
            self.grid.action_hop(direction)

    def action_edge(self, direction: int) -> None:
        """Go to the first or last row."""
        if not self.busy:
            self.grid.action_edge(direction)

    def action_day(self, days: int) -> None:
        """Go to another day."""
        if not self.busy:
            self.day_screen.action_day(days)

    def action_zoom(self, direction: int) -> None:
        """Show time larger or smaller."""
        self.grid.zoom(direction)

    def action_give_up(self) -> None:
        """Leave everything as it is; but not while something is being written."""
        if self.busy:
            self.say("Still writing; the answer will be shown here", "$text-warning")
        else:
            self.leave()

    def leave(self) -> None:
        """Do what escape does here."""
        self.dismiss(None)

    def on_click(self, event: Click) -> None:
        """Go to a clicked cell; a second click there is ⏎. Letting go after a drag is no click."""
        region = self.grid.region
        inside = region.contains(int(event.screen_x), int(event.screen_y))
        if inside and not self.busy and not self._dragged:
            x, y = int(event.screen_x) - region.x, int(event.screen_y) - region.y
            if self.grid.point_at_cell(x, y) and event.chain == 2:
                self.action_take()

    def grip(self, column: int, row: int) -> int | None:
        """Return how far below the top of what can be dragged a cell is; None beside it."""
        del column, row
        return None

    def on_mouse_down(self, event: MouseDown) -> None:
        """Take hold of what can be dragged."""
        self._dragged = False
        cell = self.grid.cell_at(*self._over_grid(event)) if event.button == 1 else None
        self.grid.held = self.grip(*cell) if cell else None

    def on_mouse_move(self, event: MouseMove) -> None:
        """Lead what is held; at the edges the hours go on."""
        grid = self.grid
        if event.button != 1:
            grid.held = None
        if grid.held is None or self.busy:
            return
        self._dragged = True
        x, y = self._over_grid(event)
        beyond = (y >= grid.size.height - 1) - (y <= grid.heads)
        if beyond:
            grid.scroll_relative(y=beyond, animate=False)
        if (cell := grid.cell_at(x, y)) is not None:
            grid.lead_to(cell[0], cell[1] - grid.held)

    def on_mouse_up(self) -> None:
        """Leave it where it is: ⏎ writes it, or a click twice there."""
        self.grid.held = None

    def _over_grid(self, event: MouseDown | MouseMove) -> tuple[int, int]:
        region = self.grid.region
        return int(event.screen_x) - region.x, int(event.screen_y) - region.y

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Show later hours."""
        event.stop()
        self.grid.scroll_relative(y=WHEEL_ROWS, animate=False)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Show earlier hours."""
        event.stop()
        self.grid.scroll_relative(y=-WHEEL_ROWS, animate=False)
