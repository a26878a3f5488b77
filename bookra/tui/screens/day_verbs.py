"""What the day screen does with the booking under the cursor, or books where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bookra import clock
from bookra.tui.actions.day import FITS
from bookra.tui.describe import note_line
from bookra.tui.messages import Written
from bookra.tui.screens.day_place import DayPlace
from bookra.tui.text import clean
from bookra.tui.work import WRITES

if TYPE_CHECKING:
    from datetime import date

    from bookra.engine.bookings.day import DayBlock
    from bookra.tui.desk import Done
    from bookra.tui.widgets.day_grid.cursor import Pointed

CLASS = "class"


class DayVerbs(DayPlace):
    """The verbs on bookings. Each opens its dialog or layer, or asks the desk at once."""

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

    def _block_for(self, action: str, verb: str) -> DayBlock | None:
        """Return the booking under the cursor if its state allows an action; else say why not."""
        found = self._booking_to_change()
        if found is None or found[1].status in FITS[action]:
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
        if block := self._block_for("booking.check-in", "checked in"):
            desk = self.front.desk
            told = f"\n{note_line(block.note)}" if block.note else ""
            said = f"{clean(block.customer)} is checked in{told}"
            self._write(lambda: desk.check_in(block.code), said)

    def action_done(self) -> None:
        """Note that the visit is over; what is due stays due."""
        if block := self._block_for("booking.done", "ended"):
            desk = self.front.desk
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

    def action_note(self) -> None:
        """Write what to know of the visit."""
        from bookra.tui.screens.note import NoteDialog

        found = self._booking_to_change()
        if found is not None and found[1].status == CLASS:
            self.notify("A class has no note: its visits have their own", severity="warning")
        elif found is not None:
            self.app.push_screen(NoteDialog(self.front, found[1]), self.written)

    def action_cancel(self) -> None:
        """Cancel the booking."""
        from bookra.tui.screens.cancel import CancelDialog

        if block := self._block_for("booking.cancel", "cancelled"):
            self.app.push_screen(CancelDialog(self.front, block), self.written)

    def action_no_show(self) -> None:
        """Note that nobody came, after what it costs was shown."""
        from bookra.tui.screens.no_show import NoShowDialog

        block = self._block_for("booking.no-show", "noted as a no-show")
        if block is not None and self.is_to_come(block):
            day = self.front.look.day(self._day_of(block))
            said = f"{clean(block.customer)} can't be noted as a no-show before {day}"
            self.notify(said, severity="warning", markup=False)
        elif block is not None:
            self.app.push_screen(NoShowDialog(self.front, block), self.written)

    def is_to_come(self, block: DayBlock) -> bool:
        """Tell whether a block is of a later day than today."""
        return self._day_of(block) > self.front.today

    def _day_of(self, block: DayBlock) -> date:
        return clock.local_day(block.starts_at, self.front.look.tz)

    def action_move(self) -> None:
        """Lead the booking's ghost elsewhere."""
        from bookra.tui.screens.moving import MovingLayer

        if block := self._block_for("booking.move", "moved"):
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

        if block := self._block_for("booking.swap", "swapped"):
            self.app.push_screen(SwapLayer(self.front, self, block), self._moved)
