"""What the desk answers about the team, as messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bookra.tui.messages import Answer

if TYPE_CHECKING:
    from bookra.tui.desk.money import Period
    from bookra.tui.desk.team import Member, Pay, Person, PlannedAway, PlannedDay, PlannedHours


@dataclass(eq=False)
class TeamLoaded(Answer):
    """The team was read, with its use of time in a period."""

    period: Period
    members: tuple[Member, ...]


@dataclass(eq=False)
class PersonLoaded(Answer):
    """Somebody was opened."""

    person: Person


@dataclass(eq=False)
class PayLoaded(Answer):
    """A month's pay was read; None for who may not see it."""

    pay: Pay | None


@dataclass(eq=False)
class HoursPlanned(Answer):
    """Hours as they are typed make sense."""

    plan: PlannedHours


@dataclass(eq=False)
class DayPlanned(Answer):
    """A day's own hours as they are typed make sense."""

    plan: PlannedDay


@dataclass(eq=False)
class AwayPlanned(Answer):
    """Time off as it is typed makes sense."""

    plan: PlannedAway
