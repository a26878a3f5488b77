"""What every screen is given: the desk, the work that asks it, the tenant's look, the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from bookra import clock

if TYPE_CHECKING:
    from bookra.tui.actions import Action
    from bookra.tui.desk import Brand, Desk
    from bookra.tui.live import Live
    from bookra.tui.look import Look
    from bookra.tui.sitting import Sitting
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
    sitting: Sitting
    live: Live
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys that the operator gave to actions, by their ids."""

    def key(self, action: Action) -> str:
        """Return an action's key as a person reads it."""
        return self.look.key(action.id)

    def may(self, action: Action) -> bool:
        """Tell whether the operator's role allows an action."""
        return self.brand.may(action.role)

    @property
    def today(self) -> date:
        """The tenant's calendar day."""
        return clock.local_day(self.now(), self.look.tz)
