"""What the screen of the team asks of the desk: hours, who is away, how full, and what they earn.

Pay is not in the answers for who may not see it: it is None then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bookra.money import Money
from bookra.tui.desk.absences import Affected
from bookra.tui.desk.done import Done
from bookra.tui.desk.money import Period

__all__ = [
    "Away",
    "Member",
    "Pay",
    "PayLine",
    "Person",
    "PlannedAway",
    "PlannedDay",
    "PlannedHours",
    "TeamDesk",
]


class TeamDesk(Protocol):
    """Questions and verbs of the screen of the team."""

    def team(self, period: Period) -> list[Member]:
        """Return everybody who works here, by name; their use of time in a period."""
        ...

    def person(self, staff: str) -> Person:
        """Return somebody's week, the days that differ, and when they are away; from today on."""
        ...

    def pay(self, staff: str, month: date) -> Pay | None:
        """Return what somebody earned in the month of a day; None for who may not see it."""
        ...

    def plan_hours(self, staff: str, week: str, first: str, last: str) -> PlannedHours:
        """Read hours as they are typed, parts with ``;`` between them; nothing is written.

        Raises InvalidInputError: ``bad_hours``, ``bad_date``, ``bad_dates``.
        """
        ...

    def set_hours(self, staff: str, week: str, first: str, last: str) -> Done:
        """Set the hours of some weekdays from a day on, until a last one if there is one."""
        ...

    def plan_day(self, staff: str, day: str, shifts: str) -> PlannedDay:
        """Read a day and the shifts for it as they are typed; nothing is written.

        Raises InvalidInputError (``bad_hours``, ``bad_date``).
        """
        ...

    def set_day(self, staff: str, day: str, shifts: str) -> Done:
        """Give a day its own shifts; for no text the week's hold again.

        Raises InvalidInputError (``bad_hours``, ``bad_date``), NotFoundError
        (``unknown_exception``).
        """
        ...

    def plan_away(self, staff: str, first: str, last: str) -> PlannedAway:
        """Read when somebody will be away, as typed, and find whom that displaces.

        A plain last day is included whole. Raises InvalidInputError (``bad_span``, ``bad_date``).
        """
        ...


@dataclass(frozen=True, slots=True)
class Away:
    """When somebody is not there. ``id`` names it in commands."""

    id: str
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works here: today's shifts, a period's minutes, and the running month's pay.

    ``earned`` is commission less what was taken back of it, from the first of this month until
    now; None for who may not see it.
    """

    slug: str
    name: str
    level: str
    today: tuple[tuple[datetime, datetime], ...]
    scheduled_minutes: int
    booked_minutes: int
    visits: int
    away: Away | None
    earned: Money | None = None

    @property
    def free_minutes(self) -> int:
        """What is left to be booked; none where more was booked than they were there."""
        return max(0, self.scheduled_minutes - self.booked_minutes)

    @property
    def percent(self) -> int | None:
        """How much of the time is booked, rounded; None where they were not there."""
        if not self.scheduled_minutes:
            return None
        return (self.booked_minutes * 200 + self.scheduled_minutes) // (2 * self.scheduled_minutes)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody opened. ``week`` is this week's rules from Monday, as commands write them.

    ``later`` are rules that begin afterwards, ``days`` the days with hours of their own.
    """

    slug: str
    name: str
    level: str
    services: tuple[str, ...]
    week: tuple[str, ...]
    later: tuple[tuple[date, int, str], ...]
    days: tuple[tuple[date, str], ...]
    away: tuple[Away, ...]


@dataclass(frozen=True, slots=True)
class PayLine:
    """A line of a statement: when, for what, the share, and what it comes to."""

    day: date
    what: str
    code: str
    share: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Pay:
    """A month of somebody's pay. ``state`` is a pay run's, or ``open`` while there is none."""

    first: date
    last: date
    lines: tuple[PayLine, ...]
    commission: Money
    tips: Money
    taken_back: Money
    rent: Money
    carried: Money
    net: Money
    state: str


@dataclass(frozen=True, slots=True)
class PlannedHours:
    """How a week would be: its shifts from Monday, which of them are new, and from when."""

    week: tuple[str, ...]
    changed: frozenset[int]
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """The shifts that a day would have, and those that it has; ``own`` where not the week's."""

    day: date
    shifts: str
    before: str
    own: bool


@dataclass(frozen=True, slots=True)
class PlannedAway:
    """When somebody would be away, and who is booked with them then."""

    start: datetime
    until: datetime
    affected: tuple[Affected, ...]
