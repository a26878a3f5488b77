"""A desk without an engine: one deterministic day kept in memory, for the tests of the screens.

Sunday 22 November 2026 in London, eight people, sixty bookings in every state, breaks, colour
that develops while its stylist has another client, and a late start and an early end here and
there. It answers like the real desk, refuses what that refuses, and notes what it was asked.
"""

from __future__ import annotations

import threading
import time as clock_time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from queue import Empty, Queue
from random import Random
from zoneinfo import ZoneInfo

from bookra.engine.bookings.day import DayBlock, DayColumn, DaySnapshot, DayTotals
from bookra.errors import BookraError, ConflictError, NotFoundError
from bookra.money import Money
from bookra.tui.desk import (
    BookingDetail,
    Brand,
    Changes,
    CustomerChoice,
    Done,
    NewCustomer,
    ServiceChoice,
    Undo,
)

TZ = ZoneInfo("Europe/London")
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 11, 22, tzinfo=UTC)
LUNA = Brand("Luna Hair & Nails", "✦ Luna Hair & Nails", "#c265a5", "#f2b1d8", TZ.key, "GBP")

STAFF = ("Mia", "Noor", "Oskar", "Priya", "Quentin", "Rosalind", "Sam", "Theo")
MENU = (
    ("Cut & finish", "Cut", 45, 5200),
    ("Dry cut", "Cut", 30, 3400),
    ("Root tint", "Colour", 90, 7800),
    ("Balayage", "Colour", 150, 16500),
    ("Gel manicure", "Nails", 60, 3800),
    ("Pedicure", "Nails", 45, 4200),
    ("Brow lamination", "Brow", 45, 4000),
    ("Brow wax", "Brow", 15, 1400),
    ("1:1 coaching", "Coaching", 60, 9500),
    ("Intro call", "Coaching", 30, 0),
    ("Hot stone", "Spa", 75, 8800),
)
CLIENTS = (
    "Ana Moreira|Bea Lindqvist|Chloé Durand|Dora Nagy|Ella Okafor|Fay Tanaka|Grace Hill|"
    "Hanna Weiß|Imani Cole|Jo Park|Kim Dao|Lena Novak|Maya Singh|Nora Ruiz|Olu Bello|Pia Rossi|"
    "Quinn Fox|Rosa Vega|Sara Lind|Tess Moran|Uma Rao|Vera Petrov|山田 花子|Xenia Roth|"
    "Yara Haddad|Zoe King"
).split("|")
APPOINTMENTS = 60
COMING = ("confirmed", "confirmed", "confirmed", "held", "displaced")


def at(hour: int, minute: int = 0, day: date = TODAY) -> datetime:
    """Return an instant of the test day."""
    return datetime.combine(day, time(hour, minute), TZ).astimezone(UTC)


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


class DeskDouble:
    """Keeps bookings in memory. ``failing`` is raised by every call, ``gate`` holds them back."""

    def __init__(self, brand: Brand = LUNA) -> None:
        self.look = brand
        self.columns, self.blocks = demo_day()
        self.calls: list[tuple[object, ...]] = []
        self.failing: BookraError | None = None
        self.refusing_writes: BookraError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.slow_seconds = 0.0
        self.reads = 0
        self.threads: set[int] = set()
        self.announced: Queue[tuple[str, ...]] = Queue()
        self.lost: BookraError | None = None

    def _asked(self, *call: object) -> None:
        self.threads.add(threading.get_ident())
        self.calls.append(call)
        self.gate.wait(10)
        clock_time.sleep(self.slow_seconds)
        if self.failing is not None:
            raise self.failing

    def writes(self) -> list[tuple[object, ...]]:
        """Return the calls that changed something, in order."""
        return [call for call in self.calls if call[0] in ("book", "cash", "check_in", "cancel")]

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

    def announce(self, *subjects: str) -> None:
        """Let the desk hear of a change that somebody else has made."""
        self.announced.put(subjects)

    def undo(self, undo: Undo) -> Done:
        self._asked("undo", undo.verb, *undo.arguments)
        self._refuse_write()
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
        blocks = tuple(self.blocks.values()) if day == TODAY else ()
        booked = sum(block.price.minor for block in blocks)
        due = sum(block.due.minor for block in blocks)
        totals = DayTotals(gbp(booked), gbp(booked - due))
        return DaySnapshot(
            day, TZ.key, NOW + timedelta(seconds=self.reads), columns, blocks, totals
        )

    def services(self, staff: str) -> list[ServiceChoice]:
        self._asked("services", staff)
        return [
            ServiceChoice(name.lower().replace(" ", "-"), name, minutes, gbp(price))
            for name, _, minutes, price in MENU
        ]

    def find_customers(self, text: str) -> list[CustomerChoice]:
        self._asked("find", text)
        found = [
            name
            for name in CLIENTS
            if any(word.startswith(text.casefold()) for word in name.casefold().split())
        ]
        return [self._customer(name) for name in found[:8]]

    @staticmethod
    def _customer(name: str) -> CustomerChoice:
        number = CLIENTS.index(name) if name in CLIENTS else 99
        return CustomerChoice(
            f"c{number}", name, f"+44 7700 9001{number:02d}", f"c{number}@example.com", number % 9
        )

    def book(
        self, *, service: str, staff: str, at: datetime, customer: CustomerChoice | NewCustomer
    ) -> Done:
        self._asked("book", service, staff, at, customer)
        self._refuse_write()
        name, category, minutes, price = next(
            entry for entry in MENU if entry[0].lower().replace(" ", "-") == service
        )
        code = f"LUN-N{len(self.blocks):03d}"
        end = at + timedelta(minutes=minutes)
        for block in self.blocks.values():
            if block.staff == staff and block.starts_at < end and at < block.ends_at:
                raise ConflictError("slot_taken", "That time is taken", hint="Next free: 15:15")
        self.blocks[code] = DayBlock(
            code, staff, customer.name, name, category, "confirmed", at, end, (), gbp(price),
            gbp(price),
        )  # fmt: skip
        command = f"bookra book {service} --staff {staff} --customer {customer.name}"
        return Done(code, command, Undo("unbook", (code,), "The booking is taken back"))

    def detail(self, code: str) -> BookingDetail:
        self._asked("detail", code)
        block = self._block(code)
        kept = gbp(block.price.minor // 5) if block.status == "confirmed" else None
        return BookingDetail(
            code, block.status, self._customer(block.customer), block.service,
            block.staff.capitalize(), block.starts_at, block.ends_at, block.price,
            block.price - block.due, block.due, block.held_until, kept, 1, "Sensitive scalp",
        )  # fmt: skip

    def take_cash(self, code: str, *, tip: Money | None) -> Done:
        self._asked("cash", code, tip)
        self._refuse_write()
        self.blocks[code] = replace(self._block(code), due=gbp(0), status="completed")
        return Done(code, f"bookra pay {code} --cash")

    def check_in(self, code: str) -> Done:
        self._asked("check_in", code)
        self._refuse_write()
        if self._block(code).status != "confirmed":
            raise ConflictError("illegal_state", "That booking is not waiting", hint="Look again")
        self.blocks[code] = replace(self._block(code), status="checked_in")
        return Done(code, f"bookra booking check-in {code}")

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

    def _refuse_write(self) -> None:
        if self.refusing_writes is not None:
            raise self.refusing_writes

    def _block(self, code: str) -> DayBlock:
        if code not in self.blocks:
            raise NotFoundError("unknown_booking", f"There is no booking {code}")
        return self.blocks[code]


def demo_day() -> tuple[tuple[DayColumn, ...], dict[str, DayBlock]]:
    """Return people and their bookings; the same at every call."""
    random = Random(4)
    columns, blocks = [], []
    for index, name in enumerate(STAFF):
        opens, closes = at(8 + index % 2), at(18 + index % 3)
        lunch = at(12, 30 * (index % 4 % 2)) + timedelta(minutes=30 * (index % 3))
        columns.append(
            DayColumn(name.lower(), name, ((opens, lunch), (lunch + timedelta(minutes=60), closes)))
        )
        for start, end in columns[-1].shifts:
            blocks += _fill(random, name.lower(), start, end, len(blocks))
    while len(blocks) > APPOINTMENTS:
        blocks.pop(random.randrange(len(blocks)))
    return tuple(columns), {block.code: block for block in blocks}


def _fill(
    random: Random, staff: str, start: datetime, end: datetime, number: int
) -> list[DayBlock]:
    blocks: list[DayBlock] = []
    while start < end:
        name, category, minutes, price = random.choice(MENU)
        finish = start + timedelta(minutes=minutes)
        if finish > end or random.random() < 0.25:
            start += timedelta(minutes=random.choice((15, 30)))
            continue
        code = f"LUN-{number + len(blocks):04d}"
        block = _block(random, code, staff, start, name, category, minutes, price)
        blocks.append(block)
        if block.gaps and random.random() < 0.7:
            inner, until = block.gaps[0]
            wax = ("Brow wax", "Brow", (until - inner) // timedelta(minutes=1), 1400)
            blocks.append(_block(random, f"{code}G", staff, inner, *wax))
        start = finish
    return blocks


def _block(
    random: Random,
    code: str,
    staff: str,
    start: datetime,
    name: str,
    category: str,
    minutes: int,
    price: int,
) -> DayBlock:
    end = start + timedelta(minutes=minutes)
    if end <= NOW:
        status = "no_show" if random.random() < 0.08 else "completed"
    elif start <= NOW:
        status = random.choice(("in_service", "checked_in"))
    else:
        status = random.choice(COMING)
    due = 0 if status == "completed" or random.random() < 0.3 else price
    gap = (start + timedelta(minutes=45), start + timedelta(minutes=75))
    return DayBlock(
        code, staff, random.choice(CLIENTS), name, category, status, start, end,
        (gap,) if name == "Balayage" else (), gbp(price), gbp(due),
        NOW + timedelta(minutes=40) if status == "held" else None,
    )  # fmt: skip
