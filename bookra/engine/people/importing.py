"""Importing customers: the people of a file are added once, whoever is known stays as they are.

A file is kept in batches, each a transaction of its own, so that fifty thousand lines neither
hold locks for long nor are lost together. Whoever is in the database already is recognised, which
makes the import repeatable: killed half-way and run again, it ends in the same state.
"""

from __future__ import annotations

import unicodedata
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text

from bookra.engine.people.csv_lines import Sheet
from bookra.engine.people.csv_people import Columns, Person, Rejected, read_person
from bookra.engine.people.customers import INSERT
from bookra.engine.runtime import Engine, Tx
from bookra.errors import ConflictError
from bookra.ids import new_id

COMMAND = "customer import"
BATCH_LINES = 1_000
ROUNDS = 3

Item = TypeVar("Item")

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")

# Each of the first two goes by its unique index; nobody's contacts make a plan of one statement.
BY_PHONE = text(
    "SELECT id, name, phone, email FROM customers"
    " WHERE tenant_id = :tenant_id AND phone = ANY(:wanted)"
)
BY_EMAIL = text(
    "SELECT id, name, phone, email FROM customers"
    " WHERE tenant_id = :tenant_id AND email = ANY(:wanted)"
)
BY_NAME_ALONE = text(
    "SELECT id, name, phone, email FROM customers"
    " WHERE tenant_id = :tenant_id AND phone IS NULL AND email IS NULL AND name = ANY(:wanted)"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer, in the database or on its way there, as far as lines are compared with them."""

    id: UUID
    name: str
    phone: str | None
    email: str | None


@dataclass(slots=True)
class Register:
    """Who has which phone number, e-mail address, or name alone; and the lines that named them."""

    phones: ChainMap[str, Holder] = field(default_factory=ChainMap)
    emails: ChainMap[str, Holder] = field(default_factory=ChainMap)
    names: ChainMap[str, Holder] = field(default_factory=ChainMap)
    lines: ChainMap[UUID, int] = field(default_factory=ChainMap)

    def page(self) -> Register:
        """Return a register that knows the same, and whose notes can be thrown away."""
        return Register(
            self.phones.new_child(),
            self.emails.new_child(),
            self.names.new_child(),
            self.lines.new_child(),
        )

    def take_over(self, page: Register) -> None:
        """Keep the notes of a page."""
        self.phones.update(page.phones.maps[0])
        self.emails.update(page.emails.maps[0])
        self.names.update(page.names.maps[0])
        self.lines.update(page.lines.maps[0])

    def note(self, holder: Holder) -> None:
        """Remember a customer."""
        if holder.phone:
            self.phones[holder.phone] = holder
        if holder.email:
            self.emails[holder.email] = holder
        if not holder.phone and not holder.email:
            self.names[holder.name] = holder

    def where(self, holder: Holder) -> str:
        """Return the line that named a customer first, or else their id."""
        line = self.lines.get(holder.id)
        return f"customer {holder.id}" if line is None else f"line {line}"


@dataclass(slots=True)
class Imported:
    """What became of the lines: ``read`` is the sum of the other three."""

    read: int = 0
    added: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    kept: list[tuple[int, str]] = field(default_factory=list)
    """The other lines, each with what it is: ``new`` or ``same``."""


def import_customers(
    engine: Engine,
    slug: str,
    sheet: Sheet,
    columns: Columns,
    *,
    dry_run: bool = False,
    advance: Callable[[int], None] = lambda _line: None,
) -> Imported:
    """Add the people of a sheet, in batches; ``advance`` hears how many lines are done.

    ``dry_run`` takes every batch back and returns the same. A batch that another writer crosses
    (their customer has the same phone number) is compared and run again.
    """
    country = engine.ask(slug, lambda tx: tx.tenant.country)
    register, result = Register(), Imported()
    read = (read_person(record, columns, country) for record in sheet.records())
    for batch in _batches(read, BATCH_LINES):
        people = [line for line in batch if isinstance(line, Person)]
        result.read += len(batch)
        result.rejected += [line for line in batch if isinstance(line, Rejected)]
        if people:
            done, page = _settle(engine, slug, people, register, dry_run=dry_run)
            register.take_over(page)
            result.added += done.added
            result.unchanged += done.unchanged
            result.rejected += done.rejected
            result.kept += done.kept
        advance(batch[-1].line)
    result.rejected.sort(key=lambda line: line.line)
    return result


def _settle(
    engine: Engine, slug: str, people: list[Person], register: Register, *, dry_run: bool
) -> tuple[Imported, Register]:
    for rounds_left in reversed(range(ROUNDS)):
        try:
            return engine.act(
                slug, lambda tx: keep(tx, people, register), command=COMMAND, dry_run=dry_run
            )
        except ConflictError as error:
            if error.code != "customer_exists" or not rounds_left:
                raise
    raise AssertionError("unreachable")


def keep(tx: Tx, people: Iterable[Person], register: Register) -> tuple[Imported, Register]:
    """Add the new ones of some people; return what became of all, and the page of notes on them.

    ``register`` itself stays as it is, since a transaction may be tried again. Two imports into
    one business take turns (an advisory lock until the transaction ends): no index keeps those
    apart who have a name alone.
    """
    tx.row(LOCK, name=f"{tx.tenant.id}|{COMMAND}")
    page, done, new = register.page(), Imported(), list[Holder]()
    people = list(people)
    _look_up(tx, people, page)
    for person in people:
        known = compare(person, page)
        if isinstance(known, Rejected):
            done.rejected.append(known)
            continue
        if known is None:
            known = Holder(new_id(), person.name, person.phone, person.email)
            page.note(known)
            new.append(known)
            done.kept.append((person.line, "new"))
        else:
            done.unchanged += 1
            done.kept.append((person.line, "same"))
        page.lines.setdefault(known.id, person.line)
    _insert(tx, new)
    done.added = len(new)
    return done, page


def compare(person: Person, register: Register) -> Holder | Rejected | None:
    """Return the customer that a person is, None for a new one, or why the line can't be kept.

    The same person has the same name but for case, and nothing that the customer has not.
    """
    if not person.phone and not person.email:
        return register.names.get(person.name)
    by_phone = register.phones.get(person.phone) if person.phone else None
    by_email = register.emails.get(person.email) if person.email else None
    for holder, what in ((by_phone, "phone number"), (by_email, "e-mail address")):
        if holder and _folded(holder.name) != _folded(person.name):
            reason = f"Another person has this {what}: {register.where(holder)}"
            return Rejected(person.line, "customer_exists", reason)
    found = by_phone or by_email
    if found is None:
        return None
    for mine, theirs, what in (
        (person.phone, found.phone, "phone number"),
        (person.email, found.email, "e-mail address"),
    ):
        if mine and mine != theirs:
            other = f"another {what}" if theirs else f"no {what}"
            reason = f"The same person has {other} there: {register.where(found)}"
            return Rejected(person.line, "customer_differs", reason)
    return found


def _look_up(tx: Tx, people: list[Person], page: Register) -> None:
    """Note who in the database has anything of these people."""
    alone = [p.name for p in people if not p.phone and not p.email]
    for statement, wanted in (
        (BY_PHONE, [p.phone for p in people if p.phone]),
        (BY_EMAIL, [p.email for p in people if p.email]),
        (BY_NAME_ALONE, alone),
    ):
        if wanted:
            for row in tx.rows(statement, wanted=wanted):
                page.note(Holder(row.id, row.name, row.phone, row.email))


def _insert(tx: Tx, new: list[Holder]) -> None:
    tx.run_many(
        INSERT,
        [
            {
                "id": holder.id,
                "name": holder.name,
                "phone": holder.phone,
                "email": holder.email,
                "language": "",
                "now": tx.now,
            }
            for holder in new
        ],
    )
    for holder in new:
        tx.concerns("customer", holder.id)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
