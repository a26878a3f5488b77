"""One line of another program's appointments, read: when, what, with whom, for whom. No writing.

Services and people are known by their slugs, by their names without case and accents, or by what
``--service-map`` and ``--staff-map`` say of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from bookra import clock
from bookra.engine.catalog.model import Service
from bookra.engine.imports.batches import Line, value
from bookra.engine.imports.columns import Columns
from bookra.engine.imports.values import Reading, read_minutes, read_moment, read_price
from bookra.engine.people.csv_lines import Sheet
from bookra.engine.people.csv_people import phone_as_written
from bookra.engine.people.customers import checked_email
from bookra.engine.people.matching import folded
from bookra.engine.people.staff import Staff
from bookra.errors import BookraError, InvalidInputError, NotFoundError
from bookra.ids import checked_name
from bookra.money import Money

CANCELLED = (
    "cancelled",
    "canceled",
    "late cancelled",
    "declined",
    "rejected",
    "deleted",
    "storniert",
)
NO_SHOW = ("no show", "no-show", "noshow", "no_show", "did not show", "nicht erschienen")


MAX_NUMBER = 200
"""Letters of a number that are looked at."""


class Named(Protocol):
    """What has a slug and a name."""

    @property
    def slug(self) -> str: ...  # noqa: D102

    @property
    def name(self) -> str: ...  # noqa: D102


Thing = TypeVar("Thing", bound=Named)


@dataclass(slots=True)
class Directory(Generic[Thing]):
    """Services or people by all that a file may call them. ``missing`` gathers who is not found."""

    kind: str
    by_slug: dict[str, Thing]
    by_name: dict[str, list[Thing]]
    renamed: Mapping[str, str]
    missing: dict[str, None] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: str, things: Iterable[Thing], renamed: Mapping[str, str]) -> Directory[Thing]:
        """Return the directory of some things; ``renamed`` leads from a file's name to a slug."""
        by_slug = {thing.slug: thing for thing in things}
        by_name: dict[str, list[Thing]] = {}
        for thing in by_slug.values():
            by_name.setdefault(folded(thing.name), []).append(thing)
        return cls(kind, by_slug, by_name, {folded(name): slug for name, slug in renamed.items()})

    def find(self, text: str) -> Thing:
        """Return what a cell names; else NotFoundError (``unknown_staff``, ``unknown_service``)."""
        key = folded(text)
        slug = self.renamed.get(key, text.strip().lower())
        if slug in self.by_slug:
            return self.by_slug[slug]
        same = self.by_name.get(key, []) if key else []
        if len(same) == 1:
            return same[0]
        self.missing[text] = None
        what = "stands for nobody and nothing here" if not same else "stands for several"
        raise NotFoundError(
            f"unknown_{self.kind}",
            f"Its {self.kind} {what}: add it, or say --{self.kind}-map 'NAME=SLUG'",
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom an appointment is for, as far as the line tells. ``phone`` is E.164."""

    name: str
    phone: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Appointment:
    """A line that can be kept. ``state`` is booked, cancelled or no-show.

    ``reference`` is its number in the other program, '' without one.
    """

    line: int
    reference: str
    starts_at: datetime
    ends_at: datetime
    service: Service
    staff: Staff
    contact: Contact
    price: Money | None
    state: str

    @property
    def number(self) -> str:
        """Its number with its service: programs write a line for each service of a visit."""
        return numbered(self.reference, self.service) if self.reference else ""

    @property
    def key(self) -> str:
        """What makes two lines the same appointment, as a digest: no name can be read from it."""
        said = "|".join(
            (
                str(clock.to_epoch(self.starts_at)),
                self.service.slug,
                self.staff.slug,
                self.contact.phone or self.contact.email or folded(self.contact.name),
            )
        )
        return hashlib.sha256(said.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads appointments of one file."""

    columns: Columns
    reading: Reading
    country: str
    services: Directory[Service]
    staff: Directory[Staff]

    def read(self, line: Line) -> Appointment:
        """Return what a line says; raises InvalidInputError or NotFoundError with the reason."""
        said, columns = line.cells, self.columns
        reading = self._reading(line)
        starts_at = value(
            columns, line, "start", lambda cell: read_moment(cell, reading, said.get("time"))
        )
        service = self.services.find(said["service"])
        staff = self.staff.find(said["staff"])
        ends_at = self._end(line, reading, starts_at, service.at_level(staff.level).minutes)
        return Appointment(
            line.number,
            said.get("reference", "")[:MAX_NUMBER],
            starts_at,
            ends_at,
            service,
            staff,
            self._contact(line),
            self._price(line),
            _state(said.get("status", "")),
        )

    def number(self, line: Line) -> tuple[str, bytes]:
        """Return a line's number with its service, and what it says; also of one that is refused.

        The number is '' where it has none or was called off. Raises NotFoundError.
        """
        said = line.cells
        if not said.get("reference") or _state(said.get("status", "")) == "cancelled":
            return "", b""
        try:
            found = self.read(line)
        except BookraError:
            service = self.services.find(said["service"])
            return numbered(said["reference"][:MAX_NUMBER], service), b"%d" % line.number
        return found.number, bytes.fromhex(found.key)

    def _reading(self, line: Line) -> Reading:
        named = line.cells.get("zone", "")
        if not named:
            return self.reading
        return Reading(clock.zone(named), self.reading.currency, self.reading.dates)

    def _end(self, line: Line, reading: Reading, start: datetime, minutes: int) -> datetime:
        """Return the end: as it is said, or after the length that is said, or the service's."""
        said = line.cells
        if said.get("end"):
            end = self._end_said(line, reading, start)
        elif said.get("minutes"):
            end = start + timedelta(minutes=value(self.columns, line, "minutes", read_minutes))
        else:
            end = start + timedelta(minutes=minutes)
        if not timedelta(0) < end - start <= timedelta(days=1):
            raise InvalidInputError("bad_end", "It does not end within a day after it begins")
        return end

    def _end_said(self, line: Line, reading: Reading, start: datetime) -> datetime:
        local = start.astimezone(reading.zone)

        def read(cell: str) -> datetime:
            try:
                return read_moment(cell, reading)
            except InvalidInputError:
                return read_moment(f"{local:%Y-%m-%d}", reading, cell)

        return value(self.columns, line, "end", read)

    def _contact(self, line: Line) -> Contact:
        said = line.cells
        name = said.get("name") or f"{said.get('first', '')} {said.get('last', '')}".strip()
        phone = email = None
        if said.get("phone"):
            phone = value(
                self.columns, line, "phone", lambda cell: phone_as_written(cell, self.country)
            )
        if said.get("email"):
            email = value(self.columns, line, "email", _email)
        if not (name or phone or email):
            raise InvalidInputError("nobody", "It says for nobody whom it is for")
        return Contact(checked_name(name, "customer") if name else "", phone, email)

    def _price(self, line: Line) -> Money | None:
        if not line.cells.get("price"):
            return None
        currency = self.reading.currency
        return value(self.columns, line, "price", lambda cell: read_price(cell, currency))


def numbered(reference: str, service: Service) -> str:
    """Return the name under which a line's number is remembered."""
    return f"{reference} {service.slug}"


def shared_numbers(sheet: Sheet, reader: Reader) -> frozenset[str]:
    """Return the numbers, each with its service, that different visits of a file have.

    Such a number tells a visit from no other: two people came together, or a program counts days.
    Told by it, a line that was refused would be taken for the one that was kept. A line that says
    the same again, or that a visit was called off, makes no other visit.
    """
    first, shared = dict[bytes, bytes](), set[str]()
    for record in sheet.records():
        with suppress(BookraError):  # what tells no number or no service is refused later
            number, key = reader.number(Line(record.line, reader.columns.cells(record)))
            said = hashlib.sha256(number.encode()).digest()[:8]
            if number and first.setdefault(said, key) != key:
                shared.add(number)
    return frozenset(shared)


def _email(cell: str) -> str:
    try:
        return checked_email(cell)
    except InvalidInputError as error:
        raise InvalidInputError(error.code, "holds no e-mail address") from None


def _state(status: str) -> str:
    said = status.strip().casefold()
    if said in CANCELLED:
        return "cancelled"
    return "no-show" if said in NO_SHOW else "booked"
