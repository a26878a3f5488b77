"""Locations: where people and units are, each with a zone of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import checked_name, checked_slug, new_id

SELECT = """
    SELECT l.id, l.slug, l.name, l.timezone,
           ARRAY(SELECT b.slug FROM bookables b
                  WHERE b.tenant_id = l.tenant_id AND b.location_id = l.id AND b.active
                  ORDER BY b.slug) AS bookables
      FROM locations l
     WHERE l.tenant_id = :tenant_id
"""
ALL = text(SELECT + " ORDER BY l.name, l.slug")
ONE = text(SELECT + " AND l.slug = :slug")
ID = text("SELECT id FROM locations WHERE tenant_id = :tenant_id AND slug = :slug")
LOCK = text(
    "SELECT id FROM locations WHERE tenant_id = :tenant_id AND slug = :slug FOR NO KEY UPDATE"
)
INSERT = text(
    "INSERT INTO locations (tenant_id, id, slug, name, timezone, created_at)"
    " VALUES (:tenant_id, :id, :slug, :name, :timezone, :now)"
    " ON CONFLICT (tenant_id, slug) DO NOTHING"
)
UPDATE = text(
    "UPDATE locations SET name = :name, timezone = :timezone, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)


@dataclass(frozen=True, slots=True)
class Location:
    """A place. ``bookables`` are the slugs of the staff and units that are there."""

    id: UUID
    slug: str
    name: str
    timezone: str
    bookables: tuple[str, ...] = ()


class LocationChanges(TypedDict, total=False):
    """What to change of a location; what is left out stays."""

    name: str
    timezone: str


def add_location(tx: Tx, slug: str, name: str, timezone: str) -> tuple[Location, bool]:
    """Add a location. The same again changes nothing (False); another raises ConflictError."""
    wanted = _checked(Location(new_id(), checked_slug(slug, "location"), name, timezone))
    if not tx.run(INSERT, id=wanted.id, slug=slug, name=wanted.name, timezone=timezone, now=tx.now):
        found = find_location(tx, slug)
        if (found.name, found.timezone) != (wanted.name, wanted.timezone):
            raise ConflictError(
                "exists",
                f"The location '{slug}' exists with other settings",
                hint=f"Look at it: bookra location show {slug}",
            )
        return found, False
    tx.concerns("location", wanted.id)
    return wanted, True


def set_location(tx: Tx, slug: str, changes: LocationChanges) -> Location:
    """Change a location. A new zone moves the hours of its people, never what is booked."""
    if tx.row(LOCK, slug=slug) is None:
        raise unknown_location(slug)
    found = find_location(tx, slug)
    wanted = _checked(replace(found, **changes))
    if wanted != found:
        tx.run(UPDATE, id=found.id, name=wanted.name, timezone=wanted.timezone)
        tx.concerns("location", found.id)
    return wanted


def find_location(tx: Tx, slug: str) -> Location:
    """Return the location with this slug; raises NotFoundError (``unknown_location``)."""
    row = tx.row(ONE, slug=slug)
    if row is None:
        raise unknown_location(slug)
    return _location(row)


def location_id(tx: Tx, slug: str) -> UUID:
    """Return the id of a location; raises NotFoundError (``unknown_location``)."""
    row = tx.row(ID, slug=slug)
    if row is None:
        raise unknown_location(slug)
    return UUID(str(row.id))


def locations(tx: Tx) -> list[Location]:
    """Return the locations, by name."""
    return [_location(row) for row in tx.rows(ALL)]


def unknown_location(slug: str) -> NotFoundError:
    """Return the error for a slug that names no location."""
    return NotFoundError(
        "unknown_location",
        f"There is no location '{slug}'",
        hint="List them: bookra location list",
        details={"location": slug},
    )


def _checked(wanted: Location) -> Location:
    clock.zone(wanted.timezone)
    return replace(wanted, name=checked_name(wanted.name, "location"))


def _location(row: Row[Any]) -> Location:
    return Location(row.id, row.slug, row.name, row.timezone, tuple(row.bookables))
