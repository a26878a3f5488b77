"""A list with columns: one line a row, a cursor, a pinned line of titles, nothing in boxes.

Lines are painted on demand, so that ten thousand rows cost what is seen of them. Texts are cut to
their column and padded in cells, whatever alphabet they are in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from bookra.tui.glyphs import ASCII, UNICODE
from bookra.tui.text import clean, fit, pad

GAP = "  "
"""What stands between two columns."""

Cell = str | tuple[str, str]
"""A text, or a text and its style (``$text-muted``, ``bold``)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``cells`` is its width; 0 shares what room is left, by ``weight``.

    ``least`` columns wide must the whole list be for the column to be shown at all.
    """

    title: str
    cells: int = 0
    weight: int = 1
    right: bool = False
    least: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its id, a cell for each column, and whether it is less important than others."""

    id: str
    cells: tuple[Cell, ...]
    dim: bool = False


class Listing(ScrollView, can_focus=True):
    """Rows with a cursor. ``empty`` is said where there are none: it names the next key."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "listing--title",
        "listing--cursor",
        "listing--cursor-blurred",
        "listing--dim",
    }
    DEFAULT_CSS = """
    Listing { height: 1fr; background: $background; scrollbar-size: 1 1; overflow: hidden auto; }
    Listing > .listing--title { color: $text-muted; background: $background; }
    Listing > .listing--dim { color: $text-muted; }
    Listing > .listing--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold;
    }
    Listing > .listing--cursor-blurred { background: $panel; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(-1)", "First", show=False),
        Binding("end", "edge(1)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row; ``row_id`` is empty where there is none."""

        def __init__(self, listing: Listing, row_id: str) -> None:
            super().__init__()
            self.listing = listing
            self.row_id = row_id

        @property
        def control(self) -> Listing:
            """The list, so that handlers can be tied to one by its id."""
            return self.listing

    class Chosen(Moved):
        """⏎ was pressed on a row, or it was clicked twice."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "",
        titles: bool = True,
        id: str | None = None,  # noqa: A002 - as Textual calls it
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._empty = empty
        self._titles = titles and any(column.title for column in columns)
        self._rows: tuple[Row, ...] = ()
        self._cursor = 0
        self._painted: dict[tuple[int, bool], Strip] = {}

    # What is listed

    def show(self, rows: Sequence[Row]) -> None:
        """List other rows; the cursor stays on its row, or at its place where that is gone."""
        new, chosen = tuple(rows), self.chosen
        if new == self._rows:
            return
        places = {row.id: place for place, row in enumerate(new)}
        self._rows = new
        place = places.get(chosen, min(self._cursor, max(0, len(new) - 1)))
        self._measure()
        self._place(place, told=self.chosen != chosen or place != self._cursor)

    def say_empty(self, text: str) -> None:
        """Say something else where there are no rows."""
        if text != self._empty:
            self._empty = text
            self._repaint()

    @property
    def chosen(self) -> str:
        """The id of the row at the cursor, empty where there is none."""
        return self._rows[self._cursor].id if self._cursor < len(self._rows) else ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that are listed."""
        return self._rows

    def point_at(self, row_id: str) -> bool:
        """Put the cursor on a row; False when it is not listed."""
        for place, row in enumerate(self._rows):
            if row.id == row_id:
                self._place(place)
                return True
        return False

    # Keys and mouse

    def action_move(self, rows: int) -> None:
        """Move by rows."""
        self._place(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move by what is seen at once."""
        self._place(self._cursor + pages * max(1, self._seen - 1))

    def action_edge(self, direction: int) -> None:
        """Go to the first or the last row."""
        self._place(0 if direction < 0 else len(self._rows) - 1)

    def action_choose(self) -> None:
        """Choose the row at the cursor."""
        if not self.chosen:
            raise SkipAction  # whoever shows the list says why there is nothing
        self.post_message(self.Chosen(self, self.chosen))

    def on_click(self, event: Click) -> None:
        """Point at a clicked row; a double click chooses it."""
        place = event.y - self._heads + self.scroll_offset.y
        if event.y >= self._heads and place < len(self._rows):
            self._place(place)
            if event.chain == 2:
                self.action_choose()

    def _place(self, place: int, *, told: bool = True) -> None:
        self._cursor = max(0, min(place, len(self._rows) - 1))
        self._repaint()
        top = self.scroll_offset.y
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor >= top + self._seen:
            self.scroll_to(y=self._cursor - self._seen + 1, animate=False)
        if told:
            self.post_message(self.Moved(self, self.chosen))

    # Painting

    @property
    def _heads(self) -> int:
        return 1 if self._titles else 0

    @property
    def _seen(self) -> int:
        return max(1, self.size.height - self._heads)

    def _measure(self) -> None:
        self.virtual_size = Size(
            self.scrollable_content_region.width, len(self._rows) + self._heads
        )

    def _repaint(self) -> None:
        self._painted.clear()
        self.refresh()

    def on_resize(self) -> None:
        """Share the width anew."""
        self._measure()
        self._place(self._cursor, told=False)

    def on_focus(self) -> None:
        """Light the cursor."""
        self._repaint()

    def on_blur(self) -> None:
        """Dim the cursor."""
        self._repaint()

    def notify_style_update(self) -> None:
        """Paint in the new theme's colours."""
        super().notify_style_update()
        self._painted.clear()

    def render_line(self, y: int) -> Strip:
        """Return a line of the viewport: the titles, or a row."""
        width = self.scrollable_content_region.width
        if y < self._heads:
            named = self._rows or self._empty  # above nothing at all, titles promise too much
            titles = [(column.title if named else "", "") for column in self._columns]
            return self._strip(self._line(titles, width), width, "listing--title")
        place = y - self._heads + self.scroll_offset.y
        if place >= len(self._rows):
            said = self._empty if not self._rows and y == self._heads else ""
            return self._strip(Content(f" {said}"), width, "listing--dim")
        at_cursor = place == self._cursor
        kept = self._painted.get((place, at_cursor))
        if kept is None or kept.cell_length != width:
            kept = self._painted[place, at_cursor] = self._row(
                self._rows[place], width, at_cursor=at_cursor
            )
        return kept

    def _row(self, row: Row, width: int, *, at_cursor: bool) -> Strip:
        cells = [(cell, "") if isinstance(cell, str) else cell for cell in row.cells]
        if at_cursor:  # one colour on the cursor's ground: whatever a cell's own is, it is legible
            line = self._line([(text, "") for text, _ in cells], width)
            name = "listing--cursor" if self.has_focus else "listing--cursor-blurred"
            return self._strip(line, width, name)
        return self._strip(self._line(cells, width), width, "listing--dim" if row.dim else "")

    def _strip(self, line: Content, width: int, name: str) -> Strip:
        if width < 1:  # a terminal of a few columns leaves nothing for a list
            return Strip.blank(0)
        style = self.get_visual_style(name) if name else self.visual_style
        strips = Visual.to_strips(self, line, width, 1, style, apply_selection=False, pad=True)
        return strips[0].adjust_cell_length(width)

    def _line(self, cells: Sequence[tuple[str, str]], width: int) -> Content:
        shares = _shares(self._columns, width - 2)
        ellipsis = (ASCII if self.app.has_class("-ascii") else UNICODE).ellipsis
        parts: list[tuple[str, str]] = [(" ", "")]
        for column, (text, style), room in zip(self._columns, cells, shares, strict=True):
            if room:
                parts.append((_cell(text, room, ellipsis, right=column.right), style))
                parts.append((GAP, ""))
        return Content.assemble(*parts)


def _cell(text: str, room: int, ellipsis: str, *, right: bool) -> str:
    written = fit(clean(text), room, ellipsis)
    return " " * (room - cell_len(written)) + written if right else pad(written, room)


def _shares(columns: Sequence[Column], width: int) -> list[int]:
    """Return how many cells each column gets; those that are left out get none."""
    shown = [column for column in columns if column.least <= width]
    room = width - sum(column.cells for column in shown) - len(GAP) * (len(shown) - 1)
    weights = sum(column.weight for column in shown if not column.cells)
    shares: list[int] = []
    for column in columns:
        part = column.cells if column in shown else 0
        if column in shown and not column.cells:
            part = max(0, room) * column.weight // weights
            room, weights = room - part, weights - column.weight
        shares.append(part)
    return shares
