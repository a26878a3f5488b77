"""Classes in tests: yoga with a mat for each customer, its sessions, and who sits in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from factories import Salon
from sqlalchemy import text

from bookra.engine.availability.sessions import Session, session_by_code
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.classes.adding import NewClass, add_sessions
from bookra.engine.bookings.classes.seats import Seat, seats_of
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.request import BookingRequest
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import Service, parse_segments
from bookra.engine.people.customers import Customer
from bookra.money import parse_amount

EVENING = "2026-11-24 17:00"
"""A Tuesday; the class ends as the salon closes."""

# Knows nothing of the key: each pair of seats is compared.
SEATS_SOLD_TWICE = text(
    """
    SELECT count(*) FROM seats a JOIN seats b
        ON b.session_id = a.session_id AND b.seat_no = a.seat_no AND b.id > a.id
     WHERE a.tenant_id = :tenant_id
    """
)


def offer(salon: Salon, *, capacity: int = 2, minutes: int = 60, **options: Any) -> Service:
    """Add the class ``yoga`` at 20.00; ``options`` are those of a new service."""
    new = NewService(
        "yoga",
        "Yoga",
        parse_amount("20.00", salon.tenant.currency),
        parse_segments(f"busy {minutes}"),
        capacity=capacity,
        **options,
    )
    return salon.act(lambda tx: add_service(tx, new)[0])


def give(salon: Salon, wall: str = EVENING, **options: Any) -> Session:
    """Add one session of ``yoga`` by Ana; ``options`` are those of a new class."""
    return give_all(salon, wall, **options)[0]


def give_all(salon: Salon, wall: str, *, staff: str = "ana", **options: Any) -> list[Session]:
    """Add sessions of ``yoga``; ``options`` are those of a new class."""
    new = NewClass("yoga", staff, salon.local(wall), **options)
    return salon.act(lambda tx: add_sessions(tx, new))


def seat_request(
    salon: Salon, customer: Customer, wall: str = EVENING, **options: Any
) -> BookingRequest:
    """Return a request for seats; ``options`` are those of a request."""
    staff = options.pop("staff", None)
    wanted = salon.request(wall, service="yoga", staff=staff, customer=customer)
    return replace(wanted, **options)


def sit(salon: Salon, customer: Customer, wall: str = EVENING, **options: Any) -> Booking:
    """Book seats in a session of ``yoga``, by the verb that books everything."""
    wanted = seat_request(salon, customer, wall, **options)
    return salon.act(lambda tx: book(tx, wanted))


def crowd(salon: Salon, size: int) -> list[Customer]:
    """Return so many customers, each one another person."""
    return [salon.customer(f"Guest {number:03}") for number in range(size)]


def again(salon: Salon, session: Session) -> Session:
    """Read a session again."""
    return salon.ask(lambda tx: session_by_code(tx, session.code))


def seats(salon: Salon, session: Session) -> list[Seat]:
    """Return the seats of a session that are sold or held."""
    return salon.ask(lambda tx: seats_of(tx, session.id))


def seats_sold_twice(salon: Salon) -> int:
    """Count the pairs of rows that name one seat."""
    found: int = salon.ask(lambda tx: tx.rows(SEATS_SOLD_TWICE))[0][0]
    return found
