"""What the day asks of the desk: bookings, clients at the counter, and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bookra.engine.bookings.day import DaySnapshot
from bookra.money import Money
from bookra.tui.desk.done import Done


class DayDesk(Protocol):
    """The day and the verbs of the counter."""

    def day(self, day: date) -> DaySnapshot:
        """Return the whole picture of ``day``, read in one transaction."""
        ...

    def services(self, staff: str) -> list[ServiceChoice]:
        """Return what ``staff`` (a slug) performs, most usual first, at that person's prices."""
        ...

    def find_customers(self, text: str) -> list[CustomerChoice]:
        """Return the best matches by name, phone or e-mail; for no text, the latest clients."""
        ...

    def book(
        self, *, service: str, staff: str, at: datetime, customer: CustomerChoice | NewCustomer
    ) -> Done:
        """Book a confirmed appointment, due at the counter; its code is in what was done.

        Raises ConflictError (``slot_taken``) with the next free times in the hint.
        """
        ...

    def detail(self, code: str) -> BookingDetail:
        """Return one booking with its client and its money."""
        ...

    def take_cash(self, code: str, *, tip: Money | None) -> Done:
        """Record that all that is due, and the tip, was taken in cash."""
        ...

    def check_in(self, code: str) -> Done:
        """Note that the client has arrived."""
        ...

    def cancel(self, code: str, reason: str) -> Done:
        """Cancel a booking; the tenant's policy decides what is kept."""
        ...

    def why(self, service: str | None, staff: str, at: datetime) -> list[str]:
        """Return, in order, what keeps ``at`` from being booked, each with what would open it.

        An empty list means that it is free.
        """
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
class BookingDetail:
    """A booking opened. ``kept_if_cancelled`` is what the policy keeps if it is cancelled now.

    It is None where there is nothing to say, such as for a booking that can't be cancelled.
    """

    code: str
    status: str
    customer: CustomerChoice
    service: str
    staff: str
    starts_at: datetime
    ends_at: datetime
    price: Money
    paid: Money
    due: Money
    held_until: datetime | None = None
    kept_if_cancelled: Money | None = None
    no_shows: int = 0
    notes: str = ""
