"""What booking asks of the desk: services, clients at the counter, and visits that are booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bookra.engine.bookings.day import DayBlock, Interval
from bookra.money import Money
from bookra.tui.desk.done import Done


class BookingDesk(Protocol):
    """Questions and verbs of booking."""

    def services(self, staff: str) -> list[ServiceChoice]:
        """Return what ``staff`` (a slug) performs, most usual first, at that person's prices."""
        ...

    def usual(self, customer_id: str) -> list[str]:
        """Return the slugs of what a client books, the most usual first."""
        ...

    def find_customers(self, text: str) -> list[CustomerChoice]:
        """Return the best matches by name, phone or e-mail; for no text, the latest clients."""
        ...

    def check_contact(self, phone: str, email: str) -> None:
        """Raise InvalidInputError for a phone or an e-mail that can't be one; empty ones can."""
        ...

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
        """Book a visit, due at the counter, or hold its time; its code is in what was done.

        ``more`` are further services of the same visit, one after the other by the same person.
        Raises ConflictError (``slot_taken`` and others) with the next free times in the hint.
        """
        ...

    def quote(
        self,
        *,
        service: str,
        staff: str,
        at: datetime,
        customer: CustomerChoice | NewCustomer,
        more: Sequence[str] = (),
    ) -> Quote:
        """Return what booking this now would come to, without booking; raises what it raises."""
        ...

    def instead(
        self, *, service: str, staff: str, at: datetime, more: Sequence[str] = ()
    ) -> Instead:
        """Return who has a time that is not free, and the nearest times that are."""
        ...

    def wish(
        self,
        *,
        service: str,
        staff: str | None,
        customer: CustomerChoice | NewCustomer,
        windows: Sequence[Interval],
    ) -> Done:
        """Put a wish on the waitlist; the visit must start in one of its windows."""
        ...

    def series_dates(
        self, *, service: str, staff: str, at: datetime, repeat: Repeat
    ) -> list[SeriesDate]:
        """Return every date of a series, with what is in its way."""
        ...

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
        """Book every date of a series or none; ``skip`` leaves out those that can't be booked."""
        ...

    def seats(self, code: str) -> ClassSeats:
        """Return a class with who sits in it."""
        ...

    def book_seats(
        self, code: str, customer: CustomerChoice | NewCustomer, *, seats: int = 1
    ) -> Done:
        """Book seats of a class: ``seats`` is how many the client is to have there in all."""
        ...

    def again(self, code: str) -> Again | None:
        """Return when a client would come next: the same, in the usual weeks; None if unknown."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """A service that can be booked, at one person's price."""

    slug: str
    name: str
    minutes: int
    price: Money


@dataclass(frozen=True, slots=True)
class CustomerChoice:
    """A client on file. ``visits`` counts the completed ones."""

    id: str
    name: str
    phone: str
    email: str
    visits: int


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A client who is not on file yet; phone and e-mail may be empty."""

    name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What a visit would come to: its span, its price, and what is asked for beforehand."""

    starts_at: datetime
    ends_at: datetime
    price: Money
    deposit: Money


@dataclass(frozen=True, slots=True)
class FreeTime:
    """A time that could be booked, and with whom."""

    staff: str
    staff_name: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Instead:
    """Who has the time that was wanted, and the nearest that are free: of that person first."""

    taken: tuple[DayBlock, ...]
    free: tuple[FreeTime, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """How a series goes on: ``every`` as commands write it (``2 weeks``), ``count`` visits."""

    every: str
    count: int


@dataclass(frozen=True, slots=True)
class SeriesDate:
    """A date of a series: ``when`` it is, and why it can't be booked (empty: it can)."""

    at: datetime | None
    when: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat that is sold or held: whose it is, and what its booking owes."""

    number: int
    code: str
    customer: str
    status: str
    price: Money
    due: Money


@dataclass(frozen=True, slots=True)
class ClassSeats:
    """A class: what, with whom, when, at which price a seat, and who sits in it."""

    code: str
    service: str
    staff: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    price: Money
    taken: tuple[Seat, ...]

    @property
    def free(self) -> int:
        """How many seats are left."""
        return max(0, self.capacity - len(self.taken))


@dataclass(frozen=True, slots=True)
class Again:
    """The next visit as it is usual: what, with whom, when, and after how many weeks."""

    service: ServiceChoice
    more: tuple[ServiceChoice, ...]
    staff: str
    staff_name: str
    customer: CustomerChoice
    at: datetime
    weeks: int
    free: tuple[FreeTime, ...]
