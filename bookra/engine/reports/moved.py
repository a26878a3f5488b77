"""SQL of the report on revenue: transfers of a period, added up by accounts and by a dimension.

Purpose: one statement a report, so that a month of a large ledger is one pass over its entries
(``entries_tenant_id_effective_at_idx``) and their transfers (``transfers_tenant_id_entry_id_line_
key``). Accounts are told apart afterwards, in Python: there are few of them.

What belongs to a line of a booking or to an item is counted where that is. What belongs to the
whole booking or order (its fees, its tips, its deposit) is split over its lines and items by their
prices with largest remainders, transfer by transfer, so that every dimension has the same total.
"""

from __future__ import annotations

from sqlalchemy import TextClause, text

MEMORY = text("SET LOCAL work_mem = '128MB'")
"""How many rows a report adds up into is guessed far too high: few are made in memory, where the
planner would sort a million on disk. For the report's transaction alone."""

_SCOPE = """
       e.tenant_id = :tenant_id AND e.effective_at >= :start AND e.effective_at < :until
   AND (CAST(:posted_by AS timestamptz) IS NULL OR e.posted_at <= :posted_by)
   AND e.kind <> ALL(CAST(:settling AS text[]))
"""
_TIME = """
    SELECT {opened} AS entry_id,
           piece.key AS key,
           t.debit_account_id AS debit, t.credit_account_id AS credit,
           sum(t.amount_minor)::bigint AS amount_minor
      FROM entries e
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      LEFT JOIN unnest(CAST(:pieces AS int[])) AS piece(key)
        ON piece.key = width_bucket(e.effective_at, CAST(:edges AS timestamptz[]))
     WHERE {scope} AND t.tenant_id = :tenant_id
     GROUP BY 1, 2, 3, 4
"""
# How many bookings were sold, by the same keys and in all: one is counted once, however often it
# was paid.
_SOLD = """
    WITH sold AS MATERIALIZED (
      SELECT DISTINCT {key} AS key, e.booking_id
        FROM entries e
        JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
        {joins}
       WHERE {scope} AND t.tenant_id = :tenant_id AND e.booking_id IS NOT NULL
         AND e.kind = ANY(CAST(:selling AS text[]))
         AND t.credit_account_id = ANY(CAST(:sold AS uuid[]))
    )
    SELECT key, count(*) AS bookings FROM sold GROUP BY key
    UNION ALL
    SELECT NULL, count(*) FROM (SELECT DISTINCT booking_id FROM sold) bookings
"""
_SOLD_BY_TIME = """
    WITH sold AS MATERIALIZED (
      SELECT DISTINCT width_bucket(e.effective_at, CAST(:edges AS timestamptz[])) AS key,
             e.booking_id
        FROM entries e
       WHERE {scope} AND e.booking_id IS NOT NULL AND e.kind = ANY(CAST(:selling AS text[]))
         AND EXISTS (SELECT FROM transfers t
                      WHERE t.tenant_id = :tenant_id AND t.entry_id = e.id
                        AND t.credit_account_id = ANY(CAST(:sold AS uuid[])))
    )
    SELECT key, count(*) AS bookings FROM sold GROUP BY key
    UNION ALL
    SELECT NULL, count(*) FROM (SELECT DISTINCT booking_id FROM sold) bookings
"""
# Most bookings are one line: all that moves for one is that line's, and is added up at once, by
# workers side by side. Other bookings and orders are read transfer by transfer, if there are any.
_SPLIT = """
    WITH summed AS (
      SELECT {opened} AS entry_id, alone.key,
             t.debit_account_id AS debit, t.credit_account_id AS credit,
             sum(t.amount_minor) FILTER (WHERE alone.id IS NOT NULL)::bigint AS amount_minor,
             count(*) FILTER (WHERE alone.id IS NULL) AS others
        FROM entries e
        JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
        LEFT JOIN ({alone}) alone ON alone.booking_id = e.booking_id
       WHERE {scope} AND t.tenant_id = :tenant_id
       GROUP BY {groups}
    ), others AS (
      SELECT t.id, {opened} AS entry_id, COALESCE(e.booking_id, e.order_id) AS owner,
             COALESCE(t.booking_line_id, t.item_id) AS part_id,
             t.debit_account_id AS debit, t.credit_account_id AS credit, t.amount_minor
        FROM entries e
        JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
       WHERE {scope} AND t.tenant_id = :tenant_id
         AND (SELECT bool_or(others > 0) FROM summed)
         AND NOT EXISTS (SELECT FROM ({lone}) alone WHERE alone.booking_id = e.booking_id)
    ), owned AS (
      SELECT DISTINCT owner FROM others WHERE owner IS NOT NULL
    ), parts AS (
      SELECT p.*, count(*) OVER w AS siblings, sum(p.weight) OVER w AS whole
        FROM ({parts}) p
      WINDOW w AS (PARTITION BY p.owner)
    ), shared AS (
      SELECT o.* FROM others o
       WHERE o.part_id IS NULL AND o.owner IN (SELECT owner FROM parts)
         AND o.debit <> ALL(CAST(:personal AS uuid[]))
         AND o.credit <> ALL(CAST(:personal AS uuid[]))
    ), shares AS (
      SELECT s.id, s.entry_id, p.key, s.debit, s.credit, s.amount_minor,
             CASE WHEN p.whole = 0 THEN s.amount_minor / p.siblings
                  ELSE div(s.amount_minor * p.weight::numeric, p.whole)::bigint END AS share,
             row_number() OVER (
               PARTITION BY s.id
               ORDER BY CASE WHEN p.whole = 0 THEN 0
                             ELSE mod(s.amount_minor * p.weight::numeric, p.whole) END DESC,
                        p.position) AS turn
        FROM shared s
        JOIN parts p ON p.owner = s.owner
    ), rounded AS (
      SELECT entry_id, key, debit, credit,
             share + CASE WHEN turn <= amount_minor - sum(share) OVER (PARTITION BY id)
                          THEN 1 ELSE 0 END AS part_minor
        FROM shares
    )
    SELECT entry_id, key, debit, credit, sum(amount_minor)::bigint AS amount_minor
      FROM (SELECT entry_id, key, debit, credit, amount_minor
              FROM summed WHERE amount_minor IS NOT NULL
            UNION ALL
            SELECT o.entry_id, p.key, o.debit, o.credit, o.amount_minor
              FROM others o LEFT JOIN parts p ON p.id = o.part_id
             WHERE o.id NOT IN (SELECT id FROM shared)
            UNION ALL SELECT entry_id, key, debit, credit, part_minor FROM rounded) moved
     GROUP BY 1, 2, 3, 4
"""
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
_SOLD_PARTS = """
        LEFT JOIN (SELECT l.id, {line} AS key FROM booking_lines l {line_joins}
                    WHERE l.tenant_id = :tenant_id) l ON l.id = t.booking_line_id
        LEFT JOIN (SELECT i.id, {item} AS key FROM booking_items i
                     JOIN products r ON r.tenant_id = i.tenant_id AND r.id = i.product_id
                     {item_joins}
                    WHERE i.tenant_id = :tenant_id) i ON i.id = t.item_id
"""
_IN_PART = "AND (t.booking_line_id IS NOT NULL OR t.item_id IS NOT NULL)"
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
_DIMENSIONS = {
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


def moved(by: str, *, opened: bool, then: bool) -> TextClause:
    """Return the statement of a dimension, with an entry a row when it is ``opened``.

    ``then`` is whether there is a cut-off (``posted_by``). Rows: ``entry_id key debit credit
    amount_minor``; the accounts are ids, ``key`` is NULL where only the accounts say what a
    transfer belongs to. Binds: ``start until posted_by settling``, ``edges`` and ``pieces`` for
    time and method, ``personal`` for the others.
    """
    entry = "e.id" if opened else "NULL::uuid"
    if by not in _DIMENSIONS:
        return text(_TIME.format(scope=_SCOPE, opened=entry))
    keys = _keys(by, then=then)
    return text(
        _SPLIT.format(
            scope=_SCOPE,
            alone=_ALONE.format(**keys),
            lone=_ALONE.format(line="NULL", line_joins=""),
            parts=_PARTS.format(**keys, **_OWNED),
            opened=entry,
            groups="1, 2, 3, 4" if opened else "2, 3, 4",
        )
    )


def sold(by: str, *, then: bool) -> TextClause:
    """Return the statement that counts the bookings behind each key; NULL is the total's.

    Binds as for ``moved``, and ``sold``: the ids of the accounts that a price is posted to, and
    ``selling``: the kinds of entries in which a price becomes revenue.
    """
    if by in _DIMENSIONS:
        joins = _SOLD_PARTS.format(**_keys(by, then=then))
        return text(
            _SOLD.format(key="COALESCE(l.key, i.key)", joins=joins, scope=_SCOPE + _IN_PART)
        )
    if by == "method":
        return text(_SOLD.format(key="t.debit_account_id", joins="", scope=_SCOPE))
    return text(_SOLD_BY_TIME.format(scope=_SCOPE))


def _keys(by: str, *, then: bool) -> dict[str, str]:
    """Return the expressions of a dimension, and the joins that they need."""
    person = _PERSON_THEN if then else "k.slug"
    given = {"line_joins": "", "item_joins": "", **_DIMENSIONS[by]}
    return {name: part.replace("{person}", person) for name, part in given.items()}
