"""What time off asks of the desk: who is in its way, writing it down, and mending the day after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bookra.tui.desk.done import Done


class AbsencesDesk(Protocol):
    """Time off, and the visits that it displaces."""

    def in_the_way(self, staff: str, start: datetime, until: datetime) -> list[Affected]:
        """Return the visits that time off would displace, by time; nothing is written."""
        ...

    def take_off(self, staff: str, start: datetime, until: datetime, reason: str) -> TakenOff:
        """Write time off down; visits in its way wait for another time from then on.

        Raises ConflictError (``in_service``, ``class_in_the_way``) for what can't be displaced.
        """
        ...

    def absent(self, staff: str, at: datetime | None = None) -> list[Absent]:
        """Return somebody's time off and blocks at an instant, or all that is not over, by time.

        ``staff`` is the slug of a person or of a unit.
        """
        ...

    def take_on(self, absence: str, kind: str) -> Done:
        """Remove time off or a block; what it displaced goes on waiting for another time.

        Raises NotFoundError (``unknown_absence``) where somebody else was quicker.
        """
        ...

    def displaced(self, day: date | None = None) -> list[Displaced]:
        """Return the visits of a day, or of all days, that wait for another time, by time."""
        ...

    def accept(self, code: str, number: int | None = None) -> Done:
        """Give a displaced visit one of its proposals, or the best ones; its client is told.

        Raises ConflictError (``no_proposal``, ``not_displaced``, ``slot_taken``).
        """
        ...


@dataclass(frozen=True, slots=True)
class Affected:
    """A visit in the way of time off. ``status`` is a booking's, or ``class``."""

    code: str
    customer: str
    service: str
    starts_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class TakenOff:
    """Time off that was written down, and how many visits wait for another time now."""

    done: Done
    displaced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """When somebody is not there, and the clients whom it displaced and who wait still.

    ``kind`` is ``time-off`` or ``block``; with ``id`` it names the absence in commands.
    """

    id: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that a displaced visit could be instead.

    ``kind`` is ``unchanged``, ``other_staff``, ``other_time`` or ``both``.
    """

    number: int
    staff_name: str
    starts_at: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class Displaced:
    """A visit that lost its time: with whom and when it was, why, and what it could be instead."""

    code: str
    customer: str
    service: str
    staff: str
    staff_name: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    proposals: tuple[Proposal, ...]
