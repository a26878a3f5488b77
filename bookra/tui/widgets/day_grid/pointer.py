"""The mouse over the grid: a click points, a second one opens, and a booking can be dragged away.

The grid only tells that a drag has begun: a layer over it leads the ghost (`screens/layer.py`),
by the same cells and with the same judgement as the keys do.
"""

from __future__ import annotations

from textual.events import Click, MouseDown, MouseMove
from textual.message import Message

from bookra.tui.widgets.day_grid import cursor
from bookra.tui.widgets.day_grid.columns import GUTTER
from bookra.tui.widgets.day_grid.scene import Spot
from bookra.tui.widgets.day_grid.surface import Surface


class Pointer(Surface):
    """What of the grid answers to the mouse. ``held`` is set while a booking is being dragged.

    It counts the rows between the booking's first one and the one where the mouse has it.
    """

    ALLOW_SELECT = False
    held: int | None = None
    _pressed: tuple[int, int] | None = None

    class Opened(Message, namespace="day_grid"):
        """A cell was clicked twice."""

    class Dragged(Message, namespace="day_grid"):
        """The booking under the cursor is being dragged away."""

    def _move_to(self, spot: Spot, *, follow: bool = True) -> None:
        raise NotImplementedError

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """Return the column and the row at a cell of the widget, None where there is no time."""
        row = y - self.heads + self.scroll_offset.y
        if self._scene is None or y < self.heads or row >= self._scene.axis.rows:
            return None
        column = self._scene.view.column_at(x)
        return None if column is None or x < GUTTER else (column, row)

    def lead_to(self, column: int, row: int) -> None:
        """Move the cursor without scrolling: what is below a mouse has to stay there."""
        if self._scene is not None:
            row = self._scene.axis.clamp(row)
            self._move_to(cursor.spot_at(self._scene, column, row), follow=False)

    def point_at_cell(self, x: int, y: int) -> bool:
        """Move the cursor to a cell of the widget; False where there is no time."""
        cell = self.cell_at(x, y)
        if cell is not None:
            self.lead_to(*cell)
        return cell is not None

    def on_click(self, event: Click) -> None:
        """Move the cursor to a clicked cell; a double click opens it."""
        if self.point_at_cell(event.x, event.y) and event.chain == 2:
            self.post_message(self.Opened())

    def on_mouse_down(self, event: MouseDown) -> None:
        """Remember where it was pressed."""
        self.held = None
        self._pressed = self.cell_at(event.x, event.y) if event.button == 1 else None

    def on_mouse_move(self, event: MouseMove) -> None:
        """Begin to drag once the mouse has left the cell where it was pressed."""
        if event.button != 1:
            self._pressed = None
        pressed = self._pressed
        if pressed is not None and self.cell_at(event.x, event.y) not in (None, pressed):
            self._pressed = None
            self.lead_to(*pressed)
            self.held = self._rows_above(*pressed)
            if self.held is not None:
                self.post_message(self.Dragged())

    def _rows_above(self, column: int, row: int) -> int | None:
        """Return how many rows the block under the cursor has above one; None on free time."""
        placed = self._scene.placed[column] if self._scene else ()
        mine = (one for one in placed if one.block.code == self._spot.chosen)
        return next((row - one.top for one in mine if one.top <= row < one.bottom), None)

    def on_mouse_up(self) -> None:
        """Let go of what nobody leads."""
        self._pressed = self.held = None
