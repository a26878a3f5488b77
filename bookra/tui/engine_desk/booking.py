"""Booking over the engine: services, clients at the counter, and a visit that is booked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from bookra.engine.bookings import booking
from bookra.engine.people import customers, habits
from bookra.engine.people.customers import Customer
from bookra.engine.runtime import Tx
from bookra.tui.desk import CustomerChoice, Done, NewCustomer, ServiceChoice, Undo
from bookra.tui.engine_desk.counter import Counter, local, words


class EngineBooking(Counter):
    """Questions and verbs of the booking dialog, one transaction each."""

    def services(self, staff: str) -> list[ServiceChoice]:
        """Return what a person performs, the most usual first."""
        found = self._ask(lambda tx: habits.usual_services(tx, staff))
        return [ServiceChoice(s.slug, s.name, s.minutes, s.price) for s in found]

    def find_customers(self, text: str) -> list[CustomerChoice]:
        """Return the best matches, or the latest customers for no text."""

        def question(tx: Tx) -> list[CustomerChoice]:
            if not text.strip():
                return [choice(found) for found in habits.latest_customers(tx)]
            return [choice(found) for found in customers.find_customers(tx, text, limit=8)]

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


def choice(found: Customer) -> CustomerChoice:
    """Return a customer as the lists show them."""
    return CustomerChoice(
        str(found.id), found.name, found.phone or "", found.email or "", found.visits
    )
