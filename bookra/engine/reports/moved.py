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
      JOIN unnest(CAST(:pieces AS int[])) AS piece(key)
        ON piece.key = width_bucket(e.effective_at, CAST(:edges AS timestamptz[]))
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
     WHERE {scope} AND t.tenant_id = :tenant_id
     GROUP BY 1, 2, 3, 4
"""
# How many bookings were sold, by the same keys and in all: one is recognised once.
_SOLD = """
    WITH sold AS (
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
      SELECT width_bucket(e.effective_at, CAST(:edges AS timestamptz[])) AS key, e.booking_id
        FROM entries e
       WHERE {scope} AND e.booking_id IS NOT NULL AND e.kind = ANY(CAST(:selling AS text[]))
         AND EXISTS (SELECT FROM transfers t
                      WHERE t.tenant_id = :tenant_id AND t.entry_id = e.id
                        AND t.credit_account_id = ANY(CAST(:sold AS uuid[])))
    )
    SELECT key, count(DISTINCT booking_id) AS bookings FROM sold GROUP BY key
    UNION ALL
    SELECT NULL, count(DISTINCT booking_id) FROM sold
"""
# ``parts`` are the lines and items of every booking and order that something moved for; a transfer
# of a whole booking with one part is that part's, with several it is split.
_SPLIT = """
    WITH scope AS (
      SELECT e.id, e.booking_id, e.order_id FROM entries e WHERE {scope}
    ), owned AS (
      SELECT DISTINCT COALESCE(booking_id, order_id) AS owner FROM scope
       WHERE booking_id IS NOT NULL OR order_id IS NOT NULL
    ), parts AS (
      SELECT p.*, count(*) OVER w AS siblings, sum(p.weight) OVER w AS whole
        FROM ({parts}) p
      WINDOW w AS (PARTITION BY p.owner)
    ), owners AS (
      SELECT owner, min(siblings) AS siblings, min(key) AS key FROM parts GROUP BY owner
    ), summed AS (
      SELECT {opened} AS entry_id,
             CASE WHEN o.siblings > 1 THEN t.id END AS shared,
             CASE WHEN o.siblings > 1 THEN o.owner END AS owner,
             COALESCE(p.key, CASE WHEN o.siblings = 1 THEN o.key END) AS key,
             t.debit_account_id AS debit, t.credit_account_id AS credit,
             sum(t.amount_minor)::bigint AS amount_minor
        FROM scope e
        JOIN transfers t ON t.tenant_id = :tenant_id AND t.entry_id = e.id
        LEFT JOIN parts p ON p.id = COALESCE(t.booking_line_id, t.item_id)
        LEFT JOIN owners o ON t.booking_line_id IS NULL AND t.item_id IS NULL
         AND o.owner = COALESCE(e.booking_id, e.order_id)
         AND t.debit_account_id <> ALL(CAST(:personal AS uuid[]))
         AND t.credit_account_id <> ALL(CAST(:personal AS uuid[]))
       GROUP BY 1, 2, 3, 4, 5, 6
    ), shares AS (
      SELECT s.entry_id, p.key, s.debit, s.credit, s.amount_minor, s.shared,
             CASE WHEN p.whole = 0 THEN s.amount_minor / p.siblings
                  ELSE div(s.amount_minor * p.weight::numeric, p.whole)::bigint END AS share,
             row_number() OVER (
               PARTITION BY s.shared
               ORDER BY CASE WHEN p.whole = 0 THEN 0
                             ELSE mod(s.amount_minor * p.weight::numeric, p.whole) END DESC,
                        p.position) AS turn
        FROM summed s
        JOIN parts p ON p.owner = s.owner
       WHERE s.shared IS NOT NULL
    ), rounded AS (
      SELECT entry_id, key, debit, credit,
             share + CASE WHEN turn <= amount_minor - sum(share) OVER (PARTITION BY shared)
                          THEN 1 ELSE 0 END AS part_minor
        FROM shares
    )
    SELECT entry_id, key, debit, credit, sum(amount_minor)::bigint AS amount_minor
      FROM (SELECT entry_id, key, debit, credit, amount_minor FROM summed WHERE shared IS NULL
            UNION ALL SELECT entry_id, key, debit, credit, part_minor FROM rounded) moved
     GROUP BY 1, 2, 3, 4
"""
# Whom a line was with at the cut-off: it may have been moved to somebody else afterwards.
_PERSON = """
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
       WHERE l.tenant_id = :tenant_id AND l.booking_id IN (SELECT owner FROM owned)
      UNION ALL
      SELECT i.id, COALESCE(i.booking_id, i.order_id), 1000 + i.position,
             i.net_minor + i.tax_minor, {item}
        FROM booking_items i
        JOIN products r ON r.tenant_id = i.tenant_id AND r.id = i.product_id
        {item_joins}
       WHERE i.tenant_id = :tenant_id
         AND (i.booking_id IN (SELECT owner FROM owned) OR i.order_id IN (SELECT owner FROM owned))
"""
_OWNERS = f"SELECT e.booking_id FROM entries e WHERE {_SCOPE}"  # noqa: S608 - constants
_SERVICE = "JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id"
_STAFF = "JOIN bookables k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id"
_SELLER = "LEFT JOIN bookables k ON k.tenant_id = i.tenant_id AND k.id = i.staff_id"
_AT = (
    "LEFT JOIN bookables a ON a.tenant_id = k.tenant_id AND a.slug = {person}"
    " LEFT JOIN locations n ON n.tenant_id = a.tenant_id AND n.id = a.location_id"
)
_KIND = "CASE r.kind WHEN 'product' THEN 'income:products' ELSE 'income:services' END"
_NOWHERE = "COALESCE(n.slug, '(none)')"

_DIMENSIONS = {
    "rate": _PARTS.format(
        line="l.tax_bps::text", line_joins="", item="i.tax_bps::text", item_joins=""
    ),
    "service": _PARTS.format(line="s.slug", line_joins=_SERVICE, item=_KIND, item_joins=""),
    "product": _PARTS.format(line="'income:services'", line_joins="", item="r.slug", item_joins=""),
    "category": _PARTS.format(
        line="COALESCE(NULLIF(s.category, ''), '(none)')",
        line_joins=_SERVICE,
        item="COALESCE(NULLIF(r.category, ''), '(none)')",
        item_joins="",
    ),
    "staff": _PARTS.format(
        line=_PERSON, line_joins=_STAFF, item=f"COALESCE(k.slug, {_KIND})", item_joins=_SELLER
    ),
    "location": _PARTS.format(
        line=_NOWHERE,
        line_joins=f"{_STAFF} {_AT.format(person=_PERSON)}",
        item=_NOWHERE,
        item_joins=f"{_SELLER} {_AT.format(person='k.slug')}",
    ),
}


def moved(by: str, *, opened: bool) -> TextClause:
    """Return the statement of a dimension, with an entry a row when it is ``opened``.

    Rows: ``entry_id key debit credit amount_minor``; the accounts are ids, ``key`` is NULL where
    only the accounts say what a transfer belongs to. Binds: ``start until posted_by settling``,
    ``edges`` for time and method, ``personal`` for the others.
    """
    entry = "e.id" if opened else "NULL::uuid"
    if by in _DIMENSIONS:
        return text(_SPLIT.format(scope=_SCOPE, parts=_DIMENSIONS[by], opened=entry))
    return text(_TIME.format(scope=_SCOPE, opened=entry))


def sold(by: str) -> TextClause:
    """Return the statement that counts the bookings behind each key; NULL is the total's.

    Binds as for ``moved``, and ``sold``: the ids of the accounts that a price is posted to, and
    ``selling``: the kinds of entries in which a price becomes revenue.
    """
    if by in _DIMENSIONS:
        parts = _DIMENSIONS[by].replace("SELECT owner FROM owned", _OWNERS)
        joins = f"JOIN ({parts}) p ON p.id = COALESCE(t.booking_line_id, t.item_id)"
        return text(_SOLD.format(key="p.key", joins=joins, scope=_SCOPE))
    if by == "method":
        return text(_SOLD.format(key="t.debit_account_id", joins="", scope=_SCOPE))
    return text(_SOLD_BY_TIME.format(scope=_SCOPE))
