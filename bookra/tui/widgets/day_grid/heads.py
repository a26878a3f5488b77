"""Paints the pinned lines above the day grid: names, how full each day is, and a rule. Pure."""

from __future__ import annotations

from rich.segment import Segment

from bookra.tui.text import fit_name, pad
from bookra.tui.widgets.day_grid.cells import Segments, style
from bookra.tui.widgets.day_grid.columns import GUTTER
from bookra.tui.widgets.day_grid.scene import Scene, Spot


def paint_head(scene: Scene, line: int, spot: Spot) -> Segments:
    """Return a line of the heads: 0 the names, 1 the loads, 2 the rule."""
    painters = (_name, _load, _rule)
    cells = [_head_gutter(scene, line)]
    for width, column in zip(scene.view.widths, scene.visible, strict=True):
        cells += painters[line](scene, column, width, spot)
    return cells


def _head_gutter(scene: Scene, line: int) -> Segment:
    """Say how many columns lie beyond the edges: there is no bar to scroll sideways."""
    view, glyphs = scene.view, scene.glyphs
    left = f"{glyphs.left}{view.hidden_left}" if view.hidden_left else ""
    right = f"{view.hidden_right}{glyphs.right}" if view.hidden_right else ""
    text = left + right.rjust(GUTTER - 1 - len(left)) if line == 0 else ""
    return Segment(pad(text, GUTTER), style(scene.ink.accent, scene.ink.ground, bold=True))


def _name(scene: Scene, column: int, width: int, spot: Spot) -> Segments:
    ink, here = scene.ink, column == spot.column
    text = pad(" " + fit_name(scene.names[column], width - 2, scene.glyphs.ellipsis), width - 1)
    front, back = (ink.on_accent, ink.accent) if here else (ink.text, ink.ground)
    return [
        Segment(text, style(front, back, bold=True)),
        Segment(" ", style(ink.text, ink.ground)),
    ]


def _load(scene: Scene, column: int, width: int, spot: Spot) -> Segments:
    ink, share = scene.ink, scene.layout.parts[column].load
    if share is None:
        return [Segment(pad(" day off", width), style(ink.soft, ink.ground))]
    label, room = f"{round(share * 100):4d}% ", max(0, width - 7)
    full = _bar(scene.glyphs.load, min(1.0, share) * room)
    return [
        Segment(" ", style(ink.soft, ink.ground)),
        Segment(
            pad(full, room), style(ink.accent if column == spot.column else ink.soft, ink.band)
        ),
        Segment(label, style(ink.soft, ink.ground)),
    ]


def _bar(steps: str, length: float) -> str:
    """Return a bar of ``length`` cells; its end is as fine as the glyphs allow."""
    whole = int(length)
    part = int((length - whole) * len(steps))
    return steps[-1] * whole + (steps[part - 1] if part else "")


def _rule(scene: Scene, column: int, width: int, spot: Spot) -> Segments:
    ink = scene.ink
    front = ink.accent if column == spot.column else ink.rule
    return [
        Segment(scene.glyphs.head_rule * (width - 1), style(front, ink.ground)),
        Segment(scene.glyphs.head_rule, style(ink.rule, ink.ground)),
    ]
