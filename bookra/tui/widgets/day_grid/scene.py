"""All that painting a day needs, put together once for each snapshot, width or zoom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from bookra.engine.bookings.day import DayBlock, DayColumn, DaySnapshot
from bookra.tui.glyphs import Glyphs
from bookra.tui.text import clean
from bookra.tui.theme import HUES, Ink
from bookra.tui.widgets.day_grid.columns import View
from bookra.tui.widgets.day_grid.geometry import Axis, Placed, busy, place

_VOID = frozenset({"cancelled", "late_cancelled", "expired"})
"""States that take none of a person's time."""


class Spot(NamedTuple):
    """Where the cursor is: its column and row, and the code of the block that it chose."""

    column: int
    row: int
    chosen: str
    focused: bool


class Words(NamedTuple):
    """The texts of a block, cleaned."""

    customer: str
    service: str


@dataclass(frozen=True)
class Scene:
    """A day, laid out. ``now`` is set while it lies on the axis."""

    snapshot: DaySnapshot
    axis: Axis
    view: View
    ink: Ink
    glyphs: Glyphs
    due_mark: str
    hues: dict[str, str]
    now: datetime | None

    @property
    def columns(self) -> tuple[DayColumn, ...]:
        """Everyone's columns, in sight or not."""
        return self.snapshot.columns

    @property
    def visible(self) -> range:
        """The indexes of the columns in sight."""
        return range(self.view.first, self.view.last)

    @cached_property
    def placed(self) -> tuple[tuple[Placed, ...], ...]:
        """The blocks of each column, laid out."""
        by_staff: dict[str, list[DayBlock]] = {column.slug: [] for column in self.columns}
        for block in self.snapshot.blocks:
            by_staff.get(block.staff, []).append(block)
        return tuple(place(by_staff[column.slug], self.axis) for column in self.columns)

    @cached_property
    def _rows(self) -> list[dict[int, list[Placed]]]:
        index: list[dict[int, list[Placed]]] = [{} for _ in self.columns]
        for column, blocks in enumerate(self.placed):
            for one in blocks:
                for row in range(one.top, one.bottom):
                    index[column].setdefault(row, []).append(one)
        return index

    @cached_property
    def _words(self) -> dict[str, Words]:
        return {b.code: Words(clean(b.customer), clean(b.service)) for b in self.snapshot.blocks}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names above the columns, cleaned."""
        return tuple(clean(column.name) for column in self.columns)

    @property
    def now_row(self) -> int:
        """The row of the present, -1 where it is not on the axis."""
        return -1 if self.now is None else self.axis.row(self.now)

    @property
    def now_line(self) -> str:
        """The character of the now-line: high, in the middle or low in its row."""
        if self.now is None:
            return " "
        past = (self.now - self.axis.at(self.now_row)).total_seconds() / (self.axis.minutes * 60)
        return self.glyphs.now[min(2, int(past * 3))]

    def at(self, column: int, row: int) -> list[Placed]:
        """Return the blocks on a row of a column, outer ones first."""
        return self._rows[column].get(row, [])

    def words(self, block: DayBlock) -> Words:
        """Return the cleaned texts of a block of this day."""
        return self._words[block.code]

    def hue(self, block: DayBlock) -> str:
        """Return the colour of a block's category."""
        return self.hues.get(block.category, HUES[0])

    def load(self, column: int) -> float | None:
        """Return the share of a person's shifts that is booked, None for a day off."""
        shifts = sum((end - start).total_seconds() for start, end in self.columns[column].shifts)
        if not shifts:
            return None
        booked = sum(
            (end - start).total_seconds()
            for one in self.placed[column]
            if one.block.status not in _VOID
            for start, end in busy(one.block)
        )
        return booked / shifts
