"""Clients who come again, and classes, over the engine: series, the next visit, seats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bookra import clock
from bookra.engine.availability import sessions
from bookra.engine.availability.actions import nearest_visits
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.bookings import booking, store, usual
from bookra.engine.bookings.booking import BookingRequest
from bookra.engine.bookings.classes.seats import seats_of
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.recurring.dates import SeriesDate as Looked
from bookra.engine.bookings.recurring.dates import SeriesRequest, looked_at
from bookra.engine.bookings.recurring.recurrence import parse_every
from bookra.engine.bookings.recurring.series import book_series
from bookra.engine.catalog.actions import find_service
from bookra.engine.people.customers import customer_by_id
from bookra.engine.people.staff import find_staff, staff_list
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.ids import new_id
from bookra.money import Money
from bookra.tui.desk import CustomerChoice, Done, NewCustomer, ServiceChoice, Undo
from bookra.tui.desk.booking import Again, ClassSeats, Repeat, Seat, SeriesDate
from bookra.tui.engine_desk.booking import choice, free_time, named, served
from bookra.tui.engine_desk.counter import Counter, local, words


class EngineReturning(Counter):
    """Questions and verbs of series, of the next visit and of seats, one transaction each."""

    def series_dates(
        self, *, service: str, staff: str, at: datetime, repeat: Repeat
    ) -> list[SeriesDate]:
        """Look at every date; whose visits they are does not matter for that."""

        def question(tx: Tx) -> list[SeriesDate]:
            every = parse_every(repeat.every)
            request = SeriesRequest(service, staff, at, new_id(), every, repeat.count)
            return [_date(each) for each in looked_at(tx, request)]

        return self._ask(question)

    def book_series(
        self,
        *,
        service: str,
        staff: str,
        at: datetime,
        customer: CustomerChoice | NewCustomer,
        repeat: Repeat,
        skip: bool,
    ) -> Done:
        """Book a series; a new customer is added in the same transaction."""

        def action(tx: Tx) -> Done:
            who, every = served(tx, customer), parse_every(repeat.every)
            request = SeriesRequest(
                service, staff, at, who.id, every, repeat.count, skip_conflicts=skip
            )
            code = book_series(tx, request).bookings[0].code
            span = ("--staff", staff, "--at", local(tx, at), "--customer", named(who))
            rule = ("--every", every, "--count", repeat.count)
            more = ("--skip-conflicts",) if skip else ()
            command = words("booking", "series", service, *span, *rule, *more)
            return Done(code, command, Undo("unseries", (code,), "The series is taken back"))

        return self._act("series", action)

    def seats(self, code: str) -> ClassSeats:
        """Return a class with who sits in it, what each booking owes at its first seat."""

        def question(tx: Tx) -> ClassSeats:
            found = sessions.session_by_code(tx, code)
            nothing = Money(0, tx.tenant.currency)
            taken, seen = [], set()
            for seat in seats_of(tx, found.id):
                made = store.booking_by_id(tx, seat.booking_id)
                due = nothing if made.id in seen else made.due
                seen.add(made.id)
                taken.append(
                    Seat(seat.seat_no, seat.booking, seat.customer, seat.status, made.price, due)
                )
            return ClassSeats(
                found.code,
                found.service_name,
                found.staff_name,
                found.starts_at,
                found.ends_at,
                found.capacity,
                find_service(tx, found.service).at_level(found.level).price,
                tuple(taken),
            )

        return self._ask(question)

    def book_seats(
        self, code: str, customer: CustomerChoice | NewCustomer, *, seats: int = 1
    ) -> Done:
        """Book seats of a class; a new customer is added in the same transaction."""

        def action(tx: Tx) -> Done:
            found, who = sessions.session_by_code(tx, code), served(tx, customer)
            request = BookingRequest(
                found.service, found.staff, found.starts_at, who.id, seats=seats
            )
            made = booking.book(tx, request).code
            span = ("--staff", found.staff, "--at", local(tx, found.starts_at))
            several = ("--seats", seats) if seats > 1 else ()
            command = words("book", found.service, *span, *several, "--customer", named(who))
            return Done(made, command, Undo("unbook", (made,), "The seat is given back"))

        return self._act("book seats", action)

    def again(self, code: str) -> Again | None:
        """Return the same visit in the usual weeks; None for who comes again already."""

        def question(tx: Tx) -> Again | None:
            made = store.booking_by_code(tx, code)
            first = made.lines[0]
            starts = usual.starts_of(tx, made.customer_id, first.service_id)
            if first.session_id is not None or any(start > made.starts_at for start in starts):
                return None
            return _again(tx, made, usual.weeks_between(starts))

        return self._ask(question)


def _again(tx: Tx, made: Booking, weeks: int) -> Again | None:
    """Return the visit so many weeks later, at the free time that is nearest to it."""
    first = made.lines[0]
    wanted = _weeks_later(tx, made.starts_at, weeks)
    asked = VisitWish(tuple(Wish(line.service, line.staff) for line in made.lines))
    names = {person.slug: person.name for person in staff_list(tx)}
    try:
        near = nearest_visits(tx, asked, wanted)
    except ConflictError:  # a service or a person that is gone by now
        return None
    if not near:
        return None
    choices = _services(tx, made)
    return Again(
        choices[0],
        tuple(choices[1:]),
        first.staff,
        first.staff_name,
        choice(customer_by_id(tx, made.customer_id)),
        min(near, key=lambda slot: abs(slot.start - wanted)).start,
        weeks,
        tuple(free_time(slot, names) for slot in near),
    )


def _services(tx: Tx, made: Booking) -> Sequence[ServiceChoice]:
    found = []
    for line in made.lines:
        one = find_service(tx, line.service).at_level(find_staff(tx, line.staff).level)
        found.append(ServiceChoice(one.slug, one.name, one.minutes, one.price))
    return found


def _weeks_later(tx: Tx, at: datetime, weeks: int) -> datetime:
    """Return the same wall time so many weeks later."""
    later = at.astimezone(tx.tenant.zone).replace(tzinfo=None) + timedelta(weeks=weeks)
    try:
        return clock.resolve(later, tx.tenant.zone)
    except InvalidInputError:  # the clocks jump over it
        return at + timedelta(weeks=weeks)


def _date(looked: Looked) -> SeriesDate:
    if looked.conflict is None:
        assert looked.at is not None
        return SeriesDate(looked.at, "")
    return SeriesDate(looked.at, looked.conflict.start[:10], looked.conflict.message)
