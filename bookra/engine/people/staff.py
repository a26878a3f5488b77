"""Staff: who performs which services, and at what commission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.catalog.actions import unknown_service
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import checked_name, checked_slug, new_id

SELECT = """
    SELECT b.id, b.slug, b.name, b.active, st.commission_bps, st.all_services, st.calendar_id,
           ARRAY(SELECT s.slug FROM staff_services k
                   JOIN services s ON s.tenant_id = k.tenant_id AND s.id = k.service_id
                  WHERE k.tenant_id = b.tenant_id AND k.staff_id = b.id ORDER BY s.slug) AS services
      FROM bookables b
      JOIN staff st ON st.tenant_id = b.tenant_id AND st.id = b.id
     WHERE b.tenant_id = :tenant_id
"""
ALL = text(SELECT + " AND b.active ORDER BY b.name, b.slug")
ONE = text(SELECT + " AND b.slug = :slug")
INSERT_BOOKABLE = text(
    "INSERT INTO bookables (tenant_id, id, kind, slug, name, created_at)"
    " VALUES (:tenant_id, :id, 'staff', :slug, :name, :now)"
    " ON CONFLICT (tenant_id, slug) DO NOTHING"
)
INSERT_STAFF = text(
    "INSERT INTO staff (tenant_id, id, commission_bps, all_services, calendar_id)"
    " VALUES (:tenant_id, :id, :commission_bps, :all_services, :calendar_id)"
)
INSERT_SKILL = text(
    "INSERT INTO staff_services (tenant_id, id, staff_id, service_id)"
    " VALUES (:tenant_id, :id, :staff_id, :service_id)"
)
SERVICE_IDS = text(
    "SELECT slug, id FROM services WHERE tenant_id = :tenant_id AND slug = ANY(:slugs)"
)


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff. ``services`` is empty when they perform every service."""

    id: UUID
    slug: str
    name: str
    commission_bps: int
    services: tuple[str, ...]
    calendar_id: str | None
    active: bool = True


def add_staff(
    tx: Tx,
    slug: str,
    name: str,
    *,
    services: Sequence[str] = (),
    commission_bps: int = 0,
    calendar_id: str | None = None,
) -> tuple[Staff, bool]:
    """Add a staff member. The same again changes nothing (False); another raises ConflictError."""
    checked_slug(slug, "staff")
    skills = tuple(sorted(set(services)))
    wanted = Staff(
        new_id(), slug, checked_name(name, "staff member"), commission_bps, skills, calendar_id
    )
    if not tx.run(INSERT_BOOKABLE, id=wanted.id, slug=slug, name=wanted.name, now=tx.now):
        return _same(find_staff(tx, slug), wanted), False
    tx.run(
        INSERT_STAFF,
        id=wanted.id,
        commission_bps=commission_bps,
        all_services=not skills,
        calendar_id=calendar_id,
    )
    known = {row.slug: row.id for row in tx.rows(SERVICE_IDS, slugs=list(skills))}
    for skill in skills:
        if skill not in known:
            raise unknown_service(skill)
        tx.run(INSERT_SKILL, id=new_id(), staff_id=wanted.id, service_id=known[skill])
    tx.concerns("staff", wanted.id)
    return wanted, True


def find_staff(tx: Tx, slug: str) -> Staff:
    """Return the staff member with this slug; raises NotFoundError (``unknown_staff``)."""
    row = tx.row(ONE, slug=slug)
    if row is None:
        raise unknown_staff(slug)
    return _staff(row)


def staff_list(tx: Tx) -> list[Staff]:
    """Return the active staff, by name."""
    return [_staff(row) for row in tx.rows(ALL)]


def unknown_staff(slug: str) -> NotFoundError:
    """Return the error for a slug that names nobody."""
    return NotFoundError(
        "unknown_staff",
        f"There is no staff member '{slug}'",
        hint="List them: bookra staff list",
        details={"staff": slug},
    )


def _same(found: Staff, wanted: Staff) -> Staff:
    if (found.name, found.commission_bps, found.services) != (
        wanted.name,
        wanted.commission_bps,
        wanted.services,
    ):
        raise ConflictError(
            "exists",
            f"'{wanted.slug}' exists with other settings",
            hint=f"Look at it: bookra staff show {wanted.slug}",
        )
    return found


def _staff(row: Row[Any]) -> Staff:
    return Staff(
        row.id,
        row.slug,
        row.name,
        row.commission_bps,
        tuple(row.services),
        row.calendar_id,
        row.active,
    )
