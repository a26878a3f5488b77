"""When a series takes place: the same day every so often, to an end. Pure.

A month without the day of the month has no visit in it, and says so: moving the 31st to the 30th,
or leaving the month out unasked, would be a surprise to whoever comes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from bookra.errors import InvalidInputError

MAX_VISITS = 104
"""Two years of weeks: a longer series is a mistake more often than a wish."""

MAX_STEP = 99

UNITS = ("day", "week", "month")


@dataclass(frozen=True, slots=True)
class Every:
    """How often: every ``step`` days, weeks or months."""

    step: int
    unit: str

    def __str__(self) -> str:
        """Return the words that ``parse_every`` reads: ``week``, ``2 weeks``."""
        return self.unit if self.step == 1 else f"{self.step} {self.unit}s"


class Wanted(NamedTuple):
    """A day as the rule asks for it; the calendar may not have it (30 February)."""

    year: int
    month: int
    day: int

    @property
    def date(self) -> date | None:
        """The date, or None when the month is too short."""
        try:
            return date(*self)
        except ValueError:
            return None

    def __str__(self) -> str:
        """Return ``2027-02-30``, as a date would be written."""
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"


def parse_every(text: str) -> Every:
    """Read ``week``, ``2 weeks``, ``day`` or ``month``; raises ``bad_every``."""
    found = re.fullmatch(r"(?:(\d{1,3})\s*)?(day|week|month)s?", text.strip().lower())
    step = int(found[1] or 1) if found else 0
    if found is None or not 1 <= step <= MAX_STEP:
        raise InvalidInputError(
            "bad_every",
            f"'{text}' is not how often something happens",
            hint="Write day, week, '2 weeks', '4 weeks' or month",
        )
    return Every(step, found[2])


def wanted_days(
    first: date, every: Every, *, count: int | None, until: date | None
) -> tuple[Wanted, ...]:
    """Return the days of a series from ``first`` on: ``count`` of them, or as far as ``until``.

    The last day may be ``until`` itself; of two ends the earlier one holds. A day that its month
    does not have counts as one. Raises InvalidInputError: ``no_end``, ``bad_count``, ``no_visit``
    or ``series_too_long``.
    """
    _check_end(first, count, until)
    days: list[Wanted] = []
    while count is None or len(days) < count:
        day = nth(first, every, len(days))
        if until is not None and day > Wanted(until.year, until.month, until.day):
            break
        if len(days) == MAX_VISITS:
            raise InvalidInputError(
                "series_too_long",
                f"A series has {MAX_VISITS} visits at most, and this one has more",
                hint="Give an earlier --until, or a smaller --count",
            )
        days.append(day)
    return tuple(days)


def nth(first: date, every: Every, number: int) -> Wanted:
    """Return the day of visit ``number``, counted from 0; always from the first, so none drifts."""
    steps = every.step * number
    if every.unit == "month":
        years, month = divmod(first.month - 1 + steps, 12)
        return Wanted(first.year + years, month + 1, first.day)
    day = first + timedelta(days=steps * (7 if every.unit == "week" else 1))
    return Wanted(day.year, day.month, day.day)


def _check_end(first: date, count: int | None, until: date | None) -> None:
    if count is None and until is None:
        raise InvalidInputError(
            "no_end", "A series needs an end", hint="Add --count 10 or --until 2027-06-30"
        )
    if count is not None and count < 1:
        raise InvalidInputError("bad_count", f"{count} visits are no series", hint="--count 10")
    if until is not None and until < first:
        raise InvalidInputError(
            "no_visit", f"The series ends on {until}, before its first visit on {first}"
        )
