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

from bookra.engine.bookings import statements
from bookra.engine.bookings.history import note
from bookra.engine.bookings.holds import any_lapsed, release_lapsed_in_the_way
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.bookings.model import Status
from bookra.engine.catalog.actions import services
from bookra.engine.imports import batches
from bookra.engine.imports.appointments import Appointment, Directory, Reader
from bookra.engine.imports.batches import Fate, Line
from bookra.engine.imports.clients import Clients
from bookra.engine.imports.columns import Columns
from bookra.engine.imports.rows import insert
from bookra.engine.imports.spans import Span, meets, spans_of, units_of
from bookra.engine.imports.values import Reading
from bookra.engine.outbox.emit import emit
from bookra.engine.outbox.topics import UpsertCalendar
from bookra.engine.people.staff import staff_list
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import keep
from bookra.errors import BookraError, ConflictError
from bookra.ids import new_id

COMMAND, KIND = "booking import", "appointment"


@dataclass(slots=True)
class Visits:
    """Keeps appointments. ``staff_map`` and ``service_map`` lead from the file's names to slugs."""

    columns: Columns
    source: str
    reading: Reading
    staff_map: dict[str, str]
    service_map: dict[str, str]
    dry_run: bool = False
    missing: dict[str, dict[str, None]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _page: set[str] = field(default_factory=set)
    _taken: dict[UUID, list[Span]] = field(default_factory=dict)
    _claimed: list[tuple[UUID, Span]] = field(default_factory=list)

    def kept(self) -> None:
        """Remember what the batch held; a dry run also remembers whose time it took."""
        self._seen |= self._page
        if self.dry_run:
            for bookable_id, span in self._claimed:
                insort(self._taken.setdefault(bookable_id, []), span)

    def keep(self, tx: Tx, lines: Sequence[Line]) -> list[Fate]:
        """Keep a batch; nothing of a line that is refused stays.

        Locks the people and the units of what is to come, in the order of ids.
        """
        self._page, self._claimed = set(), []
        reader = self._reader(tx)
        fates, wanted = self._read(reader, lines)
        units = units_of(tx, wanted)
        coming = [each for each in wanted if each.ends_at > tx.now]
        lock_bookables(
            tx,
            {
                *(each.staff.id for each in coming),
                *(unit for of_pool in units.values() for unit in of_pool),
            },
        )
        known = batches.known_rows(tx, self.source, KIND, (_reference(each) for each in wanted))
        clients = Clients(tx, (each.contact for each in wanted))
        for each in wanted:
            fates.append(self._settle(tx, each, known, clients, units))
        for kind, directory in (("staff", reader.staff), ("service", reader.services)):
            self.missing.setdefault(kind, {}).update(directory.missing)
        return fates

    def _reader(self, tx: Tx) -> Reader:
        return Reader(
            self.columns,
            self.reading,
            tx.tenant.country,
            Directory.of("service", services(tx, retired=True), self.service_map),
            Directory.of("staff", staff_list(tx, retired=True), self.staff_map),
        )

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
        units: dict[str, list[UUID]],
    ) -> Fate:
        reference = _reference(wanted)
        if wanted.state == "cancelled":
            return Fate(wanted.line, batches.SKIPPED, "cancelled", "It was cancelled there")
        if wanted.key in self._seen or wanted.key in self._page or reference in known:
            self._page.add(wanted.key)
            return Fate(wanted.line, batches.SAME)
        try:
            with batches.undone_if_refused(tx):
                booking_id = self._write(tx, wanted, clients.of(wanted.contact), units)
                batches.remember(tx, self.source, KIND, reference, booking_id)
        except BookraError as error:
            clients.forget(wanted.contact)
            return Fate(wanted.line, batches.REFUSED, error.code, error.message)
        self._page.add(wanted.key)
        return Fate(wanted.line, batches.NEW)

    def _write(
        self, tx: Tx, wanted: Appointment, customer_id: UUID, units: dict[str, list[UUID]]
    ) -> UUID:
        over = wanted.ends_at <= tx.now
        if not over:
            _require_bookable(wanted)
        status = Status.CONFIRMED
        if over:
            status = Status.NO_SHOW if wanted.state == "no-show" else Status.COMPLETED
        booking_id, line_id = insert(tx, wanted, customer_id, status)
        if over:
            tx.run(statements.RECOGNISED, id=booking_id, now=wanted.ends_at)
        else:
            self._claim(tx, wanted, booking_id, line_id, units)
            emit(tx, UpsertCalendar(booking_id))
        price = wanted.price or wanted.service.price
        note(tx, booking_id, "imported", source=self.source, price=price if over else None)
        tx.concerns("booking", booking_id)
        return booking_id

    def _claim(
        self,
        tx: Tx,
        wanted: Appointment,
        booking_id: UUID,
        line_id: UUID,
        units: dict[str, list[UUID]],
    ) -> None:
        """Take the person's time, and a unit of each pool that the service needs."""
        busy, gaps = spans_of(wanted)
        ids = {"booking_id": booking_id, "booking_line_id": line_id}
        if not self._take(tx, wanted.staff.id, busy, ids):
            raise ConflictError("slot_taken", f"'{wanted.staff.slug}' is busy at that time")
        for need in wanted.service.needs:
            spans = {"busy": busy, "gap": gaps}.get(need.span, [(wanted.starts_at, wanted.ends_at)])
            if not any(self._take(tx, unit, spans, ids) for unit in units.get(need.pool, [])):
                raise ConflictError("slot_taken", f"No unit of '{need.pool}' is free at that time")

    def _take(self, tx: Tx, bookable_id: UUID, spans: Sequence[Span], ids: dict[str, UUID]) -> bool:
        """Claim some spans of a person or a unit, all or none; tell whether they were free."""
        if any(meets(span, self._taken.get(bookable_id, ())) for span in spans):
            return False
        if spans:
            release_lapsed_in_the_way(tx, [bookable_id], spans[0][0], spans[-1][1])
        nested = tx.connection.begin_nested()
        for starts_at, ends_at in spans:
            row = {"id": new_id(), "bookable_id": bookable_id, "held_until": None, **ids}
            if not tx.run(statements.ALLOCATE, starts_at=starts_at, ends_at=ends_at, **row):
                nested.rollback()
                return False
        keep(tx, nested)
        self._claimed += [(bookable_id, span) for span in spans]
        return True


def _some_lapsed(tx: Tx) -> bool:
    """Tell whether any hold has lapsed: hardly ever, and asked once in a transaction."""
    if "imports:lapsed" not in tx.memory:
        tx.memory["imports:lapsed"] = any_lapsed(tx)
    return bool(tx.memory["imports:lapsed"])


def _reference(wanted: Appointment) -> str:
    """Return what a line is known by: its own number with the service, or a digest of it.

    Programs write a line for each service of a visit, under one number.
    """
    if not wanted.reference:
        return wanted.key
    return f"{wanted.reference} {wanted.service.slug}"


def _require_bookable(wanted: Appointment) -> None:
    if wanted.service.capacity is not None:
        raise ConflictError(
            "is_class",
            "Its service is a class: book seats of a session instead",
            hint="See its sessions: bookra class list",
        )
    if not wanted.staff.active:
        raise ConflictError("inactive_staff", f"'{wanted.staff.slug}' does not work here any more")
