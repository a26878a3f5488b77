"""The arena: a business made for a torture, by the engine's own verbs, and nothing else in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bookra import clock
from bookra.engine import refusals
from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_hours
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.catalog.actions import NewService, add_service, find_service
from bookra.engine.catalog.model import Need, parse_segments
from bookra.engine.people.customers import add_customer
from bookra.engine.people.resources import add_resource
from bookra.engine.people.staff import add_staff, find_staff
from bookra.engine.proofs.tortures.tickets import (
    LIMITED,
    OPENS_MINUTE,
    Arena,
    ClassSession,
    Programme,
    start_of_window,
)
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.actions import NewTenant
from bookra.engine.tenancy.auditing import part
from bookra.ids import new_id
from bookra.money import Money

HOURS = "mon-sun 07:00-23:00"
ZONE = "Europe/Berlin"
PIECES = ("cut", "trim", "colour", "wash", "cut", "trim", "colour", "wash", "cut")
PIECE_MINUTES = 90
"""How far apart the pieces stand on their first day: further than any of them takes."""

HOLDS_EVERY, HOLDS_AT_MOST = 4, 30
HELD = (("ana", 0), ("ben", 30), ("cleo", 60))
"""Whose time lapsed holds take in every fourth window, in thirty at most, and how many minutes
after it opens."""

UNDEFINED_OBJECT = "42704"
MISSING = "missing"
"""Stands for the code of a booking that could not be made."""

DAILY_LIMIT = 3
SESSION_MINUTES = 60
UNITS = (("chair-1", "chairs"), ("chair-2", "chairs"), ("dryer", "dryers"))


class Offer(NamedTuple):
    """A service of the arena. ``colour`` keeps its chair through the gap, and dries in the gap."""

    slug: str
    segments: str
    buffer_after_minutes: int = 0
    needs: tuple[Need, ...] = ()
    capacity: int | None = None


OFFERS = (
    Offer("cut", "busy 45"),
    Offer("trim", "busy 30"),
    Offer("wash", "busy 15", 10),
    Offer(
        "colour",
        "busy 30,gap 20,busy 15",
        needs=(Need("chairs", "visit"), Need("dryers", "gap")),
    ),
    Offer("consult", "busy 30"),
    Offer("yoga", f"busy {SESSION_MINUTES}", capacity=10),
)
TEAM = ("ana", "ben", "cleo", "dan", "eva", "finn")
TEAM_SKILLS = ("cut", "trim", "wash", "colour")
COACH = "gus"

INSERT_SESSION = text(
    """
    INSERT INTO sessions (tenant_id, id, code, service_id, staff_id, starts_at, ends_at, capacity,
                          created_at)
    VALUES (:tenant_id, :id, :code, :service_id, :staff_id, :starts_at, :ends_at, :capacity, :now)
    """
)
ALLOCATE_SESSION = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind, session_id)
    VALUES (:tenant_id, :allocation_id, :staff_id, :starts_at, :ends_at, 'session', :id)
    """
)


# An hour ago, as if the minute were over: an expired hold must never block.
LAPSE = (
    text(
        """
        UPDATE bookings SET hold_expires_at = :then, changed_by = session_user
         WHERE tenant_id = :tenant_id AND status = 'held'
        """
    ),
    text(
        """
        UPDATE allocations SET held_until = :then, changed_by = session_user
         WHERE tenant_id = :tenant_id AND held_until IS NOT NULL
        """
    ),
)


def new_business() -> NewTenant:
    """Return the business to open for one torture, named as no other."""
    slug = f"torture-{secrets.token_hex(4)}"
    return NewTenant(slug, "Torture", ZONE, "EUR", "DE", 1900, True)


def build(tx: Tx, programme: Programme) -> Arena:
    """Furnish a business: people, services, units, classes, customers and a few bookings."""
    first_day = clock.local_day(tx.now, tx.tenant.zone) + timedelta(days=2)
    customers = _furnish(tx, programme)
    *pieces, sponsor = _booked(tx, programme, first_day, customers)
    return Arena(
        tx.tenant.slug,
        tx.tenant.zone,
        first_day,
        tuple(str(customer) for customer in customers),
        tuple(pieces),
        sponsor,
        tuple(_sessions(tx, programme, first_day)),
    )


def _furnish(tx: Tx, programme: Programme) -> list[UUID]:
    """Add what a business has before its first booking; return its customers."""
    for slug, pool in UNITS:
        add_resource(tx, slug, pool)
    for offer in OFFERS:
        add_service(
            tx,
            NewService(
                offer.slug,
                offer.slug.capitalize(),
                Money(4500, tx.tenant.currency),
                parse_segments(offer.segments),
                buffer_after_minutes=offer.buffer_after_minutes,
                needs=offer.needs,
                capacity=offer.capacity,
            ),
        )
    limited, consult = LIMITED
    skills = {**dict.fromkeys(TEAM, TEAM_SKILLS), limited: (consult,), COACH: ("yoga",)}
    today = clock.local_day(tx.now, tx.tenant.zone)
    for name, services in skills.items():
        limit = DAILY_LIMIT if name == limited else None
        add_staff(tx, name, name.capitalize(), services=services, daily_limit=limit)
        set_hours(tx, name, [parse_week(HOURS)], today)
    wanted = 2 * programme.heat
    return [add_customer(tx, f"Customer {number}")[0].id for number in range(wanted)]


def _booked(
    tx: Tx, programme: Programme, first_day: date, customers: list[UUID]
) -> tuple[str, ...]:
    """Book what is there before the first attempt; return the codes of the pieces.

    A database without the constraint that the engine names takes no booking at all. The torture
    goes on: it is to say what becomes of such a book, not to fail with it.
    """
    try:
        with part(tx):
            pieces = tuple(_pieces(tx, first_day - timedelta(days=1), customers))
            _lapsed_holds(tx, programme, first_day, customers)
            return pieces
    except DBAPIError as error:
        if refusals.sqlstate(error) != UNDEFINED_OBJECT:
            raise
        return (MISSING,) * len(PIECES)


def _pieces(tx: Tx, day: date, customers: list[UUID]) -> Iterator[str]:
    """Book the visits that are moved and swapped, and one that stays; yields their codes."""
    opens = clock.opening(day, OPENS_MINUTE, tx.tenant.zone)
    for number, service in enumerate(PIECES):
        at = clock.from_epoch(opens + number * PIECE_MINUTES * 60)
        staff = TEAM[number % len(TEAM)]
        request = BookingRequest(service, staff, at, customers[number % len(customers)])
        yield book(tx, request).code


def _lapsed_holds(tx: Tx, programme: Programme, first_day: date, customers: list[UUID]) -> None:
    """Put expired holds in the way of some rounds: who wants the time has to release them first."""
    step = max(HOLDS_EVERY, -(-programme.rounds // HOLDS_AT_MOST))
    for number in range(0, programme.rounds, step):
        at = clock.from_epoch(start_of_window(first_day, number, tx.tenant.zone))
        for staff, minutes in HELD:
            start = at + timedelta(minutes=minutes)
            book(tx, BookingRequest("cut", staff, start, customers[0], hold_minutes=1))
    for statement in LAPSE:
        tx.run(statement, then=tx.now - timedelta(hours=1))


def _sessions(tx: Tx, programme: Programme, first_day: date) -> list[ClassSession]:
    """Put a class into as many windows as there are heats for seats, with seats for half a heat.

    Written as rows, pipelined: there may be thousands.
    """
    service, coach = find_service(tx, "yoga"), find_staff(tx, COACH)
    sessions, rows = [], []
    for number in range(programme.sessions):
        starts_at = start_of_window(first_day, number, tx.tenant.zone)
        session_id = new_id()
        sessions.append(ClassSession(str(session_id), starts_at, programme.seats))
        rows.append(
            {
                "id": session_id,
                "allocation_id": new_id(),
                "code": f"{tx.tenant.code_prefix}-C{number:06}",
                "service_id": service.id,
                "staff_id": coach.id,
                "starts_at": clock.from_epoch(starts_at),
                "ends_at": clock.from_epoch(starts_at + SESSION_MINUTES * 60),
                "capacity": programme.seats,
                "now": tx.now,
            }
        )
    tx.run_many(INSERT_SESSION, rows)
    tx.run_many(ALLOCATE_SESSION, rows)
    return sessions
