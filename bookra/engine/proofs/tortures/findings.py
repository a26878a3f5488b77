"""The judge: what the tables hold after the torture, by queries that trust nothing of the engine.

They name no constraint, no range operator and no function of ours, and are told to use no index:
whatever kept the rows apart is not asked. What a visit should occupy is worked out from the
catalogue's rows again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bookra.engine.proofs import race
from bookra.engine.runtime import Tx

NO_INDEX = tuple(
    text(f"SET LOCAL enable_{scan} = off") for scan in ("indexscan", "indexonlyscan", "bitmapscan")
)
BOOKABLES = text("SELECT id, kind FROM bookables WHERE tenant_id = :tenant_id ORDER BY slug")
# One person or unit at a time: each pair is compared, and a statement has thirty seconds.
OVERLAPS = text(f"{race.OVERLAPS.text} AND a.bookable_id = :bookable_id")

# More rows than seats, more seats sold than there are, or one seat sold twice.
SEATS_OVERSOLD = text(
    """
    SELECT COALESCE(sum(GREATEST(sold - capacity, sold - different, lines - capacity, 0)), 0)::int
      FROM (SELECT x.capacity, COALESCE(t.sold, 0) AS sold, COALESCE(t.different, 0) AS different,
                   COALESCE(l.lines, 0) AS lines
              FROM sessions x
              LEFT JOIN (SELECT session_id, count(*) AS sold, count(DISTINCT seat_no) AS different
                           FROM seats WHERE tenant_id = :tenant_id GROUP BY session_id) t
                     ON t.session_id = x.id
              LEFT JOIN (SELECT n.session_id, count(*) AS lines
                           FROM booking_lines n
                           JOIN bookings b ON b.tenant_id = n.tenant_id AND b.id = n.booking_id
                          WHERE n.tenant_id = :tenant_id AND n.session_id IS NOT NULL
                            AND b.status IN ('held', 'confirmed', 'checked_in', 'in_service',
                                             'completed')
                          GROUP BY n.session_id) l
                     ON l.session_id = x.id
             WHERE x.tenant_id = :tenant_id) counted
    """
)
# Visits of one day above the limit of the person or of the service, counted by the visits.
DAYS_OVER_LIMIT = text(
    """
    WITH visits AS (
      SELECT n.staff_id, n.service_id,
             CAST(n.starts_at AT TIME ZONE CAST(:zone AS text) AS date) AS day
        FROM booking_lines n
        JOIN bookings b ON b.tenant_id = n.tenant_id AND b.id = n.booking_id
       WHERE n.tenant_id = :tenant_id
         AND b.status IN ('held', 'confirmed', 'checked_in', 'in_service', 'completed')
    ), counted AS (
      SELECT count(*) - max(k.daily_limit) AS excess
        FROM visits v
        JOIN staff k ON k.id = v.staff_id
       WHERE k.tenant_id = :tenant_id AND k.daily_limit IS NOT NULL
       GROUP BY v.staff_id, v.day
      UNION ALL
      SELECT count(*) - max(s.daily_limit)
        FROM visits v
        JOIN services s ON s.id = v.service_id
       WHERE s.tenant_id = :tenant_id AND s.daily_limit IS NOT NULL
       GROUP BY v.service_id, v.day
    )
    SELECT COALESCE(sum(excess) FILTER (WHERE excess > 0), 0)::int FROM counted
    """
)
# A line of a visit that stands claims its person from the first buffer to the last, the gaps left
# out; one unit of each pool that its service needs; and nothing else. A line of one that does not
# stand claims nothing. A seat's line has its seat, and its person is the session's. The arena has
# no service that begins or ends with a gap, and no levels.
WRONG_CLAIMS = text(
    """
    WITH sold AS (
      SELECT s.id, s.buffer_before_minutes AS before, s.buffer_after_minutes AS after,
             sum(g.minutes) AS whole,
             COALESCE(sum(g.minutes) FILTER (WHERE g.kind = 'gap'), 0) AS gap
        FROM services s
        JOIN service_segments g ON g.service_id = s.id AND g.level = ''
       WHERE s.tenant_id = :tenant_id AND g.tenant_id = :tenant_id
       GROUP BY s.id, s.buffer_before_minutes, s.buffer_after_minutes
    ), lines AS (
      SELECT n.id, n.staff_id, n.session_id, n.starts_at, n.ends_at, n.service_id,
             b.status IN ('held', 'confirmed', 'checked_in', 'in_service', 'completed') AS stands
        FROM booking_lines n
        JOIN bookings b ON b.tenant_id = n.tenant_id AND b.id = n.booking_id
       WHERE n.tenant_id = :tenant_id
    ), claims AS (
      SELECT a.booking_line_id AS line_id, a.bookable_id, r.pool_id,
             sum(EXTRACT(EPOCH FROM a.ends_at - a.starts_at)) / 60 AS minutes,
             min(a.starts_at) AS first, max(a.ends_at) AS last
        FROM allocations a
        LEFT JOIN resources r ON r.tenant_id = :tenant_id AND r.id = a.bookable_id
       WHERE a.tenant_id = :tenant_id AND a.kind = 'booking'
       GROUP BY a.booking_line_id, a.bookable_id, r.pool_id
    ), due AS (
      SELECT l.id AS line_id, l.staff_id AS bookable_id, CAST(NULL AS uuid) AS pool_id,
             s.before + s.whole - s.gap + s.after AS minutes,
             l.starts_at - make_interval(mins => s.before) AS first,
             l.ends_at + make_interval(mins => s.after) AS last
        FROM lines l JOIN sold s ON s.id = l.service_id
       WHERE l.stands AND l.session_id IS NULL
      UNION ALL
      SELECT l.id, NULL, q.pool_id,
             CASE q.span WHEN 'gap' THEN s.gap WHEN 'busy' THEN s.before + s.whole - s.gap + s.after
                         ELSE s.before + s.whole + s.after END, NULL, NULL
        FROM lines l
        JOIN sold s ON s.id = l.service_id
        JOIN service_resources q ON q.service_id = l.service_id
       WHERE l.stands AND l.session_id IS NULL AND q.tenant_id = :tenant_id
    ), wrong AS (
      SELECT d.line_id FROM due d
       WHERE NOT EXISTS (
               SELECT FROM claims c
                WHERE c.line_id = d.line_id AND c.minutes = d.minutes
                  AND COALESCE(c.pool_id, c.bookable_id) = COALESCE(d.pool_id, d.bookable_id)
                  AND (d.pool_id IS NOT NULL OR (c.first = d.first AND c.last = d.last)))
      UNION
      SELECT c.line_id FROM claims c
       WHERE NOT EXISTS (
               SELECT FROM due d
                WHERE d.line_id = c.line_id
                  AND COALESCE(d.pool_id, d.bookable_id) = COALESCE(c.pool_id, c.bookable_id))
      UNION
      SELECT d.line_id FROM due d
        JOIN claims c ON c.line_id = d.line_id AND c.pool_id = d.pool_id
       GROUP BY d.line_id, d.pool_id HAVING count(*) > 1
      UNION
      SELECT l.id FROM lines l JOIN sold s ON s.id = l.service_id
       WHERE l.ends_at - l.starts_at <> make_interval(mins => CAST(s.whole AS int))
      UNION
      SELECT l.id FROM lines l
        LEFT JOIN (SELECT booking_line_id, session_id, count(*) AS seats FROM seats
                    WHERE tenant_id = :tenant_id GROUP BY booking_line_id, session_id) t
               ON t.booking_line_id = l.id AND t.session_id = l.session_id
        LEFT JOIN sessions x ON x.tenant_id = :tenant_id AND x.id = l.session_id
       WHERE l.session_id IS NOT NULL
         AND (COALESCE(t.seats, 0) <> CAST(l.stands AS int)
              OR (l.stands AND (x.staff_id <> l.staff_id OR x.starts_at <> l.starts_at)))
    )
    SELECT count(*) FROM wrong
    """
)
MADE = text(
    """
    SELECT (SELECT count(*) FROM bookings WHERE tenant_id = :tenant_id) AS bookings,
           (SELECT count(*) FROM allocations
             WHERE tenant_id = :tenant_id AND kind = 'block') AS blocks,
           (SELECT count(*) FROM seats t
              JOIN booking_lines n ON n.tenant_id = t.tenant_id AND n.id = t.booking_line_id
             WHERE t.tenant_id = :tenant_id AND n.session_id IS NULL) AS bare_seats
    """
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, counted; ``unaccounted`` are rows without a winner, or winners without one.

    ``overlaps`` counts pairs of claims on one person or unit; ``units_twice`` those on units.
    """

    overlaps: int
    units_twice: int
    seats_oversold: int
    days_over_limit: int
    wrong_claims: int
    unaccounted: int

    @property
    def clean(self) -> bool:
        """Tell whether nothing at all is wrong."""
        return not any(getattr(self, name) for name in self.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Made:
    """Rows that somebody won: bookings, bare spans and bare seats."""

    bookings: int
    blocks: int
    bare_seats: int


def judge(tx: Tx, promised: Made, lost: int) -> Findings:
    """Look at all that is there. ``lost`` attempts had no answer: each may have left a row."""
    for setting in NO_INDEX:
        tx.connection.execute(setting)
    pairs = {
        row.id: (row.kind, _number(tx, OVERLAPS, bookable_id=row.id)) for row in tx.rows(BOOKABLES)
    }
    return Findings(
        overlaps=sum(found for _, found in pairs.values()),
        units_twice=sum(found for kind, found in pairs.values() if kind == "resource"),
        seats_oversold=_number(tx, SEATS_OVERSOLD),
        days_over_limit=_number(tx, DAYS_OVER_LIMIT, zone=tx.tenant.zone.key),
        wrong_claims=_number(tx, WRONG_CLAIMS),
        unaccounted=_unaccounted(promised, made(tx), lost),
    )


def made(tx: Tx) -> Made:
    """Return how many rows there are that a winner makes."""
    row = tx.rows(MADE)[0]
    return Made(row.bookings, row.blocks, row.bare_seats)


def _unaccounted(promised: Made, found: Made, lost: int) -> int:
    names = Made.__dataclass_fields__
    differences: list[int] = [getattr(found, name) - getattr(promised, name) for name in names]
    missing = -sum(difference for difference in differences if difference < 0)
    extra = sum(difference for difference in differences if difference > 0)
    return missing + max(0, extra - lost)


def _number(tx: Tx, statement: Any, **binds: Any) -> int:
    return int(tx.rows(statement, **binds)[0][0])
