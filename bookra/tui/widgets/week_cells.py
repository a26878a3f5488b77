"""Paints the week by staff: each cell a person's day as a line of time, and its figures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from rich.segment import Segment

from bookra import clock
from bookra.engine.bookings.day import DayBlock, DayColumn, DaySnapshot
from bookra.tui.glyphs import Glyphs
from bookra.tui.text import clean, fit_name, pad, spell_minutes
from bookra.tui.theme import Ink
from bookra.tui.widgets.day_grid.cells import Segments, style
from bookra.tui.widgets.day_grid.folding import noon
from bookra.tui.widgets.day_grid.geometry import busy, free_spans
from bookra.tui.widgets.day_grid.part import VOID

HEADS, ROWS = 2, 3
"""Lines of the head, and of each person: the line of time, the figures, and a rule of air."""
_NAME = 14
_QUIET = (9.0, 18.0)


@dataclass(frozen=True)
class Week:
    """Seven days as they were read; everybody who is in any of them has a row."""

    days: tuple[DaySnapshot, ...]
    titles: tuple[str, ...] = ()
    today: int = -1

    @cached_property
    def people(self) -> tuple[DayColumn, ...]:
        """Everybody, in the order of the days."""
        return tuple({c.slug: c for day in self.days for c in day.columns}.values())

    @cached_property
    def hours(self) -> tuple[float, float]:
        """The local hours between which anybody works or is booked, on any day."""
        spans = [
            (_hour(start, day), _hour(end, day))
            for day in self.days
            for start, end in [
                *(span for column in day.columns for span in column.shifts),
                *((block.starts_at, block.ends_at) for block in day.blocks),
            ]
        ]
        if not spans:
            return _QUIET
        return max(0.0, min(a for a, _ in spans)), min(30.0, max(b for _, b in spans))

    @cached_property
    def _cells(self) -> dict[tuple[str, int], tuple[DayColumn | None, list[DayBlock]]]:
        found: dict[tuple[str, int], tuple[DayColumn | None, list[DayBlock]]] = {}
        for index, day in enumerate(self.days):
            columns = {column.slug: column for column in day.columns}
            blocks: dict[str, list[DayBlock]] = {}
            for block in day.blocks:
                blocks.setdefault(block.staff, []).append(block)
            for person in self.people:
                slug = person.slug
                found[slug, index] = columns.get(slug), blocks.get(slug, [])
        return found

    def cell(self, row: int, column: int) -> tuple[DayColumn | None, list[DayBlock]]:
        """Return a person's hours and visits of a day; no hours where the person is not there."""
        return self._cells[self.people[row].slug, column]

    def column_at(self, x: int, width: int) -> int | None:
        """Return the day at a cell of the line, None in the names."""
        left = _name_cells(width)
        for column, cells in enumerate(_widths(width)):
            if left <= x < left + cells:
                return column
            left += cells
        return None

    def figures(self, row: int, column: int) -> tuple[int, int | None, int]:
        """Return how many visits a cell has, how full it is in percent, and its free minutes.

        None for how full stands for a day off.
        """
        hours, blocks = self.cell(row, column)
        counted = [block for block in blocks if block.status not in VOID]
        if hours is None or not hours.shifts:
            return len(counted), None, 0
        working = sum((b - a for a, b in hours.shifts), timedelta())
        booked = sum((b - a for one in counted for a, b in busy(one)), timedelta())
        free = sum((b - a for a, b in free_spans(hours, blocks)), timedelta())
        return len(counted), round(booked / working * 100), free // timedelta(minutes=1)


def paint_head(week: Week, ink: Ink, glyphs: Glyphs, width: int, line: int, here: int) -> Segments:
    """Return a line of the head: the days, then the hours at which their lines begin and end."""
    cells: Segments = [Segment(" " * _name_cells(width), style(ink.text, ink.ground))]
    first, last = week.hours
    for column, room in enumerate(_widths(width)):
        if line == 0:
            mark = glyphs.now_mark if column == week.today else " "
            title = week.titles[column] if column < len(week.titles) else ""
            front, back = (ink.on_accent, ink.accent) if column == here else (ink.text, ink.ground)
            text = pad(f"{mark}{title}", room - 1)
            cells.append(Segment(text, style(front, back, bold=True)))
        else:
            begin, end = f"{int(first):02d}", f"{round(last):02d}"
            between = glyphs.head_rule * (room - 1 - len(begin) - len(end))
            cells.append(Segment(begin, style(ink.soft, ink.ground)))
            cells.append(Segment(between, style(ink.rule, ink.ground)))
            cells.append(Segment(end, style(ink.soft, ink.ground)))
        cells.append(Segment(" ", style(ink.text, ink.ground)))
    return cells


def paint_person(
    week: Week, ink: Ink, glyphs: Glyphs, width: int, row: int, line: int, here: int
) -> Segments:
    """Return a line of a person's row; ``here`` is the day with the cursor, or -1."""
    room = _name_cells(width)
    name = fit_name(clean(week.people[row].name), room - 2, glyphs.ellipsis) if line == 0 else ""
    front = ink.accent if here >= 0 else ink.text
    cells: Segments = [Segment(pad(f" {name}", room), style(front, ink.ground, bold=True))]
    for column, cell in enumerate(_widths(width)):
        if line == 0:
            cells += _timeline(week, ink, glyphs, row, column, cell - 1)
        elif line == 1:
            cells.append(_figures(week, ink, row, column, cell - 1, chosen=column == here))
        else:
            cells.append(Segment(" " * (cell - 1), style(ink.text, ink.ground)))
        cells.append(Segment(" ", style(ink.text, ink.ground)))
    return cells


def _timeline(
    week: Week, ink: Ink, glyphs: Glyphs, row: int, column: int, room: int
) -> list[Segment]:
    """Draw a day as cells of equal time: booked, developing, free, a break, or off."""
    hours, blocks = week.cell(row, column)
    first, last = week.hours
    day = week.days[column]
    step = (last - first) / room
    kinds = ""
    taken = [span for block in blocks if block.status not in VOID for span in busy(block)]
    gaps = [gap for block in blocks for gap in block.gaps]
    for cell in range(room):
        at = noon(day) + timedelta(hours=first + (cell + 0.5) * step - 12)
        kinds += _kind(hours, taken, gaps, at)
    looks = {
        "b": (glyphs.load[-1], ink.accent, ink.band),
        "g": (glyphs.gap, ink.accent, ink.band),
        "f": (" ", ink.soft, ink.band),
        "o": (glyphs.shut, ink.hatch, ink.ground),
    }
    parts: list[Segment] = []
    for kind in kinds:
        sign, front, back = looks[kind]
        parts.append(Segment(sign, style(front, back)))
    return list(Segment.simplify(parts))


def _kind(
    hours: DayColumn | None,
    taken: Sequence[tuple[datetime, datetime]],
    gaps: Sequence[tuple[datetime, datetime]],
    at: datetime,
) -> str:
    if any(start <= at < end for start, end in taken):
        return "b"
    if any(start <= at < end for start, end in gaps):
        return "g"
    works = hours is not None and any(start <= at < end for start, end in hours.shifts)
    return "f" if works else "o"


def _figures(week: Week, ink: Ink, row: int, column: int, room: int, *, chosen: bool) -> Segment:
    count, full, free = week.figures(row, column)
    if full is None:
        words = [f"{count:>2}  off"]
    else:
        share, left = f"{count:>2} {full:>3}%", f"{spell_minutes(free):>5}"
        words = [f"{share}  {left} free", f"{share}  {left}", share]
    text = next((form for form in words if len(form) <= room), "")
    front, back = (ink.on_accent, ink.accent) if chosen else (ink.soft, ink.ground)
    return Segment(pad(text, room), style(front, back, bold=chosen))


def _name_cells(width: int) -> int:
    return _NAME if width >= 100 else 9


def _widths(width: int) -> list[int]:
    each, extra = divmod(max(7 * 5, width - _name_cells(width)), 7)
    return [each + (index < extra) for index in range(7)]


def _hour(at: datetime, day: DaySnapshot) -> float:
    """Return the hour of the clock's face at an instant, past 24 on the next day."""
    local = at.astimezone(clock.zone(day.zone))
    return (local.date() - day.day).days * 24 + local.hour + local.minute / 60
