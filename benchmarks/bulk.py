"""Writes a million bookings in minutes: the rows of ``salon``, copied in as the administrator.

COPY is refused under row-level security, so a superuser does it, for the benchmark's data alone.
Foreign keys are not looked up row by row, since the rows are right by how they are made; the
exclusion constraint, every key and every check hold as always.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, count, islice
from typing import Any
from uuid import UUID

import psycopg
from salon import starts_of
from sqlalchemy import Connection, text

from bookra.engine.business import Tenant
from bookra.engine.catalog.model import Service
from bookra.engine.people.staff import Staff
from bookra.ids import new_id

LENGTH = timedelta(minutes=45)
BATCH = 50_000
NO_LOOK_UPS = text("SET LOCAL session_replication_role = replica")
BOOKINGS = (
    "COPY bookings (tenant_id, id, code, customer_id, status, starts_at, ends_at, currency,"
    " created_at) FROM STDIN"
)
LINES = (
    "COPY booking_lines (tenant_id, id, booking_id, position, service_id, staff_id, starts_at,"
    " ends_at, net_minor, tax_minor, tax_bps, commission_bps, currency) FROM STDIN"
)
ALLOCATIONS = (
    "COPY allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind, booking_id,"
    " booking_line_id) FROM STDIN"
)


@dataclass(frozen=True, slots=True)
class Business:
    """A business that is set up, and how many bookings its book is to hold."""

    tenant: Tenant
    people: tuple[Staff, ...]
    service: Service
    customer_id: UUID
    bookings: int


@dataclass(frozen=True, slots=True)
class Visit:
    """One booking of one line, with its ids."""

    number: int
    business: Business
    person: Staff
    start: datetime
    booking_id: UUID
    line_id: UUID


def write(connection: Connection, businesses: Iterable[Business]) -> int:
    """Copy in the bookings of some businesses, inside the administrator's transaction."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    connection.execute(NO_LOOK_UPS)
    visits, now, written = chain.from_iterable(map(_visits, businesses)), datetime.now(UTC), 0
    while batch := list(islice(visits, BATCH)):
        _copy(driver, BOOKINGS, (_booking(visit, now) for visit in batch))
        _copy(driver, LINES, map(_line, batch))
        _copy(driver, ALLOCATIONS, map(_allocation, batch))
        written += len(batch)
    return written


def _copy(driver: psycopg.Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _visits(business: Business) -> Iterator[Visit]:
    numbers, staff = count(1), len(business.people)
    for index, person in enumerate(business.people):
        wanted = business.bookings * (index + 1) // staff - business.bookings * index // staff
        for start in starts_of(person.slug, wanted, business.tenant.zone):
            yield Visit(next(numbers), business, person, start, new_id(), new_id())


def _booking(visit: Visit, now: datetime) -> tuple[Any, ...]:
    tenant, end = visit.business.tenant, visit.start + LENGTH
    customer, code = visit.business.customer_id, f"LUN-{visit.number}"
    return tenant.id, visit.booking_id, code, customer, "confirmed", visit.start, end, "EUR", now


def _line(visit: Visit) -> tuple[Any, ...]:
    business, person, end = visit.business, visit.person, visit.start + LENGTH
    ids = (business.tenant.id, visit.line_id, visit.booking_id, 1, business.service.id, person.id)
    return *ids, visit.start, end, 3782, 718, 1900, person.commission_bps, "EUR"


def _allocation(visit: Visit) -> tuple[Any, ...]:
    owner = (visit.booking_id, visit.line_id)
    who = (visit.business.tenant.id, new_id(), visit.person.id)
    return *who, visit.start, visit.start + LENGTH, "booking", *owner
