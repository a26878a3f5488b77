"""When a member's period ends: months counted from the day it all began. Pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

MONTHS = 12


def months_after(start: date, months: int) -> date:
    """Return the same day so many months later, or the last day of a shorter month."""
    year, month = divmod(start.year * MONTHS + start.month - 1 + months, MONTHS)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def next_period(started_on: date, billed_until: date, months: int) -> tuple[date, date]:
    """Return the first day of the next period and the day after its last.

    Counted from ``started_on``, so that a member of the 31st is billed on the 31st wherever there
    is one. ``billed_until`` is where an earlier period ended.
    """
    passed = (billed_until.year - started_on.year) * MONTHS + billed_until.month - started_on.month
    return billed_until, months_after(started_on, passed + months)
