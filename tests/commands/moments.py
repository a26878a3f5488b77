"""Times that a command may be given, counted from today: the command line knows no other clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def coming_monday() -> date:
    """Return a Monday that lies one to two weeks ahead."""
    today = datetime.now(UTC).astimezone(BERLIN).date()
    return today + timedelta(days=14 - today.weekday())


def monday_at(clock: str, *, days_later: int = 0) -> str:
    """Return ``2026-11-30T10:00`` for that Monday, or a day after it."""
    return f"{coming_monday() + timedelta(days=days_later)}T{clock}"


def skipped_time() -> str:
    """Return 02:30 of next year's spring change in Berlin, a time that no clock there shows."""
    last = date(datetime.now(UTC).year + 1, 3, 31)
    return f"{last - timedelta(days=(last.weekday() + 1) % 7)}T02:30"
