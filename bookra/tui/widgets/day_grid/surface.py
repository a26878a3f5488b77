"""The lines of the day grid: painted on demand, kept, and painted again where they change.

A line is kept with as much of the cursor as it shows, and its columns apart from that, so that
moving the cursor or the columns in sight paints little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bookra.tui.theme import Ink
from bookra.tui.widgets.day_grid import cursor, ghost
from bookra.tui.widgets.day_grid.cells import Kept, paint_row, style
from bookra.tui.widgets.day_grid.heads import paint_head
from bookra.tui.widgets.day_grid.scene import Scene, Spot

_TALL = 30
"""From this height on the heads get a rule below them."""


class Surface(ScrollView):
    """A scene with a cursor and ghosts on it, as lines. Rows below 0 are the pinned heads."""

    def __init__(self, ink: Callable[[], Ink]) -> None:
        super().__init__()
        self._ink = ink
        self._scene: Scene | None = None
        self._spot = Spot(0, 0, "", focused=True)
        self._lines: dict[int, tuple[Spot, Strip]] = {}
        self._cells: dict[int, Kept] = {}
        self._ghosts: tuple[ghost.Ghost, ...] = ()
        self._lit: tuple[Scene, Spot, set[int]] | None = None
        self.lines_painted = 0
        """How many lines were painted so far: what idling must not raise."""

    def haunt(self, ghosts: Sequence[ghost.Ghost] = ()) -> None:
        """Lay these ghosts over the grid in place of those before."""
        if (new := tuple(ghosts)) != self._ghosts:
            rows = ghost.rows_of((*self._ghosts, *new))
            self._ghosts = new
            self._repaint(rows)

    def recolour(self) -> None:
        """Paint everything again after the theme has changed."""
        if self._scene:
            self._scene = replace(self._scene, ink=self._ink())
        self._repaint_all()

    @property
    def heads(self) -> int:
        """How many pinned lines stand above the rows."""
        return 3 if self.size.height >= _TALL else 2

    @property
    def _room(self) -> int:
        return self.scrollable_content_region.width

    def render_line(self, y: int) -> Strip:
        """Return a line of the viewport: pinned heads, then the rows that are scrolled to."""
        scene, width = self._scene, self.size.width
        row = y - self.heads if y < self.heads else y - self.heads + self.scroll_offset.y
        if scene is None or row >= scene.axis.rows:
            ink = self._ink()
            return Strip.blank(width, style(ink.text, ink.ground))
        spot = self._seen_by(scene, row)
        kept = self._lines.get(row)
        if kept is None or kept[0] != spot:
            self.lines_painted += 1
            if row < 0:
                cells = paint_head(scene, y, spot)
            else:
                cells = paint_row(scene, row, spot, self._cells.setdefault(row, {}))
            blank = style(scene.ink.text, scene.ink.ground)
            kept = (spot, Strip(cells).simplify().adjust_cell_length(width, blank))
            self._lines[row] = kept
        return ghost.laid_over(scene, row, kept[1], self._ghosts) if row >= 0 else kept[1]

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Leave out what replaces the terminal's own colours: the grid has none of them."""
        filters = super().get_line_filters()
        return [one for one in filters if not isinstance(one, ANSIToTruecolor)]

    def _seen_by(self, scene: Scene, row: int) -> Spot:
        """Return as much of the cursor as a line shows, so that other moves leave it alone."""
        spot = self._spot
        if row < 0:
            return Spot(spot.column, -1, "", focused=True)
        if row == spot.row:
            return spot
        if self._lit is None or self._lit[0] is not scene or self._lit[1] != spot:
            self._lit = (scene, spot, cursor.rows_of(scene, spot))
        here = bool(scene.columns) and row in self._lit[2]
        return Spot(-1, -1, spot.chosen if here else "", focused=True)

    def _repaint_all(self) -> None:
        self._cells.clear()
        self._repaint_lines()

    def _repaint_lines(self) -> None:
        """Put all lines together again, of columns that look as before."""
        self._lines.clear()
        self.refresh()

    def _repaint(self, rows: Iterable[int]) -> None:
        """Paint some rows again."""
        regions = []
        for row in rows:
            self._lines.pop(row, None)
            self._cells.pop(row, None)
            y = row + self.heads - (self.scroll_offset.y if row >= 0 else 0)
            if (self.heads if row >= 0 else 0) <= y < self.size.height:
                regions.append(Region(0, y, self.size.width, 1))
        if regions:
            self.refresh(*regions)

    def _repaint_changes(self, old: Scene, new: Scene) -> None:
        rows = {old.now_row, new.now_row} - {-1} if old.now_line != new.now_line else set()
        rows |= rows_of_time(old, new)
        for before, after in zip(old.placed, new.placed, strict=True):
            for one in set(before) ^ set(after) if before is not after else ():
                rows |= {*range(one.top, one.bottom), *range(-self.heads, 0)}
        self._repaint(rows)


def rows_of_time(old: Scene, new: Scene) -> set[int]:
    """Return the rows on which a length of free time, or what is left of a hold, has changed."""
    gaps = zip(old.gap_lengths, new.gap_lengths, strict=True)
    rows = {row for before, after in gaps for row, _ in before.items() ^ after.items()}
    if old.clock == new.clock:
        return rows
    return rows | {one.top for column in new.placed for one in column if one.block.held_until}
