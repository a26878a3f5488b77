"""The day over the engine: bookings, the counter, and why a time is not free."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from bookra.engine.availability import sessions
from bookra.engine.availability.actions import explain_start
from bookra.engine.bookings import actions, booking, rota, store
from bookra.engine.bookings.day import DaySnapshot
from bookra.engine.payments import fees, taking
from bookra.engine.people import customers, habits
from bookra.engine.people.customers import Customer
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money
from bookra.tui.desk import BookingDetail, CustomerChoice, Done, NewCustomer, ServiceChoice, Undo
from bookra.tui.engine_desk.counter import Counter, local, plain, words


class EngineDay(Counter):
    """The day and the verbs of the counter, one transaction each."""

    def day(self, day: date) -> DaySnapshot:
        """Return the picture of a day."""
        return self._ask(lambda tx: rota.day_snapshot(tx, day))

    def services(self, staff: str) -> list[ServiceChoice]:
        """Return what a person performs, the most usual first."""
        found = self._ask(lambda tx: habits.usual_services(tx, staff))
        return [ServiceChoice(s.slug, s.name, s.minutes, s.price) for s in found]

    def find_customers(self, text: str) -> list[CustomerChoice]:
        """Return the best matches, or the latest customers for no text."""

        def question(tx: Tx) -> list[CustomerChoice]:
            if not text.strip():
                return [_choice(found) for found in habits.latest_customers(tx)]
            return [_choice(found) for found in customers.find_customers(tx, text, limit=8)]

        return self._ask(question)

    def book(
        self, *, service: str, staff: str, at: datetime, customer: CustomerChoice | NewCustomer
    ) -> Done:
        """Book a confirmed visit; a new customer is added in the same transaction."""

        def action(tx: Tx) -> Done:
            if isinstance(customer, NewCustomer):
                found, _ = customers.add_customer(
                    tx,
                    customer.name,
                    phone=customer.phone or None,
                    email=customer.email or None,
                )
            else:
                found = customers.customer_by_id(tx, UUID(customer.id))
            request = booking.BookingRequest(service, staff, at, found.id)
            code = booking.book(tx, request).code
            by = found.phone or found.email or str(found.id)
            command = words(
                "book", service, "--staff", staff, "--at", local(tx, at), "--customer", by
            )
            return Done(code, command, Undo("unbook", (code,), "The booking is taken back"))

        return self._act("book", action)

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
                customer=_choice(customers.customer_by_id(tx, found.customer_id)),
                service=", ".join(line.service_name for line in found.lines),
                staff=", ".join(line.staff_name for line in found.lines),
                starts_at=found.starts_at,
                ends_at=found.ends_at,
                price=found.price,
                paid=found.paid,
                due=found.due,
                held_until=found.hold_expires_at,
                no_shows=habits.no_shows(tx, found.customer_id),
            )

        return self._ask(question)

    def take_cash(self, code: str, *, tip: Money | None) -> Done:
        """Take what is due in cash, and the tip."""
        more = ("--tip", plain(tip)) if tip else ()
        command = words("pay", code, "--cash", *more)
        return self._do("pay", lambda tx: taking.take_cash(tx, code, tip), Done(code, command))

    def check_in(self, code: str) -> Done:
        """Note that the customer has arrived."""
        command = words("booking", "check-in", code)
        return self._do("check-in", lambda tx: actions.check_in(tx, code), Done(code, command))

    def cancel(self, code: str, reason: str) -> Done:
        """Cancel a booking, with its refund; the dialog's word for why goes into the audit."""

        def action(tx: Tx) -> Done:
            fees.cancel_visit(tx, code)
            tx.concerns("reason", reason)
            return Done(code, words("booking", "cancel", code))

        return self._act("cancel", action)

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


def _choice(found: Customer) -> CustomerChoice:
    return CustomerChoice(
        str(found.id), found.name, found.phone or "", found.email or "", found.visits
    )


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
