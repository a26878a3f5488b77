"""The day grid itself: a scrolling view with its own lines, a cursor, and nothing else inside.

No widget stands for a booking: lines are painted on demand (Textual's Line API), kept until
what they show changes, and only those lines are painted again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.message import Message

from bookra.tui import actions
from bookra.tui.theme import Ink, hues
from bookra.tui.widgets.day_grid import cursor
from bookra.tui.widgets.day_grid.columns import view
from bookra.tui.widgets.day_grid.geometry import ZOOMS, Placed, axis_of
from bookra.tui.widgets.day_grid.pointer import Pointer
from bookra.tui.widgets.day_grid.scene import Layout, Scene, Spot
from bookra.tui.widgets.day_grid.surface import rows_of_time
from bookra.tui.widgets.plain_bar import PlainBar

if TYPE_CHECKING:
    from bookra.engine.bookings.day import DaySnapshot
    from bookra.tui.glyphs import Glyphs
    from bookra.tui.widgets.day_grid.folding import Fold

_MARGIN = 3
"""Rows that stay in sight above and below the cursor."""


class DayGrid(Pointer, can_focus=True):
    """People as columns, time as rows. Rows below 0 stand for the pinned heads."""

    BINDINGS = actions.bindings(actions.GRID)

    class Moved(Message):
        """The cursor points at something else, or what it points at has changed."""

    def __init__(self, ink: Callable[[], Ink], glyphs: Glyphs, due_mark: str) -> None:
        super().__init__(ink)
        self._glyphs = glyphs
        self._due_mark = due_mark
        self._minutes = ZOOMS[1]

    @property
    def scene(self) -> Scene | None:
        """The day as it is laid out now, None before the first one came."""
        return self._scene

    @property
    def pointed(self) -> cursor.Pointed | None:
        """What the cursor points at."""
        return cursor.pointed(self._scene, self._spot) if self._scene else None

    def show(self, snapshot: DaySnapshot, now: datetime, fold: Fold | None = None) -> None:
        """Show a snapshot, or what was folded onto one; what looks as before is not painted."""
        old = self._scene
        new = self._lay_out(snapshot, now, fold)
        self._scene = new
        spot = cursor.carried(old, self._spot, new) if old else cursor.first(new)
        self._spot = spot._replace(focused=self.has_focus)
        if old is None or (old.axis, old.columns, old.view) != (new.axis, new.columns, new.view):
            self._measure()
            self._repaint_all()
            same_day = old and (old.axis.minutes, old.day) == (new.axis.minutes, new.day)
            self.call_after_refresh(self._follow if same_day else self._centre)
        else:
            self._repaint_changes(old, new)
        self.post_message(self.Moved())

    def tick(self, now: datetime) -> None:
        """Move the now-line, and count down what lasts until then."""
        if self._scene:
            before, after = self._scene, _timed(self._scene, now)
            self._scene = after
            self._repaint(rows_of_time(before, after) | {before.now_row, after.now_row} - {-1})

    def point_at(self, code: str) -> None:
        """Move the cursor to a booking, if this day has it."""
        if self._scene and (spot := cursor.on(self._scene, code)):
            self._move_to(spot)

    def point_to(self, staff: str, at: datetime) -> None:
        """Move the cursor to a person (a slug) and an instant, if this day has them."""
        slugs = [column.slug for column in self._scene.columns] if self._scene else []
        if self._scene and staff in slugs:
            row = self._scene.axis.clamp(self._scene.axis.row(at))
            self._move_to(cursor.spot_at(self._scene, slugs.index(staff), row))
            self._centre()

    def point_at_row(self, row: int) -> None:
        """Move the cursor to a row of the same column."""
        if self._scene:
            row = self._scene.axis.clamp(row)
            self._move_to(cursor.spot_at(self._scene, self._spot.column, row, self._spot.chosen))

    def point_at_placed(self, column: int, one: Placed) -> None:
        """Move the cursor to a block that is in sight."""
        if self._scene:
            self._move_to(cursor.spot_at(self._scene, column, one.top, one.block.code))

    def in_sight(self) -> list[tuple[int, Placed]]:
        """Return the blocks whose first line is seen, with their columns, from top to bottom."""
        if self._scene is None:
            return []
        seen = range(self.scroll_offset.y, self.scroll_offset.y + self.size.height - self.heads)
        columns = self._scene.visible
        return [
            (column, one)
            for one, column in self._scene.layout.in_order
            if column in columns and one.top in seen and one.shown
        ]

    def point_person(self, slug: str, at: datetime) -> None:
        """Move the cursor to a person at an instant."""
        if self._scene and (found := cursor.pointed(self._scene, self._spot)):
            found = replace(found, staff=slug, at=at)
            self._move_to(cursor.at_instant(self._scene, self._spot._replace(chosen=""), found))
            self._centre()

    def point_now(self, now: datetime) -> None:
        """Move the cursor to the present, as near as the day's rows allow."""
        if self._scene:
            found = cursor.pointed(self._scene, self._spot)
            if found is not None:
                to = cursor.at_instant(self._scene, self._spot._replace(chosen=""), _at(found, now))
                self._move_to(to)
            self._centre()

    @property
    def spot(self) -> Spot:
        """The cursor's column and row, and the block that it chose."""
        return self._spot

    def zoom(self, direction: int) -> None:
        """Give time more or fewer rows, keeping the cursor at its time."""
        old = self._scene
        index = min(max(0, ZOOMS.index(self._minutes) + direction), len(ZOOMS) - 1)
        if old and ZOOMS[index] != self._minutes:
            self._minutes = ZOOMS[index]
            self.show(old.snapshot, old.clock or old.snapshot.read_at, old.layout.fold)

    def _lay_out(self, snapshot: DaySnapshot, now: datetime, fold: Fold | None) -> Scene:
        axis = axis_of(snapshot, self._minutes)
        old = self._scene
        scene = Scene(
            layout=Layout(snapshot, axis, fold, old.layout.parts if old else ()),
            view=view(len(snapshot.columns), self._room, old.view.first if old else 0),
            ink=self._ink(),
            glyphs=self._glyphs,
            due_mark=self._due_mark,
            hues=hues((block.category for block in snapshot.blocks), old.hues if old else {}),
            now=None,
        )
        return _timed(scene, now)

    def _measure(self) -> None:
        """Share the width among the columns, and tell the scroll bar how long the day is."""
        if self._scene:
            self.virtual_size = Size(self._room, self.heads + self._scene.axis.rows)
            columns = view(len(self._scene.columns), self._room, self._scene.view.first)
            columns = columns.showing(self._spot.column, self._room)
            self._scene = replace(self._scene, view=columns)

    def on_mount(self) -> None:
        """Keep to ASCII in the scroll bar, too."""
        if self._glyphs.ellipsis.isascii():
            self.vertical_scrollbar.renderer = PlainBar  # type: ignore[misc]

    def on_resize(self) -> None:
        """Lay out for the new size; the cursor stays in sight."""
        self._measure()
        self._repaint_all()
        self._follow()

    # The cursor

    def _move_to(self, spot: Spot, *, follow: bool = True) -> None:
        """Move the cursor; paint again what it leaves and what it reaches."""
        old, scene = self._spot, self._scene
        self._spot = spot._replace(focused=self.has_focus)
        if scene is None or self._spot == old:
            return
        rows = {old.row, spot.row}
        if spot.chosen != old.chosen:
            rows |= cursor.rows_of(scene, old) | cursor.rows_of(scene, spot)
        if spot.column != old.column:
            rows |= set(range(-self.heads, 0))
        self._repaint(rows)
        if follow:
            self._follow()
        self.post_message(self.Moved())

    def _follow(self) -> None:
        """Scroll just far enough to keep the cursor, and the block that it chose, in sight."""
        if self._scene is None:
            return
        columns = self._scene.view.showing(self._spot.column, self._room)
        if columns != self._scene.view:
            self._scene = replace(self._scene, view=columns)
            self._repaint_lines()
        height = self.size.height - self.heads
        rows = cursor.rows_of(self._scene, self._spot) | {self._spot.row}
        if max(rows) - min(rows) + 2 * _MARGIN >= height:
            rows = {self._spot.row}
        top = self.scroll_offset.y
        if min(rows) < top + _MARGIN:
            self.scroll_to(y=max(0, min(rows) - _MARGIN), animate=False)
        elif max(rows) >= top + height - _MARGIN:
            self.scroll_to(y=max(rows) - height + 1 + _MARGIN, animate=False)

    def _centre(self) -> None:
        height = self.size.height - self.heads
        self.scroll_to(y=max(0, self._spot.row - height // 3), animate=False)

    # Keys

    def action_move(self, columns: int, rows: int) -> None:
        """Move by cells."""
        if self._scene:
            self._move_to(cursor.step(self._scene, self._spot, columns, rows))

    def action_hop(self, direction: int) -> None:
        """Go to the next or previous booking of the day."""
        if self._scene:
            self._move_to(cursor.hop(self._scene, self._spot, direction))

    def action_edge(self, direction: int) -> None:
        """Go to the first or last row."""
        if self._scene:
            row = 0 if direction < 0 else self._scene.axis.rows - 1
            self._move_to(cursor.spot_at(self._scene, self._spot.column, row))

    def on_focus(self) -> None:
        """Light the cursor."""
        self._light(on=True)

    def on_blur(self) -> None:
        """Dim the cursor."""
        self._light(on=False)

    def _light(self, *, on: bool) -> None:
        self._spot = self._spot._replace(focused=on)
        self._repaint({self._spot.row})


def _timed(scene: Scene, now: datetime) -> Scene:
    """Return the scene at an instant: where columns are days, it belongs to one of them."""
    axis, fold = scene.axis, scene.layout.fold
    column, drawn = "", now
    if fold and fold.kind == "days":
        slug = fold.seats[0].slug if fold.seats else ""
        index = scene.layout.column_of(slug, now)
        if index is None:
            return replace(scene, now=None, now_column="", clock=now)
        column, drawn = scene.columns[index].slug, scene.layout.drawn(index, now)
    on_axis = drawn if 0 <= axis.row(drawn) < axis.rows else None
    return replace(scene, now=on_axis, now_column=column, clock=now)


def _at(pointed: cursor.Pointed, at: datetime) -> cursor.Pointed:
    return replace(pointed, at=at)
