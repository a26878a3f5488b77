"""What the day screen's keys mean in its other views: the same, or they go where they can be done.

Verbs that lead a ghost about the grid need everybody's columns: from another view they go back to
the day by staff first. A week has no bookings to point at; ⏎ opens a day.
"""

from __future__ import annotations

from collections.abc import Callable

from bookra.engine.bookings.day import DayBlock
from bookra.tui.screens.day_views import DAYS, ROOMS, SPAN, STAFF, WEEK, DayViews
from bookra.tui.widgets.day_grid.cursor import Pointed


class ViewVerbs(DayViews):
    """The verbs, view by view."""

    def _booking_to_change(self) -> tuple[Pointed, DayBlock] | None:
        if self.view == WEEK:
            opens = self.front.look.key("booking.open")
            self.notify(f"Open a day first: {opens}", severity="warning", markup=False)
            return None
        return super()._booking_to_change()

    def action_new(self) -> None:
        """Book at the cursor; where columns are not people, on the day by staff."""
        self._with_somebody(super().action_new)

    def action_why(self) -> None:
        """Tell why the time at the cursor can't be booked; on a week there is no time to ask."""
        self._with_somebody(super().action_why)

    def _with_somebody(self, then: Callable[[], None]) -> None:
        if self.view in (STAFF, DAYS):
            then()
        elif self.view == WEEK:
            self.open_day()
        else:
            self.on_staff_day(lambda: self.notify("Choose with whom; then the key again"))

    def action_move(self) -> None:
        """Lead the booking's ghost elsewhere, among everybody."""
        self.on_staff_day(super().action_move)

    def on_day_grid_dragged(self) -> None:
        """Lead the booking's ghost by the mouse."""
        self.action_move()

    def action_swap(self) -> None:
        """Let the booking change places, among everybody."""
        self.on_staff_day(super().action_swap)

    def action_time_off(self) -> None:
        """Mark time off on the day by staff."""
        self.on_staff_day(super().action_time_off)

    def action_time_on(self) -> None:
        """Remove time off at the cursor; on a week there is no time to point at."""
        if self.view == WEEK:
            self.open_day()
        else:
            super().action_time_on()

    @property
    def pointed_bookable(self) -> tuple[str, str] | None:
        """Return slug and name of the column at the cursor: a room has no slug as a person."""
        scene = self.grid.scene
        if self.view != ROOMS or scene is None or not scene.columns:
            return super().pointed_bookable
        room = scene.snapshot.columns[self.grid.spot.column]
        return room.slug, room.name

    def action_repair(self) -> None:
        """Find other times on the day by staff."""
        self.on_staff_day(super().action_repair)

    def action_jump(self) -> None:
        """Put a label on every booking in sight."""
        if self.view == WEEK:
            self.open_day()
        else:
            super().action_jump()

    def action_day(self, days: int) -> None:
        """Go to another day; a week goes by weeks."""
        super().action_day(days * SPAN if self.view == WEEK else days)

    def action_now(self) -> None:
        """Go to today, in the same view."""
        if self.view == STAFF:
            super().action_now()
        else:
            self.load(self.front.today)

    def action_zoom(self, direction: int) -> None:
        """Show time larger or smaller; a week has one size."""
        if self.view != WEEK:
            super().action_zoom(direction)
