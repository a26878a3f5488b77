"""What the waitlist asks of the desk: who waits, what is free for them, and giving it to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bookra.engine.bookings.day import Interval
from bookra.tui.desk.booking import FreeTime
from bookra.tui.desk.done import Done


class WaitlistDesk(Protocol):
    """Questions and verbs of the waitlist; `BookingDesk.wait` adds a wish."""

    def wishes(self) -> list[WishLine]:
        """Return the wishes that wait or have an offer, the oldest first."""
        ...

    def who_fits(self, staff: str, start: datetime, until: datetime) -> list[Fitting]:
        """Return who waits and could begin with a person (a slug) in a gap, the oldest first."""
        ...

    def read_windows(self, text: str) -> list[Interval]:
        """Return when ``thu 14:00-18:00, sat`` is; raises InvalidInputError for what is no time."""
        ...

    def offer_opening(self, code: str) -> Done:
        """Hold the best opening for one wish, ahead of the line; its client is told.

        Raises ConflictError (``no_opening``, ``illegal_state``).
        """
        ...

    def offer_time(self, code: str, staff: str, at: datetime, *, sure: bool = False) -> Done:
        """Hold one certain place for a wish; ``sure``: they have said yes, so it is booked.

        Raises ConflictError (``no_opening``, ``illegal_state``).
        """
        ...

    def accept_offer(self, code: str) -> Done:
        """Book what a wish was offered; raises ConflictError (``no_offer``, ``offer_over``)."""
        ...

    def drop_wish(self, code: str) -> Done:
        """Take a wish off the list; what it was offered is free again at once."""
        ...


@dataclass(frozen=True, slots=True)
class OfferMade:
    """What a wish is offered now: a held booking, with whom, from when, and until when it holds."""

    booking: str
    staff: str
    starts_at: datetime
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class WishLine:
    """A wish. ``staff_name`` is empty for anybody; ``free`` is what it could be offered now."""

    code: str
    client_id: str
    client: str
    phone: str
    service: str
    staff_name: str
    windows: tuple[Interval, ...]
    since: datetime
    offer: OfferMade | None = None
    free: FreeTime | None = None


@dataclass(frozen=True, slots=True)
class Fitting:
    """Who would take a gap, and the place in it that they would have."""

    wish: WishLine
    place: FreeTime
