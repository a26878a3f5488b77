"""Booking over the engine: services, clients at the counter, and visits that are booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from bookra import clock
from bookra.engine.availability.actions import nearest_visits
from bookra.engine.availability.answers import Slot
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.bookings import booking, rota, usual
from bookra.engine.bookings.booking import BookingRequest
from bookra.engine.bookings.day import Interval
from bookra.engine.bookings.waitlist import actions as waitlist
from bookra.engine.catalog.actions import find_service
from bookra.engine.people import customers, habits
from bookra.engine.people.customers import Customer
from bookra.engine.people.staff import find_staff, staff_list
from bookra.engine.prices import deposits
from bookra.engine.runtime import Tx
from bookra.tui.desk import CustomerChoice, Done, NewCustomer, ServiceChoice, Undo
from bookra.tui.desk.booking import FreeTime, Instead, Quote
from bookra.tui.engine_desk.counter import Counter, local, words


class EngineBooking(Counter):
    """Questions and verbs of the booking dialog, one transaction each."""

    def services(self, staff: str) -> list[ServiceChoice]:
        """Return what a person performs, the most usual first; classes are sold by the seat."""

        def question(tx: Tx) -> list[ServiceChoice]:
            level = find_staff(tx, staff).level
            found = [s.at_level(level) for s in habits.usual_services(tx, staff) if not s.capacity]
            return [ServiceChoice(s.slug, s.name, s.minutes, s.price) for s in found]

        return self._ask(question)

    def usual(self, customer_id: str) -> list[str]:
        """Return the slugs of what a client books."""
        return self._ask(lambda tx: usual.usual_for(tx, UUID(customer_id)))

    def find_customers(self, text: str) -> list[CustomerChoice]:
        """Return the best matches, or the latest customers for no text."""

        def question(tx: Tx) -> list[CustomerChoice]:
            if not text.strip():
                return [choice(found) for found in habits.latest_customers(tx)]
            return [choice(found) for found in customers.find_customers(tx, text, limit=8)]

        return self._ask(question)

    def check_contact(self, phone: str, email: str) -> None:
        """Check a phone as written in the business's country, and an e-mail's shape."""
        if phone:
            country = self._ask(lambda tx: tx.tenant.country)
            customers.checked_phone(phone, country)
        if email:
            customers.checked_email(email)

    def book(
        self,
        *,
        service: str,
        staff: str,
        at: datetime,
        customer: CustomerChoice | NewCustomer,
        more: Sequence[str] = (),
        hold_minutes: int | None = None,
    ) -> Done:
        """Book a visit; a new customer is added in the same transaction."""

        def action(tx: Tx) -> Done:
            who = served(tx, customer)
            visit = tuple(Wish(slug, staff) for slug in more)
            request = BookingRequest(service, staff, at, who.id, hold_minutes, visit)
            code = booking.book(tx, request).code
            further = [part for slug in more for part in ("--with", f"{slug}:{staff}")]
            held = () if hold_minutes is None else ("--hold", hold_minutes)
            span = ("--staff", staff, "--at", local(tx, at))
            command = words("book", service, *span, *further, "--customer", named(who), *held)
            said = "The hold is given up" if held else "The booking is taken back"
            return Done(code, command, Undo("unbook", (code,), said))

        return self._act("hold" if hold_minutes else "book", action)

    def quote(
        self,
        *,
        service: str,
        staff: str,
        at: datetime,
        customer: CustomerChoice | NewCustomer,
        more: Sequence[str] = (),
    ) -> Quote:
        """Book in a transaction that is rolled back: only that knows all that could refuse it."""

        def action(tx: Tx) -> Quote:
            who = served(tx, customer)
            visit = tuple(Wish(slug, staff) for slug in more)
            made = booking.book(tx, BookingRequest(service, staff, at, who.id, more=visit))
            return Quote(made.starts_at, made.ends_at, made.price, deposits.required(tx, made))

        return self._engine.act(self._tenant, action, command="tui quote", dry_run=True)

    def instead(
        self, *, service: str, staff: str, at: datetime, more: Sequence[str] = ()
    ) -> Instead:
        """Return who has the time, and what is free near it: three of theirs, two of others."""

        def question(tx: Tx) -> Instead:
            names = {person.slug: person.name for person in staff_list(tx)}
            level = find_staff(tx, staff).level
            asked = (service, *more)
            minutes = sum(find_service(tx, slug).at_level(level).minutes for slug in asked)
            end = at + timedelta(minutes=minutes)
            day = rota.day_snapshot(tx, clock.local_day(at, tx.tenant.zone))
            theirs = [b for b in day.blocks if b.staff == staff]
            taken = tuple(b for b in theirs if b.starts_at < end and at < b.ends_at)
            own = nearest_visits(tx, VisitWish(tuple(Wish(slug, staff) for slug in asked)), at)
            anybody = nearest_visits(tx, VisitWish(tuple(Wish(slug) for slug in asked)), at)
            others = [slot for slot in anybody if slot.staff != staff][:2]
            return Instead(taken, tuple(free_time(slot, names) for slot in (*own, *others)))

        return self._ask(question)

    def wish(
        self,
        *,
        service: str,
        staff: str | None,
        customer: CustomerChoice | NewCustomer,
        windows: Sequence[Interval],
    ) -> Done:
        """Put a wish on the waitlist; a new customer is added in the same transaction."""

        def action(tx: Tx) -> Done:
            who = served(tx, customer)
            request = waitlist.WishRequest(service, staff, who.id, windows)
            code = waitlist.add_wish(tx, request).wish.code
            spans = [
                part
                for start, end in windows
                for part in ("--from", local(tx, start), "--to", local(tx, end))
            ]
            person = ("--staff", staff) if staff else ()
            command = words("waitlist", "add", service, *person, "--customer", named(who), *spans)
            return Done(code, command, Undo("unwish", (code,), "The wish is taken back"))

        return self._act("wish", action)


def served(tx: Tx, customer: CustomerChoice | NewCustomer) -> Customer:
    """Return the customer, added if new."""
    if not isinstance(customer, NewCustomer):
        return customers.customer_by_id(tx, UUID(customer.id))
    phone, email = customer.phone or None, customer.email or None
    return customers.add_customer(tx, customer.name, phone=phone, email=email)[0]


def named(customer: Customer) -> str:
    """Return how a command names a customer so that it is no other."""
    return customer.phone or customer.email or str(customer.id)


def choice(found: Customer) -> CustomerChoice:
    """Return a customer as the lists show them."""
    return CustomerChoice(
        str(found.id), found.name, found.phone or "", found.email or "", found.visits
    )


def free_time(slot: Slot, names: dict[str, str]) -> FreeTime:
    """Return an open start as a dialog offers it."""
    return FreeTime(slot.staff, names.get(slot.staff, slot.staff), slot.start, slot.end)
