"""What booking asks of the desk: services, clients at the counter, and a visit that is booked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bookra.money import Money
from bookra.tui.desk.done import Done


class BookingDesk(Protocol):
    """Questions and verbs of the booking dialog."""

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
