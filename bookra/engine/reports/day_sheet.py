"""The day sheet: a day by person, with what one wants to know of a client before they come.

It is for paper at the mirror and for the day on which nothing else works. It holds personal data:
whoever writes it into a file makes that file its owner's alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from bookra.engine.bookings.day import DayBlock, DaySnapshot, Interval
from bookra.engine.bookings.rota import SHOWN, day_snapshot
from bookra.engine.business import Tenant
from bookra.engine.runtime import Tx
from bookra.money import Money

CONTACTS = text(
    """
    SELECT b.code, c.phone, c.notes
      FROM bookings b
      JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
     WHERE b.tenant_id = :tenant_id AND b.code = ANY(:codes)
    """
)
# Who sits in a class, a row a client; index: booking_lines by session.
GUESTS = text(
    f"""
    SELECT x.code, c.name, c.phone, count(*)::int AS seats
      FROM sessions x
      JOIN booking_lines l ON l.tenant_id = x.tenant_id AND l.session_id = x.id
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
      JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
     WHERE x.tenant_id = :tenant_id AND x.code = ANY(:codes) AND b.status IN {SHOWN}
       AND (b.status <> 'held' OR b.hold_expires_at > :now)
     GROUP BY x.code, c.id, c.name, c.phone
     ORDER BY x.code, c.name
    """  # noqa: S608 - constants
)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who sits in a class."""

    name: str
    phone: str
    seats: int


@dataclass(frozen=True, slots=True)
class SheetVisit:
    """A line of the sheet. ``due`` is None where the same booking goes on in a later line.

    ``status`` is a booking's or ``class``; a class has no client but guests. ``notes`` are those
    of the visit, then of the client.
    """

    code: str
    status: str
    starts_at: datetime
    ends_at: datetime
    customer: str
    service: str
    phone: str
    notes: str
    due: Money | None
    guests: tuple[Guest, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetPerson:
    """Somebody's day: when they are there, and their visits by time."""

    slug: str
    name: str
    shifts: tuple[Interval, ...]
    visits: tuple[SheetVisit, ...]


@dataclass(frozen=True, slots=True)
class DaySheet:
    """A day of a business. Who neither works nor has a visit then is left out."""

    tenant: Tenant
    day: date
    people: tuple[SheetPerson, ...]
    booked: Money
    due: Money
    read_at: datetime

    @property
    def visits(self) -> int:
        """How many bookings and classes there are."""
        return len({visit.code for person in self.people for visit in person.visits})


def day_sheet(tx: Tx, day: date) -> DaySheet:
    """Return the sheet of a local day, as it is now."""
    found = day_snapshot(tx, day)
    codes = sorted({block.code for block in found.blocks if block.status != "class"})
    classes = sorted({block.code for block in found.blocks if block.status == "class"})
    contacts = {row.code: row for row in (tx.rows(CONTACTS, codes=codes) if codes else ())}
    guests: dict[str, list[Guest]] = defaultdict(list)
    for row in tx.rows(GUESTS, codes=classes, now=tx.now) if classes else ():
        guests[row.code].append(Guest(row.name, row.phone or "", row.seats))
    last = {block.code: block for block in sorted(found.blocks, key=lambda one: one.ends_at)}
    visits = {
        id(block): _visit(block, contacts.get(block.code), guests[block.code], last[block.code])
        for block in found.blocks
    }
    return DaySheet(
        tx.tenant,
        day,
        tuple(person for person in _people(found, visits) if person.shifts or person.visits),
        found.totals.booked,
        Money(sum(block.due.minor for block in last.values()), tx.tenant.currency),
        found.read_at,
    )


def _people(found: DaySnapshot, visits: dict[int, SheetVisit]) -> list[SheetPerson]:
    return [
        SheetPerson(
            column.slug,
            column.name,
            column.shifts,
            tuple(visits[id(block)] for block in found.blocks if block.staff == column.slug),
        )
        for column in found.columns
    ]


def _visit(
    block: DayBlock, contact: Row[Any] | None, guests: list[Guest], last: DayBlock
) -> SheetVisit:
    return SheetVisit(
        block.code,
        block.status,
        block.starts_at,
        block.ends_at,
        block.customer,
        block.service,
        (contact.phone or "") if contact is not None else "",
        _told(block, contact),
        block.due if block is last else None,
        tuple(guests),
    )


def _told(block: DayBlock, contact: Row[Any] | None) -> str:
    """Return what to know of a visit, and then of its client, on a line of its own each."""
    of_client = contact.notes if contact is not None else ""
    return "\n".join(filter(None, (block.note, of_client)))
