"""Staff: who performs which services, at what level and commission, where and how much a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.catalog.actions import unknown_service
from bookra.engine.people import bookables
from bookra.engine.people.bookables import Bookable
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.rules import check_limit
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import checked_name, checked_slug, new_id

SELECT = """
    SELECT b.id, b.slug, b.name, b.active, st.commission_bps, st.all_services, st.calendar_id,
           st.level, st.timezone, st.daily_limit, l.slug AS location,
           ARRAY(SELECT s.slug FROM staff_services k
                   JOIN services s ON s.tenant_id = k.tenant_id AND s.id = k.service_id
                  WHERE k.tenant_id = b.tenant_id AND k.staff_id = b.id) AS services
      FROM bookables b
      JOIN staff st ON st.tenant_id = b.tenant_id AND st.id = b.id
      LEFT JOIN locations l ON l.tenant_id = b.tenant_id AND l.id = b.location_id
     WHERE b.tenant_id = :tenant_id
"""
ACTIVE = text(SELECT + " AND b.active ORDER BY b.name, b.slug")
ALL = text(SELECT + " ORDER BY b.name, b.slug")
ONE = text(SELECT + " AND b.slug = :slug")
INSERT = text(
    "INSERT INTO staff (tenant_id, id, commission_bps, all_services, calendar_id, level,"
    " timezone, daily_limit)"
    " VALUES (:tenant_id, :id, :commission_bps, :all_services, :calendar_id, :level,"
    " :timezone, :daily_limit)"
)
UPDATE = text(
    "UPDATE staff SET commission_bps = :commission_bps, all_services = :all_services,"
    " calendar_id = :calendar_id, level = :level, timezone = :timezone,"
    " daily_limit = :daily_limit, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)
INSERT_SKILL = text(
    "INSERT INTO staff_services (tenant_id, id, staff_id, service_id)"
    " VALUES (:tenant_id, :id, :staff_id, :service_id)"
)
DROP_SKILLS = text(
    "DELETE FROM staff_services WHERE tenant_id = :tenant_id AND staff_id = :staff_id"
)
SERVICE_IDS = text(
    "SELECT slug, id FROM services WHERE tenant_id = :tenant_id AND slug = ANY(:slugs)"
)


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff. ``services`` is empty when they perform every service.

    Their zone is ``timezone``, or else their location's, or else the business's.
    """

    id: UUID
    slug: str
    name: str
    commission_bps: int
    services: tuple[str, ...]
    calendar_id: str | None
    active: bool = True
    level: str = ""
    timezone: str | None = None
    location: str | None = None
    daily_limit: int | None = None

    @property
    def bookable(self) -> Bookable:
        """What they have in common with resources."""
        return Bookable(self.id, self.slug, self.name, self.location, self.active)


class StaffChanges(TypedDict, total=False):
    """What to change of a member of staff; what is left out stays."""

    name: str
    commission_bps: int
    services: tuple[str, ...]
    calendar_id: str | None
    active: bool
    level: str
    timezone: str | None
    location: str | None
    daily_limit: int | None


def add_staff(
    tx: Tx,
    slug: str,
    name: str,
    *,
    services: Sequence[str] = (),
    commission_bps: int = 0,
    calendar_id: str | None = None,
    level: str = "",
    timezone: str | None = None,
    location: str | None = None,
    daily_limit: int | None = None,
) -> tuple[Staff, bool]:
    """Add a staff member. The same again changes nothing (False); another raises ConflictError."""
    checked_slug(slug, "staff")
    wanted = _checked(
        Staff(
            new_id(),
            slug,
            name,
            commission_bps,
            tuple(services),
            calendar_id,
            level=level,
            timezone=timezone,
            location=location,
            daily_limit=daily_limit,
        )
    )
    if not bookables.insert(tx, "staff", wanted.bookable):
        return _same(find_staff(tx, slug), wanted), False
    tx.run(INSERT, **_row(wanted))
    _insert_skills(tx, wanted)
    tx.concerns("staff", wanted.id)
    return wanted, True


def set_staff(tx: Tx, slug: str, changes: StaffChanges) -> Staff:
    """Change what is given of a staff member, for bookings from now on; locks them.

    Raises ConflictError (``has_bookings``) when they become inactive and have bookings to come.
    """
    bookables.lock(tx, find_staff(tx, slug).id)
    found = find_staff(tx, slug)
    wanted = _checked(replace(found, **changes))
    if wanted == found:
        return found
    if found.active and not wanted.active:
        bookables.require_nothing_to_come(tx, found.bookable)
    bookables.update(tx, wanted.bookable)
    tx.run(UPDATE, **_row(wanted))
    if wanted.services != found.services:
        tx.run(DROP_SKILLS, staff_id=wanted.id)
        _insert_skills(tx, wanted)
    tx.concerns("staff", wanted.id)
    return wanted


def find_staff(tx: Tx, slug: str) -> Staff:
    """Return the staff member with this slug; raises NotFoundError (``unknown_staff``)."""
    row = tx.row(ONE, slug=slug)
    if row is None:
        raise unknown_staff(slug)
    return _staff(row)


def staff_list(tx: Tx, *, retired: bool = False) -> list[Staff]:
    """Return the active staff, by name; with ``retired`` the others too."""
    return [_staff(row) for row in tx.rows(ALL if retired else ACTIVE)]


def unknown_staff(slug: str) -> NotFoundError:
    """Return the error for a slug that names nobody."""
    return NotFoundError(
        "unknown_staff",
        f"There is no staff member '{slug}'",
        hint="List them: bookra staff list",
        details={"staff": slug},
    )


def _checked(wanted: Staff) -> Staff:
    if wanted.level:
        checked_slug(wanted.level, "level")
    if wanted.timezone is not None:
        clock.zone(wanted.timezone)
    if wanted.daily_limit is not None:
        check_limit("daily_limit", wanted.daily_limit)
    name = checked_name(wanted.name, "staff member")
    return replace(wanted, name=name, services=tuple(sorted(set(wanted.services))))


def _row(wanted: Staff) -> dict[str, Any]:
    return {
        "id": wanted.id,
        "commission_bps": wanted.commission_bps,
        "all_services": not wanted.services,
        "calendar_id": wanted.calendar_id,
        "level": wanted.level,
        "timezone": wanted.timezone,
        "daily_limit": wanted.daily_limit,
    }


def _insert_skills(tx: Tx, wanted: Staff) -> None:
    if not wanted.services:
        return
    known = {row.slug: row.id for row in tx.rows(SERVICE_IDS, slugs=list(wanted.services))}
    for skill in wanted.services:
        if skill not in known:
            raise unknown_service(skill)
    tx.run_many(
        INSERT_SKILL,
        [
            {"id": new_id(), "staff_id": wanted.id, "service_id": known[skill]}
            for skill in wanted.services
        ],
    )


def _same(found: Staff, wanted: Staff) -> Staff:
    if replace(found, id=wanted.id) != wanted:
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
        tuple(sorted(row.services)),
        row.calendar_id,
        row.active,
        row.level,
        row.timezone,
        row.location,
        row.daily_limit,
    )
