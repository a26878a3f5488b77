"""The day over the engine: its picture, a booking opened, and why a time is not free."""

from __future__ import annotations

from datetime import date, datetime

from bookra.engine.availability import sessions
from bookra.engine.availability.actions import explain_start
from bookra.engine.bookings import actions, rota, store
from bookra.engine.bookings.day import DaySnapshot
from bookra.engine.bookings.model import NEXT, Booking, Status
from bookra.engine.payments import fees, taking
from bookra.engine.people import customers, habits
from bookra.engine.prices.policy import LATE_CANCEL, NO_SHOW
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money
from bookra.tui.desk import BookingDetail, CustomerChoice, Done, Undo
from bookra.tui.engine_desk.booking import choice
from bookra.tui.engine_desk.counter import Counter, words
from bookra.tui.engine_desk.noting import noted


class EngineDay(Counter):
    """The day and the verbs of the counter, one transaction each."""

    def day(self, day: date) -> DaySnapshot:
        """Return the picture of a day."""
        return self._ask(lambda tx: rota.day_snapshot(tx, day))

    def detail(self, code: str) -> BookingDetail:
        """Return one booking with its customer, or a class with its seats."""

        def question(tx: Tx) -> BookingDetail:
            try:
                found = store.booking_by_code(tx, code)
            except NotFoundError:
                return _class_detail(tx, code)
            return BookingDetail(
                code=found.code,
                status=found.status.value,
                customer=choice(customers.customer_by_id(tx, found.customer_id)),
                service=", ".join(line.service_name for line in found.lines),
                staff=", ".join(line.staff_name for line in found.lines),
                starts_at=found.starts_at,
                ends_at=found.ends_at,
                price=found.price,
                paid=found.paid,
                due=found.due,
                held_until=found.hold_expires_at,
                no_shows=habits.no_shows(tx, found.customer_id),
                notes=found.note,
                kept_if_cancelled=_foreseen(tx, found, LATE_CANCEL, Status.CANCELLED),
                kept_if_absent=_foreseen(tx, found, NO_SHOW, Status.NO_SHOW),
            )

        return self._ask(question)

    def check_in(self, code: str) -> Done:
        """Note that the customer has arrived."""
        command = words("booking", "check-in", code)
        undo = Undo("undo-check-in", (code,), "The client is not here yet after all")
        done = Done(code, command, undo)
        return self._do("check-in", lambda tx: actions.check_in(tx, code), done)

    def set_note(self, code: str, text: str) -> Done:
        """Write the note of a visit; taking it back writes the one before."""
        return self._act("note", lambda tx: noted(tx, code, text))

    def cancel(self, code: str, reason: str) -> Done:
        """Cancel a booking, with its refund; the dialog's word for why goes into the audit."""

        def action(tx: Tx) -> Done:
            fees.cancel_visit(tx, code)
            tx.concerns("reason", reason)
            return Done(code, words("booking", "cancel", code))

        return self._act("cancel", action)

    def no_show(self, code: str) -> Done:
        """Note that nobody came; it can be taken back where it cost nothing."""

        def action(tx: Tx) -> Done:
            before = store.booking_by_code(tx, code)
            costs = before.paid or fees.foreseen(tx, before, NO_SHOW)
            undo = None if costs else Undo("undo-no-show", (code,), "The visit stands again")
            fees.no_show(tx, code)
            return Done(code, words("booking", "no-show", code), undo)

        return self._act("no-show", action)

    def complete(self, code: str) -> Done:
        """Note that the visit is over; what was paid of it before becomes revenue."""
        done = Done(code, words("booking", "complete", code))
        return self._do("complete", lambda tx: taking.complete(tx, code), done)

    def why(self, service: str | None, staff: str, at: datetime) -> list[str]:
        """Return what keeps ``at`` from being booked; for no service, the person's usual one."""

        def question(tx: Tx) -> list[str]:
            wanted = service
            if wanted is None:
                performed = habits.usual_services(tx, staff)
                if not performed:
                    raise ConflictError("nobody_performs", f"{staff} performs no service yet")
                wanted = performed[0].slug
            found = explain_start(tx, wanted, staff, at)
            return [f"{reason.message}. Opens with {reason.opens_if}" for reason in found.reasons]

        return self._ask(question)


def _foreseen(tx: Tx, booking: Booking, kind: str, status: Status) -> Money | None:
    """Return what would stay; None where the booking can't come to that state."""
    return fees.foreseen(tx, booking, kind) if status in NEXT[booking.status] else None


def _class_detail(tx: Tx, code: str) -> BookingDetail:
    """Return a class as the grid's block shows it: its seats in place of a customer."""
    found = sessions.session_by_code(tx, code)
    nothing = Money(0, tx.tenant.currency)
    seats = f"{found.taken} of {found.capacity} seats"
    return BookingDetail(
        code=found.code,
        status="class",
        customer=CustomerChoice("", seats, "", "", 0),
        service=found.service_name,
        staff=found.staff_name,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        price=nothing,
        paid=nothing,
        due=nothing,
        held_until=None,
        no_shows=0,
    )
