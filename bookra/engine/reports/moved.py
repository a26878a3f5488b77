"""SQL of the report on revenue: transfers of a period, added up by accounts and by a dimension.

Purpose: one statement a report, so that a month of a large ledger is one pass over its entries
(``entries_tenant_id_effective_at_idx``) and their transfers (``transfers_tenant_id_entry_id_line_
key``). Accounts are told apart afterwards, in Python: there are few of them.

What belongs to a line of a booking or to an item is counted where that is. What belongs to the
whole booking or order (its fees, its tips, its deposit) is split over its lines and items by their
prices with largest remainders, transfer by transfer, so that every dimension has the same total.
Bookings are counted on the way: a second pass would cost as much as the first.
"""

from __future__ import annotations

from sqlalchemy import TextClause, text

from bookra.engine.reports.moved_parts import DIMENSIONS, alone, parts

MEMORY = (
    text("SET LOCAL work_mem = '128MB'"),
    text("SET LOCAL hash_mem_multiplier = 8"),
    text("SET LOCAL plan_cache_mode = force_custom_plan"),
)
"""What a report adds up into is guessed far too large: it is made in memory, where the planner
would sort a million rows; and a plan is made for the period asked for. For one transaction."""

_SCOPE = """
       e.tenant_id = :tenant_id AND e.effective_at >= :start AND e.effective_at < :until
   AND (CAST(:posted_by AS timestamptz) IS NULL OR e.posted_at <= :posted_by)
   AND e.kind <> ALL(CAST(:settling AS text[]))
"""
_TIME = """
    WITH summed AS (
      SELECT {opened} AS entry_id, piece.key AS key,
             t.debit_account_id AS debit, t.credit_account_id AS credit,
             sum(t.amount_minor)::bigint AS amount_minor, {bookings} AS bookings
        FROM entries e
        JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
        LEFT JOIN unnest(CAST(:pieces AS int[])) AS piece(key)
          ON piece.key = width_bucket(e.effective_at, CAST(:edges AS timestamptz[]))
       WHERE {scope} AND t.tenant_id = :tenant_id
       GROUP BY {groups}
    )
    SELECT entry_id, key::text, debit, credit, amount_minor, NULL::bigint AS bookings FROM summed
"""
# Most bookings are one line: all that moves for one is that line's, and is added up at once, by
# workers side by side. Other bookings and orders are read transfer by transfer, if there are any.
_SPLIT = """
    WITH summed AS (
      SELECT {opened} AS entry_id, alone.key,
             t.debit_account_id AS debit, t.credit_account_id AS credit,
             sum(t.amount_minor) FILTER (WHERE alone.id IS NOT NULL)::bigint AS amount_minor,
             count(*) FILTER (WHERE alone.id IS NULL) AS others, {bookings} AS bookings
        FROM entries e
        JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
        LEFT JOIN ({alone}) alone ON alone.booking_id = e.booking_id
       WHERE {scope} AND t.tenant_id = :tenant_id
       GROUP BY {groups}
    ), others AS (
      SELECT t.id, {opened} AS entry_id, COALESCE(e.booking_id, e.order_id) AS owner,
             COALESCE(t.booking_line_id, t.item_id) AS part_id,
             t.debit_account_id AS debit, t.credit_account_id AS credit, t.amount_minor,
             {booking} AS booking_id
        FROM entries e
        JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
       WHERE {scope} AND t.tenant_id = :tenant_id
         AND (SELECT bool_or(others > 0) FROM summed)
         AND NOT EXISTS (SELECT FROM ({lone}) alone
                          WHERE alone.booking_id = e.booking_id)
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
    ), moved AS (
      SELECT entry_id, key, debit, credit, sum(amount_minor)::bigint AS amount_minor
        FROM (SELECT entry_id, key, debit, credit, amount_minor
                FROM summed WHERE amount_minor IS NOT NULL
              UNION ALL
              SELECT o.entry_id, p.key, o.debit, o.credit, o.amount_minor
                FROM others o LEFT JOIN parts p ON p.id = o.part_id
               WHERE o.id NOT IN (SELECT id FROM shared)
              UNION ALL SELECT entry_id, key, debit, credit, part_minor FROM rounded) moved
       GROUP BY 1, 2, 3, 4
    )
    SELECT entry_id, key, debit, credit, amount_minor, NULL::bigint AS bookings FROM moved
"""
# How many bookings were sold by the same keys, and in all: each counts once, however often paid.
_COUNTED = """
    UNION ALL
    SELECT NULL, key, debit, NULL, NULL, count(*)
      FROM (SELECT DISTINCT key, debit, booking_id FROM ({sold}) sold) sold
     GROUP BY key, debit
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, count(DISTINCT booking_id) FROM ({sold}) sold
"""
_SALE = """
    e.booking_id IS NOT NULL AND t.credit_account_id = ANY(CAST(:sold AS uuid[]))
      AND e.kind = ANY(CAST(:selling AS text[]))
"""
_SALE_OF_PART = f"{_SALE} AND (t.booking_line_id IS NOT NULL OR t.item_id IS NOT NULL)"
_SOLD_BY_TIME = "SELECT key::text, NULL::uuid AS debit, unnest(bookings) AS booking_id FROM summed"
_SOLD_BY_METHOD = "SELECT NULL::text AS key, debit, unnest(bookings) AS booking_id FROM summed"
_SOLD_BY_PART = """
    SELECT key, NULL::uuid AS debit, unnest(bookings) AS booking_id FROM summed
    UNION ALL
    SELECT p.key, NULL, o.booking_id FROM others o JOIN parts p ON p.id = o.part_id
     WHERE o.booking_id IS NOT NULL
"""


def moved(by: str, *, opened: bool, then: bool) -> TextClause:
    """Return the statement of a dimension, with an entry a row when it is ``opened``.

    ``then`` is whether there is a cut-off (``posted_by``). Rows: ``entry_id key debit credit
    amount_minor bookings``; the accounts are ids, ``key`` is NULL where only the accounts say what
    a transfer belongs to, ``bookings`` is NULL. Binds: ``start until posted_by settling``,
    ``edges`` and ``pieces`` for time and method, ``personal`` for the others.
    """
    entry = "e.id" if opened else "NULL::uuid"
    return text(
        _statement(by, then=then, opened=entry, groups="1, 2, 3, 4" if opened else "2, 3, 4")
    )


def counted(by: str, *, then: bool) -> TextClause:
    """Return the statement of a dimension that counts bookings too, in rows without an amount.

    Their ``key`` (``debit`` by method) is what so many ``bookings`` were sold in; both are NULL in
    the total's. Binds as for ``moved``, and ``sold``: the ids of the accounts that a price is
    posted to, and ``selling``: the kinds of entries in which a price becomes revenue.
    """
    by_part = by in DIMENSIONS
    sale = _SALE_OF_PART if by_part else _SALE
    lone = " AND alone.id IS NOT NULL" if by_part else ""
    statement = _statement(
        by,
        then=then,
        opened="NULL::uuid",
        groups="2, 3, 4",
        bookings=f"array_agg(e.booking_id) FILTER (WHERE {sale}{lone})",
        booking=f"CASE WHEN {sale} THEN e.booking_id END",
    )
    sold = _SOLD_BY_METHOD if by == "method" else _SOLD_BY_TIME
    return text(statement + _COUNTED.format(sold=_SOLD_BY_PART if by_part else sold))


def _statement(
    by: str,
    *,
    then: bool,
    opened: str,
    groups: str,
    bookings: str = "NULL::uuid[]",
    booking: str = "NULL::uuid",
) -> str:
    given = {"scope": _SCOPE, "opened": opened, "groups": groups, "bookings": bookings}
    if by not in DIMENSIONS:
        return _TIME.format(**given)
    subselects = {"alone": alone(by, then=then), "lone": alone(), "parts": parts(by, then=then)}
    return _SPLIT.format(**given, **subselects, booking=booking)
