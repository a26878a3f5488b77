"""Who and what can be booked, as plain values: their rules, and what already occupies them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from bookra.engine.availability.hours import Shift
from bookra.engine.availability.spans import Span
from bookra.engine.catalog.model import Service


class Busy(NamedTuple):
    """An allocation. ``held_until`` is 0 unless it belongs to a hold."""

    start: int
    end: int
    booking_id: str | None = None
    held_until: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What is allocated of one bookable, by time; nothing in it overlaps.

    Columns, not rows: a window holds thousands. ``bookings`` and ``held`` are empty unless the
    window was loaded to explain.
    """

    starts: Sequence[int] = ()
    ends: Sequence[int] = ()
    bookings: Sequence[str | None] = ()
    held: Sequence[int | None] = ()

    @classmethod
    def of(cls, busy: Iterable[Busy]) -> Taken:
        """Return the columns of some allocations."""
        rows = sorted(busy)
        return cls(*(list(column) for column in zip(*rows, strict=True))) if rows else cls()

    def __iter__(self) -> Iterator[Busy]:
        """Yield the allocations as rows."""
        return (self[index] for index in range(len(self.starts)))

    def __getitem__(self, index: int) -> Busy:
        """Return one allocation as a row."""
        named = bool(self.bookings)
        return Busy(
            self.starts[index],
            self.ends[index],
            self.bookings[index] if named else None,
            (self.held[index] or 0) if named else 0,
        )

    def overlapping(self, start: int, end: int) -> Busy | None:
        """Return the last allocation that overlaps ``[start, end)``."""
        index = bisect_left(self.starts, end)
        if index and self.ends[index - 1] > start:
            return self[index - 1]
        return None


class WeeklyShift(NamedTuple):
    """A shift of one weekday, in force from a day until before another one."""

    weekday: int
    shift: Shift
    valid_from: date
    valid_until: date | None


class Absence(NamedTuple):
    """Time off or a block as it was asked for; only windows that explain know of them."""

    start: int
    end: int
    kind: str
    reason: str


@dataclass(frozen=True)
class StaffTime:
    """One staff member's rules and allocations. ``exceptions`` maps a day to its own shifts.

    ``skills`` None is every service; ``places`` says how many visits a day of theirs has, and is
    only told of people with a ``daily_limit``.
    """

    id: UUID
    slug: str
    name: str
    zone: ZoneInfo
    commission_bps: int = 0
    skills: frozenset[UUID] | None = None
    level: str = ""
    location_id: UUID | None = None
    weekly: tuple[WeeklyShift, ...] = ()
    exceptions: Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)
    busy: Taken = field(default_factory=Taken)
    external: tuple[Span, ...] = ()
    daily_limit: int | None = None
    places: Mapping[date, int] = field(default_factory=dict)

    def performs(self, service: Service) -> bool:
        """Tell whether the service is among this person's skills."""
        return self.skills is None or service.id in self.skills

    @cached_property
    def by_weekday(self) -> tuple[list[WeeklyShift], ...]:
        """The rules of each weekday, Monday first."""
        week: tuple[list[WeeklyShift], ...] = tuple([] for _ in range(7))
        for rule in self.weekly:
            week[rule.weekday].append(rule)
        return week


@dataclass(frozen=True)
class Unit:
    """One of the equal units of a pool: a chair, a room, a machine."""

    id: UUID
    slug: str
    name: str
    pool: str
    location_id: UUID | None = None
    busy: Taken = field(default_factory=Taken)
