"""Verbs of the catalogue: add a service, find one, list them all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, text

from bookra.clock import DAY_MINUTES, MINUTE
from bookra.engine.catalog.model import Segment, Service, checked_segments
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import checked_name, checked_slug, new_id
from bookra.money import Money

MAX_BUFFER_MINUTES = 480

SELECT = """
    SELECT s.id, s.slug, s.name, s.category, s.price_minor, s.currency, s.buffer_before_minutes,
           s.buffer_after_minutes, s.active,
           (SELECT array_agg(CASE g.kind WHEN 'busy' THEN g.minutes ELSE -g.minutes END
                             ORDER BY g.position)
              FROM service_segments g
             WHERE g.tenant_id = s.tenant_id AND g.service_id = s.id) AS minutes
      FROM services s
     WHERE s.tenant_id = :tenant_id
"""
ALL = text(SELECT + " AND s.active ORDER BY s.category, s.name, s.slug")
ONE = text(SELECT + " AND s.slug = :slug")
INSERT = text(
    """
    INSERT INTO services (tenant_id, id, slug, name, category, price_minor, currency,
                          buffer_before_minutes, buffer_after_minutes, created_at)
    VALUES (:tenant_id, :id, :slug, :name, :category, :price_minor, :currency, :before, :after,
            :now)
    ON CONFLICT (tenant_id, slug) DO NOTHING
    """
)
INSERT_SEGMENT = text(
    "INSERT INTO service_segments (tenant_id, id, service_id, position, kind, minutes)"
    " VALUES (:tenant_id, :id, :service_id, :position, :kind, :minutes)"
)


@dataclass(frozen=True, slots=True)
class NewService:
    """What a service is added with."""

    slug: str
    name: str
    price: Money
    segments: tuple[Segment, ...]
    category: str = ""
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0


def add_service(tx: Tx, new: NewService) -> tuple[Service, bool]:
    """Add a service. The same again changes nothing (False); another one raises ConflictError."""
    _check(tx, new)
    service = Service(
        new_id(),
        new.slug,
        new.name.strip(),
        new.category.strip(),
        new.price,
        new.segments,
        new.buffer_before_minutes,
        new.buffer_after_minutes,
    )
    inserted = tx.run(
        INSERT,
        id=service.id,
        slug=service.slug,
        name=service.name,
        category=service.category,
        price_minor=service.price.minor,
        currency=service.price.currency,
        before=service.buffer_before_minutes,
        after=service.buffer_after_minutes,
        now=tx.now,
    )
    if not inserted:
        existing = find_service(tx, new.slug)
        if replace(existing, id=service.id) != service:
            raise ConflictError(
                "exists",
                f"The service '{new.slug}' exists with other settings",
                hint=f"Look at it: bookra service show {new.slug}",
            )
        return existing, False
    tx.run_many(
        INSERT_SEGMENT,
        [
            {
                "id": new_id(),
                "service_id": service.id,
                "position": position,
                "kind": "busy" if segment.busy else "gap",
                "minutes": segment.minutes,
            }
            for position, segment in enumerate(service.segments)
        ],
    )
    tx.concerns("service", service.id)
    return service, True


def find_service(tx: Tx, slug: str) -> Service:
    """Return the service with this slug; raises NotFoundError (``unknown_service``)."""
    row = tx.row(ONE, slug=slug)
    if row is None:
        raise unknown_service(slug)
    return _service(row)


def services(tx: Tx) -> list[Service]:
    """Return the active services, by category and name."""
    return [_service(row) for row in tx.rows(ALL)]


def unknown_service(slug: str) -> NotFoundError:
    """Return the error for a slug that names no service."""
    return NotFoundError(
        "unknown_service",
        f"There is no service '{slug}'",
        hint="List them: bookra service list",
        details={"service": slug},
    )


def _check(tx: Tx, new: NewService) -> None:
    checked_slug(new.slug, "service")
    checked_segments(new.segments)
    checked_name(new.name, "service")
    if new.price.currency != tx.tenant.currency:
        raise InvalidInputError("wrong_currency", f"{tx.tenant.slug} sells in {tx.tenant.currency}")
    for minutes in (new.buffer_before_minutes, new.buffer_after_minutes):
        if not 0 <= minutes <= MAX_BUFFER_MINUTES:
            raise InvalidInputError(
                "bad_buffer", f"A buffer of {minutes} minutes is not between 0 and 480"
            )
    service = Service(new_id(), new.slug, new.name, "", new.price, new.segments)
    service = replace(
        service,
        buffer_before_minutes=new.buffer_before_minutes,
        buffer_after_minutes=new.buffer_after_minutes,
    )
    if any(length > DAY_MINUTES * MINUTE for _, length in service.busy_blocks()):
        raise InvalidInputError(
            "bad_segments", "A busy stretch with its buffers can't be longer than a day"
        )


def _service(row: Row[Any]) -> Service:
    return Service(
        row.id,
        row.slug,
        row.name,
        row.category,
        Money(row.price_minor, row.currency),
        tuple(Segment(minutes > 0, abs(minutes)) for minutes in row.minutes),
        row.buffer_before_minutes,
        row.buffer_after_minutes,
        row.active,
    )
