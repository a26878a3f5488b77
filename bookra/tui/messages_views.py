"""What the desk answered to the views of more than one day, or of other columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bookra.engine.bookings.day import DaySnapshot
from bookra.tui.messages import Answer


@dataclass(eq=False)
class ViewLoaded(Answer):
    """The days that a view wanted for ``day``, or one day by its rooms."""

    view: str
    day: date
    days: tuple[DaySnapshot, ...]
