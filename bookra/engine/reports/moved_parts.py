"""SQL of the lines and items of bookings: what they weigh, and their keys by a dimension."""

from __future__ import annotations

# The lines that are all there is of their booking.
_ALONE = """
      SELECT l.id, l.booking_id, {line} AS key
        FROM booking_lines l
        {line_joins}
       WHERE l.tenant_id = :tenant_id AND l.position = 1
         AND NOT EXISTS (SELECT FROM booking_lines o
                          WHERE o.tenant_id = :tenant_id AND o.booking_id = l.booking_id
                            AND o.position <> 1)
         AND NOT EXISTS (SELECT FROM booking_items i
                          WHERE i.tenant_id = :tenant_id AND i.booking_id = l.booking_id)
"""
# Whom a line was with at the cut-off: it may have been moved to somebody else afterwards.
_PERSON_THEN = """
    COALESCE((SELECT c.facts ->> 'from_staff' FROM booking_changes c
               WHERE c.tenant_id = l.tenant_id AND c.booking_id = l.booking_id
                 AND c.recorded_at > :posted_by AND c.facts ->> 'line' = l.position::text
                 AND c.facts ? 'from_staff'
               ORDER BY c.id LIMIT 1), k.slug)
"""
_PARTS = """
      SELECT l.id, l.booking_id AS owner, l.position, l.net_minor + l.tax_minor AS weight,
             {line} AS key
        FROM booking_lines l
        {line_joins}
       WHERE l.tenant_id = :tenant_id {owned_lines}
      UNION ALL
      SELECT i.id, COALESCE(i.booking_id, i.order_id), 1000 + i.position,
             i.net_minor + i.tax_minor, {item}
        FROM booking_items i
        JOIN products r ON r.tenant_id = i.tenant_id AND r.id = i.product_id
        {item_joins}
       WHERE i.tenant_id = :tenant_id {owned_items}
"""
_OWNED = {
    "owned_lines": "AND l.booking_id IN (SELECT owner FROM owned)",
    "owned_items": "AND (i.booking_id IN (SELECT owner FROM owned)"
    " OR i.order_id IN (SELECT owner FROM owned))",
}
_SERVICE = "JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id"
_STAFF = "JOIN bookables k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id"
_SELLER = "LEFT JOIN bookables k ON k.tenant_id = i.tenant_id AND k.id = i.staff_id"
_AT = (
    "LEFT JOIN bookables a ON a.tenant_id = k.tenant_id AND a.slug = {person}"
    " LEFT JOIN locations n ON n.tenant_id = a.tenant_id AND n.id = a.location_id"
)
_KIND = "CASE r.kind WHEN 'product' THEN 'income:products' ELSE 'income:services' END"
_NOWHERE = "COALESCE(n.slug, '(none)')"

# What a line's and an item's key is; ``{person}`` is whom a line is with.
DIMENSIONS = {
    "rate": {"line": "l.tax_bps::text", "item": "i.tax_bps::text"},
    "service": {"line": "s.slug", "line_joins": _SERVICE, "item": _KIND},
    "product": {"line": "'income:services'", "item": "r.slug"},
    "category": {
        "line": "COALESCE(NULLIF(s.category, ''), '(none)')",
        "line_joins": _SERVICE,
        "item": "COALESCE(NULLIF(r.category, ''), '(none)')",
    },
    "staff": {
        "line": "{person}",
        "line_joins": _STAFF,
        "item": f"COALESCE(k.slug, {_KIND})",
        "item_joins": _SELLER,
    },
    "location": {
        "line": _NOWHERE,
        "line_joins": f"{_STAFF} {_AT}",
        "item": _NOWHERE,
        "item_joins": f"{_SELLER} {_AT.format(person='k.slug')}",
    },
}


def alone(by: str | None = None, *, then: bool = False) -> str:
    """Return a subselect of the lines that are all there is of their booking: id, booking_id, key.

    ``then`` is whether there is a cut-off (``posted_by``); without a dimension, the key is NULL.
    """
    return _ALONE.format(**(_keys(by, then=then) if by else {"line": "NULL", "line_joins": ""}))


def parts(by: str, *, then: bool) -> str:
    """Return a subselect of the lines and items of ``owned``: id, owner, position, weight, key."""
    return _PARTS.format(**_keys(by, then=then), **_OWNED)


def _keys(by: str, *, then: bool) -> dict[str, str]:
    """Return the expressions of a dimension, and the joins that they need."""
    person = _PERSON_THEN if then else "k.slug"
    given = {"line_joins": "", "item_joins": "", **DIMENSIONS[by]}
    return {name: part.replace("{person}", person) for name, part in given.items()}
