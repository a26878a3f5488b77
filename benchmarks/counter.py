"""A front desk in memory for the benchmark of the screens: a day as full as it is told, no engine.

Run as a program it is the measured process: it shows the day in its terminal, and each byte on the
pipe that it is given is a notice that somebody has changed one booking.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bookra.engine.bookings.day import DayBlock, DayColumn, DaySnapshot, DayTotals
from bookra.money import Money
from bookra.tui.desk import BookingDetail, Brand, Changes, CustomerChoice

NOW = datetime(2026, 11, 24, 11, 22, tzinfo=UTC)
FIRST = datetime(2026, 11, 24, 8, tzinfo=UTC)
A_PERSON = 15
"""Visits of each person's day, of 45 minutes each."""
STATES = ("completed", "confirmed", "held", "checked_in", "in_service", "no_show")
CATEGORIES = ("Cut", "Colour", "Nails", "Brow")


class Counter:
    """Answers what the day screen asks."""

    def __init__(self, appointments: int, notices: int) -> None:
        people = -(-appointments // A_PERSON)
        shift = (FIRST, FIRST + timedelta(hours=12))
        self.columns = tuple(
            DayColumn(f"person-{number:02d}", f"Person {number:02d}", (shift,))
            for number in range(people)
        )
        self.blocks = [self._block(number) for number in range(appointments)]
        self.notices = notices
        self.changed = 0

    def _block(self, number: int) -> DayBlock:
        person, place = divmod(number, A_PERSON)
        start = FIRST + timedelta(minutes=48 * place)
        price = Money(4500, "GBP")
        return DayBlock(
            f"BEN-{number:04d}", f"person-{person:02d}", f"Client {number:03d}", "Cut & finish",
            CATEGORIES[number % 4], STATES[number % 6], start, start + timedelta(minutes=45), (),
            price, price, None,
        )  # fmt: skip

    def brand(self) -> Brand:
        """Return a look."""
        return Brand("Benchmark", "Benchmark", "#c265a5", None, "Europe/London", "GBP")

    def day(self, day: date) -> DaySnapshot:
        """Return the day as it is after so many notices."""
        nothing = Money(0, "GBP")
        return DaySnapshot(
            day, "Europe/London", NOW, self.columns, tuple(self.blocks), DayTotals(nothing, nothing)
        )

    def detail(self, code: str) -> BookingDetail:
        """Return a booking opened."""
        block = next(one for one in self.blocks if one.code == code)
        client = CustomerChoice("c", block.customer, "", "", 1)
        return BookingDetail(
            code, block.status, client, block.service, block.staff, block.starts_at, block.ends_at,
            block.price, block.price - block.due, block.due,
        )  # fmt: skip

    def services(self, staff: str) -> list[object]:
        """Return nothing to choose from."""
        del staff
        return []

    @contextmanager
    def changes(self) -> Iterator[Changes]:
        """Hear what comes by the pipe."""
        yield self

    def wait(self, seconds: float) -> tuple[str, ...]:
        """Return a change for each byte that came."""
        if not select.select([self.notices], [], [], seconds)[0]:
            return ()
        os.read(self.notices, 1)
        self.changed += 1
        # one in sight, close to the present and among the first people
        number = A_PERSON * (self.changed % 4) + 4
        status = "checked_in" if self.blocks[number].status != "checked_in" else "in_service"
        self.blocks[number] = replace(self.blocks[number], status=status)
        return (f"booking:{number}",)

    def end(self) -> None:
        """Nothing to cut: waiting ends by itself."""


def main() -> None:
    """Show a day of so many appointments; hear on a file descriptor."""
    appointments, notices = map(int, sys.argv[1:])
    from bookra.tui.app import BookraApp

    desk = Counter(appointments, notices)
    BookraApp(desk, desk.brand(), now=lambda: NOW).run()  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
