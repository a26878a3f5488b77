"""What the day asks of the desk: its picture, a booking opened, and what becomes of bookings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bookra.engine.bookings.day import DaySnapshot
from bookra.money import Money
from bookra.tui.desk.booking import CustomerChoice
from bookra.tui.desk.done import Done


class DayDesk(Protocol):
    """The day and the verbs of the counter."""

    def day(self, day: date) -> DaySnapshot:
        """Return the whole picture of ``day``, read in one transaction."""
        ...

    def detail(self, code: str) -> BookingDetail:
        """Return one booking with its client and its money."""
        ...

    def check_in(self, code: str) -> Done:
        """Note that the client has arrived."""
        ...

    def set_note(self, code: str, text: str) -> Done:
        """Write what to know of a visit in place of the note before; an empty text removes it."""
        ...

    def cancel(self, code: str, reason: str) -> Done:
        """Cancel a booking; the tenant's policy decides what is kept."""
        ...

    def no_show(self, code: str) -> Done:
        """Note that nobody came; the tenant's policy decides what is kept or charged."""
        ...

    def complete(self, code: str) -> Done:
        """Note that the visit is over; what is due stays due."""
        ...

    def why(self, service: str | None, staff: str, at: datetime) -> list[str]:
        """Return, in order, what keeps ``at`` from being booked, each with what would open it.

        An empty list means that it is free.
        """
        ...


@dataclass(frozen=True, slots=True)
class BookingDetail:
    """A booking opened. ``kept_if_cancelled`` is what the policy keeps if it is cancelled now.

    It is None where there is nothing to say, such as for a booking that can't be cancelled; so is
    ``kept_if_absent``, what stays if the client is noted as a no-show. ``notes`` is the visit's.
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
    kept_if_absent: Money | None = None
