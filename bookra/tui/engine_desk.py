"""The desk over the engine: every question and verb of the front desk, one transaction each."""

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
from bookra.engine.runtime import Engine, Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money
from bookra.tui.desk import BookingDetail, Brand, CustomerChoice, NewCustomer, ServiceChoice


class EngineDesk:
    """One tenant's counter. Blocking: the screens call it from thread workers alone."""

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant

    def brand(self) -> Brand:
        """Return the tenant's look, zone and currency."""
        tenant = self._engine.ask(self._tenant, lambda tx: tx.tenant)
        return Brand(
            tenant.name,
            tenant.brand.logo_text,
            tenant.brand.primary_color,
            tenant.brand.accent_color,
            tenant.zone.key,
            tenant.currency,
        )

    def day(self, day: date) -> DaySnapshot:
        """Return the picture of a day."""
        return self._engine.ask(self._tenant, lambda tx: rota.day_snapshot(tx, day))

    def services(self, staff: str) -> list[ServiceChoice]:
        """Return what a person performs, the most usual first."""
        found = self._engine.ask(self._tenant, lambda tx: habits.usual_services(tx, staff))
        return [ServiceChoice(s.slug, s.name, s.minutes, s.price) for s in found]

    def find_customers(self, text: str) -> list[CustomerChoice]:
        """Return the best matches, or the latest customers for no text."""

        def question(tx: Tx) -> list[CustomerChoice]:
            if not text.strip():
                return [_choice(found) for found in habits.latest_customers(tx)]
            return [_choice(found) for found in customers.find_customers(tx, text, limit=8)]

        return self._engine.ask(self._tenant, question)

    def book(
        self, *, service: str, staff: str, at: datetime, customer: CustomerChoice | NewCustomer
    ) -> str:
        """Book a confirmed visit; a new customer is added in the same transaction."""

        def action(tx: Tx) -> str:
            if isinstance(customer, NewCustomer):
                customer_id = customers.add_customer(
                    tx,
                    customer.name,
                    phone=customer.phone or None,
                    email=customer.email or None,
                )[0].id
            else:
                customer_id = UUID(customer.id)
            request = booking.BookingRequest(service, staff, at, customer_id)
            return booking.book(tx, request).code

        return self._engine.act(self._tenant, action, command="tui book")

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

        return self._engine.ask(self._tenant, question)

    def take_cash(self, code: str, *, tip: Money | None) -> None:
        """Take what is due in cash, and the tip."""
        self._engine.act(
            self._tenant, lambda tx: taking.take_cash(tx, code, tip), command="tui pay"
        )

    def check_in(self, code: str) -> None:
        """Note that the customer has arrived."""
        self._engine.act(
            self._tenant, lambda tx: actions.check_in(tx, code), command="tui check-in"
        )

    def cancel(self, code: str, reason: str) -> None:
        """Cancel a booking, with its refund; the dialog's word for why goes into the audit."""

        def action(tx: Tx) -> None:
            fees.cancel_visit(tx, code)
            tx.concerns("reason", reason)

        self._engine.act(self._tenant, action, command="tui cancel")

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

        return self._engine.ask(self._tenant, question)


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
