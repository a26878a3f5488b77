"""What stands on the grid without being there: where a booking would go, a span, a label.

A ghost is laid over lines that are painted already, so it costs only the rows that it touches, and
what it covers comes back by itself. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from bookra.tui.text import pad
from bookra.tui.theme import Tone, tone
from bookra.tui.widgets.day_grid.cells import style
from bookra.tui.widgets.day_grid.columns import GUTTER
from bookra.tui.widgets.day_grid.geometry import MAX_LANES, Placed
from bookra.tui.widgets.day_grid.scene import Scene

FITS, HITS, ASKING, SPAN, FROM, LABEL = "fits", "hits", "asking", "span", "from", "label"
"""The moods: it would fit, it would not, nobody knows yet; a marked span; where it was; a key."""

_GREEN = "#009e73"


@dataclass(frozen=True, slots=True)
class Ghost:
    """Text on the rows ``[top, bottom)`` of a column; ``mood`` says how it looks.

    A line may have shorter forms, the longest first: the first that fits is shown.
    ``lane`` of ``lanes`` and ``inset`` say where a label stands beside others, as in `Placed`.
    """

    column: int
    top: int
    bottom: int
    lines: tuple[str | tuple[str, ...], ...]
    mood: str = ASKING
    lane: int = 0
    lanes: int = 1
    inset: int = 0


def label(column: int, one: Placed, text: str) -> Ghost:
    """Return a label on the first line of a block."""
    return Ghost(column, one.top, one.top + 1, (text,), LABEL, one.lane, one.lanes, one.inset)


def rows_of(ghosts: Iterable[Ghost]) -> set[int]:
    """Return the rows that some ghosts touch."""
    return {row for ghost in ghosts for row in range(ghost.top, ghost.bottom)}


def laid_over(scene: Scene, row: int, strip: Strip, ghosts: Sequence[Ghost]) -> Strip:
    """Return a painted line with the ghosts that touch its row on it, as wide as before."""
    for ghost in ghosts:
        if ghost.top <= row < ghost.bottom and ghost.column in scene.visible:
            left, width = _place(scene, ghost)
            if width > 0:
                cells = Strip([_painted(scene, ghost, row, width)])
                end = left + cells.cell_length
                strip = Strip.join([strip.crop(0, left), cells, strip.crop(end, strip.cell_length)])
    return strip


def _place(scene: Scene, ghost: Ghost) -> tuple[int, int]:
    """Return the first cell of a ghost, and how many it may take."""
    index = ghost.column - scene.view.first
    left, width = GUTTER + sum(scene.view.widths[:index]), scene.view.widths[index] - 1
    lanes = min(ghost.lanes, MAX_LANES)
    first = width * min(ghost.lane, lanes - 1) // lanes + 2 * ghost.inset
    return left + min(first, max(0, width - 3)), width - min(first, max(0, width - 3))


def _painted(scene: Scene, ghost: Ghost, row: int, width: int) -> Segment:
    line = row - ghost.top
    if ghost.mood == FROM:
        return Segment(scene.glyphs.bar_held, style(scene.ink.accent, scene.ink.ground, bold=True))
    if ghost.mood == LABEL:
        text = f" {_fitting(ghost.lines[0], width)} "[: max(1, width)]
        return Segment(text, style(scene.ink.on_accent, scene.ink.accent, bold=True))
    text = _fitting(ghost.lines[line], width - 1) if line < len(ghost.lines) else ""
    said = f"{scene.glyphs.bar_chosen}{text}"
    return Segment(pad(said, width), _style(_tone(scene, ghost, head=line == 0), bold=line < 2))


def _fitting(forms: str | tuple[str, ...], cells: int) -> str:
    listed = (forms,) if isinstance(forms, str) else forms
    return next((form for form in listed if cell_len(form) <= cells), listed[-1])


def _tone(scene: Scene, ghost: Ghost, *, head: bool) -> Tone:
    hue = {FITS: _GREEN, HITS: scene.ink.now}.get(ghost.mood, scene.ink.accent)
    return tone(scene.ink, hue, head=head, chosen=ghost.mood != ASKING, done=False)


def _style(colours: Tone, *, bold: bool) -> Style:
    return style(colours.text, colours.ground, bold=bold)
