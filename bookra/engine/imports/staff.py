"""Staff from a list of another program: names and what they perform, never their logins.

Whoever is here already stays as they are; with ``update`` they take the file's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bookra.engine.imports import batches
from bookra.engine.imports.batches import Fate, Line
from bookra.engine.imports.columns import Columns
from bookra.engine.imports.services import slug_of
from bookra.engine.people import staff as people
from bookra.engine.people.staff import Staff
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError
from bookra.ids import checked_name, checked_slug
from bookra.money import rate_bps

COMMAND, KIND = "staff import", "staff"
GONE = ("inactive", "archived", "disabled", "deactivated", "no", "n", "inattivo", "inaktiv")


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff as a line says. ``services`` are slugs; none means every service."""

    slug: str
    name: str
    commission_bps: int = 0
    services: tuple[str, ...] = ()


@dataclass(slots=True)
class StaffList:
    """Keeps staff."""

    columns: Columns
    source: str
    update: bool = False
    _seen: dict[str, Person] = field(default_factory=dict)
    _page: dict[str, Person] = field(default_factory=dict)

    def kept(self) -> None:
        """Remember whom the batch held: a later line may say the same."""
        self._seen |= self._page

    def keep(self, tx: Tx, lines: Sequence[Line]) -> list[Fate]:
        """Keep a batch; nothing of a line that is refused stays."""
        self._page = {}
        there = {person.slug: person for person in people.staff_list(tx, retired=True)}
        known = batches.known_rows(
            tx, self.source, KIND, (line.cells.get("reference", "") for line in lines)
        )
        by_id = {person.id: person for person in there.values()}
        fates = []
        for line in lines:
            if line.cells.get("status", "").casefold() in GONE:
                fates.append(Fate(line.number, batches.SKIPPED, "inactive", "They have left"))
                continue
            try:
                wanted = _read(line)
                reference = line.cells.get("reference", "")
                found = by_id.get(known[reference]) if reference in known else None
                with batches.undone_if_refused(tx):
                    fates.append(self._settle(tx, line, wanted, found or there.get(wanted.slug)))
                self._page[wanted.slug] = wanted
            except BookraError as error:
                fates.append(batches.refused(line, error))
        return fates

    def _settle(self, tx: Tx, line: Line, wanted: Person, found: Staff | None) -> Fate:
        before = self._seen.get(wanted.slug) or self._page.get(wanted.slug)
        if before is not None:
            if before != wanted:
                raise ConflictError("exists", "Another line has this name with other values")
            return Fate(line.number, batches.SAME)
        reference = line.cells.get("reference", "")
        if found is None:
            added, fresh = people.add_staff(
                tx,
                wanted.slug,
                wanted.name,
                services=wanted.services,
                commission_bps=wanted.commission_bps,
            )
            batches.remember(tx, self.source, KIND, reference, added.id)
            return Fate(line.number, batches.NEW if fresh else batches.SAME)
        batches.remember(tx, self.source, KIND, reference, found.id)
        if found.name == wanted.name:
            return Fate(line.number, batches.SAME)
        if not self.update:
            raise ConflictError(
                "exists", f"'{found.slug}' is here with another name; --update takes the file's"
            )
        people.set_staff(tx, found.slug, {"name": wanted.name})
        return Fate(line.number, batches.CHANGED)


def _read(line: Line) -> Person:
    said = line.cells
    whole = f"{said.get('first', '')} {said.get('last', '')}".strip() or said.get("name", "")
    name = checked_name(whole, "staff member")
    listed = (word.strip() for word in re.split(r"[;,|]", said.get("services", "")))
    commission = said.get("commission", "").replace(",", ".")
    return Person(
        checked_slug(said.get("slug") or slug_of(name), "staff"),
        name,
        rate_bps(commission) if commission else 0,
        tuple(slug_of(word) for word in listed if word),
    )
