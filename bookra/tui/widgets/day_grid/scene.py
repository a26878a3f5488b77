"""All that painting a day needs, put together once for each snapshot, width or zoom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from bookra.engine.bookings.day import DayBlock, DayColumn, DaySnapshot, Interval
from bookra.tui.glyphs import Glyphs
from bookra.tui.text import clean
from bookra.tui.theme import HUES, Ink
from bookra.tui.widgets.day_grid.columns import View
from bookra.tui.widgets.day_grid.folding import Fold, noon
from bookra.tui.widgets.day_grid.geometry import Axis, Placed, busy, free_spans, place

LARGE_GAP = timedelta(minutes=45)
"""Free time from this length on says how long it is, wherever the cursor stands."""
VOID = frozenset({"cancelled", "late_cancelled", "expired"})
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


Part = tuple[list[DayBlock], tuple[Placed, ...]]
"""The blocks of a column, and how they are laid out."""


@dataclass(frozen=True)
class Layout:
    """A day laid out on an axis: what neither the width nor the time of day changes.

    ``kept`` is what the columns of the layout before it were, on the same axis: laying out is most
    of the work of showing a change, and a change touches one column.
    """

    snapshot: DaySnapshot
    axis: Axis
    fold: Fold | None = None
    kept: Mapping[str, Part] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def parts(self) -> dict[str, Part]:
        """Each column's blocks and how they are laid out, by the column's slug."""
        slugs = (column.slug for column in self.snapshot.columns)
        return dict(zip(slugs, zip(self._blocks, self.placed, strict=True), strict=True))

    @cached_property
    def free(self) -> tuple[tuple[Interval, ...], ...]:
        """The large spans of free time in each column, by time."""
        return tuple(
            tuple(span for span in free_spans(column, blocks) if span[1] - span[0] >= LARGE_GAP)
            for column, blocks in zip(self.snapshot.columns, self._blocks, strict=True)
        )

    @cached_property
    def _blocks(self) -> list[list[DayBlock]]:
        by_staff: dict[str, list[DayBlock]] = {c.slug: [] for c in self.snapshot.columns}
        for block in self.snapshot.blocks:
            by_staff.get(block.staff, []).append(block)
        return list(by_staff.values())

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
        return tuple(
            self._place(column.slug, blocks)
            for column, blocks in zip(self.snapshot.columns, self._blocks, strict=True)
        )

    def _place(self, slug: str, blocks: list[DayBlock]) -> tuple[Placed, ...]:
        before = self.kept.get(slug)
        return before[1] if before and before[0] == blocks else place(blocks, self.axis)

    @cached_property
    def rows(self) -> list[dict[int, list[Placed]]]:
        """For each column, the blocks on each row that has any."""
        index: list[dict[int, list[Placed]]] = [{} for _ in self.placed]
        for column, blocks in enumerate(self.placed):
            for one in blocks:
                for row in range(one.top, one.bottom):
                    index[column].setdefault(row, []).append(one)
        return index

    @cached_property
    def in_order(self) -> tuple[tuple[Placed, int], ...]:
        """All blocks with their columns, by time and then from left to right."""
        found = [(one, column) for column, blocks in enumerate(self.placed) for one in blocks]
        return tuple(sorted(found, key=lambda pair: (pair[0].top, pair[1], pair[0].lane)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names above the columns, cleaned."""
        return tuple(clean(column.name) for column in self.snapshot.columns)

    @cached_property
    def loads(self) -> tuple[float | None, ...]:
        """The share of each person's shifts that is booked, None for a day off."""
        return tuple(
            _load(column, blocks)
            for column, blocks in zip(self.snapshot.columns, self.placed, strict=True)
        )


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
            for index, gaps in enumerate(self.layout.free)
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
        return self.layout.rows[column].get(row, [])

    def words(self, block: DayBlock) -> Words:
        """Return the cleaned texts of a block of this day."""
        return Words(clean(block.customer), clean(block.service))

    def hue(self, block: DayBlock) -> str:
        """Return the colour of a block's category."""
        return self.hues.get(block.category, HUES[0])


def _load(column: DayColumn, placed: Sequence[Placed]) -> float | None:
    shifts = sum((end - start).total_seconds() for start, end in column.shifts)
    if not shifts:
        return None
    booked = sum(
        (end - start).total_seconds()
        for one in placed
        if one.block.status not in VOID
        for start, end in busy(one.block)
    )
    return booked / shifts
