"""A large salon on an embedded server of its own: what both benchmarks measure against.

The server is durable, as a real one is (``fsync`` is on), and everything goes in by the ordinary
login, row by row through the exclusion constraint. Folder and server are gone afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from homes import kept_home

from bookra import bootstrap
from bookra.clock import resolve
from bookra.config import Settings
from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_hours
from bookra.engine.bookings import statements
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import Service, parse_segments
from bookra.engine.people.customers import add_customer
from bookra.engine.people.staff import Staff, add_staff
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.ids import new_id
from bookra.money import Money

SLUG = "luna"
STAFF = 50
TODAY = datetime.now(UTC).date()
MONTH = TODAY + timedelta(days=14 - TODAY.weekday())
"""The Monday with which the searched month begins: to come, and in the middle of what is booked."""

# Five kinds of week, each with its nine hours a day: a salon has neither one rota nor fifty.
WEEKS = (
    ("mon-sat 09:00-18:00",),
    ("mon-sat 09:00-13:00,14:00-19:00",),
    ("mon-fri 10:00-19:00", "sat 09:00-18:00"),
    ("mon-wed 08:00-17:00", "thu-sat 11:00-20:00"),
    ("mon-sat 08:30-12:30,13:30-18:30",),
)
VISITS_A_DAY = 3.5
"""How full the book is, so that more bookings mean a longer one, not a denser one."""


@dataclass(frozen=True, slots=True)
class Salon:
    """An opened salon: its settings, an engine with one connection, how much is in its book."""

    settings: Settings
    engine: Engine
    people: tuple[Staff, ...]
    bookings: int


@contextmanager
def opened(bookings: int) -> Iterator[Salon]:
    """Start a server, open the salon with so many ``bookings``, and take all of it away again."""
    with kept_home(None) as home:
        settings = Settings(home=home)
        with closing(bootstrap.open_engine(settings, size=1)) as engine:
            yield _furnished(settings, engine, bookings)


def _furnished(settings: Settings, engine: Engine, bookings: int) -> Salon:
    with bootstrap.administration(settings) as connection:
        tenancy.create(connection, business(SLUG))
    people, service, customer = engine.act(SLUG, set_up, command="benchmark")
    booked = 0
    for index, person in enumerate(people):
        wanted = bookings * (index + 1) // STAFF - bookings * index // STAFF
        fill = partial(_fill, person=person, service=service, customer=customer, wanted=wanted)
        booked += engine.act(SLUG, fill, command="benchmark")
    with bootstrap.administration(settings) as connection:
        connection.exec_driver_sql("ANALYZE")  # autovacuum would, within a minute
    return Salon(settings, engine, people, booked)


def business(slug: str) -> tenancy.NewTenant:
    """Return a salon that has not opened yet."""
    return tenancy.NewTenant(slug, "Luna Hair", "Europe/Berlin", "EUR", "DE", 1900)


def set_up(tx: Tx, staff: int = STAFF) -> tuple[tuple[Staff, ...], Service, UUID]:
    """Make people, one service and one client; return the people, the service, the client's id."""
    people = []
    for number in range(staff):
        person, _ = add_staff(tx, f"staff-{number:02d}", f"Staff {number}", commission_bps=4000)
        weeks = [parse_week(week) for week in WEEKS[number % len(WEEKS)]]
        set_hours(tx, person.slug, weeks, TODAY - timedelta(days=365))
        people.append(person)
    cut = NewService("cut", "Cut", Money(4500, tx.tenant.currency), parse_segments("busy 45"))
    service, _ = add_service(tx, cut)
    customer, _ = add_customer(tx, "Rosa Vega")
    return tuple(people), service, customer.id


def _fill(tx: Tx, person: Staff, service: Service, customer: UUID, wanted: int) -> int:
    """Book so many visits of one person; return how many the exclusion constraint let in."""
    starts = starts_of(person.slug, wanted, tx.tenant.zone)
    span = [
        {"id": new_id(), "starts_at": start, "ends_at": start + timedelta(minutes=45)}
        for start in starts
    ]
    lines = [
        {
            **visit,
            "id": new_id(),
            "booking_id": visit["id"],
            "position": 1,
            "service_id": service.id,
            "staff_id": person.id,
            "net_minor": 3782,
            "tax_minor": 718,
            "discount_minor": 0,
            "list_minor": None,
            "tax_bps": 1900,
            "commission_bps": person.commission_bps,
            "currency": "EUR",
            "level": "",
            "requested": True,
            "session_id": None,
        }
        for visit in span
    ]
    claims = [
        {
            **line,
            "id": new_id(),
            "bookable_id": person.id,
            "booking_line_id": line["id"],
            "held_until": None,
        }
        for line in lines
    ]
    tx.run_many(statements.INSERT, [_booking(visit, customer, tx.now) for visit in span])
    tx.run_many(statements.INSERT_LINE, lines)
    tx.run_many(statements.ALLOCATE, claims)
    return len(claims)


def _booking(visit: dict[str, object], customer: UUID, now: datetime) -> dict[str, object]:
    return {
        **visit,
        "code": f"LUN-{str(visit['id'])[-12:]}",
        "customer_id": customer,
        "status": "confirmed",
        "hold_expires_at": None,
        "series_id": None,
        "discount_kind": None,
        "discount_bps": None,
        "accepted_via": None,
        "note": "",
        "currency": "EUR",
        "now": now,
    }


def starts_of(person: str, wanted: int, zone: ZoneInfo) -> list[datetime]:
    """Return so many times of a person's visits: in separate hours of the days around the month,
    on the quarter hour, and the same ones in every run.
    """
    rng = random.Random(person)
    days = max(31, round(wanted / VISITS_A_DAY))
    first = MONTH - timedelta(days=(days - 30) // 2)
    hours = [(day, hour) for day in range(days) for hour in range(8, 19)]
    return [
        resolve(
            datetime.combine(first + timedelta(days=day), time(hour, rng.choice((0, 15)))), zone
        )
        for day, hour in sorted(rng.sample(hours, wanted))
    ]
