"""One column of a day, laid out: its blocks by row, its free time, how full it is.

Laying out is most of the work of showing a change, and a change touches one column: what is here
is worked out when it is first asked for, and kept from one picture to the next for as long as the
column stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from bookra.engine.bookings.day import DayBlock, DayColumn, DaySnapshot, Interval
from bookra.tui.text import clean
from bookra.tui.widgets.day_grid.geometry import Axis, Placed, busy, free_spans, place

LARGE_GAP = timedelta(minutes=45)
"""Free time from this length on says how long it is, wherever the cursor stands."""
VOID = frozenset({"cancelled", "late_cancelled", "expired"})
"""States that take none of a person's time."""


@dataclass(frozen=True)
class Part:
    """A column with its blocks, in the order in which the day has them, on an axis."""

    column: DayColumn
    blocks: tuple[DayBlock, ...]
    axis: Axis

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """The blocks, laid out."""
        return place(self.blocks, self.axis)

    @cached_property
    def rows(self) -> dict[int, list[Placed]]:
        """The blocks on each row that has any, outer ones first."""
        index: dict[int, list[Placed]] = {}
        for one in self.placed:
            for row in range(one.top, one.bottom):
                index.setdefault(row, []).append(one)
        return index

    @cached_property
    def free(self) -> tuple[Interval, ...]:
        """The large spans of free time, by time."""
        spans = free_spans(self.column, self.blocks)
        return tuple(span for span in spans if span[1] - span[0] >= LARGE_GAP)

    @cached_property
    def load(self) -> float | None:
        """The share of the shifts that is booked, None for a day off."""
        shifts = sum((end - start).total_seconds() for start, end in self.column.shifts)
        if not shifts:
            return None
        booked = sum(
            (end - start).total_seconds()
            for block in self.blocks
            if block.status not in VOID
            for start, end in busy(block)
        )
        return booked / shifts

    @cached_property
    def name(self) -> str:
        """The name above the column, cleaned."""
        return clean(self.column.name)


def parts_of(snapshot: DaySnapshot, axis: Axis, before: Sequence[Part] = ()) -> tuple[Part, ...]:
    """Lay out each column of a day; those of ``before`` that are as they were stay."""
    kept: Mapping[str, Part] = {part.column.slug: part for part in before if part.axis == axis}
    by_staff: dict[str, list[DayBlock]] = {column.slug: [] for column in snapshot.columns}
    for block in snapshot.blocks:
        by_staff.get(block.staff, []).append(block)
    made = (Part(c, tuple(by_staff[c.slug]), axis) for c in snapshot.columns)
    return tuple(_same(kept.get(new.column.slug), new) for new in made)


def _same(old: Part | None, new: Part) -> Part:
    return old if old is not None and old == new else new
