"""The picture of one day, as the day grid and `bookra day` show it. Values only, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from bookra.money import Money

Interval = tuple[datetime, datetime]
"""A half-open span ``[start, end)`` of aware UTC instants."""


class Away(NamedTuple):
    """Working time that is not to be had. ``word``: ``away``, or what the time is blocked for."""

    starts_at: datetime
    ends_at: datetime
    word: str


def taken_from(working: Iterable[Interval], taken: Interval, word: str) -> Iterator[Away]:
    """Yield what an absence takes of the working spans; it may begin and end on other days."""
    for start, end in working:
        if max(start, taken[0]) < min(end, taken[1]):
            yield Away(max(start, taken[0]), min(end, taken[1]), word)


@dataclass(frozen=True, slots=True)
class DayColumn:
    """One staff member's day. ``shifts`` are the working spans; what lies between is a break.

    ``away`` is what time off and blocks have taken from them.
    """

    slug: str
    name: str
    shifts: tuple[Interval, ...]
    away: tuple[Away, ...] = ()


@dataclass(frozen=True, slots=True)
class DayBlock:
    """One booked line in a column.

    ``gaps`` are processing times inside the block in which the staff member is free.
    ``due`` is what the whole booking still owes. ``held_until`` is set for holds alone.
    ``short_name`` is the service's for narrow columns, where it has one; ``note`` the visit's.
    """

    code: str
    staff: str
    customer: str
    service: str
    category: str
    status: str
    starts_at: datetime
    ends_at: datetime
    gaps: tuple[Interval, ...]
    price: Money
    due: Money
    held_until: datetime | None = None
    short_name: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The header's figures: what is booked and what is taken that day."""

    booked: Money
    taken: Money


@dataclass(frozen=True, slots=True)
class DaySnapshot:
    """A tenant's day in its own zone, read in one transaction at ``read_at``."""

    day: date
    zone: str
    read_at: datetime
    columns: tuple[DayColumn, ...]
    blocks: tuple[DayBlock, ...]
    totals: DayTotals
