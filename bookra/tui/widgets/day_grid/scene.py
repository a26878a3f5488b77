"""All that painting a day needs, put together once for each snapshot, width or zoom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from rich.cells import cell_len

from bookra.engine.bookings.day import DayBlock, DayColumn, DaySnapshot, Interval
from bookra.tui.glyphs import Glyphs
from bookra.tui.text import clean
from bookra.tui.theme import HUES, Ink
from bookra.tui.widgets.day_grid.columns import View
from bookra.tui.widgets.day_grid.folding import Fold, noon
from bookra.tui.widgets.day_grid.geometry import Axis, Placed
from bookra.tui.widgets.day_grid.part import LARGE_GAP, Part, parts_of


class Spot(NamedTuple):
    """Where the cursor is: its column and row, and the code of the block that it chose."""

    column: int
    row: int
    chosen: str
    focused: bool


class Words(NamedTuple):
    """The texts of a block, cleaned. ``short`` is the service's short name, where it has one."""

    customer: str
    service: str
    short: str = ""

    def service_in(self, room: int) -> str:
        """Return the service as it fits into some cells: its short name where the long is cut."""
        return self.short if self.short and cell_len(self.service) > room else self.service


@dataclass(frozen=True)
class Layout:
    """A day laid out on an axis: what neither the width nor the time of day changes.

    ``before`` is how the columns of the layout before it were: those that are the same are kept.
    """

    snapshot: DaySnapshot
    axis: Axis
    fold: Fold | None = None
    before: Sequence[Part] = field(default=(), compare=False, repr=False)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Each column, laid out."""
        return parts_of(self.snapshot, self.axis, self.before)

    def real(self, column: int, at: datetime) -> datetime:
        """Return when a drawn instant of a column really is."""
        return at + self.fold.seats[column].offset if self.fold else at

    def drawn(self, column: int, at: datetime) -> datetime:
        """Return where an instant is drawn in a column."""
        return at - self.fold.seats[column].offset if self.fold else at

    def original(self, block: DayBlock) -> DayBlock:
        """Return a block as the desk told it, before it was drawn elsewhere."""
        return self.fold.originals.get(block, block) if self.fold else block

    def column_of(self, slug: str, at: datetime) -> int | None:
        """Return the column of a person on the day of ``at``, None where there is none."""
        if self.fold:
            return self.fold.column_of(slug, at, self.axis.tz, noon(self.snapshot))
        slugs = [column.slug for column in self.snapshot.columns]
        return slugs.index(slug) if slug in slugs else None

    @cached_property
    def placed(self) -> tuple[tuple[Placed, ...], ...]:
        """The blocks of each column, laid out."""
        return tuple(part.placed for part in self.parts)

    @cached_property
    def in_order(self) -> tuple[tuple[Placed, int], ...]:
        """All blocks with their columns, by time and then from left to right."""
        found = [(one, column) for column, blocks in enumerate(self.placed) for one in blocks]
        return tuple(sorted(found, key=lambda pair: (pair[0].top, pair[1], pair[0].lane)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names above the columns, cleaned."""
        return tuple(part.name for part in self.parts)


@dataclass(frozen=True)
class Scene:
    """A layout as it is seen now: in a width and in colours. ``now`` is set while it is on it.

    ``now_column`` names the one column to which the present belongs where columns are days.
    ``clock`` is the present itself, wherever it is drawn.
    """

    layout: Layout
    view: View
    ink: Ink
    glyphs: Glyphs
    due_mark: str
    hues: dict[str, str]
    now: datetime | None
    now_column: str = ""
    clock: datetime | None = None

    def is_now(self, row: int, column: str) -> bool:
        """Tell whether the now-line runs through a row of a column."""
        return row == self.now_row and self.now_column in ("", column)

    def minutes_held(self, block: DayBlock) -> int | None:
        """Return for how many minutes a hold lasts yet, None for what is not held."""
        present = self.clock or self.now
        if block.held_until is None or present is None:
            return None
        return max(0, -((present - block.held_until) // timedelta(minutes=1)))

    @cached_property
    def gap_lengths(self) -> tuple[dict[int, int], ...]:
        """For each column, the rows that say how many minutes of free time begin there.

        What is over says nothing; free time that has begun counts from the row after this one.
        """
        present = self.clock or self.now
        return tuple(
            dict(pair for gap in gaps for pair in self._gap(index, gap, present))
            for index, gaps in enumerate(part.free for part in self.layout.parts)
        )

    def _gap(self, column: int, gap: Interval, present: datetime | None) -> list[tuple[int, int]]:
        start, end = gap
        if present is not None and self.layout.real(column, start) <= present:
            drawn = self.layout.drawn(column, present)
            start = self.axis.at(self.axis.row(drawn) + 1)
        if end - start < LARGE_GAP:
            return []
        return [(self.axis.row_after(start), (end - start) // timedelta(minutes=1))]

    @property
    def axis(self) -> Axis:
        """The rows."""
        return self.layout.axis

    @property
    def snapshot(self) -> DaySnapshot:
        """The day."""
        return self.layout.snapshot

    @property
    def day(self) -> date:
        """The calendar day."""
        return self.snapshot.day

    @property
    def columns(self) -> tuple[DayColumn, ...]:
        """Everyone's columns, in sight or not."""
        return self.snapshot.columns

    @property
    def placed(self) -> tuple[tuple[Placed, ...], ...]:
        """The blocks of each column, laid out."""
        return self.layout.placed

    @property
    def names(self) -> tuple[str, ...]:
        """The names above the columns, cleaned."""
        return self.layout.names

    @property
    def visible(self) -> range:
        """The indexes of the columns in sight."""
        return range(self.view.first, self.view.last)

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
        return self.layout.parts[column].rows.get(row, [])

    def words(self, block: DayBlock) -> Words:
        """Return the cleaned texts of a block of this day."""
        return Words(clean(block.customer), clean(block.service), clean(block.short_name))

    def hue(self, block: DayBlock) -> str:
        """Return the colour of a block's category."""
        return self.hues.get(block.category, HUES[0])
