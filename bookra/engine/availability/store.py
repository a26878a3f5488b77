"""Loads a Window: all that a search needs, for all staff and days, in one round trip.

Purpose of the one statement: fifty people's month costs one network trip, not thousands. Rows
carry a ``kind`` and generic columns, since a UNION has one row shape: what there is little of
travels as JSON, what belongs to a bookable in arrays, which the driver reads in half the time of
as many rows.

Allocations are found through ``allocations_tenant_id_bookable_id_starts_at_idx``, bookable by
bookable, so that the rest of the book costs nothing: the longest allocation bounds how far before
the window an overlapping one can start. Ranges (``&&``) can't use an index under row-level
security, plain comparisons can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.availability import reading
from bookra.engine.availability.asked import VisitWish
from bookra.engine.availability.bookable import Absence
from bookra.engine.availability.lines import check_length, check_performed, known_service
from bookra.engine.availability.window import (
    LONGEST_ALLOCATION_HOURS,
    REACH_DAYS,
    LineWish,
    Rota,
    Window,
)
from bookra.engine.runtime import Tx
from bookra.engine.statements import BINARY_RESULTS
from bookra.errors import ConflictError, NotFoundError

BEFORE = timedelta(hours=9)
"""A buffer before the day's first start reaches back so far: the longest, and an hour."""

AFTER = timedelta(hours=24 + 9)
"""A visit may start just before midnight and run on for a day, with its buffer."""

LOAD = text(
    f"""
    WITH wanted AS (
      SELECT s.id, s.slug, s.name, s.category, s.price_minor, s.buffer_before_minutes,
             s.buffer_after_minutes, s.granularity_minutes, s.alignment, s.notice_minutes,
             s.horizon_days, s.daily_limit, s.capacity, s.tax_bps
        FROM services s
       WHERE s.tenant_id = :tenant_id AND s.slug = ANY(CAST(:services AS text[]))
         AND (s.active OR :sold)
    ), needed AS (
      SELECT n.service_id, n.span, p.id AS pool_id, p.slug AS pool
        FROM service_resources n
        JOIN wanted w ON w.id = n.service_id
        JOIN pools p ON p.tenant_id = n.tenant_id AND p.id = n.pool_id
       WHERE n.tenant_id = :tenant_id
    ), skills AS MATERIALIZED (
      SELECT k.staff_id, array_agg(k.service_id) AS services
        FROM staff_services k
        JOIN wanted w ON w.id = k.service_id
       WHERE k.tenant_id = :tenant_id
       GROUP BY k.staff_id
    ), people AS (
      SELECT b.id, b.slug, b.name, 'person' AS kind, st.daily_limit,
             json_build_array(
               st.commission_bps, st.level, b.location_id, COALESCE(st.timezone, l.timezone),
               st.daily_limit,
               CASE WHEN NOT st.all_services THEN
                 COALESCE((SELECT k.services FROM skills k WHERE k.staff_id = b.id), '{{}}')
               END) AS facts
        FROM bookables b
        JOIN staff st ON st.tenant_id = b.tenant_id AND st.id = b.id
        LEFT JOIN locations l ON l.tenant_id = b.tenant_id AND l.id = b.location_id
       WHERE b.tenant_id = :tenant_id AND b.active
         AND (CAST(:staff AS text[]) IS NULL OR b.slug = ANY(CAST(:staff AS text[])))
      UNION ALL
      SELECT b.id, b.slug, b.name, 'unit', NULL, json_build_array(n.pool, b.location_id)
        FROM (SELECT DISTINCT pool_id, pool FROM needed) n
        JOIN resources r ON r.tenant_id = :tenant_id AND r.pool_id = n.pool_id
        JOIN bookables b ON b.tenant_id = :tenant_id AND b.id = r.id AND b.active
    ), everybody AS MATERIALIZED (
      SELECT array_agg(id) AS ids FROM people
    ), weekly AS MATERIALIZED (
      SELECT h.staff_id,
             array_agg(ARRAY[h.weekday, h.opens_minute, h.closes_minute,
                             h.valid_from - DATE '1970-01-01', h.valid_until - DATE '1970-01-01']
                       ORDER BY h.weekday, h.opens_minute, h.valid_from) AS weekly
        FROM working_hours h
       WHERE h.tenant_id = :tenant_id AND h.staff_id = ANY((SELECT ids FROM everybody)::uuid[])
         AND h.valid_from < :day_after AND (h.valid_until IS NULL OR h.valid_until > :day_before)
       GROUP BY h.staff_id
    ), exceptions AS MATERIALIZED (
      SELECT x.staff_id,
             array_agg(ARRAY[x.day - DATE '1970-01-01', x.opens_minute, x.closes_minute])
               AS exceptions
        FROM working_exceptions x
       WHERE x.tenant_id = :tenant_id AND x.staff_id = ANY((SELECT ids FROM everybody)::uuid[])
         AND x.day >= :day_before AND x.day < :day_after
       GROUP BY x.staff_id
    ), away AS MATERIALIZED (
      SELECT e.bookable_id,
             array_agg(ARRAY[date_part('epoch', e.starts_at)::bigint,
                             date_part('epoch', e.ends_at)::bigint]) AS away
        FROM external_busy e
       WHERE e.tenant_id = :tenant_id AND e.bookable_id = ANY((SELECT ids FROM everybody)::uuid[])
         AND e.starts_at < :until AND e.ends_at > :begin
       GROUP BY e.bookable_id
    ), taken AS MATERIALIZED (
      SELECT o.bookable_id,
             array_agg(date_part('epoch', o.starts_at)::bigint) AS starts,
             array_agg(date_part('epoch', o.ends_at)::bigint) AS ends,
             array_agg(date_part('epoch', o.held_until)::bigint) FILTER (WHERE :named) AS held,
             array_agg(o.booking_id::text) FILTER (WHERE :named) AS bookings
        FROM (SELECT a.bookable_id, a.starts_at, a.ends_at, a.held_until, a.booking_id
                FROM allocations a
               WHERE a.tenant_id = :tenant_id
                 AND a.bookable_id = ANY((SELECT ids FROM everybody)::uuid[])
                 AND a.starts_at > CAST(:begin AS timestamptz)
                                   - interval '{LONGEST_ALLOCATION_HOURS} hours'
                 AND a.starts_at < :until AND a.ends_at > :begin
                 AND (a.held_until IS NULL OR a.held_until > :now)
                 AND (CAST(:own AS uuid) IS NULL OR a.booking_id IS NULL
                      OR a.booking_id <> CAST(:own AS uuid))
               ORDER BY a.bookable_id, a.starts_at) o
       GROUP BY o.bookable_id
    )
    SELECT 'service' AS kind, w.id, w.slug, w.name,
           json_build_object(
             'category', w.category, 'price', w.price_minor, 'before', w.buffer_before_minutes,
             'after', w.buffer_after_minutes, 'granularity', w.granularity_minutes,
             'alignment', w.alignment, 'notice', w.notice_minutes, 'horizon', w.horizon_days,
             'daily_limit', w.daily_limit, 'capacity', w.capacity, 'tax', w.tax_bps,
             'segments', ARRAY(
               SELECT json_build_array(g.level, g.position, g.kind, g.minutes)
                 FROM service_segments g
                WHERE g.tenant_id = :tenant_id AND g.service_id = w.id),
             'levels', ARRAY(
               SELECT json_build_array(v.level, v.price_minor) FROM service_levels v
                WHERE v.tenant_id = :tenant_id AND v.service_id = w.id ORDER BY v.level),
             'offered', ARRAY(
               SELECT json_build_array(o.weekday, o.opens_minute, o.closes_minute)
                 FROM service_hours o
                WHERE o.tenant_id = :tenant_id AND o.service_id = w.id
                ORDER BY o.weekday, o.opens_minute),
             'needs', ARRAY(
               SELECT json_build_array(n.pool, n.span) FROM needed n
                WHERE n.service_id = w.id ORDER BY n.pool)) AS facts,
           NULL::int[] AS weekly, NULL::int[] AS exceptions,
           NULL::bigint[] AS starts, NULL::bigint[] AS ends, NULL::bigint[] AS held,
           NULL::text[] AS bookings, NULL::bigint[] AS away
      FROM wanted w
    UNION ALL
    SELECT 'closures', NULL, NULL, NULL,
           json_agg(json_build_array(c.location_id, c.day - DATE '1970-01-01', c.name)),
           NULL, NULL, NULL, NULL, NULL, NULL, NULL
      FROM closures c
     WHERE c.tenant_id = :tenant_id AND c.day >= :day_before AND c.day < :day_after
    UNION ALL
    SELECT 'places', NULL, NULL, NULL,
           json_agg(json_build_array(d.subject_id, d.day - DATE '1970-01-01', d.places)),
           NULL, NULL, NULL, NULL, NULL, NULL, NULL
      FROM (SELECT y.subject_id, y.day, count(*) AS places
              FROM (SELECT id FROM people WHERE daily_limit IS NOT NULL
                    UNION ALL SELECT id FROM wanted WHERE daily_limit IS NOT NULL) l
              JOIN day_places y ON y.tenant_id = :tenant_id AND y.subject_id = l.id
             WHERE y.day >= :day_before AND y.day < :day_after
               AND (y.held_until IS NULL OR y.held_until > :now)
               AND (CAST(:own AS uuid) IS NULL OR y.booking_id <> CAST(:own AS uuid))
             GROUP BY y.subject_id, y.day) d
    UNION ALL
    SELECT p.kind, p.id, p.slug, p.name, p.facts, h.weekly, x.exceptions,
           o.starts, o.ends, o.held, o.bookings, e.away
      FROM people p
      LEFT JOIN weekly h ON h.staff_id = p.id
      LEFT JOIN exceptions x ON x.staff_id = p.id
      LEFT JOIN taken o ON o.bookable_id = p.id
      LEFT JOIN away e ON e.bookable_id = p.id
    """  # noqa: S608 - the one value is a constant
).execution_options(**{BINARY_RESULTS: True})
ABSENCES = text(
    """
    SELECT bookable_id, kind, reason, date_part('epoch', starts_at)::bigint AS start,
           date_part('epoch', ends_at)::bigint AS until
      FROM absences
     WHERE tenant_id = :tenant_id AND bookable_id = ANY(:bookables)
       AND starts_at < :until AND ends_at > :begin
     ORDER BY starts_at, kind
    """
)
HOLDER = text("SELECT id, status FROM bookings WHERE tenant_id = :tenant_id AND code = :code")


def load_window(
    tx: Tx,
    visit: VisitWish,
    first_day: date,
    days: int,
    *,
    explaining: bool = False,
    named: bool = False,
) -> Window:
    """Return the Window of ``days`` local days from ``first_day`` for a visit.

    An expired hold is left out: it never blocks. ``named`` also loads whose the allocations are,
    ``explaining`` the absences too. Raises NotFoundError for an unknown service or staff member,
    ConflictError when there is nobody to perform a line (``nobody_performs``) or a class among
    several (``not_offered``).
    """
    rows = _load(tx, visit, first_day, days, named=named or explaining)
    known = reading.services(rows, tx.tenant.currency)
    places = reading.places(rows)
    people = reading.people(rows, tx.tenant.zone, places)
    lines = tuple(LineWish(known_service(known, wish.service), wish.staff) for wish in visit.lines)
    check_performed(people, lines)
    check_length(lines, visit)
    window = Window(
        lines=lines,
        staff=people,
        units=reading.units(rows),
        zone=tx.tenant.zone,
        first_day=first_day,
        days=days,
        closures=reading.closures(rows),
        now=clock.to_epoch(tx.now),
        granularity_minutes=tx.tenant.granularity_minutes,
        notice_seconds=tx.tenant.notice_minutes * 60,
        horizon_seconds=tx.tenant.horizon_days * 86_400,
        parallel=visit.parallel,
        max_wait_seconds=visit.max_wait_minutes * 60,
        places=places,
    )
    return with_absences(tx, window) if explaining else window


def with_absences(tx: Tx, window: Window) -> Window:
    """Return a window that was loaded ``named`` with what else it takes to explain it."""
    return replace(window, absences=_absences(tx, window, _bookables(window)))


def load_rota(tx: Tx, first_day: date, days: int) -> Rota:
    """Return everybody's hours and allocations of some local days, for no service in particular."""
    rows = _load(tx, VisitWish(()), first_day, days, named=True)
    people = reading.people(rows, tx.tenant.zone, {})
    rota = Rota(people, tx.tenant.zone, first_day, days, reading.closures(rows))
    return replace(rota, absences=_absences(tx, rota, [person.id for person in people]))


def holder(tx: Tx, code: str) -> UUID:
    """Return the id of the held booking that a hold code names.

    Raises NotFoundError (``unknown_booking``), or ConflictError (``not_held``) when it is no hold.
    """
    row = tx.row(HOLDER, code=code.strip().upper())
    if row is None:
        raise NotFoundError("unknown_booking", f"There is no hold '{code}'", details={"code": code})
    if row.status != "held":
        raise ConflictError("not_held", f"{code} is {row.status}, not a hold")
    return UUID(str(row.id))


def _load(
    tx: Tx, visit: VisitWish, first_day: date, days: int, *, named: bool
) -> Sequence[Row[Any]]:
    begin, until = _reach(tx, first_day, days)
    staff = {wish.staff for wish in visit.lines} or {None}
    return tx.rows(
        LOAD,
        services=[wish.service for wish in visit.lines],
        staff=None if None in staff else sorted(filter(None, staff)),
        own=visit.own,
        sold=visit.sold,
        named=named,
        day_before=first_day - timedelta(days=REACH_DAYS),
        day_after=first_day + timedelta(days=days + REACH_DAYS),
        begin=begin,
        until=until,
        now=tx.now,
    )


def _reach(tx: Tx, first_day: date, days: int) -> tuple[datetime, datetime]:
    zone = tx.tenant.zone
    begin = clock.opening(first_day, 0, zone)
    end = clock.opening(first_day + timedelta(days=days), 0, zone)
    return clock.from_epoch(begin) - BEFORE, clock.from_epoch(end) + AFTER


def _bookables(window: Window) -> list[UUID]:
    return [person.id for person in window.staff] + [unit.id for unit in window.units]


def _absences(tx: Tx, rota: Rota, ids: list[UUID]) -> dict[UUID, tuple[Absence, ...]]:
    begin, until = rota.reach
    found: dict[UUID, tuple[Absence, ...]] = {}
    for row in tx.rows(
        ABSENCES, bookables=ids, begin=clock.from_epoch(begin), until=clock.from_epoch(until)
    ):
        absence = Absence(row.start, row.until, row.kind, row.reason)
        found[row.bookable_id] = (*found.get(row.bookable_id, ()), absence)
    return found
