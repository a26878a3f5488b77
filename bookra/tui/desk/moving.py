"""What moving asks of the desk: whether a visit fits there, why not, and putting it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bookra.money import Money
from bookra.tui.desk.booking import NewCustomer
from bookra.tui.desk.done import Done


class MovingDesk(Protocol):
    """Where visits could go, and putting them there."""

    def fit(self, seat: Seat, staff: str, at: datetime) -> Fit:
        """Return whether a line of a visit may go to a person (a slug) and an instant.

        Raises ConflictError for what can't be moved at all.
        """
        ...

    def next_fit(self, seat: Seat, staff: str, after: datetime) -> datetime | None:
        """Return the first time after an instant at which a person could have it, if any."""
        ...

    def move(self, seat: Seat, staff: str, at: datetime) -> Done:
        """Move a line of a visit; raises ConflictError (``slot_taken``) with the next free times
        when somebody else was quicker.
        """
        ...

    def swap_hindrance(self, code: str, other: str) -> str:
        """Return what keeps two bookings from being swapped; nothing if they can be."""
        ...

    def swap(self, code: str, other: str) -> Done:
        """Exchange the times and the people of two bookings, both or neither."""
        ...

    def menu(self) -> list[MenuService]:
        """Return every service that somebody who walks in may ask for, by name."""
        ...

    def openings(self, services: tuple[str, ...]) -> dict[str, Opening | None]:
        """Return, by slug, who is free first today for some services."""
        ...

    def walk_in(self, service: str, customer: NewCustomer | None) -> Done:
        """Book the first opening of a service, and note that the client is here.

        None is somebody who gives no name. Raises ConflictError (``nobody_free``).
        """
        ...


@dataclass(frozen=True, slots=True)
class Seat:
    """A line of a booking as the day shows it: with whom, and from when."""

    code: str
    staff: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What keeps a time from being taken. ``code`` is the booking in the way, if it is one.

    ``rule`` is a word such as ``busy`` or ``outside_shift``.
    """

    rule: str
    said: str
    opens_if: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a line may go there: no hindrances. ``ends_at`` is when it would be over."""

    ends_at: datetime
    hindrances: tuple[Hindrance, ...] = ()

    @property
    def free(self) -> bool:
        """Tell whether nothing is in the way."""
        return not self.hindrances


@dataclass(frozen=True, slots=True)
class MenuService:
    """A service by slug, name and category."""

    slug: str
    name: str
    category: str


@dataclass(frozen=True, slots=True)
class Opening:
    """Who could begin a service first today, and when."""

    staff_name: str
    starts_at: datetime
    ends_at: datetime
    price: Money
