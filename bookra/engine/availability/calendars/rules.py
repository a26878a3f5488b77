"""Recurrence rules (RFC 5545, 3.3.10) of files that anybody may have written: pure, and bounded.

dateutil knows the calendar's rules, but trusts its caller: a rule that never comes true is
followed to the year 9999, one that repeats each second is followed from its first second. Here a
rule begins close to the window that is asked about, is iterated lazily, and each step it takes is
paid from a budget, also the steps that find nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import takewhile
from typing import Any

from dateutil import rrule as dateutil_rules  # type: ignore[import-untyped]
from icalendar.prop import vRecur

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
UNITS = {
    "WEEKLY": timedelta(weeks=1),
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
    "SECONDLY": timedelta(seconds=1),
}
COSTS = {"YEARLY": 30, "MONTHLY": 4}
"""How much more a step costs that looks at every day of a year or a month."""

NUMBERS = {
    "BYMONTH": range(1, 13),
    "BYMONTHDAY": range(-31, 32),
    "BYYEARDAY": range(-366, 367),
    "BYWEEKNO": range(-53, 54),
    "BYSETPOS": range(-366, 367),
    "BYHOUR": range(24),
    "BYMINUTE": range(60),
    "BYSECOND": range(60),
}
NEVER_ZERO = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
KNOWN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "RSCALE", "SKIP", *NUMBERS}
MAX_INTERVAL = 1_000_000
MAX_LISTED = 62
MAX_TIMES_OF_DAY = 1_440


class OutOfStepsError(Exception):
    """A rule took more steps than it was given."""


class Steps:
    """A budget of steps; ``portion`` lends a part of it, whose use is charged here too."""

    def __init__(self, left: int, lender: Steps | None = None) -> None:
        self.left = left
        self._lender = lender

    def portion(self, most: int) -> Steps:
        """Return a budget of at most so many of these steps."""
        return Steps(min(most, self.left), self)

    def spend(self, steps: int) -> None:
        """Take some steps; raises OutOfStepsError when there are none left."""
        self.left -= steps
        if self._lender is not None:
            self._lender.left -= steps
        if self.left < 0:
            raise OutOfStepsError


class _CountedInterval(int):
    """An interval that pays for each time that dateutil adds it to a date or a time.

    dateutil looks for the next occurrence in a loop that nothing can interrupt until it has found
    one. The interval is what each turn of that loop uses, whatever the frequency.
    """

    steps: Steps
    cost: int

    def __radd__(self, other: int) -> int:
        self.steps.spend(self.cost)
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self.steps.spend(self.cost)
        return int(self) * other


def occurrences(
    rule: vRecur, start: datetime, zone: tzinfo, since: datetime, steps: Steps
) -> Iterator[datetime]:
    """Yield the wall times of a rule in order, from about ``since`` on; ``start`` is naive.

    Nothing ends it but the rule: stop iterating at the window's end. Raises ValueError for a rule
    that can't be right, OutOfStepsError once ``steps`` are used up.
    """
    frequency, interval = _checked(rule)
    options = _options(rule)
    if "COUNT" in rule:
        options["count"] = _whole(rule, "COUNT")
    elif (unit := UNITS.get(frequency)) is not None:
        # Counted in whole intervals, so that every occurrence from there on is the same.
        skipped = (since - unit * interval - start) // (unit * interval)
        start += unit * interval * max(0, skipped)
    counted = _CountedInterval(interval)
    counted.steps, counted.cost = steps, COSTS.get(frequency, 1)
    found: Iterator[datetime] = iter(
        dateutil_rules.rrule(
            FREQUENCIES.index(frequency), dtstart=start, interval=counted, **options
        )
    )
    last = _until(rule, zone)
    return found if last is None else takewhile(lambda wall: wall <= last, found)


def _checked(rule: vRecur) -> tuple[str, int]:
    """Return the frequency and the interval of a rule whose parts all make sense."""
    unknown = sorted({str(name).upper() for name in rule} - KNOWN)
    if unknown:
        raise ValueError(f"RRULE: {unknown[0][:20]} is not known")
    if "SKIP" in rule or str(_first(rule, "RSCALE", "GREGORIAN")).upper() != "GREGORIAN":
        raise ValueError("RRULE: another calendar is not known")
    frequency = str(_first(rule, "FREQ", "")).upper()
    if frequency not in FREQUENCIES:
        raise ValueError("RRULE: FREQ is missing or not known")
    interval = _whole(rule, "INTERVAL") if "INTERVAL" in rule else 1
    if interval > MAX_INTERVAL:
        raise ValueError(f"RRULE: INTERVAL is over {MAX_INTERVAL}")
    return frequency, interval


def _options(rule: vRecur) -> dict[str, Any]:
    """Return the parts that choose days and times, as dateutil names them."""
    options: dict[str, Any] = {}
    times = 1
    for name, allowed in NUMBERS.items():
        if name not in rule:
            continue
        values = sorted({int(value) for value in _listed(rule, name)})
        if any(value not in allowed or (name in NEVER_ZERO and not value) for value in values):
            raise ValueError(f"RRULE: a {name} does not exist")
        options[name.lower()] = values
        if name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            times *= len(values)
    if times > MAX_TIMES_OF_DAY:
        raise ValueError(f"RRULE: more than {MAX_TIMES_OF_DAY} times a day")
    if "BYDAY" in rule:
        options["byweekday"] = [_weekday(day) for day in _listed(rule, "BYDAY")]
    if "WKST" in rule:
        options["wkst"] = _weekday(_first(rule, "WKST", None))
    return options


def _weekday(day: Any) -> Any:
    weekday = getattr(dateutil_rules, str(day.weekday))
    return weekday(day.relative) if day.relative else weekday


def _until(rule: vRecur, zone: tzinfo) -> datetime | None:
    """Return the last wall time that a rule allows; a date allows all of its day."""
    until = _first(rule, "UNTIL", None)
    if until is None:
        return None
    if isinstance(until, datetime):
        return until.astimezone(zone).replace(tzinfo=None) if until.tzinfo else until
    if isinstance(until, date):
        return datetime.combine(until, time.max)
    raise ValueError("RRULE: UNTIL is no date")


def _whole(rule: vRecur, name: str) -> int:
    number = int(_first(rule, name, 0))
    if number < 1:
        raise ValueError(f"RRULE: {name} is not 1 or more")
    return number


def _listed(rule: vRecur, name: str) -> Sequence[Any]:
    values = rule[name]
    listed: Sequence[Any] = values if isinstance(values, list | tuple) else [values]
    if len(listed) > MAX_LISTED:
        raise ValueError(f"RRULE: {name} has more than {MAX_LISTED} values")
    return listed


def _first(rule: vRecur, name: str, default: Any) -> Any:
    values = rule.get(name, default)
    return values[0] if isinstance(values, list | tuple) else values
