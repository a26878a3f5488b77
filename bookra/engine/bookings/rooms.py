"""A day by rooms, chairs and machines: the visits of the day, drawn where they take place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.spans import merged, without
from bookra.engine.bookings.day import DayBlock, DayColumn, DaySnapshot, Interval, taken_from
from bookra.engine.bookings.rota import day_snapshot
from bookra.engine.people.resources import ACTIVE
from bookra.engine.runtime import Tx

# What occupies units; rows without a code are times in which a unit is blocked.
# Index: that of allocations_no_overlap, a range of it for each unit.
TAKEN = text(
    """
    SELECT k.slug, o.starts_at, o.ends_at, COALESCE(b.code, x.code) AS code
      FROM allocations o
      JOIN bookables k ON k.tenant_id = o.tenant_id AND k.id = o.bookable_id
      LEFT JOIN bookings b ON b.tenant_id = o.tenant_id AND b.id = o.booking_id
      LEFT JOIN sessions x ON x.tenant_id = o.tenant_id AND x.id = o.session_id
     WHERE o.tenant_id = :tenant_id AND k.kind = 'resource'
       AND tstzrange(o.starts_at, o.ends_at) && tstzrange(:start, :until)
       AND (o.held_until IS NULL OR o.held_until > :now)
     ORDER BY k.slug, o.starts_at
    """
)


def day_by_rooms(tx: Tx, day: date) -> DaySnapshot:
    """Return the picture of a local day with a column for each active unit in place of staff.

    A unit is open while anybody works, less the times in which it is blocked. A block's ``staff``
    is the unit that it takes, its times are those in which it takes it.
    """
    picture = day_snapshot(tx, day)
    start = clock.from_epoch(clock.opening(day, 0, tx.tenant.zone))
    until = clock.from_epoch(clock.closing(day, clock.DAY_MINUTES, tx.tenant.zone))
    rows = tx.rows(TAKEN, start=start, until=until, now=tx.now)
    blocked: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in rows:
        if row.code is None:
            blocked.setdefault(row.slug, []).append((row.starts_at, row.ends_at))
    opened = _open([span for column in picture.columns for span in column.shifts], ())
    columns = tuple(
        _column(unit.slug, unit.name, opened, blocked.get(unit.slug, ()))
        for unit in tx.rows(ACTIVE)
    )
    blocks = [
        found
        for row in rows
        if row.code is not None
        and (found := _taking(picture.blocks, row.code, row.slug, (row.starts_at, row.ends_at)))
    ]
    return replace(picture, columns=columns, blocks=tuple(blocks))


def _column(
    slug: str, name: str, opened: tuple[Interval, ...], blocked: Sequence[Interval]
) -> DayColumn:
    shut = tuple(part for taken in blocked for part in taken_from(opened, taken, "blocked"))
    return DayColumn(slug, name, _open(opened, blocked), shut)


def _taking(blocks: Iterable[DayBlock], code: str, unit: str, taken: Interval) -> DayBlock | None:
    """Return the part of a visit that takes a unit for a while, None if the day lacks it."""
    start, end = taken
    lines = (b for b in blocks if b.code == code and b.starts_at < end and start < b.ends_at)
    line = next(lines, None)
    return line and replace(line, staff=unit, starts_at=start, ends_at=end, gaps=())


def _open(opened: Iterable[Interval], blocked: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the spans in which somebody works and a unit is not blocked."""
    spans = merged((clock.to_epoch(a), clock.to_epoch(b)) for a, b in opened)
    shut = merged((clock.to_epoch(a), clock.to_epoch(b)) for a, b in blocked)
    left = without(spans, [a for a, _ in shut], [b for _, b in shut])
    return tuple((clock.from_epoch(a), clock.from_epoch(b)) for a, b in left)
