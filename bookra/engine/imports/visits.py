"""Appointments of another program become bookings here: what is over as history, the rest for real.

What is over is completed (or a no-show) at no price: it was paid and taxed elsewhere, so that it
moves no money here, earns nobody commission and owes nothing. Its price is in its history. What is
to come is confirmed at the file's price. It takes its person's time and the units that its service
needs; a time that is taken already is refused, whoever has it. Hours, notice and limits are left
aside, since it was agreed on elsewhere, and so are buffers, which would meet the next visit.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from bookra.engine.bookings.holds import any_lapsed, release_lapsed_in_the_way
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.model import Status
from bookra.engine.catalog.actions import services
from bookra.engine.imports import batches
from bookra.engine.imports.appointments import (
    Appointment,
    Directory,
    Reader,
    shared_numbers,
)
from bookra.engine.imports.batches import CrossedError, Fate, Line
from bookra.engine.imports.clients import Clients
from bookra.engine.imports.columns import Columns
from bookra.engine.imports.rows import Visit, price_of, write
from bookra.engine.imports.spans import Span, units_of
from bookra.engine.imports.times import Claim, Times
from bookra.engine.imports.values import Reading
from bookra.engine.people.csv_lines import Sheet
from bookra.engine.people.staff import staff_list
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError
from bookra.ids import new_id

COMMAND, KIND = "booking import", "appointment"


@dataclass(slots=True)
class Visits:
    """Keeps appointments. ``staff_map`` and ``service_map`` lead from the file's names to slugs.

    ``shared`` are the numbers that several of its lines have (`shared_numbers`).
    """

    columns: Columns
    source: str
    reading: Reading
    staff_map: dict[str, str]
    service_map: dict[str, str]
    dry_run: bool = False
    shared: frozenset[str] = frozenset()
    missing: dict[str, dict[str, None]] = field(default_factory=dict)
    _seen: set[bytes] = field(default_factory=set)
    _page: set[bytes] = field(default_factory=set)
    _taken: dict[UUID, list[Span]] = field(default_factory=dict)
    _claimed: list[Claim] = field(default_factory=list)
    _lost: list[Claim] = field(default_factory=list)

    def look_through(self, sheet: Sheet, reader: Reader) -> None:
        """Read the file once before it is brought in, for what a line alone does not tell."""
        self.shared = shared_numbers(sheet, reader)

    def reader(self, tx: Tx) -> Reader:
        """Return what reads its lines, with the services and the staff that there are."""
        return Reader(
            self.columns,
            self.reading,
            tx.tenant.country,
            Directory.of("service", services(tx, retired=True), self.service_map),
            Directory.of("staff", staff_list(tx, retired=True), self.staff_map),
        )

    def kept(self) -> None:
        """Remember what the batch held; a dry run also remembers whose time it took."""
        self._seen |= self._page
        self._lost = []
        if self.dry_run:
            for bookable_id, span in self._claimed:
                insort(self._taken.setdefault(bookable_id, []), span)

    def keep(self, tx: Tx, lines: Sequence[Line]) -> list[Fate]:
        """Keep a batch; nothing of a line that is refused stays.

        Locks the people and the units of what is to come, in the order of ids. Raises CrossedError
        when somebody else took a time meanwhile: the same batch again is told of it.
        """
        self._page = set()
        reader = self.reader(tx)
        fates, wanted = self._read(reader, lines)
        units = units_of(tx, wanted)
        times = self._times(tx, [each for each in wanted if each.ends_at > tx.now], units)
        names = (name for each in wanted for name in self._names(each))
        known = batches.known_rows(tx, self.source, KIND, names)
        clients = Clients(tx, (each.contact for each in wanted))
        visits: list[Visit] = []
        for each in wanted:
            fates.append(self._settle(tx, each, known, clients, times, visits))
        clients.write()
        try:
            write(tx, visits, self.source)
        except CrossedError as crossed:
            self._lost += crossed.claims
            raise
        self._remember(tx, visits)
        self._claimed = [claim for visit in visits for claim in visit.claims]
        for kind, directory in (("staff", reader.staff), ("service", reader.services)):
            self.missing.setdefault(kind, {}).update(directory.missing)
        return fates

    def _times(self, tx: Tx, coming: Sequence[Appointment], units: dict[str, list[UUID]]) -> Times:
        """Queue for all whose time could be taken, let lapsed holds go, and look what is left."""
        shared = [unit for of_pool in units.values() for unit in of_pool]
        if coming and any_lapsed(tx):
            for each in coming:
                bookables = [each.staff.id, *shared]
                release_lapsed_in_the_way(tx, bookables, each.starts_at, each.ends_at)
        lock_bookables(tx, {*(each.staff.id for each in coming), *shared})
        return Times.of(tx, coming, units, self._taken, self._lost)

    def _read(self, reader: Reader, lines: Sequence[Line]) -> tuple[list[Fate], list[Appointment]]:
        fates, wanted = list[Fate](), list[Appointment]()
        for line in lines:
            try:
                wanted.append(reader.read(line))
            except BookraError as error:
                fates.append(batches.refused(line, error))
        return fates, wanted

    def _settle(
        self,
        tx: Tx,
        wanted: Appointment,
        known: dict[str, UUID],
        clients: Clients,
        times: Times,
        visits: list[Visit],
    ) -> Fate:
        """Decide what becomes of a line; what is new goes to ``visits``."""
        if wanted.state == "cancelled":
            return Fate(wanted.line, batches.SKIPPED, "cancelled", "It was cancelled there")
        key = bytes.fromhex(wanted.key)
        if (
            key in self._seen
            or key in self._page
            or any(name in known for name in self._names(wanted))
        ):
            self._page.add(key)
            return Fate(wanted.line, batches.SAME)
        try:
            visits.append(_planned(tx, wanted, clients, times))
        except BookraError as error:
            return Fate(wanted.line, batches.REFUSED, error.code, error.message)
        self._page.add(key)
        return Fate(wanted.line, batches.NEW)

    def _names(self, wanted: Appointment) -> tuple[str, ...]:
        """Return what a line is known by: its number, if that is its own, and what it says.

        The number finds a visit again that was moved there since. What a line says stands for it
        under its own number alone: under another it is another visit.
        """
        if not wanted.reference:
            return (wanted.key,)
        said = f"{wanted.key} {wanted.reference}"
        return (said,) if wanted.number in self.shared else (wanted.number, said)

    def _remember(self, tx: Tx, visits: Sequence[Visit]) -> None:
        became = {name: visit.booking_id for visit in visits for name in self._names(visit.wanted)}
        batches.remember_all(tx, self.source, KIND, became)


def _planned(tx: Tx, wanted: Appointment, clients: Clients, times: Times) -> Visit:
    """Return what an appointment becomes; raises ConflictError or NotFoundError if it can't be."""
    customer_id = clients.find(wanted.contact)
    if wanted.ends_at > tx.now:
        _require_bookable(wanted)
        status = Status.CONFIRMED
    else:
        status = Status.NO_SHOW if wanted.state == "no-show" else Status.COMPLETED
    price = price_of(tx, wanted, status)
    claims = times.claim(wanted) if status is Status.CONFIRMED else []
    customer_id = customer_id or clients.add(wanted.contact)
    return Visit(wanted, customer_id, status, price, claims, new_id(), new_id())


def _require_bookable(wanted: Appointment) -> None:
    if wanted.service.capacity is not None:
        raise ConflictError(
            "is_class",
            "Its service is a class: book seats of a session instead",
            hint="See its sessions: bookra class list",
        )
    if not wanted.staff.active:
        raise ConflictError("inactive_staff", f"'{wanted.staff.slug}' does not work here any more")
