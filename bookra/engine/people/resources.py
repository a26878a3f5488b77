"""Resources: rooms, chairs and machines. Equal units make a pool; a service takes any free one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.people import bookables
from bookra.engine.people.bookables import Bookable
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import checked_name, checked_slug, new_id

SELECT = """
    SELECT b.id, b.slug, b.name, b.active, p.slug AS pool, l.slug AS location
      FROM bookables b
      JOIN resources r ON r.tenant_id = b.tenant_id AND r.id = b.id
      JOIN pools p ON p.tenant_id = r.tenant_id AND p.id = r.pool_id
      LEFT JOIN locations l ON l.tenant_id = b.tenant_id AND l.id = b.location_id
     WHERE b.tenant_id = :tenant_id
"""
ACTIVE = text(SELECT + " AND b.active ORDER BY p.slug, b.slug")
ALL = text(SELECT + " ORDER BY p.slug, b.slug")
ONE = text(SELECT + " AND b.slug = :slug")
INSERT = text("INSERT INTO resources (tenant_id, id, pool_id) VALUES (:tenant_id, :id, :pool_id)")
UPDATE = text(
    "UPDATE resources SET pool_id = :pool_id, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)
INSERT_POOL = text(
    "INSERT INTO pools (tenant_id, id, slug, name, created_at)"
    " VALUES (:tenant_id, :id, :slug, :slug, :now)"
    " ON CONFLICT (tenant_id, slug) DO NOTHING"
)
POOL = text("SELECT id FROM pools WHERE tenant_id = :tenant_id AND slug = :slug")


@dataclass(frozen=True, slots=True)
class Resource:
    """A unit of a pool. An inactive one is not booked any more."""

    id: UUID
    slug: str
    name: str
    pool: str
    location: str | None = None
    active: bool = True

    @property
    def bookable(self) -> Bookable:
        """What it has in common with staff."""
        return Bookable(self.id, self.slug, self.name, self.location, self.active)


class ResourceChanges(TypedDict, total=False):
    """What to change of a unit; what is left out stays."""

    name: str
    pool: str
    location: str | None
    active: bool


def add_resource(
    tx: Tx, slug: str, pool: str, *, name: str | None = None, location: str | None = None
) -> tuple[Resource, bool]:
    """Add a unit, and its pool when it is the first one.

    The same again changes nothing (False); another one raises ConflictError (``exists``).
    """
    checked_slug(slug, "resource")
    shown = checked_name(slug if name is None else name, "resource")
    wanted = Resource(new_id(), slug, shown, checked_slug(pool, "pool"), location)
    if not bookables.insert(tx, "resource", wanted.bookable):
        found = find_resource(tx, slug)
        if replace(found, id=wanted.id) != wanted:
            raise ConflictError(
                "exists",
                f"The resource '{slug}' exists with other settings",
                hint=f"Look at it: bookra resource show {slug}",
            )
        return found, False
    tx.run(INSERT, id=wanted.id, pool_id=_pool_id(tx, pool))
    tx.concerns("resource", wanted.id)
    return wanted, True


def set_resource(tx: Tx, slug: str, changes: ResourceChanges) -> Resource:
    """Change a unit; what is booked keeps it, also when it goes to another pool.

    Raises ConflictError (``has_bookings``) when it becomes inactive and is needed for bookings.
    """
    bookables.lock(tx, find_resource(tx, slug).id)
    found = find_resource(tx, slug)
    wanted = replace(found, **changes)
    wanted = replace(wanted, name=checked_name(wanted.name, "resource"))
    checked_slug(wanted.pool, "pool")
    if wanted == found:
        return found
    if found.active and not wanted.active:
        bookables.require_nothing_to_come(tx, found.bookable)
    bookables.update(tx, wanted.bookable)
    if wanted.pool != found.pool:
        tx.run(UPDATE, id=found.id, pool_id=_pool_id(tx, wanted.pool))
    tx.concerns("resource", found.id)
    return wanted


def find_resource(tx: Tx, slug: str) -> Resource:
    """Return the unit with this slug; raises NotFoundError (``unknown_resource``)."""
    row = tx.row(ONE, slug=slug)
    if row is None:
        raise NotFoundError(
            "unknown_resource",
            f"There is no resource '{slug}'",
            hint="List them: bookra resource list",
            details={"resource": slug},
        )
    return _resource(row)


def resources(tx: Tx, *, retired: bool = False) -> list[Resource]:
    """Return the units that can be booked, by pool; with ``retired`` the others too."""
    return [_resource(row) for row in tx.rows(ALL if retired else ACTIVE)]


def _pool_id(tx: Tx, slug: str) -> UUID:
    """Return the id of a pool, which begins now if there was none."""
    tx.run(INSERT_POOL, id=new_id(), slug=slug, now=tx.now)
    return UUID(str(tx.rows(POOL, slug=slug)[0].id))


def _resource(row: Row[Any]) -> Resource:
    return Resource(row.id, row.slug, row.name, row.pool, row.location, row.active)
