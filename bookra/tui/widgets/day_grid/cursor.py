"""Where the cursor goes: pure moves of a `Spot` over a `Scene`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookra import clock
from bookra.engine.bookings.day import DayBlock
from bookra.tui.text import clean
from bookra.tui.widgets.day_grid.geometry import Placed, free_minutes
from bookra.tui.widgets.day_grid.scene import Scene, Spot


@dataclass(frozen=True, slots=True)
class Pointed:
    """What the cursor points at: a person, an instant, and a block or none.

    ``free_minutes`` is for how long the person's hands are free: in a block's gap, too.
    """

    staff: str
    staff_name: str
    at: datetime
    block: DayBlock | None
    free_minutes: int


def pointed(scene: Scene, spot: Spot) -> Pointed | None:
    """Return what ``spot`` points at, None on a day without people."""
    if not scene.columns:
        return None
    column, at, layout = scene.columns[spot.column], scene.axis.at(spot.row), scene.layout
    blocks = [one.block for one in scene.placed[spot.column]]
    block = _chosen(scene, spot)
    free = free_minutes(column, blocks, at)
    slug, name = column.slug, scene.names[spot.column]
    if layout.fold:
        slug, name = layout.fold.seats[spot.column].slug, clean(layout.fold.seats[spot.column].name)
    real = layout.real(spot.column, at)
    return Pointed(slug, name, real, block and layout.original(block), free)


def _chosen(scene: Scene, spot: Spot) -> DayBlock | None:
    """Return the chosen block: of a visit of several lines, the one at the cursor if there is."""
    mine = [one for one in scene.placed[spot.column] if one.block.code == spot.chosen]
    here = [one for one in mine if one.top <= spot.row < one.bottom]
    return (here or mine)[0].block if mine else None


def spot_at(scene: Scene, column: int, row: int, chosen: str = "") -> Spot:
    """Return the cursor on a cell: on ``chosen`` if it is there, else on the innermost block."""
    choices = _choices(scene, column, row)
    return Spot(column, row, chosen if chosen in choices else (choices or [""])[0], focused=True)


def first(scene: Scene) -> Spot:
    """Return the cursor for a day just opened: on the present, or where work begins."""
    opening = min(
        (shift[0] for column in scene.columns for shift in column.shifts),
        default=scene.axis.at(0) + timedelta(hours=1),
    )
    return spot_at(scene, 0, scene.axis.clamp(scene.axis.row(scene.now or opening)))


def carried(old: Scene, spot: Spot, new: Scene) -> Spot:
    """Return the cursor for the same person, booking and time of day in another scene."""
    if _kind(old) != _kind(new):
        return _between_views(old, spot, new)
    slugs = [column.slug for column in new.columns]
    slug = old.columns[spot.column].slug if old.columns else ""
    instant = old.axis.at(spot.row)
    if new.snapshot.day != old.snapshot.day:
        local = old.axis.local(spot.row)
        days = (local.date() - old.snapshot.day).days
        minute = (days * 24 + local.hour) * 60 + local.minute
        instant = clock.from_epoch(clock.opening(new.snapshot.day, minute, new.axis.tz))
    column = slugs.index(slug) if slug in slugs else 0
    return spot_at(new, column, new.axis.clamp(new.axis.row(instant)), spot.chosen)


def _kind(scene: Scene) -> str:
    return scene.layout.fold.kind if scene.layout.fold else ""


def _between_views(old: Scene, spot: Spot, new: Scene) -> Spot:
    """Return the cursor for the same person and instant, drawn in another way."""
    found = pointed(old, spot)
    return at_instant(new, Spot(0, 0, spot.chosen, spot.focused), found) if found else first(new)


def at_instant(scene: Scene, spot: Spot, found: Pointed) -> Spot:
    """Return the cursor on what somebody pointed at; where nobody is the same, in its column."""
    column = scene.layout.column_of(found.staff, found.at)
    if column is None:
        here = (n for n, placed in enumerate(scene.placed) if _has(placed, spot.chosen))
        column = next(here, min(spot.column, max(0, len(scene.columns) - 1)))
    drawn = scene.layout.drawn(column, found.at) if scene.columns else found.at
    return spot_at(scene, column, scene.axis.clamp(scene.axis.row(drawn)), spot.chosen)


def _has(placed: Sequence[Placed], code: str) -> bool:
    return bool(code) and any(one.block.code == code for one in placed)


def step(scene: Scene, spot: Spot, columns: int, rows: int) -> Spot:
    """Return the cursor moved by cells; sideways also among the blocks that share a cell."""
    if not scene.columns:
        return spot
    if rows:
        return spot_at(scene, spot.column, scene.axis.clamp(spot.row + rows), spot.chosen)
    choices = _choices(scene, spot.column, spot.row)
    beside = (choices.index(spot.chosen) if spot.chosen in choices else 0) + columns
    if 0 <= beside < len(choices):
        return spot_at(scene, spot.column, spot.row, choices[beside])
    column = min(max(0, spot.column + columns), len(scene.columns) - 1)
    return spot if column == spot.column else spot_at(scene, column, spot.row)


def hop(scene: Scene, spot: Spot, direction: int) -> Spot:
    """Return the cursor on the next or previous booking, by time and then from left to right."""
    order = scene.layout.in_order
    if not order:
        return spot
    mine = [n for n, (one, column) in enumerate(order) if _is_at(one, column, spot)]
    here = [n for n in mine if order[n][0].top <= spot.row < order[n][0].bottom]
    if mine:
        target = (here or mine)[0] + direction
    else:
        before = sum((one.top, column) < (spot.row, spot.column) for one, column in order)
        target = before if direction > 0 else before - 1
    one, column = order[target % len(order)]
    return spot_at(scene, column, one.top, one.block.code)


def _is_at(one: Placed, column: int, spot: Spot) -> bool:
    return column == spot.column and one.block.code == spot.chosen


def on(scene: Scene, code: str) -> Spot | None:
    """Return the cursor on a booking, None if this day does not have it."""
    found = (
        spot_at(scene, column, one.top, code)
        for one, column in scene.layout.in_order
        if one.block.code == code
    )
    return next(found, None)


def rows_of(scene: Scene, spot: Spot) -> set[int]:
    """Return the rows that look different because the cursor is here."""
    if not scene.columns:
        return set()
    blocks = [one for one in scene.placed[spot.column] if one.block.code == spot.chosen]
    return {spot.row}.union(*(range(one.top, one.bottom) for one in blocks))


def _choices(scene: Scene, column: int, row: int) -> list[str]:
    """Return the codes on a cell, innermost first, then from left to right."""
    if not scene.columns:
        return []
    here = sorted(scene.at(column, row), key=lambda one: (-one.inset, one.lane))
    return list(dict.fromkeys(one.block.code for one in here))
