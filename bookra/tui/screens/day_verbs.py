"""What the day screen does with the booking, or the time, under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from bookra import clock
from bookra.tui.describe import note_line
from bookra.tui.messages import Written
from bookra.tui.screens.base import DeskScreen
from bookra.tui.text import clean
from bookra.tui.widgets.day_grid.grid import DayGrid
from bookra.tui.work import WRITES

if TYPE_CHECKING:
    from bookra.engine.bookings.day import DayBlock
    from bookra.tui.desk import Done
    from bookra.tui.messages_day import OffTaken
    from bookra.tui.widgets.day_grid.cursor import Pointed

CLASS = "class"


class DayVerbs(DeskScreen):
    """The verbs on the grid. Each opens its dialog or layer, or asks the desk at once."""

    MOVABLE: ClassVar[frozenset[str]] = frozenset({"held", "confirmed", "checked_in", "displaced"})

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

    # What may be done

    def _booking_to_change(self) -> tuple[Pointed, DayBlock] | None:
        """Return the booking under the cursor if it may be changed; else say why not."""
        pointed = self.grid.pointed
        if not self.may_write() or pointed is None:
            return None
        if pointed.block is None:
            said = f"There is no booking here; {self.front.look.key('move.hop')} goes to the next"
            self.notify(said, severity="warning", markup=False)
            return None
        return pointed, pointed.block

    def _movable(self, verb: str) -> DayBlock | None:
        """Return the booking under the cursor if it may go elsewhere; else say why not."""
        found = self._booking_to_change()
        if found is None or found[1].status in self.MOVABLE:
            return found[1] if found else None
        name, state = clean(found[1].customer), self.front.look.state(found[1].status)
        said = f"{name} can't be {verb}: {state.partition(' ')[2].lower()}"
        if found[1].status == CLASS:
            said = f"A class is not {verb} here: its seats are booked one by one"
        self.notify(said, severity="warning", markup=False)
        return None

    def _write(self, call: Callable[[], Done], said: str) -> None:
        self.front.work.ask(self, WRITES, call, lambda ticket, done: Written(ticket, done, said))

    # Bookings

    def action_new(self) -> None:
        """Book at the cursor."""
        from bookra.tui.screens.booking import BookingDialog

        pointed = self.grid.pointed
        if pointed is None or not self.may_write():
            return
        if pointed.block is not None and pointed.block.status == CLASS:
            self._open_class(pointed.block, booking=True)
        elif pointed.free_minutes:
            dialog = BookingDialog(self.front, pointed, guest=self.front.sitting.guest)
            self.app.push_screen(dialog, self._booked)
        else:
            when = self.front.look.time(pointed.at)
            why = self.front.look.key("why")
            said = f"{pointed.staff_name} is not free at {when}. Press {why} to see why"
            self.notify(said, severity="warning", markup=False)

    def _booked(self, message: Written | None) -> None:
        """Show what was booked; the next booking is for anybody again."""
        if message is not None:
            self.front.sitting.guest = None
        self.written(message)

    def action_fill(self) -> None:
        """Fill the gap at the cursor from the waitlist; where time is taken, wait for it."""
        from bookra.tui.screens.booking import BookingDialog
        from bookra.tui.screens.waitlist_fill import WaitlistFillDialog

        pointed = self.grid.pointed
        if pointed is None or not self.may_write():
            return
        if pointed.free_minutes:
            self.app.push_screen(WaitlistFillDialog(self.front, pointed), self.written)
        elif pointed.block is not None and pointed.block.status != CLASS:
            dialog = BookingDialog(self.front, pointed, waiting=True)
            self.app.push_screen(dialog, self.written)
        else:
            said = f"There is no gap here; {self.front.look.key('go.waitlist')} shows who waits"
            self.notify(said, severity="warning", markup=False)

    def action_walk_in(self) -> None:
        """Book who stands at the counter with whoever is free first."""
        from bookra.tui.screens.walk_in import WalkInDialog

        if self.may_write():
            self.app.push_screen(WalkInDialog(self.front), self._walked_in)

    def _walked_in(self, message: Written | None) -> None:
        """Show the walk-in, today."""
        if message is not None:
            self.written(message)
            code = message.done.code
            self.load(self.front.today, then=lambda: self.grid.point_at(code))

    def action_check_in(self) -> None:
        """Note that the client has arrived."""
        if found := self._booking_to_change():
            block, desk = found[1], self.front.desk
            told = f"\n{note_line(block.note)}" if block.note else ""
            said = f"{clean(block.customer)} is checked in{told}"
            self._write(lambda: desk.check_in(block.code), said)

    def action_done(self) -> None:
        """Note that the visit is over; what is due stays due."""
        if found := self._booking_to_change():
            block, desk = found[1], self.front.desk
            due = f"; {self.front.look.money(block.due)} is still due" if block.due.minor else ""
            self._write(lambda: desk.complete(block.code), f"{clean(block.customer)} is done{due}")

    def action_check_out(self) -> None:
        """Take what is due."""
        from bookra.tui.screens.checkout import CheckOutDialog

        found = self._booking_to_change()
        if found is not None and found[1].status == CLASS:
            self._open_class(found[1])
        elif found is not None:
            self.app.push_screen(CheckOutDialog(self.front, found[1]), self.written)

    def action_again(self) -> None:
        """Book the same visit again, in the usual weeks."""
        from bookra.tui.screens.rebook import RebookDialog

        if (found := self._booking_to_change()) and found[1].status != CLASS:
            self.app.push_screen(RebookDialog(self.front, found[1]), self.written)

    def _open_class(self, block: DayBlock, *, booking: bool = False) -> None:
        from bookra.tui.screens.seats import SeatsDialog

        self.app.push_screen(SeatsDialog(self.front, block, booking=booking), self.written)

    def action_cancel(self) -> None:
        """Cancel the booking."""
        from bookra.tui.screens.cancel import CancelDialog

        if found := self._booking_to_change():
            self.app.push_screen(CancelDialog(self.front, found[1]), self.written)

    def action_no_show(self) -> None:
        """Note that nobody came, after what it costs was shown."""
        from bookra.tui.screens.no_show import NoShowDialog

        if found := self._booking_to_change():
            self.app.push_screen(NoShowDialog(self.front, found[1]), self.written)

    def action_move(self) -> None:
        """Lead the booking's ghost elsewhere."""
        from bookra.tui.screens.moving import MovingLayer

        if (block := self._movable("moved")) is not None:
            column = self.grid.spot.column
            self.app.push_screen(MovingLayer(self.front, self, block, column), self._moved)

    def _moved(self, message: Written | None) -> None:
        """Stay with what was moved; where it was not, the cursor stays where the ghost was."""
        self.written(message)
        if message is not None:
            code = message.done.code
            self.load(self.day, then=lambda: self.grid.point_at(code))

    def action_swap(self) -> None:
        """Let the booking change places with another one."""
        from bookra.tui.screens.swapping import SwapLayer

        if (block := self._movable("swapped")) is not None:
            self.app.push_screen(SwapLayer(self.front, self, block), self._moved)

    # Time

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

        pointed = self.grid.pointed
        if pointed is not None and self.may_write():
            dialog = TimeOnDialog(self.front, pointed.staff, pointed.staff_name, pointed.at)
            self.app.push_screen(dialog, self.written)

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

    # The cursor

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
