"""What staff and units have in common: a slug that both share, a place, and a time to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from bookra.clock import rfc3339
from bookra.engine.people.locations import location_id
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError

SHOWN = 5

INSERT = text(
    "INSERT INTO bookables (tenant_id, id, kind, slug, name, location_id, created_at)"
    " VALUES (:tenant_id, :id, :kind, :slug, :name, :location_id, :now)"
    " ON CONFLICT (tenant_id, slug) DO NOTHING"
)
UPDATE = text(
    "UPDATE bookables SET name = :name, location_id = :location_id, active = :active,"
    " changed_by = session_user WHERE tenant_id = :tenant_id AND id = :id"
)
LOCK = text("SELECT id FROM bookables WHERE tenant_id = :tenant_id AND id = :id FOR UPDATE")
KIND = text("SELECT kind FROM bookables WHERE tenant_id = :tenant_id AND slug = :slug")

# Purpose: what one person or unit is still needed for. By allocations_tenant_id_bookable_id_
# starts_at_idx: the longest allocation bounds how far back one that is running now can start.
TO_COME = text(
    """
    SELECT COALESCE(b.code, x.code) AS code, min(a.starts_at) AS starts_at
      FROM allocations a
      LEFT JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.booking_id
      LEFT JOIN sessions x ON x.tenant_id = a.tenant_id AND x.id = a.session_id
     WHERE a.tenant_id = :tenant_id AND a.bookable_id = :id AND a.kind <> 'block'
       AND a.starts_at > CAST(:now AS timestamptz) - interval '25 hours' AND a.ends_at > :now
       AND (a.held_until IS NULL OR a.held_until > :now)
       AND (b.status IS NULL OR b.status <> 'completed')
     GROUP BY 1
     ORDER BY 2, 1
    """
)


@dataclass(frozen=True, slots=True)
class Bookable:
    """The part of a member of staff or a unit that can be booked."""

    id: UUID
    slug: str
    name: str
    location: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class ToCome:
    """A booking or a class that somebody or something is needed for."""

    code: str
    starts_at: datetime


def insert(tx: Tx, kind: str, new: Bookable) -> bool:
    """Insert a bookable; False when its slug is in use by one of its own kind.

    Raises ConflictError (``exists``) when the slug names one of the other kind.
    """
    place = None if new.location is None else location_id(tx, new.location)
    binds = {"id": new.id, "slug": new.slug, "name": new.name, "location_id": place}
    if tx.run(INSERT, kind=kind, **binds, now=tx.now):
        return True
    row = tx.row(KIND, slug=new.slug)
    if row is not None and row.kind != kind:
        what = "a member of staff" if row.kind == "staff" else "a resource"
        raise ConflictError(
            "exists",
            f"'{new.slug}' is {what} already",
            hint="Choose another slug: staff and resources share them",
            details={"slug": new.slug},
        )
    return False


def lock(tx: Tx, bookable_id: UUID) -> None:
    """Lock a bookable; waits for bookings that are just being made with it."""
    tx.row(LOCK, id=bookable_id)


def update(tx: Tx, wanted: Bookable) -> None:
    """Write the name, the place and whether it can be booked."""
    place = None if wanted.location is None else location_id(tx, wanted.location)
    tx.run(UPDATE, id=wanted.id, name=wanted.name, location_id=place, active=wanted.active)


def to_come(tx: Tx, bookable_id: UUID) -> list[ToCome]:
    """Return the bookings and classes from now on, by time; an expired hold is none."""
    return [ToCome(row.code, row.starts_at) for row in tx.rows(TO_COME, id=bookable_id, now=tx.now)]


def require_nothing_to_come(tx: Tx, bookable: Bookable) -> None:
    """Raise ConflictError (``has_bookings``) that lists what is to come, by time."""
    found = to_come(tx, bookable.id)
    if not found:
        return
    zone = tx.tenant.zone
    shown = [f"{item.code} {item.starts_at.astimezone(zone):%a %d %b %H:%M}" for item in found]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    what = "one booking" if len(found) == 1 else f"{len(found)} bookings"
    raise ConflictError(
        "has_bookings",
        f"{bookable.name} has {what} to come: {', '.join(shown[:SHOWN])}{more}",
        hint="Move or cancel them first: bookra booking move|cancel CODE",
        details={
            "slug": bookable.slug,
            "bookings": [
                {"code": item.code, "start": rfc3339(item.starts_at, zone)} for item in found
            ],
        },
    )
