"""Several days of one person, or a day's rooms, drawn as the columns of one day. Pure.

The grid lays out one day of columns. Other views are folded onto it: each column's instants are
moved by a constant, so that equal clock times share a row, and a `Fold` knows the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.engine.bookings.day import (
    Away,
    DayBlock,
    DayColumn,
    DaySnapshot,
    DayTotals,
    Interval,
)
from bookra.money import Money

_NOON = time(12)


@dataclass(frozen=True)
class Seat:
    """Whose column it is: a person's slug and name, and how much later it is than it is drawn."""

    slug: str
    name: str
    offset: timedelta = timedelta(0)


@dataclass(frozen=True)
class Fold:
    """The way back from drawn columns to people and real instants. ``kind`` names the view."""

    kind: str
    seats: tuple[Seat, ...]
    originals: dict[DayBlock, DayBlock] = field(default_factory=dict)

    def column_of(self, slug: str, at: datetime, tz: ZoneInfo, day: datetime) -> int | None:
        """Return the column of a person on the local day of ``at``; ``day`` is the drawn noon."""
        wanted = at.astimezone(tz).date()
        for index, seat in enumerate(self.seats):
            if seat.slug == slug and (day + seat.offset).astimezone(tz).date() == wanted:
                return index
        return None


def noon(snapshot: DaySnapshot) -> datetime:
    """Return the noon of a day: clocks never change there, so it tells days apart safely."""
    tz = clock.zone(snapshot.zone)
    return datetime.combine(snapshot.day, _NOON, tz).astimezone(UTC)


def days_of(
    days: Sequence[DaySnapshot], slug: str, heads: Sequence[str]
) -> tuple[DaySnapshot, Fold]:
    """Fold ``days`` of one person; ``heads`` are the words above the columns."""
    base = days[0]
    columns: list[DayColumn] = []
    seats: list[Seat] = []
    blocks: list[DayBlock] = []
    originals: dict[DayBlock, DayBlock] = {}
    for day, head in zip(days, heads, strict=True):
        offset = noon(day) - noon(base)
        own = next((column for column in day.columns if column.slug == slug), None)
        shifts = tuple(_earlier(span, offset) for span in own.shifts) if own else ()
        away = tuple(
            Away(*_earlier((one.starts_at, one.ends_at), offset), one.word)
            for one in (own.away if own else ())
        )
        columns.append(DayColumn(f"{slug} {day.day}", head, shifts, away))
        seats.append(Seat(slug, own.name if own else slug, offset))
        for block in day.blocks:
            if block.staff == slug:
                drawn = _drawn(block, columns[-1].slug, offset)
                originals[drawn] = block
                blocks.append(drawn)
    picture = replace(
        base, columns=tuple(columns), blocks=tuple(blocks), totals=_added(days, blocks)
    )
    return picture, Fold("days", tuple(seats), originals)


def rooms_of(picture: DaySnapshot) -> tuple[DaySnapshot, Fold]:
    """Return a day by its rooms as it is; nobody's column stands for a person."""
    return picture, Fold("rooms", tuple(Seat("", column.name) for column in picture.columns))


def _drawn(block: DayBlock, column: str, offset: timedelta) -> DayBlock:
    return replace(
        block,
        staff=column,
        starts_at=block.starts_at - offset,
        ends_at=block.ends_at - offset,
        gaps=tuple(_earlier(gap, offset) for gap in block.gaps),
    )


def _earlier(span: Interval, offset: timedelta) -> Interval:
    return span[0] - offset, span[1] - offset


def _added(days: Sequence[DaySnapshot], blocks: Sequence[DayBlock]) -> DayTotals:
    """Return what one person's visits come to: booked, and paid of it."""
    currency = days[0].totals.booked.currency
    owing = [block for block in blocks if block.status != "no_show"]
    booked = sum(block.price.minor for block in owing)
    paid = booked - sum(min(block.due.minor, block.price.minor) for block in owing)
    return DayTotals(Money(booked, currency), Money(paid, currency))
