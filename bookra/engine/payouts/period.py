"""A pay period: days of the business, both ends included; how it is written. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from bookra.clock import YEARS
from bookra.errors import InvalidInputError

LONGEST_DAYS = 366

_MONTH = re.compile(r"(\d{4})-(\d{2})")
_WEEK = re.compile(r"(\d{4})-w(\d{2})")
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    starts_on: date
    ends_on: date

    def __str__(self) -> str:
        """Return it as it is written: ``2026-11``, ``2026-W47`` or two days with two dots."""
        if self == month_of(self.starts_on):
            return f"{self.starts_on:%Y-%m}"
        if self == _week_of(self.starts_on):
            year, week, _ = self.starts_on.isocalendar()
            return f"{year}-W{week:02d}"
        return f"{self.starts_on}..{self.ends_on}"


def parse_period(text: str, today: date) -> Period:
    """Read ``2026-11``, ``2026-W47``, ``2026-11-01..2026-11-15``, ``current`` or ``previous``.

    ``current`` and ``previous`` are calendar months. Raises InvalidInputError (``bad_period``).
    """
    word = text.strip().lower()
    if word in ("current", "previous"):
        current = month_of(today)
        if word == "current":
            return current
        return month_of(current.starts_on - timedelta(days=1))
    try:
        found = _read(word)
    except (ValueError, OverflowError):  # beyond the last day that a date can be
        found = None
    if found is None or not _is_sound(found):
        raise InvalidInputError(
            "bad_period",
            f"'{text}' is not a pay period",
            hint="Write 2026-11, previous, current, 2026-W47 or 2026-11-01..2026-11-15",
        )
    return found


def month_of(day: date) -> Period:
    """Return the calendar month of a day."""
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def _week_of(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6))


def _read(word: str) -> Period | None:
    if found := _MONTH.fullmatch(word):
        return month_of(date(int(found[1]), int(found[2]), 1))
    if found := _WEEK.fullmatch(word):
        return _week_of(date.fromisocalendar(int(found[1]), int(found[2]), 1))
    if found := _DAYS.fullmatch(word):
        return Period(date.fromisoformat(found[1]), date.fromisoformat(found[2]))
    return None


def _is_sound(period: Period) -> bool:
    days = (period.ends_on - period.starts_on).days + 1
    return 1 <= days <= LONGEST_DAYS and all(
        day.year in YEARS for day in (period.starts_on, period.ends_on)
    )
