"""Columns that grow from a line: what each day brought, with its name below and a scale beside.

Lines are painted on demand. A column is drawn in eighths of a cell, in ASCII in thirds; the amount
stands above it where there is room. What is chosen stands out by its sign as well as its colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from bookra.tui.text import fit

EIGHTHS = " ▁▂▃▄▅▆▇█"
ASCII_THIRDS = " .:#"
WIDEST, APART = 11, 5
"""Cells that a column takes at most, and its distance to the next one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A column: its name, its value, the value as text, and whether it is the one that counts."""

    label: str
    value: int
    text: str
    chosen: bool = False


class Plot(Widget):
    """Columns of figures. Below zero a column is a mark under the line."""

    DEFAULT_CSS = "Plot { height: 9; background: $background; }"

    def __init__(self, *, ascii_only: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._ascii_only = ascii_only
        self._marks: tuple[Mark, ...] = ()
        self._scale: tuple[str, str] = ("", "")

    def show(self, marks: Sequence[Mark], most: str, least: str) -> None:
        """Draw these; ``most`` and ``least`` are written at the scale's ends."""
        new = (tuple(marks), (most, least))
        if new != (self._marks, self._scale):
            self._marks, self._scale = new
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line: amounts and columns from the top, the line's foot, the names."""
        width, height = self.size.width, self.size.height
        content = self._line(y, width, height) if self._marks else Content("")
        style = self.visual_style
        strips = Visual.to_strips(self, content, width, 1, style, apply_selection=False, pad=True)
        return strips[0].adjust_cell_length(width)

    def _line(self, y: int, width: int, height: int) -> Content:
        edge = max(map(len, self._scale)) + 2
        rows = height - 2
        gap, room = _place(len(self._marks), width - edge - 1)
        roomy = all(len(mark.text) <= room for mark in self._marks)
        parts: list[tuple[str, str]] = [(self._beside(y, rows, edge, roomy=roomy), "$text-muted")]
        for mark in self._marks:
            parts.append((self._foot * gap if y == rows else " " * gap, "$rule"))
            parts.append(self._cell(mark, y, rows, room, roomy=roomy))
        return Content.assemble(*parts)

    def _beside(self, y: int, rows: int, edge: int, *, roomy: bool) -> str:
        """Return what stands at the left: the scale's ends, unless each column tells its own."""
        most = "" if roomy else self._scale[0]
        written = {1: most, rows: self._scale[1]}.get(y, "")
        return f"{written:>{edge - 1}} "

    def _cell(self, mark: Mark, y: int, rows: int, room: int, *, roomy: bool) -> tuple[str, str]:
        top = max((each.value for each in self._marks), default=0) or 1
        style = "bold $text-accent" if mark.chosen else "$text-muted"
        if y == rows + 1:
            label = fit(mark.label, room, "") if room > 1 else ""
            return f"{label:^{room}}", style
        if y == rows:
            below = mark.value < 0
            line = "v" if below and self._ascii_only else "▿" if below else self._foot
            return line * room, "$text-error" if below else "$rule"
        level = _level(mark.value, top, rows - 1, self._steps)
        filled = level - (rows - 1 - y) * self._steps
        if filled > 0:
            sign = self._signs[min(self._steps, filled)]
            return sign * room, "$accent" if mark.chosen else "$secondary 55%"
        over = -(-level // self._steps) == rows - 1 - y and mark.value > 0
        if over and roomy:
            return f"{mark.text:^{room}}", style
        return " " * room, ""

    @property
    def _signs(self) -> str:
        return ASCII_THIRDS if self._ascii_only else EIGHTHS

    @property
    def _steps(self) -> int:
        return len(self._signs) - 1

    @property
    def _foot(self) -> str:
        return "-" if self._ascii_only else "▔"


def _level(value: int, top: int, rows: int, steps: int) -> int:
    """Return how many steps of a cell a value takes, under one free row for its amount."""
    room = max(1, rows - 1) * steps
    return max(1, value * room // top) if value > 0 else 0


def _place(count: int, width: int) -> tuple[int, int]:
    """Return how many cells the columns are apart, and how wide each is."""
    slot = max(1, width // max(1, count))
    room = max(1, min(WIDEST, slot - 1))
    return min(APART, slot - room), room
