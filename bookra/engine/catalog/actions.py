"""Verbs of the catalogue: add a service, change one, find one, list them all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict

from sqlalchemy import text

from bookra.engine.catalog import store
from bookra.engine.catalog.model import Need, Offered, Segment, Service, ServiceLevel
from bookra.engine.catalog.options import checked
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

TO_COME = text(
    """
    SELECT EXISTS (SELECT FROM booking_lines l
                     JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
                    WHERE l.tenant_id = :tenant_id AND l.service_id = :service_id
                      AND l.ends_at > :now
                      AND (b.status IN ('confirmed', 'checked_in', 'in_service', 'displaced')
                           OR (b.status = 'held' AND b.hold_expires_at > :now)))
        OR EXISTS (SELECT FROM sessions x
                    WHERE x.tenant_id = :tenant_id AND x.service_id = :service_id
                      AND x.ends_at > :now AND x.status = 'open') AS found
    """
)


@dataclass(frozen=True, slots=True)
class NewService:
    """What a service is added with. None in a rule means that the business's own holds."""

    slug: str
    name: str
    price: Money
    segments: tuple[Segment, ...]
    category: str = ""
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    granularity_minutes: int | None = None
    alignment: str = "clock"
    notice_minutes: int | None = None
    horizon_days: int | None = None
    daily_limit: int | None = None
    capacity: int | None = None
    levels: tuple[ServiceLevel, ...] = ()
    offered: tuple[Offered, ...] = ()
    needs: tuple[Need, ...] = ()
    tax_bps: int | None = None
    deposit_bps: int | None = None
    deposit_minor: int | None = None
    short_name: str = ""


class ServiceChanges(TypedDict, total=False):
    """What to change of a service: what is left out stays, a tuple replaces the whole part."""

    name: str
    price: Money
    segments: tuple[Segment, ...]
    category: str
    buffer_before_minutes: int
    buffer_after_minutes: int
    granularity_minutes: int | None
    alignment: str
    notice_minutes: int | None
    horizon_days: int | None
    daily_limit: int | None
    capacity: int | None
    levels: tuple[ServiceLevel, ...]
    offered: tuple[Offered, ...]
    needs: tuple[Need, ...]
    tax_bps: int | None
    deposit_bps: int | None
    deposit_minor: int | None
    short_name: str
    active: bool


def add_service(tx: Tx, new: NewService) -> tuple[Service, bool]:
    """Add a service. The same again changes nothing (False); another one raises ConflictError.

    Raises NotFoundError (``unknown_pool``) for a resource that nobody has added a unit of.
    """
    fields = {name: getattr(new, name) for name in NewService.__dataclass_fields__}
    service = checked(Service(id=new_id(), **fields), tx.tenant.currency)
    if not store.insert(tx, service):
        existing = find_service(tx, new.slug)
        if replace(existing, id=service.id) != service:
            raise ConflictError(
                "exists",
                f"The service '{new.slug}' exists with other settings",
                hint=f"Look at it: bookra service show {new.slug}",
            )
        return existing, False
    tx.concerns("service", service.id)
    return service, True


def set_service(tx: Tx, slug: str, changes: ServiceChanges) -> Service:
    """Change what is given of a service, for bookings from now on; what was sold stays as sold.

    Locks the service. Raises ConflictError (``in_use``) when bookings to come would turn from
    visits into seats of a class, or the other way round.
    """
    if tx.row(store.LOCK, slug=slug) is None:
        raise unknown_service(slug)
    found = find_service(tx, slug)
    wanted = checked(replace(found, **changes), tx.tenant.currency)
    if (found.capacity is None) != (wanted.capacity is None):
        _require_nothing_to_come(tx, wanted)
    if wanted != found:
        store.update(tx, wanted)
        tx.concerns("service", wanted.id)
    return wanted


def _require_nothing_to_come(tx: Tx, service: Service) -> None:
    row = tx.row(TO_COME, service_id=service.id, now=tx.now)
    if row is not None and row.found:
        what = "a class" if service.capacity else "a visit of one customer"
        raise ConflictError(
            "in_use",
            f"'{service.slug}' has bookings to come and can't become {what}",
            hint="Add another service for it: bookra service add --help",
            details={"service": service.slug},
        )


def find_service(tx: Tx, slug: str) -> Service:
    """Return the whole service with this slug; raises NotFoundError (``unknown_service``)."""
    row = tx.row(store.ONE, slug=slug)
    if row is None:
        raise unknown_service(slug)
    return store.service_of(row)


def services(tx: Tx, *, retired: bool = False) -> list[Service]:
    """Return the active services, by category and name; with ``retired`` the others too."""
    return [store.service_of(row) for row in tx.rows(store.ALL if retired else store.ACTIVE)]


def unknown_service(slug: str) -> NotFoundError:
    """Return the error for a slug that names no service."""
    return NotFoundError(
        "unknown_service",
        f"There is no service '{slug}'",
        hint="List them: bookra service list",
        details={"service": slug},
    )
