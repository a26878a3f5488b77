"""What is asked for when a visit is booked. Values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bookra.engine.availability.asked import VisitWish, Wish
from bookra.errors import InvalidInputError

MAX_HOLD_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """A visit from ``at``, of one service or with ``more`` of them. ``staff`` None is anybody.

    ``hold_minutes`` None confirms at once. ``hold_code`` names the hold that this booking takes
    the place of. ``seats`` counts for classes alone. ``promo`` is
    a promo code; ``policy_accepted`` says how the customer accepted the policy in force.
    ``anywhere`` leaves notice, horizon and the grid aside: the customer stands at the counter.
    ``note`` is what to know of the visit.
    """

    service: str
    staff: str | None
    at: datetime
    customer_id: UUID
    hold_minutes: int | None = None
    more: tuple[Wish, ...] = ()
    parallel: bool = False
    max_wait_minutes: int = 15
    hold_code: str | None = None
    series_id: UUID | None = None
    seats: int = 1
    promo: str | None = None
    policy_accepted: str | None = None
    anywhere: bool = False
    note: str = ""

    def visit(self, own: UUID | None = None) -> VisitWish:
        """Return what to search for; the time of the booking ``own`` counts as free."""
        lines = (Wish(self.service, self.staff), *self.more)
        return VisitWish(lines, self.parallel, self.max_wait_minutes, own)

    def held_until(self, now: datetime) -> datetime | None:
        """Return when the hold ends; raises InvalidInputError (``bad_hold``)."""
        if self.hold_minutes is None:
            return None
        if not 1 <= self.hold_minutes <= MAX_HOLD_MINUTES:
            raise InvalidInputError(
                "bad_hold", f"A hold of {self.hold_minutes} minutes is not 1 to {MAX_HOLD_MINUTES}"
            )
        return now + timedelta(minutes=self.hold_minutes)
