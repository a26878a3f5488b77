"""What the desk answered to the views of more than one day, or of other columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bookra.tui.messages import Answer

if TYPE_CHECKING:
    from bookra.engine.bookings.day import DaySnapshot


@dataclass(eq=False)
class ViewLoaded(Answer):
    """The days that a view wanted for ``day``, or one day by its rooms."""

    view: str
    day: date
    days: tuple[DaySnapshot, ...]
