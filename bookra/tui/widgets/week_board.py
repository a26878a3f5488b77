"""A week by staff: a row for each person, a cell for each day, drawn as that day's timeline.

What a cell shows is pure (`week_cells`); this is the widget with its cursor. The grid of a day is
one key away: the board answers where there is room, the day answers what exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bookra.engine.bookings.day import DaySnapshot
from bookra.tui import actions
from bookra.tui.glyphs import Glyphs
from bookra.tui.theme import Ink
from bookra.tui.widgets.day_grid.cells import style
from bookra.tui.widgets.plain_bar import PlainBar
from bookra.tui.widgets.week_cells import HEADS, ROWS, Week, paint_head, paint_person


class WeekBoard(ScrollView, can_focus=True):
    """Seven days by people. Its cursor is a cell: a person and a day."""

    BINDINGS = actions.bindings(actions.GRID)

    class Moved(Message):
        """The cursor is on another cell, or what it shows has changed."""

    class Opened(Message):
        """A cell was clicked twice."""

    def __init__(self, ink: Callable[[], Ink], glyphs: Glyphs) -> None:
        super().__init__()
        self._ink = ink
        self._glyphs = glyphs
        self._week = Week(())
        self.row, self.column = 0, 0

    @property
    def week(self) -> Week:
        """What is shown."""
        return self._week

    def show(self, days: Sequence[DaySnapshot], titles: Sequence[str], today: int) -> None:
        """Show seven days; ``titles`` are their names, ``today`` is an index or -1."""
        self._week = Week(tuple(days), tuple(titles), today)
        self._clamp()
        self.virtual_size = Size(self._room, HEADS + ROWS * len(self._week.people))
        self._follow()
        self.refresh()
        self.post_message(self.Moved())

    def point_at(self, slug: str, column: int) -> None:
        """Move the cursor to a person's day."""
        slugs = [person.slug for person in self._week.people]
        self.row = slugs.index(slug) if slug in slugs else self.row
        self.column = column
        self._moved()

    @property
    def _room(self) -> int:
        return self.scrollable_content_region.width

    def on_mount(self) -> None:
        """Keep to ASCII in the scroll bar, too."""
        if self._glyphs.ellipsis.isascii():
            self.vertical_scrollbar.renderer = PlainBar  # type: ignore[misc]

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.virtual_size = Size(self._room, HEADS + ROWS * len(self._week.people))
        self._follow()

    def render_line(self, y: int) -> Strip:
        """Return a line of the viewport: the pinned head, then the people that are scrolled to."""
        ink, width = self._ink(), self.size.width
        blank = style(ink.text, ink.ground)
        if y < HEADS:
            cells = paint_head(self._week, ink, self._glyphs, width, y, self.column)
            return Strip(cells).adjust_cell_length(width, blank)
        row, line = divmod(y - HEADS + self.scroll_offset.y, ROWS)
        if row >= len(self._week.people):
            return Strip([Segment(" " * width, blank)])
        here = self.column if row == self.row else -1
        cells = paint_person(self._week, ink, self._glyphs, width, row, line, here)
        return Strip(cells).adjust_cell_length(width, blank)

    # The cursor

    def action_move(self, columns: int, rows: int) -> None:
        """Move by cells; a page is four people."""
        self.column += columns
        self.row += rows if abs(rows) == 1 else rows // 2
        self._moved()

    def action_hop(self, direction: int) -> None:
        """Go to the next or previous cell."""
        place = self.row * 7 + self.column + direction
        self.row, self.column = divmod(place % max(1, 7 * len(self._week.people)), 7)
        self._moved()

    def action_edge(self, direction: int) -> None:
        """Go to the first or last person."""
        self.row = 0 if direction < 0 else len(self._week.people) - 1
        self._moved()

    def on_click(self, event: Click) -> None:
        """Move the cursor to a clicked cell; a double click opens its day."""
        row = (event.y - HEADS + self.scroll_offset.y) // ROWS
        column = self._week.column_at(event.x, self.size.width)
        if event.y >= HEADS and column is not None and row < len(self._week.people):
            self.row, self.column = row, column
            self._moved()
            if event.chain == 2:
                self.post_message(self.Opened())

    def _moved(self) -> None:
        self._clamp()
        self._follow()
        self.refresh()
        self.post_message(self.Moved())

    def _clamp(self) -> None:
        self.row = min(max(0, self.row), max(0, len(self._week.people) - 1))
        self.column = min(max(0, self.column), 6)

    def _follow(self) -> None:
        height = self.size.height - HEADS
        top, line = self.scroll_offset.y, self.row * ROWS
        if line < top:
            self.scroll_to(y=line, animate=False)
        elif line + ROWS > top + height:
            self.scroll_to(y=line + ROWS - height, animate=False)
