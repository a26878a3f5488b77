"""Services from a list of another program: added once, by their reference or their slug.

What is here already stays as it is and is named; with ``update`` it takes the file's name, length
and price. Gaps, levels and rooms are nothing that those lists tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from bookra.engine.catalog.actions import (
    NewService,
    ServiceChanges,
    add_service,
    services,
    set_service,
)
from bookra.engine.catalog.model import Segment, Service
from bookra.engine.imports import batches
from bookra.engine.imports.batches import Fate, Line
from bookra.engine.imports.columns import Columns
from bookra.engine.imports.values import read_minutes, read_price
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, InvalidInputError
from bookra.ids import checked_name, checked_slug

COMMAND, KIND = "service import", "service"
LONGEST_SLUG = 40
PLAIN_VARIATIONS = ("", "regular", "standard", "default")
GONE = ("archived", "inactive", "disabled", "y", "yes", "deleted", "inattivo", "inaktiv")


@dataclass(slots=True)
class Services:
    """Keeps services. ``minutes`` is for lines that say no length."""

    columns: Columns
    source: str
    minutes: int | None = None
    update: bool = False
    _seen: dict[str, NewService] = field(default_factory=dict)
    _page: dict[str, NewService] = field(default_factory=dict)

    def kept(self) -> None:
        """Remember what the batch held: a later line may say the same."""
        self._seen |= self._page

    def keep(self, tx: Tx, lines: Sequence[Line]) -> list[Fate]:
        """Keep a batch; nothing of a line that is refused stays."""
        self._page = {}
        there = {service.slug: service for service in services(tx, retired=True)}
        known = batches.known_rows(
            tx, self.source, KIND, (line.cells.get("reference", "") for line in lines)
        )
        by_id = {service.id: service for service in there.values()}
        fates = []
        for line in lines:
            try:
                reference = line.cells.get("reference", "")
                wanted = self._read(tx, line)
                found = by_id.get(known[reference]) if reference in known else None
                if wanted is None:
                    fates.append(
                        Fate(line.number, batches.SKIPPED, "inactive", "It is retired there")
                    )
                    continue
                with batches.undone_if_refused(tx):
                    fates.append(self._settle(tx, line, wanted, found or there.get(wanted.slug)))
                self._page[wanted.slug] = wanted
            except BookraError as error:
                fates.append(batches.refused(line, error))
        return fates

    def _settle(self, tx: Tx, line: Line, wanted: NewService, found: Service | None) -> Fate:
        reference = line.cells.get("reference", "")
        before = self._seen.get(wanted.slug) or self._page.get(wanted.slug)
        if before is not None:
            if before != wanted:
                raise ConflictError("exists", "Another line has this name with other values")
            return Fate(line.number, batches.SAME)
        if found is None:
            added, fresh = add_service(tx, wanted)
            batches.remember(tx, self.source, KIND, reference, added.id)
            return Fate(line.number, batches.NEW if fresh else batches.SAME)
        batches.remember(tx, self.source, KIND, reference, found.id)
        changes = _differences(found, wanted)
        if not changes:
            return Fate(line.number, batches.SAME)
        if not self.update:
            what = ", ".join(changes)
            raise ConflictError(
                "exists", f"'{found.slug}' is here with another {what}; --update takes the file's"
            )
        set_service(tx, found.slug, changes)
        return Fate(line.number, batches.CHANGED)

    def _read(self, tx: Tx, line: Line) -> NewService | None:
        """Return the service of a line; None for one that is not sold any more."""
        said = line.cells
        if _gone(self.columns, said.get("status", "")):
            return None
        name = said.get("name", "")
        variation = said.get("variation", "")
        if variation.casefold() not in PLAIN_VARIATIONS:
            name = f"{name} {variation}".strip()
        name = checked_name(re.sub(r"\s+-\s+From$", "", name), "service")
        currency = tx.tenant.currency
        price = batches.value(self.columns, line, "price", lambda cell: read_price(cell, currency))
        minutes = self.minutes
        if said.get("minutes") or minutes is None:
            minutes = batches.value(self.columns, line, "minutes", read_minutes)
        after = said.get("after", "")
        return NewService(
            checked_slug(said.get("slug") or slug_of(name), "service"),
            name,
            price,
            (Segment(True, minutes),),
            category=said.get("category", "")[:200],
            buffer_after_minutes=_buffer(after) if after else 0,
        )


def _buffer(text: str) -> int:
    """Return the minutes that a text begins with: Fresha adds what they are for."""
    if text.strip() in ("0", "0m", "0min"):
        return 0
    leading = re.match(r"\s*(?:\d+\s*h\w*)?\s*(?:\d+\s*m\w*)?", text)
    taken = leading[0].strip() if leading else ""
    return read_minutes(taken or text)


def slug_of(name: str) -> str:
    """Return a slug for a name: its letters and digits in ASCII, with dashes between words.

    Raises InvalidInputError (``bad_slug``) for a name that has none: it must be given one.
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore")
    slug = re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")
    slug = slug[:LONGEST_SLUG].strip("-")
    if not slug:
        raise InvalidInputError(
            "bad_slug", "Its name has no letter that a slug may have: add a column 'slug'"
        )
    return slug


def _gone(columns: Columns, status: str) -> bool:
    """Tell whether a line is about something that is over; what 'no' means depends on the name."""
    said = status.casefold()
    if "active" in columns.named("status").casefold():
        return said in ("n", "no", "false", "0", "inactive")
    return said in GONE


def _differences(found: Service, wanted: NewService) -> ServiceChanges:
    changes: ServiceChanges = {}
    if found.name != wanted.name:
        changes["name"] = wanted.name
    if found.price != wanted.price:
        changes["price"] = wanted.price
    if found.minutes != sum(segment.minutes for segment in wanted.segments):
        changes["segments"] = wanted.segments
    return changes
