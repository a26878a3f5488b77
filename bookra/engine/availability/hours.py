"""The notation of working hours: ``mon-fri 09:00-13:00,14:00-18:00``. Pure text to values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from bookra.clock import DAY_MINUTES, WEEKDAY_NAMES, WEEKDAYS
from bookra.errors import InvalidInputError

Shift = tuple[int, int]
"""``(opens, closes)`` in minutes after midnight; ``closes`` passes 1440 when it runs overnight."""

HINT = "Write 'mon-fri 09:00-13:00,14:00-18:00', 'sat,sun closed' or '22:00-02:00'"


@dataclass(frozen=True, slots=True)
class WeekHours:
    """Some weekdays (Monday is 0) and the shifts worked on each; no shifts means closed."""

    weekdays: tuple[int, ...]
    shifts: tuple[Shift, ...]


def parse_week(text: str) -> WeekHours:
    """Read ``DAYS SHIFTS``; raises InvalidInputError (``bad_hours``) naming the bad part."""
    days_text, _, shifts_text = text.strip().partition(" ")
    if not shifts_text.strip():
        raise _bad(f"'{text}' has no days or no times")
    return WeekHours(parse_days(days_text), parse_shifts(shifts_text))


def parse_days(text: str) -> tuple[int, ...]:
    """Read ``mon-fri``, ``mon,wed`` or ``sun``; a range may run over the week's end."""
    days: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise _bad(f"'{part}' is not a weekday or a range of them")
        start = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last) - start) % 7 if dash else 0
        days.update((start + step) % 7 for step in range(length + 1))
    return tuple(sorted(days))


def parse_shifts(text: str) -> tuple[Shift, ...]:
    """Read ``09:00-13:00,14:00-18:00`` or ``closed``. Shifts of a day may touch, not overlap."""
    if text.strip().lower() == "closed":
        return ()
    shifts = sorted(_shift(part) for part in text.split(","))
    for before, after in pairwise(shifts):
        if after[0] < before[1]:
            raise _bad(f"The shifts {_shown(before)} and {_shown(after)} overlap")
    last, first = shifts[-1], shifts[0]
    if last[1] - DAY_MINUTES > first[0]:
        raise _bad(f"The shift {_shown(last)} runs over midnight into the next {_shown(first)}")
    return tuple(shifts)


def checked_weeks(weeks: Iterable[WeekHours]) -> tuple[WeekHours, ...]:
    """Return ``weeks`` if together they make sense, else raise InvalidInputError (``bad_hours``).

    Each weekday stands in one of them, and no shift runs over midnight into the first one of the
    next day.
    """
    given = tuple(weeks)
    week: dict[int, tuple[Shift, ...]] = {}
    for part in given:
        for weekday in part.weekdays:
            if weekday in week:
                one, other = format_shifts(week[weekday]), format_shifts(part.shifts)
                raise _bad(f"{_name(weekday)} is given twice: {one} and {other}")
            week[weekday] = part.shifts
    for weekday, shifts in week.items():
        following = (weekday + 1) % 7
        for last, first in zip(shifts[-1:], week.get(following, ())[:1], strict=False):
            if last[1] - DAY_MINUTES > first[0]:
                raise _bad(
                    f"The shift {_shown(last)} of {_name(weekday)} runs over midnight into"
                    f" {_shown(first)} of {_name(following)}"
                )
    return given


def format_shifts(shifts: tuple[Shift, ...]) -> str:
    """Return the notation that ``parse_shifts`` reads."""
    if not shifts:
        return "closed"
    return ",".join(map(_shown, shifts))


def _shown(shift: Shift) -> str:
    return f"{_clock(shift[0])}-{_clock(shift[1])}"


def _name(weekday: int) -> str:
    return WEEKDAY_NAMES[weekday].capitalize()


def _shift(part: str) -> Shift:
    opens_text, dash, closes_text = part.strip().partition("-")
    opens, closes = _minute(opens_text), _minute(closes_text)
    if not dash or opens is None or closes is None or opens == DAY_MINUTES:
        raise _bad(f"'{part.strip()}' is not a shift")
    return opens, closes if closes > opens else closes + DAY_MINUTES


def _minute(text: str) -> int | None:
    found = re.fullmatch(r"([01]?\d|2[0-4]):([0-5]\d)", text.strip())
    minute = int(found[1]) * 60 + int(found[2]) if found else None
    return minute if minute is not None and minute <= DAY_MINUTES else None


def _clock(minute: int) -> str:
    if minute == DAY_MINUTES:
        return "24:00"
    return f"{minute % DAY_MINUTES // 60:02d}:{minute % 60:02d}"


def _bad(message: str) -> InvalidInputError:
    return InvalidInputError("bad_hours", message, hint=HINT)
