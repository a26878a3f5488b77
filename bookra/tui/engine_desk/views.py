"""The day's other views over the engine: several days, and rooms in place of people."""

from __future__ import annotations

from datetime import date, timedelta

from bookra.engine.bookings import rota
from bookra.engine.bookings.day import DaySnapshot
from bookra.engine.bookings.rooms import day_by_rooms
from bookra.engine.runtime import Tx
from bookra.tui.engine_desk.counter import Counter


class EngineViews(Counter):
    """Pictures of more than a day, or of other columns, in one transaction each."""

    def days(self, first: date, count: int) -> tuple[DaySnapshot, ...]:
        """Return the pictures of some days."""

        def question(tx: Tx) -> tuple[DaySnapshot, ...]:
            days = (first + timedelta(days=number) for number in range(count))
            return tuple(rota.day_snapshot(tx, day) for day in days)

        return self._ask(question)

    def rooms(self, day: date) -> DaySnapshot:
        """Return the picture of a day by its rooms."""
        return self._ask(lambda tx: day_by_rooms(tx, day))
