"""Booking at the double of the desk: visits, series, seats, wishes, and the next visit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from demo_day import CLIENTS, MENU, NOW, gbp
from double_base import WRITES, Double

from bookra.engine.bookings.day import DayBlock, Interval
from bookra.errors import ConflictError, InvalidInputError
from bookra.tui.desk import CustomerChoice, Done, NewCustomer, ServiceChoice, Undo
from bookra.tui.desk.booking import (
    Again,
    ClassSeats,
    FreeTime,
    Instead,
    Quote,
    Repeat,
    Seat,
    SeriesDate,
)

WRITES |= {"book", "hold", "wish", "series", "seat"}
LEAST_DIGITS = 9
SEAT = gbp(1800)


class BookingDouble(Double):
    """``habits`` are a client's usual services; ``bad_weeks`` the dates of a series in the way."""

    habits: dict[str, list[str]] = {}  # noqa: RUF012 - replaced by tests, never changed
    bad_weeks: frozenset[int] = frozenset()
    sitting: tuple[str, ...] = ("Bea Lindqvist", "Dora Nagy", "Dora Nagy")

    def services(self, staff: str) -> list[ServiceChoice]:
        self._asked("services", staff)
        return [_service(entry) for entry in MENU]

    def usual(self, customer_id: str) -> list[str]:
        self._asked("usual", customer_id)
        return self.habits.get(customer_id, [])

    def find_customers(self, text: str) -> list[CustomerChoice]:
        self._asked("find", text)
        found = [
            name
            for name in CLIENTS
            if any(word.startswith(text.casefold()) for word in name.casefold().split())
        ]
        return [self._customer(name) for name in found[:8]]

    def check_contact(self, phone: str, email: str) -> None:
        self._asked("contact", phone, email)
        if phone and sum(map(str.isdigit, phone)) < LEAST_DIGITS:
            raise InvalidInputError("bad_phone", f"'{phone}' is not a phone number in GB")
        if email and "." not in email.partition("@")[2]:
            raise InvalidInputError("bad_email", f"'{email}' is not an e-mail address")

    def book(
        self,
        *,
        service: str,
        staff: str,
        at: datetime,
        customer: CustomerChoice | NewCustomer,
        more: Sequence[str] = (),
        hold_minutes: int | None = None,
    ) -> Done:
        verb = "book" if hold_minutes is None else "hold"
        self._asked(verb, service, staff, at, customer, *more)
        self._refuse_write()
        self._refuse_taken(staff, at, _end(at, (service, *more)))
        code = f"LUN-N{len(self.blocks):03d}"
        start = at
        for slug in (service, *more):
            name, category, minutes, price = _entry(slug)
            end = start + timedelta(minutes=minutes)
            held = None if hold_minutes is None else NOW + timedelta(minutes=hold_minutes)
            self.blocks[code if start == at else f"{code}+"] = DayBlock(
                code, staff, customer.name, name, category, "held" if held else "confirmed",
                start, end, (), gbp(price), gbp(price), held,
            )  # fmt: skip
            start = end
        command = f"bookra book {service} --staff {staff} --customer {customer.name}"
        return Done(code, command, Undo("unbook", (code,), "The booking is taken back"))

    def quote(
        self,
        *,
        service: str,
        staff: str,
        at: datetime,
        customer: CustomerChoice | NewCustomer,
        more: Sequence[str] = (),
    ) -> Quote:
        self._asked("quote", service, staff, at, customer, *more)
        end = _end(at, (service, *more))
        self._refuse_taken(staff, at, end)
        price = sum(_entry(slug)[3] for slug in (service, *more))
        return Quote(at, end, gbp(price), gbp(price // 5 if price >= 10000 else 0))

    def instead(
        self, *, service: str, staff: str, at: datetime, more: Sequence[str] = ()
    ) -> Instead:
        self._asked("instead", service, staff, at, *more)
        length = _end(at, (service, *more)) - at
        taken = tuple(
            block
            for block in self.blocks.values()
            if block.staff == staff and block.starts_at < at + length and at < block.ends_at
        )
        starts = [at + timedelta(minutes=15 * number) for number in range(1, 24)]
        own = [start for start in starts if self._is_free(staff, start, start + length)][:2]
        free = tuple(
            FreeTime(who, who.capitalize(), start, start + length)
            for who, start in (*((staff, start) for start in own), ("theo", starts[2]))
        )
        return Instead(taken, free)

    def wish(
        self,
        *,
        service: str,
        staff: str | None,
        customer: CustomerChoice | NewCustomer,
        windows: Sequence[Interval],
    ) -> Done:
        self._asked("wish", service, staff, customer, *windows)
        self._refuse_write()
        return Done("W-0001", f"bookra waitlist add {service} --customer {customer.name}")

    def series_dates(
        self, *, service: str, staff: str, at: datetime, repeat: Repeat
    ) -> list[SeriesDate]:
        self._asked("dates", service, staff, at, repeat)
        weeks = 2 if repeat.every == "2 weeks" else 1
        starts = [at + timedelta(weeks=weeks * number) for number in range(repeat.count)]
        return [
            SeriesDate(start, f"{start:%Y-%m-%d}", "Noor is away" if n in self.bad_weeks else "")
            for n, start in enumerate(starts)
        ]

    def book_series(
        self,
        *,
        service: str,
        staff: str,
        at: datetime,
        customer: CustomerChoice | NewCustomer,
        repeat: Repeat,
        skip: bool,
    ) -> Done:
        self._asked("series", service, staff, at, customer.name, repeat, skip)
        self._refuse_write()
        command = f"bookra booking series {service} --every '{repeat.every}'"
        return Done("LUN-S001", command, Undo("unseries", ("LUN-S001",), "Taken back"))

    def seats(self, code: str) -> ClassSeats:
        self._asked("seats", code)
        block = self._block(code)
        owners = [f"LUN-C{self.sitting.index(name):02d}" for name in self.sitting]
        taken = tuple(
            Seat(n, owner, name, "confirmed", SEAT, SEAT if n == 1 else gbp(0))
            for n, (owner, name) in enumerate(zip(owners, self.sitting, strict=True), start=1)
        )
        return ClassSeats(
            code, block.service, block.staff.capitalize(), block.starts_at, block.ends_at, 8,
            SEAT, taken,
        )  # fmt: skip

    def book_seats(
        self, code: str, customer: CustomerChoice | NewCustomer, *, seats: int = 1
    ) -> Done:
        self._asked("seat", code, customer.name, seats)
        self._refuse_write()
        self.sitting = (*self.sitting, *[customer.name] * seats)
        return Done("LUN-C99", "bookra book yoga", Undo("unbook", ("LUN-C99",), "Given back"))

    def again(self, code: str) -> Again | None:
        self._asked("again", code)
        block = self._block(code)
        start = block.starts_at + timedelta(weeks=4)
        entry = next(entry for entry in MENU if entry[0] == block.service)
        free = tuple(
            FreeTime(block.staff, block.staff.capitalize(), at, at + (block.ends_at - start))
            for at in (start, start + timedelta(minutes=30))
        )
        return Again(
            _service(entry), (), block.staff, block.staff.capitalize(),
            self._customer(block.customer), start, 4, free,
        )  # fmt: skip

    def _refuse_taken(self, staff: str, start: datetime, end: datetime) -> None:
        if not self._is_free(staff, start, end):
            raise ConflictError("slot_taken", "That time is taken", hint="Next free: 15:15")

    def _is_free(self, staff: str, start: datetime, end: datetime) -> bool:
        return not any(
            block.staff == staff and block.starts_at < end and start < block.ends_at
            for block in self.blocks.values()
        )


def _entry(slug: str) -> tuple[str, str, int, int]:
    return next(entry for entry in MENU if entry[0].lower().replace(" ", "-") == slug)


def _service(entry: tuple[str, str, int, int]) -> ServiceChoice:
    name, _, minutes, price = entry
    return ServiceChoice(name.lower().replace(" ", "-"), name, minutes, gbp(price))


def _end(at: datetime, slugs: Sequence[str]) -> datetime:
    return at + timedelta(minutes=sum(_entry(slug)[2] for slug in slugs))
