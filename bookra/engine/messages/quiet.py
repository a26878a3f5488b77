"""Quiet hours: when a message that nobody's act has just caused may go out. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.errors import InvalidInputError

_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``from_minute`` of a day until ``until_minute``, of the next day when that is earlier.

    Wall time in the business's zone; the clocks' changes move the instants, not the hours.
    """

    from_minute: int
    until_minute: int

    def __str__(self) -> str:
        """Return ``21:00-08:00``."""
        return f"{_clock(self.from_minute)}-{_clock(self.until_minute)}"


def next_allowed(at: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> datetime:
    """Return ``at``, or the end of the quiet hours that it lies in."""
    if quiet is None or quiet.from_minute == quiet.until_minute:
        return at
    epoch, today = clock.to_epoch(at), clock.local_day(at, zone)
    over_midnight = quiet.until_minute < quiet.from_minute
    for day in (today - timedelta(days=1), today):
        begins = clock.opening(day, quiet.from_minute, zone)
        last = day + timedelta(days=over_midnight)
        ends = clock.closing(last, quiet.until_minute, zone)
        if begins <= epoch < ends:
            return clock.from_epoch(ends)
    return at


def parse_quiet(text: str) -> QuietHours | None:
    """Read ``21:00-08:00``, or ``off``; raises InvalidInputError (``bad_quiet_hours``)."""
    if text.strip().lower() == "off":
        return None
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise InvalidInputError(
            "bad_quiet_hours",
            f"'{text}' are not quiet hours",
            hint="Such as 21:00-08:00, or off",
        )
    first, second, third, fourth = (int(part) for part in found.groups())
    return QuietHours(first * 60 + second, third * 60 + fourth)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
