"""Rows of the catalogue: a whole service in one statement, and how its parts are replaced.

The parts come as JSON arrays of the service's own row: one statement for one service or for all,
each part found by the service's key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from bookra.engine.catalog.model import Need, Offered, Segment, Service, ServiceLevel
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id
from bookra.money import Money

SELECT = """
    SELECT s.id, s.slug, s.name, s.category, s.price_minor, s.currency, s.buffer_before_minutes,
           s.buffer_after_minutes, s.active, s.granularity_minutes, s.alignment, s.notice_minutes,
           s.horizon_days, s.daily_limit, s.capacity, s.tax_bps, s.deposit_bps, s.deposit_minor,
           s.short_name,
           (SELECT json_agg(json_build_array(g.level, g.kind = 'busy', g.minutes)
                            ORDER BY g.position)
              FROM service_segments g
             WHERE g.tenant_id = s.tenant_id AND g.service_id = s.id) AS segments,
           (SELECT json_agg(json_build_array(l.level, l.price_minor))
              FROM service_levels l
             WHERE l.tenant_id = s.tenant_id AND l.service_id = s.id) AS levels,
           (SELECT json_agg(json_build_array(h.weekday, h.opens_minute, h.closes_minute))
              FROM service_hours h
             WHERE h.tenant_id = s.tenant_id AND h.service_id = s.id) AS offered,
           (SELECT json_agg(json_build_array(p.slug, r.span))
              FROM service_resources r
              JOIN pools p ON p.tenant_id = r.tenant_id AND p.id = r.pool_id
             WHERE r.tenant_id = s.tenant_id AND r.service_id = s.id) AS needs
      FROM services s
     WHERE s.tenant_id = :tenant_id
"""
ACTIVE = text(SELECT + " AND s.active ORDER BY s.category, s.name, s.slug")
ALL = text(SELECT + " ORDER BY s.category, s.name, s.slug")
ONE = text(SELECT + " AND s.slug = :slug")
LOCK = text(
    "SELECT id FROM services WHERE tenant_id = :tenant_id AND slug = :slug FOR NO KEY UPDATE"
)
INSERT = text(
    """
    INSERT INTO services (tenant_id, id, slug, name, category, price_minor, currency,
                          buffer_before_minutes, buffer_after_minutes, granularity_minutes,
                          alignment, notice_minutes, horizon_days, daily_limit, capacity,
                          tax_bps, deposit_bps, deposit_minor, short_name, active, created_at)
    VALUES (:tenant_id, :id, :slug, :name, :category, :price_minor, :currency,
            :buffer_before_minutes, :buffer_after_minutes, :granularity_minutes,
            :alignment, :notice_minutes, :horizon_days, :daily_limit, :capacity,
            :tax_bps, :deposit_bps, :deposit_minor, :short_name, :active, :now)
    ON CONFLICT (tenant_id, slug) DO NOTHING
    """
)
UPDATE = text(
    """
    UPDATE services
       SET name = :name, category = :category, price_minor = :price_minor,
           buffer_before_minutes = :buffer_before_minutes,
           buffer_after_minutes = :buffer_after_minutes,
           granularity_minutes = :granularity_minutes, alignment = :alignment,
           notice_minutes = :notice_minutes, horizon_days = :horizon_days,
           daily_limit = :daily_limit, capacity = :capacity, tax_bps = :tax_bps,
           deposit_bps = :deposit_bps, deposit_minor = :deposit_minor,
           short_name = :short_name, active = :active, changed_by = session_user
     WHERE tenant_id = :tenant_id AND id = :id
    """
)
DROPS = (
    text("DELETE FROM service_segments WHERE tenant_id = :tenant_id AND service_id = :service_id"),
    text("DELETE FROM service_levels WHERE tenant_id = :tenant_id AND service_id = :service_id"),
    text("DELETE FROM service_hours WHERE tenant_id = :tenant_id AND service_id = :service_id"),
    text("DELETE FROM service_resources WHERE tenant_id = :tenant_id AND service_id = :service_id"),
)
INSERT_SEGMENT = text(
    "INSERT INTO service_segments (tenant_id, id, service_id, level, position, kind, minutes)"
    " VALUES (:tenant_id, :id, :service_id, :level, :position, :kind, :minutes)"
)
INSERT_LEVEL = text(
    "INSERT INTO service_levels (tenant_id, id, service_id, level, price_minor)"
    " VALUES (:tenant_id, :id, :service_id, :level, :price_minor)"
)
INSERT_OFFERED = text(
    "INSERT INTO service_hours (tenant_id, id, service_id, weekday, opens_minute, closes_minute)"
    " VALUES (:tenant_id, :id, :service_id, :weekday, :opens_minute, :closes_minute)"
)
INSERT_NEED = text(
    "INSERT INTO service_resources (tenant_id, id, service_id, pool_id, span)"
    " VALUES (:tenant_id, :id, :service_id, :pool_id, :span)"
)
POOLS = text("SELECT slug, id FROM pools WHERE tenant_id = :tenant_id AND slug = ANY(:slugs)")

COLUMNS = (
    "id slug name category buffer_before_minutes buffer_after_minutes granularity_minutes"
    " alignment notice_minutes horizon_days daily_limit capacity tax_bps deposit_bps"
    " deposit_minor short_name active"
).split()
"""The columns of a service's own row that carry the names of its fields."""


def insert(tx: Tx, service: Service) -> bool:
    """Insert a whole service; False, and nothing written, when its slug exists."""
    row = {name: getattr(service, name) for name in COLUMNS}
    price = {"price_minor": service.price.minor, "currency": service.price.currency}
    if not tx.run(INSERT, **row, **price, now=tx.now):
        return False
    _insert_parts(tx, service)
    return True


def update(tx: Tx, service: Service) -> None:
    """Write a whole service over the one with its id; the slug and the currency stay."""
    row = {name: getattr(service, name) for name in COLUMNS if name != "slug"}
    tx.run(UPDATE, **row, price_minor=service.price.minor)
    for drop in DROPS:
        tx.run(drop, service_id=service.id)
    _insert_parts(tx, service)


def _insert_parts(tx: Tx, service: Service) -> None:
    ways = {"": service.segments} | {level.level: level.segments for level in service.levels}
    segments = [
        {
            "level": name,
            "position": position,
            "kind": "busy" if segment.busy else "gap",
            "minutes": segment.minutes,
        }
        for name, parts in ways.items()
        for position, segment in enumerate(parts)
    ]
    prices = [{"level": way.level, "price_minor": way.price.minor} for way in service.levels]
    pools = _pool_ids(tx, service.needs)
    needs = [{"pool_id": pools[need.pool], "span": need.span} for need in service.needs]
    _insert_each(tx, INSERT_SEGMENT, service.id, segments)
    _insert_each(tx, INSERT_LEVEL, service.id, prices)
    _insert_each(tx, INSERT_OFFERED, service.id, [hours._asdict() for hours in service.offered])
    _insert_each(tx, INSERT_NEED, service.id, needs)


def _insert_each(
    tx: Tx, statement: TextClause, service_id: UUID, rows: Iterable[dict[str, Any]]
) -> None:
    tx.run_many(statement, [{"id": new_id(), "service_id": service_id, **row} for row in rows])


def _pool_ids(tx: Tx, needs: tuple[Need, ...]) -> dict[str, UUID]:
    """Return the ids of the pools; raises NotFoundError (``unknown_pool``)."""
    if not needs:
        return {}
    slugs = [need.pool for need in needs]
    known = {row.slug: row.id for row in tx.rows(POOLS, slugs=slugs)}
    for slug in slugs:
        if slug not in known:
            raise unknown_pool(slug)
    return known


def unknown_pool(slug: str) -> NotFoundError:
    """Return the error for a slug that names no pool."""
    return NotFoundError(
        "unknown_pool",
        f"There is no pool '{slug}'",
        hint=f"It begins with its first unit: bookra resource add {slug}-1 --pool {slug}",
        details={"pool": slug},
    )


def service_of(row: Row[Any]) -> Service:
    """Return the Service of a row of ``SELECT``; a part without rows comes as NULL."""
    segments: dict[str, list[Segment]] = {}
    for level, busy, minutes in row.segments:
        segments.setdefault(level, []).append(Segment(busy, minutes))
    levels = (
        ServiceLevel(name, Money(minor, row.currency), tuple(segments.get(name, ())))
        for name, minor in sorted(row.levels or ())
    )
    return Service(
        **{name: getattr(row, name) for name in COLUMNS},
        price=Money(row.price_minor, row.currency),
        segments=tuple(segments[""]),
        levels=tuple(levels),
        offered=tuple(sorted(Offered(*hours) for hours in row.offered or ())),
        needs=tuple(sorted(Need(*need) for need in row.needs or ())),
    )
