"""A desk without an engine: one deterministic day kept in memory, for the tests of the screens.

It answers like the real desk, refuses what that refuses, and notes what it was asked. Each area
of the desk has a part of its own (``double_<area>.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from queue import Empty

from demo_day import (
    APPOINTMENTS,
    CLIENTS,
    LUNA,
    MENU,
    NOW,
    STAFF,
    TODAY,
    TZ,
    at,
    demo_day,
    gbp,
)
from double_booking import BookingDouble
from double_checkout import CheckoutDouble
from double_clients import ClientsDouble
from double_day import DayDouble
from double_money import MoneyDouble
from double_ops import OpsDouble
from double_team import TeamDouble
from double_views import ViewsDouble

from bookra.engine.bookings.day import DaySnapshot, DayTotals
from bookra.errors import ConflictError
from bookra.tui.desk import BookingDetail, Brand, Changes, Done, Undo

__all__ = [
    "APPOINTMENTS", "CLIENTS", "LUNA", "MENU", "NOW", "STAFF", "TODAY", "TZ", "DeskDouble", "at",
    "demo_day", "gbp",
]  # fmt: skip


class DeskDouble(
    BookingDouble,
    CheckoutDouble,
    DayDouble,
    ViewsDouble,
    MoneyDouble,
    OpsDouble,
    ClientsDouble,
    TeamDouble,
):
    """Keeps bookings in memory. ``failing`` is raised by every call, ``gate`` holds them back."""

    def brand(self) -> Brand:
        return self.look

    @contextmanager
    def changes(self) -> Iterator[Changes]:
        """Hear what a test announces by ``announce``."""
        yield self

    def wait(self, seconds: float) -> tuple[str, ...]:
        if self.lost is not None:
            raise self.lost
        try:
            return self.announced.get(timeout=min(seconds, 0.05))
        except Empty:
            return ()

    def end(self) -> None:
        """Wake who waits."""
        self.announced.put(())

    def announce(self, *subjects: str) -> None:
        """Let the desk hear of a change that somebody else has made."""
        self.announced.put(subjects)

    def undo(self, undo: Undo) -> Done:
        self._asked("undo", undo.verb, *undo.arguments)
        self._refuse_write()
        if not self.take_back(undo):
            del self.blocks[undo.arguments[0]]
        return Done(undo.arguments[0], f"bookra booking cancel {undo.arguments[0]}")

    def day(self, day: date) -> DaySnapshot:
        self.reads += 1
        self._asked("day", day)
        shift = day - TODAY
        columns = tuple(
            replace(one, shifts=tuple((a + shift, b + shift) for a, b in one.shifts))
            for one in self.columns
        )
        blocks = tuple(b for b in self.blocks.values() if b.starts_at.astimezone(TZ).date() == day)
        booked = sum(block.price.minor for block in blocks)
        due = sum(block.due.minor for block in blocks)
        totals = DayTotals(gbp(booked), gbp(booked - due))
        return DaySnapshot(
            day, TZ.key, NOW + timedelta(seconds=self.reads), columns, blocks, totals
        )

    def detail(self, code: str) -> BookingDetail:
        self._asked("detail", code)
        block = self._block(code)
        kept = gbp(block.price.minor // 5) if block.status == "confirmed" else None
        return BookingDetail(
            code, block.status, self._customer(block.customer), block.service,
            block.staff.capitalize(), block.starts_at, block.ends_at, block.price,
            block.price - block.due, block.due, block.held_until, kept, 1, "Sensitive scalp",
            kept,
        )  # fmt: skip

    def check_in(self, code: str) -> Done:
        self._asked("check_in", code)
        self._refuse_write()
        if self._block(code).status != "confirmed":
            raise ConflictError("illegal_state", "That booking is not waiting", hint="Look again")
        self.blocks[code] = replace(self._block(code), status="checked_in")
        undo = Undo("undo-check-in", (code,), "Not here yet after all")
        return Done(code, f"bookra booking check-in {code}", undo)

    def set_note(self, code: str, text: str) -> Done:
        self._asked("note", code, text)
        self._refuse_write()
        before = self._block(code).note
        self.blocks[code] = replace(self._block(code), note=text)
        return Done(
            code, f"bookra booking note {code}", Undo("renote", (code, before), "As before")
        )

    def cancel(self, code: str, reason: str) -> Done:
        self._asked("cancel", code, reason)
        self._refuse_write()
        del self.blocks[self._block(code).code]
        return Done(code, f"bookra booking cancel {code}")

    def why(self, service: str | None, staff: str, at: datetime) -> list[str]:
        self._asked("why", service, staff, at)
        return [
            f"{staff.capitalize()} is at lunch 13:00–14:00; it opens at 14:00",
            "Bookings need two hours' notice; 13:22 would be the first time",
        ]
