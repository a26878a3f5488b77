"""What the desk answered to the verbs on the grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bookra.tui.messages import Answer

if TYPE_CHECKING:
    from bookra.tui.desk.absences import Absent, Affected, Displaced, TakenOff
    from bookra.tui.desk.moving import Fit, MenuService, Opening


@dataclass(eq=False)
class FitFound(Answer):
    """Whether the booking would fit with ``staff`` at ``at``."""

    fit: Fit
    staff: str
    at: datetime


@dataclass(eq=False)
class NextFitFound(Answer):
    """The next time at which it fits, None if there is none."""

    at: datetime | None


@dataclass(eq=False)
class SwapJudged(Answer):
    """What keeps the booking from being swapped with ``other``; nothing if it can be."""

    other: str
    hindrance: str


@dataclass(eq=False)
class MenuRead(Answer):
    """Every service that can be had at once."""

    services: tuple[MenuService, ...]


@dataclass(eq=False)
class OpeningsFound(Answer):
    """Who is free first for some services."""

    openings: dict[str, Opening | None]


@dataclass(eq=False)
class InTheWay(Answer):
    """Whom time off would displace."""

    affected: tuple[Affected, ...]


@dataclass(eq=False)
class OffTaken(Answer):
    """Time off was written down."""

    taken: TakenOff
    said: str


@dataclass(eq=False)
class AbsentFound(Answer):
    """When somebody is not there."""

    found: tuple[Absent, ...]


@dataclass(eq=False)
class DisplacedRead(Answer):
    """The visits that wait for another time."""

    visits: tuple[Displaced, ...]
