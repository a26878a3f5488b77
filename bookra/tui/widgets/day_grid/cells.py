"""Paints one line of the day grid into segments. Pure: a scene and a row in, cells out.

Every function returns exactly as many cells as it was asked for, whatever the names hold, so
that columns stay aligned. Texts come cleaned from `scene`; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from bookra.engine.bookings.day import DayColumn
from bookra.tui.glyphs import DONE
from bookra.tui.text import clean, fit, fit_name, pad, spell_minutes
from bookra.tui.theme import Tone, tone
from bookra.tui.widgets.day_grid.columns import GUTTER
from bookra.tui.widgets.day_grid.geometry import (
    MAX_LANES,
    Placed,
    absence,
    free_minutes,
    ground,
)
from bookra.tui.widgets.day_grid.scene import Scene, Spot

Segments = list[Segment]
Kept = dict[tuple[int, int], Segments]
"""Painted cells by their column and its width."""

_CLOSE_UP = 5
"""At this many minutes a row the gutter names each quarter of an hour."""
_TIME = 5
"""Cells of a clock time."""
_SHUT_WORDS = {"off": "closed", "rest": "break"}


def paint_row(scene: Scene, row: int, spot: Spot, kept: Kept) -> Segments:
    """Return the line of one row: the gutter, then each column in sight and its rule.

    ``kept`` holds what the row's columns look like without a cursor; it is used and added to.
    """
    line = [_gutter(scene, row, spot)]
    rule = Segment(scene.glyphs.rule, style(scene.ink.rule, scene.ink.ground))
    for width, column in zip(scene.view.widths, scene.visible, strict=True):
        key = (column, width)
        cells = None if spot.chosen or spot.column == column else kept.get(key)
        if cells is None:
            cells = _layer(scene, column, row, spot, scene.at(column, row), "", width - 1)
            if not spot.chosen and spot.row != row:
                kept[key] = cells
        line += cells
        line.append(rule)
    return line


def _gutter(scene: Scene, row: int, spot: Spot) -> Segment:
    ink, local = scene.ink, scene.axis.local(row)
    if row == scene.now_row and scene.now is not None:
        now = scene.now.astimezone(scene.axis.tz)
        return Segment(f"{now:%H:%M}{scene.glyphs.now_mark}", style(ink.now, ink.ground, bold=True))
    again = scene.glyphs.again if local.fold else " "
    if row == spot.row:
        return Segment(f"{local:%H:%M}{again}", style(ink.accent, ink.ground, bold=True))
    if local.minute == 0:
        return Segment(f"{local:%H:%M}{again}", style(ink.text, ink.ground, bold=True))
    marked = local.minute % (15 if scene.axis.minutes == _CLOSE_UP else 30) == 0
    return Segment(f"  :{local:%M} " if marked else " " * GUTTER, style(ink.soft, ink.ground))


def _layer(
    scene: Scene, column: int, row: int, spot: Spot, here: Sequence[Placed], host: str, width: int
) -> Segments:
    """Paint the blocks that stand directly in ``host`` (or in the column itself), lane by lane."""
    level = {one.lane: one for one in here if one.host == host and one.shown}
    for one in here:
        if not one.shown and one.is_of(host, spot.chosen):
            level[MAX_LANES - 1] = one
    if not level:
        return _ground(scene, column, row, spot, width)
    lanes = min(next(iter(level.values())).lanes, MAX_LANES)
    line: Segments = []
    for lane in range(lanes):
        room = width * (lane + 1) // lanes - width * lane // lanes
        if lane not in level:
            line += _ground(scene, column, row, spot, room)
            continue
        one = level[lane]
        if room > 4 and any(other.host == one.key for other in here):
            line += _sliver(scene, one, row, spot)
            line += _layer(scene, column, row, spot, here, one.key, room - 2)
        else:
            line += _block(scene, one, row, spot, room)
    return line


def _sliver(scene: Scene, one: Placed, row: int, spot: Spot) -> Segments:
    """Paint what shows of a block beside one that stands in its gap: its bar and a texture."""
    colours = _tone(scene, one, spot, head=False)
    return [
        _bar(scene, one, row, spot, colours),
        Segment(scene.glyphs.gap, style(colours.texture, colours.ground)),
    ]


def _ground(scene: Scene, column: int, row: int, spot: Spot, width: int) -> Segments:
    """Paint time without a block: free, a break, or off shift; with the cursor if it is here."""
    if width <= 0:
        return []
    ink, glyphs, at = scene.ink, scene.glyphs, scene.axis.at(row)
    kind = ground(scene.columns[column], at)
    if (column, row) == (spot.column, spot.row) and not spot.chosen:
        return [_cursor(scene, column, row, spot, kind, width)]
    local = scene.axis.local(row)
    back = {"off": ink.shut, "rest": ink.band, "away": ink.band}.get(
        kind, ink.band if local.hour % 2 else ink.ground
    )
    if scene.is_now(row, scene.columns[column].slug):
        return [Segment(scene.now_line * width, style(ink.now, back))]
    if kind == "off":
        return [Segment(glyphs.shut * width, style(ink.hatch, back))]
    if kind in ("rest", "away"):
        word = _pause(scene.columns[column], at, scene.axis.at(row - 1)) if width > 8 else ""
        dots = f"{glyphs.rest * 2}{fit(word, width - 2, glyphs.ellipsis)}" if word else ""
        return [Segment(dots + glyphs.rest * (width - cell_len(dots)), style(ink.dots, back))]
    fill = glyphs.hour if not local.minute else " "
    length = scene.gap_lengths[column].get(row)
    said = f" {spell_minutes(length)} " if length else ""
    if not said or width < len(said) + 3:
        return [Segment(fill * width, style(ink.rule, back))]
    rest = Segment(fill * (width - len(said)), style(ink.rule, back))
    return [rest, Segment(said, style(ink.soft, back))]


def _pause(column: DayColumn, at: datetime, before: datetime) -> str:
    """Return the word for a pause or an absence at the row in which it begins, else nothing."""
    taken = absence(column, at)
    if taken is not None:
        return "" if absence(column, before) is taken else f" {clean(taken.word)} "
    return "" if ground(column, before) == "rest" else " break "


def _cursor(scene: Scene, column: int, row: int, spot: Spot, kind: str, width: int) -> Segment:
    """Paint the cursor on free time: when, and for how long it stays free."""
    blocks = [one.block for one in scene.placed[column]]
    free = free_minutes(scene.columns[column], blocks, scene.axis.at(row))
    clock = f"{scene.axis.local(row):%H:%M}"
    if free:
        length = spell_minutes(free)
        forms = [f" + {clock} {length}", f"+ {clock} {length}", f"+{clock} {length}", f"+{clock}"]
    else:
        taken = absence(scene.columns[column], scene.axis.at(row))
        word = clean(taken.word) if taken else _SHUT_WORDS.get(kind, "taken")
        forms = [f"  {clock} {word}", f"{clock} {word}", clock]
    text = next((form for form in forms if cell_len(form) <= width), "+")
    back = scene.ink.accent if spot.focused else scene.ink.dots
    front = scene.ink.on_accent if spot.focused else scene.ink.ground
    return Segment(pad(text, width), style(front, back, bold=True))


def _block(scene: Scene, one: Placed, row: int, spot: Spot, width: int) -> Segments:
    """Paint one line of a block: its bar, then name, service, end, gap or nothing."""
    line = row - one.top
    colours = _tone(scene, one, spot, head=line == 0)
    bar, room = _bar(scene, one, row, spot, colours), width - 1
    if room <= 0:
        return [bar]
    here = row == spot.row and one.block.code == spot.chosen
    if line == 0:
        text, front = _first_line(scene, one, room), colours.text
    else:
        text, front = _later_line(scene, one, row, room, colours)
    bold = line == 0 and one.block.status not in DONE
    if not here or line == 0:
        return [bar, Segment(text, style(front, colours.ground, bold=bold, underline=here))]
    if room < _TIME + 1:
        return [bar, Segment(text, style(front, colours.ground, underline=True))]
    tag = Segment(
        f"{scene.axis.local(row):%H:%M}", style(scene.ink.on_accent, scene.ink.accent, bold=True)
    )
    texture = len(set(text)) == 1
    beside = text if texture else fit(text.rstrip(), room - _TIME - 1, scene.glyphs.ellipsis)
    return [bar, Segment(pad(beside, room - _TIME), style(front, colours.ground)), tag]


def _first_line(scene: Scene, one: Placed, room: int) -> str:
    """Return glyph, name and, at the right, the mark of money that is due or how many more."""
    words, glyphs = scene.words(one.block), scene.glyphs
    tail = _tail(scene, one, room)
    front = f"{glyphs.state(one.block.status)} "
    left = room - len(front) - len(tail) - bool(tail)
    if left <= 0:
        return pad(front, room)
    name = fit_name(words.customer, left, glyphs.ellipsis)
    around = f" {glyphs.divider} "
    beside = around + words.service_in(left - len(name) - len(around))
    if one.bottom - one.top == 1 and left > len(name) + 8:
        name = fit(name + beside, left, glyphs.ellipsis)
    return pad(pad(front + name, room - len(tail)) + tail, room)


def _tail(scene: Scene, one: Placed, room: int) -> str:
    """Return how many more there are, for how long a hold lasts, or the mark of money due."""
    if one.more:
        return f"+{one.more}"
    held = scene.minutes_held(one.block)
    due = scene.due_mark if one.block.due.minor > 0 else ""
    if held is None:
        return due
    lasts = spell_minutes(held)
    return lasts if room >= len(lasts) + _TIME else due


def _later_line(scene: Scene, one: Placed, row: int, room: int, colours: Tone) -> tuple[str, str]:
    """Return the text and colour of a line below the first."""
    line, glyphs, block = row - one.top, scene.glyphs, one.block
    at = scene.axis.at(row)
    gap = next((gap for gap in block.gaps if gap[0] <= at < gap[1]), None)
    if gap is not None and line > 1:
        first = scene.axis.row_after(gap[0]) == row
        word = f"{glyphs.gap}{glyphs.gap} processing " if first and room > 15 else ""
        return word + glyphs.gap * (room - len(word)), colours.texture
    if line == 1:
        service = scene.words(block).service_in(room - 2)
        return pad("  " + fit(service, room - 2, glyphs.ellipsis), room), colours.text
    if line == 2:
        start, end = (
            moment.astimezone(scene.axis.tz) for moment in (block.starts_at, block.ends_at)
        )
        span = f"{start:%H:%M}{glyphs.dash}{end:%H:%M}"
        text = span if room >= len(span) + 3 else f"{glyphs.arrow} {end:%H:%M}"
        return pad("  " + text, room), colours.soft
    if scene.is_now(row, block.staff):
        return scene.now_line * room, scene.ink.now
    return " " * room, colours.soft


def _bar(scene: Scene, one: Placed, row: int, spot: Spot, colours: Tone) -> Segment:
    chosen = one.block.code == spot.chosen
    glyphs = scene.glyphs
    held = one.block.status == "held"
    sign = glyphs.bar_chosen if chosen else glyphs.bar_held if held else glyphs.bar
    front = scene.ink.now if scene.is_now(row, one.block.staff) else colours.bar
    return Segment(sign, style(front, colours.ground, bold=chosen))


def _tone(scene: Scene, one: Placed, spot: Spot, *, head: bool) -> Tone:
    return tone(
        scene.ink,
        scene.hue(one.block),
        head=head,
        chosen=one.block.code == spot.chosen,
        done=one.block.status in DONE,
    )


@lru_cache(8192)
def style(front: str, back: str, *, bold: bool = False, underline: bool = False) -> Style:
    """Return a Rich style; made once for each combination."""
    return Style(color=front, bgcolor=back, bold=bold or None, underline=underline or None)
