"""The days that a report is about, cut into days, weeks or months. Values; days are local.

Edges are instants, worked out here and not in SQL: a day begins when the business's clock says so,
also on the two days a year that have 23 and 25 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.errors import InvalidInputError

STEPS = ("day", "week", "month")
LONGEST_DAYS = 3660
"""The longest report: ten years, so that a slip of the pen does not ask for a century of days."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, both included, as the clock of ``zone`` shows them."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The instant at which the first day begins."""
        return self._begin(self.first)

    @property
    def until(self) -> datetime:
        """The instant at which the last day is over."""
        return self._begin(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def name(self) -> str:
        """Return both days: ``2026-11-01..2026-11-30``; one day alone by itself."""
        return f"{self.first}" if self.days == 1 else f"{self.first}..{self.last}"

    def pieces(self, step: str) -> dict[str, Period]:
        """Cut the period by ``step`` (of ``STEPS``), by name; the outer ones may be shorter."""
        found: dict[str, Period] = {}
        day = self.first
        while day <= self.last:
            following = min(_next(day, step), self.last + timedelta(days=1))
            found[_name(day, step)] = Period(day, following - timedelta(days=1), self.zone)
            day = following
        return found

    def _begin(self, day: date) -> datetime:
        return clock.from_epoch(clock.opening(day, 0, self.zone))


def period_of(zone: ZoneInfo, now: datetime, first: str | None, last: str | None) -> Period:
    """Read ``--from`` and ``--to``: this month by default; from a day to the end of its month.

    Raises InvalidInputError: ``bad_date``, ``bad_period``.
    """
    today = clock.local_day(now, zone)
    until = clock.parse_day(last, zone, now) if last else None
    start = clock.parse_day(first, zone, now) if first else (until or today).replace(day=1)
    end = until or _next(start, "month") - timedelta(days=1)
    if end < start:
        raise InvalidInputError(
            "bad_period",
            f"The period ends ({end}) before it begins ({start})",
            hint="--from is its first day and --to its last, which is included",
        )
    if (end - start).days >= LONGEST_DAYS:
        raise InvalidInputError(
            "bad_period", f"{start} to {end} is too long", hint="Ask for ten years at most"
        )
    return Period(start, end, zone)


def _next(day: date, step: str) -> date:
    if step == "day":
        return day + timedelta(days=1)
    if step == "week":
        return day + timedelta(days=7 - day.weekday())
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _name(day: date, step: str) -> str:
    if step == "day":
        return day.isoformat()
    if step == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return f"{day:%Y-%m}"
