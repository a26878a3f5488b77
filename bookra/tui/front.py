"""What every screen is given: the desk, the work that asks it, the tenant's look, the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from bookra import clock
from bookra.tui.desk import Brand, Desk
from bookra.tui.look import Look
from bookra.tui.work import Work


@dataclass(frozen=True, slots=True)
class Front:
    """The front desk of one tenant. ``now`` is the only clock that the screens read."""

    desk: Desk
    brand: Brand
    look: Look
    work: Work
    now: Callable[[], datetime]
    read_only: bool

    @property
    def today(self) -> date:
        """The tenant's calendar day."""
        return clock.local_day(self.now(), self.look.tz)
