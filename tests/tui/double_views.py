"""Several days and rooms, in memory: every third visit takes a chair, in turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from double_base import Double

from bookra.engine.bookings.day import DayColumn, DaySnapshot

ROOMS = ("Window chair", "Back chair", "Nail table", "Quiet room")


class ViewsDouble(Double):
    """Draws the double's day in other ways. ``roomless`` desks have no resources."""

    roomless = False

    def days(self, first: date, count: int) -> tuple[DaySnapshot, ...]:
        self._asked("days", first, count)
        return tuple(self.day(first + timedelta(days=number)) for number in range(count))  # type: ignore[attr-defined]

    def rooms(self, day: date) -> DaySnapshot:
        self._asked("rooms", day)
        picture: DaySnapshot = self.day(day)  # type: ignore[attr-defined]
        if self.roomless:
            return replace(picture, columns=(), blocks=())
        slugs = [name.lower().replace(" ", "-") for name in ROOMS]
        shifts = picture.columns[0].shifts
        columns = tuple(DayColumn(s, n, shifts) for s, n in zip(slugs, ROOMS, strict=True))
        people = [column.slug for column in picture.columns]
        taking = [block for block in picture.blocks if people.index(block.staff) < len(ROOMS)]
        blocks = tuple(replace(b, staff=slugs[people.index(b.staff)], gaps=()) for b in taking)
        return replace(picture, columns=columns, blocks=blocks)
