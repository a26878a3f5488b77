"""The drawer and the end of a day over the engine."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from bookra.engine.bookings.model import Booking
from bookra.engine.reports import closing
from bookra.engine.reports.closing import Close
from bookra.engine.runtime import Tx
from bookra.engine.till import drawer as till
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.money import Money
from bookra.tui.desk import Done
from bookra.tui.desk.money_values import (
    DayEnd,
    Drawer,
    DrawerEvent,
    Owing,
    Sold,
    Stored,
    Tender,
)
from bookra.tui.engine_desk.counter import Counter, plain, words


class EngineTill(Counter):
    """The drawer and the end of a day."""

    def drawer(self) -> Drawer | None:
        """Return the drawer as it stands; None while it was never opened."""

        def question(tx: Tx) -> Drawer | None:
            try:
                return _drawer(till.drawer(tx))
            except NotFoundError:
                return None

        return self._ask(question)

    def open_drawer(self, cash: Money) -> Done:
        """Open it with what lies in it."""
        done = Done("drawer", words("drawer", "open", "--float", plain(cash)))
        return self._do("drawer open", lambda tx: till.open_drawer(tx, cash), done)

    def count_drawer(self, cash: Money) -> Done:
        """Post the difference between what was counted and the ledger."""
        done = Done("drawer", words("drawer", "count", plain(cash)))
        return self._do("drawer count", lambda tx: till.count(tx, cash), done)

    def close_drawer(self, cash: Money, left: Money | None) -> Done:
        """Count and close it."""
        leave = () if left is None else ("--leave", plain(left))
        done = Done("drawer", words("drawer", "close", "--counted", plain(cash), *leave))
        return self._do("drawer close", lambda tx: till.close(tx, cash, left), done)

    def day_end(self, day: date) -> DayEnd:
        """Return what is looked at when a day ends."""
        return self._ask(lambda tx: _day_end(closing.close_of_day(tx, day)))

    def save_day_end(self, day: date, path: Path, text: str) -> Done:
        """Write it for its owner alone: it names who owes money."""
        try:
            descriptor = os.open(path.expanduser(), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise ConflictError(
                "file_exists", f"There is a file {path} already", hint="Choose another name"
            ) from None
        except OSError as error:
            raise InvalidInputError(
                "cannot_write",
                f"{path} can't be written: {error.strerror}",
                hint="Choose another file",
            ) from None
        return Done(day.isoformat(), words("report", "close-of-day", day))


def _drawer(found: till.Drawer) -> Drawer:
    return Drawer(
        found.opened_at,
        found.opened_with,
        found.expected,
        found.closed_at,
        found.counted,
        found.difference,
        found.left,
        tuple(
            DrawerEvent(
                event.recorded_at,
                event.kind,
                event.amount,
                event.reason,
                event.recorded_by,
                str(event.entry_id or ""),
            )
            for event in found.events
        ),
    )


def _day_end(found: Close) -> DayEnd:
    def money(minor: int) -> Money:
        return Money(minor, found.currency)

    def optional(minor: int | None) -> Money | None:
        return None if minor is None else money(minor)

    total = found.sales.total
    stored = (
        ("Deposits", found.deposits),
        ("Gift cards", found.gift_cards),
        ("Packages", found.packages),
    )
    return DayEnd(
        day=found.day,
        sales=tuple(
            Sold(
                row.key,
                row.bookings,
                money(row.figures.net),
                money(row.figures.tax),
                money(row.figures.tips),
            )
            for row in (*found.sales.rows, total)
        ),
        refunds=money(total.figures.refunds),
        tenders=tuple(
            Tender(
                row.method,
                money(row.taken),
                money(row.given_back),
                money(row.taken - row.given_back),
            )
            for row in found.taken
        ),
        stored=tuple(
            Stored(name, money(of.taken), money(of.used), money(of.kept), money(of.given_back))
            for name, of in stored
            if of.taken or of.used or of.kept or of.given_back
        ),
        drawers=tuple(
            Drawer(
                one.opened_at,
                money(one.float_minor),
                money(one.expected_minor or 0),
                one.closed_at,
                optional(one.counted_minor),
                optional(one.difference_minor),
                optional(one.left_minor),
            )
            for one in found.drawers
        ),
        owing=tuple(_owing(booking) for booking in (*found.open_tabs, *found.unpaid)),
    )


def _owing(booking: Booking) -> Owing:
    return Owing(
        booking.code,
        booking.customer,
        ", ".join(dict.fromkeys(line.service_name for line in booking.lines)),
        ", ".join(dict.fromkeys(line.staff_name for line in booking.lines)),
        booking.due,
        here=booking.status != "completed",
    )
