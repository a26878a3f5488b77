"""How a grid's width is shared: the gutter, and as many whole columns as are readable. Pure."""

from __future__ import annotations

from dataclasses import dataclass

GUTTER = 6
"""Cells of the time gutter at the left."""
MIN_COLUMN = 12
"""Cells that a column needs: its rule, and ``+10:15 1h15``."""
MAX_COLUMN = 44
"""A column wider than this only puts distance between a name and its time."""


@dataclass(frozen=True, slots=True)
class View:
    """The columns in sight: from ``first`` on, as wide as ``widths``, of ``total``."""

    first: int
    widths: tuple[int, ...]
    total: int

    @property
    def last(self) -> int:
        """The index after the last column in sight."""
        return self.first + len(self.widths)

    @property
    def hidden_left(self) -> int:
        """How many columns lie to the left."""
        return self.first

    @property
    def hidden_right(self) -> int:
        """How many columns lie to the right."""
        return self.total - self.last

    def showing(self, column: int, width: int) -> View:
        """Return the view moved just as far as it takes to see ``column``."""
        count = len(self.widths)
        first = min(max(self.first, column - count + 1), column)
        return view(self.total, width, first)

    def column_at(self, x: int) -> int | None:
        """Return the column at a cell of the line, None in the gutter or beyond."""
        left = GUTTER
        for offset, width in enumerate(self.widths):
            if left <= x < left + width:
                return self.first + offset
            left += width
        return None


def view(total: int, width: int, first: int = 0) -> View:
    """Share ``width`` cells among as many of ``total`` columns as fit, none of them cut."""
    room = max(1, width - GUTTER)
    count = max(1, min(total, room // MIN_COLUMN)) if total else 0
    if not count:
        return View(0, (), 0)
    each, extra = divmod(min(room, count * MAX_COLUMN), count)
    widths = tuple(each + (index < extra) for index in range(count))
    return View(min(max(0, first), total - count), widths, total)
