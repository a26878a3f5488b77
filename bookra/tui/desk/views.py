"""What the day's other views ask of the desk: several days at once, and a day by its rooms."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from bookra.engine.bookings.day import DaySnapshot


class ViewsDesk(Protocol):
    """Questions of the views by days, by weeks and by rooms."""

    def days(self, first: date, count: int) -> tuple[DaySnapshot, ...]:
        """Return the pictures of ``count`` days from ``first`` on, read in one transaction."""
        ...

    def rooms(self, day: date) -> DaySnapshot:
        """Return a day with rooms, chairs and machines as its columns in place of people."""
        ...
