"""Where the day screen is: its day, the grid's cursor, and the keys that lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from bookra import clock
from bookra.tui.screens.base import DeskScreen
from bookra.tui.widgets.day_grid.grid import DayGrid


class DayPlace(DeskScreen):
    """The day that is wanted, and the cursor on it."""

    @property
    def grid(self) -> DayGrid:
        """The grid."""
        return self.query_one(DayGrid)

    @property
    def day(self) -> date:
        """The day that is wanted."""
        assert isinstance(self.freshness.wanted, date)
        return self.freshness.wanted

    @property
    def moving_between_days(self) -> bool:
        """Tell whether another day than the one on the screen is on its way."""
        return not self.freshness.shows_wanted

    def load(self, day: date, then: Callable[[], None] | None = None) -> None:
        """Go to a day; ``then`` is done once it is shown."""
        raise NotImplementedError

    def go_to(self, at: datetime) -> None:
        """Lead the cursor to an instant, with the same person, on whatever day it is."""
        day = clock.local_day(at, self.front.look.tz)
        if day == self.day:
            self.grid.point_now(at)
        else:
            self.load(day, then=lambda: self.grid.point_now(at))

    def show_place(self, staff: str, at: datetime, code: str = "") -> None:
        """Lead the cursor to a person and an instant, and there to a booking, on any day."""

        def point() -> None:
            self.grid.point_to(staff, at)
            if code:
                self.grid.point_at(code)

        self.load(clock.local_day(at, self.front.look.tz), then=point)

    # Keys

    def action_jump(self) -> None:
        """Put a label on every booking in sight."""
        from bookra.tui.screens.jump import JumpLayer

        self.app.push_screen(JumpLayer(self.front, self))

    def action_day(self, days: int) -> None:
        """Go to another day."""
        self.load(self.day + timedelta(days=days))

    def action_now(self) -> None:
        """Go to today, with the cursor on the present."""
        self.load(self.front.today, then=lambda: self.grid.point_now(self.front.now()))

    def action_zoom(self, direction: int) -> None:
        """Show time larger or smaller."""
        self.grid.zoom(direction)
