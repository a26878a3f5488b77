"""What the day screen does with people's time: off, on again, repaired, explained, on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bookra.tui.messages import Written
from bookra.tui.screens.day_verbs import DayVerbs

if TYPE_CHECKING:
    from bookra.tui.messages_day import OffTaken


class DayHours(DayVerbs):
    """The verbs on time; where visits lose theirs, finding them another one comes next."""

    def action_time_off(self) -> None:
        """Mark a span in which the person at the cursor is away."""
        from bookra.tui.screens.time_off import TimeOffLayer

        pointed = self.grid.pointed
        if pointed is not None and self.may_write():
            self.app.push_screen(TimeOffLayer(self.front, self, pointed.at), self._took_off)

    def _took_off(self, message: OffTaken | None) -> None:
        """Say so; where visits lost their time, go on to find them another one."""
        if message is not None:
            self.written(Written(message.ticket, message.taken.done, message.said))
            if message.taken.displaced:
                self.action_repair()

    def action_time_on(self) -> None:
        """Remove the time off, or the block, at the cursor."""
        from bookra.tui.screens.time_on import TimeOnDialog

        pointed, whose = self.grid.pointed, self.pointed_bookable
        if pointed is not None and whose is not None and self.may_write():
            self.app.push_screen(TimeOnDialog(self.front, *whose, pointed.at), self.written)

    @property
    def pointed_bookable(self) -> tuple[str, str] | None:
        """Slug and name of whose time is at the cursor."""
        pointed = self.grid.pointed
        return (pointed.staff, pointed.staff_name) if pointed is not None else None

    def action_repair(self) -> None:
        """Find another time for the day's displaced visits."""
        from bookra.tui.screens.repair import RepairDialog

        if self.may_write():
            self.app.push_screen(RepairDialog(self.front, self.day), self._repaired)

    def _repaired(self, code: str | None) -> None:
        """Show the day as it is; a visit that is to be moved by hand gets its ghost."""
        if code is None:
            self.reread()
        else:
            self.load(self.day, then=lambda: self._move_by_hand(code))

    def _move_by_hand(self, code: str) -> None:
        self.grid.point_at(code)
        self.action_move()

    def action_sheet(self) -> None:
        """Save the day on paper. It changes nothing that is undone, so it stands in no journal."""
        from bookra.tui.screens.sheet import SheetDialog

        self.app.push_screen(SheetDialog(self.front, self.day), self._saved)

    def _saved(self, message: Written | None) -> None:
        if message is not None:
            self.notify(message.said, markup=False, timeout=6)

    def action_why(self) -> None:
        """Tell why the time at the cursor can't be booked."""
        from bookra.tui.screens.reading import WhyDialog

        if (pointed := self.grid.pointed) is not None:
            self.app.push_screen(WhyDialog(self.front, pointed))
