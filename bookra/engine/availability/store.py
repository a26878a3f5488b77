"""Loads a Window: all that a search needs, for all staff and days, in one round trip.

Purpose of the one statement: fifty people's month costs one network trip, not thousands. Rows
carry a ``kind`` and generic columns, since a UNION has one row shape. What belongs to a person
comes in arrays: the driver reads a thousand values so in half the time of a thousand rows.

Allocations are found through ``allocations_tenant_id_bookable_id_starts_at_idx``, person by
person, so that the rest of the book costs nothing: the longest allocation bounds how far before
the window an overlapping one can start. Ranges (``&&``) can't use an index under row-level
security, plain comparisons can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.availability.hours import Shift
from bookra.engine.availability.window import (
    LONGEST_ALLOCATION_HOURS,
    REACH_DAYS,
    Busy,
    Rota,
    StaffTime,
    WeeklyShift,
    Window,
)
from bookra.engine.catalog.actions import unknown_service
from bookra.engine.catalog.model import Segment, Service
from bookra.engine.people.staff import unknown_staff
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.money import Money

UNIX_DAY = date(1970, 1, 1).toordinal()

LOAD = text(
    f"""
    WITH wanted AS (
      SELECT s.id, s.slug, s.name, s.category, s.price_minor, s.buffer_before_minutes,
             s.buffer_after_minutes
        FROM services s
       WHERE s.tenant_id = :tenant_id AND s.slug = CAST(:service AS text) AND s.active
    ), people AS (
      SELECT b.id, b.slug, b.name, st.commission_bps,
             (st.all_services OR EXISTS (
                SELECT FROM staff_services k JOIN wanted w ON w.id = k.service_id
                 WHERE k.tenant_id = :tenant_id AND k.staff_id = b.id))::int AS performs
        FROM bookables b
        JOIN staff st ON st.tenant_id = b.tenant_id AND st.id = b.id
       WHERE b.tenant_id = :tenant_id AND b.active
         AND (CAST(:staff AS text) IS NULL OR b.slug = :staff)
    )
    SELECT 'service' AS kind, w.id, w.slug, w.name, w.category AS note, w.price_minor AS a,
           w.buffer_before_minutes AS b, w.buffer_after_minutes AS c,
           NULL::int[] AS weekly, NULL::int[] AS exceptions,
           NULL::bigint[] AS starts, NULL::bigint[] AS ends, NULL::bigint[] AS held,
           NULL::text[] AS bookings
      FROM wanted w
    UNION ALL
    SELECT 'segment', NULL, NULL, NULL, g.kind, g.position, g.minutes, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL
      FROM service_segments g JOIN wanted w ON w.id = g.service_id
     WHERE g.tenant_id = :tenant_id
    UNION ALL
    SELECT 'closure', NULL, NULL, NULL, c.name, c.day - DATE '1970-01-01', NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL
      FROM closures c
     WHERE c.tenant_id = :tenant_id AND c.day >= :day_before AND c.day < :day_after
    UNION ALL
    SELECT 'person', p.id, p.slug, p.name, NULL, p.performs, p.commission_bps, NULL,
           ARRAY(SELECT ARRAY[h.weekday, h.opens_minute, h.closes_minute,
                              h.valid_from - DATE '1970-01-01', h.valid_until - DATE '1970-01-01']
                   FROM working_hours h
                  WHERE h.tenant_id = :tenant_id AND h.staff_id = p.id
                    AND h.valid_from < :day_after
                    AND (h.valid_until IS NULL OR h.valid_until > :day_before)),
           ARRAY(SELECT ARRAY[x.day - DATE '1970-01-01', x.opens_minute, x.closes_minute]
                   FROM working_exceptions x
                  WHERE x.tenant_id = :tenant_id AND x.staff_id = p.id
                    AND x.day >= :day_before AND x.day < :day_after),
           busy.starts, busy.ends, busy.held, busy.bookings
      FROM people p
      CROSS JOIN LATERAL (
             SELECT array_agg(date_part('epoch', o.starts_at)::bigint ORDER BY o.starts_at) starts,
                    array_agg(date_part('epoch', o.ends_at)::bigint ORDER BY o.starts_at) ends,
                    array_agg(date_part('epoch', o.held_until)::bigint ORDER BY o.starts_at) held,
                    array_agg(o.booking_id::text ORDER BY o.starts_at) bookings
               FROM allocations o
              WHERE o.tenant_id = :tenant_id AND o.bookable_id = p.id
                AND o.starts_at > CAST(:begin AS timestamptz)
                                  - interval '{LONGEST_ALLOCATION_HOURS} hours'
                AND o.starts_at < :until AND o.ends_at > :begin
                AND (o.held_until IS NULL OR o.held_until > :now)) busy
    """  # noqa: S608 - the one value is a constant
)

Groups = dict[str, list[Row[Any]]]


def load_window(tx: Tx, service: str, staff: str | None, first_day: date, days: int) -> Window:
    """Return the Window of ``days`` local days from ``first_day``, for one person or everybody.

    An expired hold is left out: it never blocks. Raises NotFoundError for an unknown service or
    staff member, ConflictError (``nobody_performs``) when there is nobody to perform it.
    """
    groups = _load(tx, service, staff, first_day, days)
    wanted = _service(groups, service, tx.tenant.currency)
    people = _people(groups)
    if staff is not None and not people:
        raise unknown_staff(staff)
    if staff is None and not any(person.performs for person in people):
        raise ConflictError(
            "nobody_performs",
            f"Nobody performs '{service}' yet",
            hint="Add staff: bookra staff add SLUG --name …",
        )
    return Window(
        service=wanted,
        staff=people,
        zone=tx.tenant.zone,
        first_day=first_day,
        days=days,
        closures=_closures(groups),
        now=clock.to_epoch(tx.now),
        granularity_minutes=tx.tenant.granularity_minutes,
        notice_seconds=tx.tenant.notice_minutes * 60,
        horizon_seconds=tx.tenant.horizon_days * 86_400,
    )


def load_rota(tx: Tx, first_day: date, days: int) -> Rota:
    """Return everybody's hours and allocations of some local days, for no service in particular."""
    groups = _load(tx, None, None, first_day, days)
    return Rota(_people(groups), tx.tenant.zone, first_day, days, _closures(groups))


def _load(tx: Tx, service: str | None, staff: str | None, first_day: date, days: int) -> Groups:
    zone = tx.tenant.zone
    begin = clock.opening(first_day, 0, zone)
    end = clock.opening(first_day + timedelta(days=days), 0, zone)
    return _grouped(
        tx.rows(
            LOAD,
            service=service,
            staff=staff,
            day_before=first_day - timedelta(days=REACH_DAYS),
            day_after=first_day + timedelta(days=days + REACH_DAYS),
            # A service may start just before midnight and run on, buffers around it.
            begin=clock.from_epoch(begin - 9 * 3600),
            until=clock.from_epoch(end + (24 + 9) * 3600),
            now=tx.now,
        )
    )


def _grouped(rows: Sequence[Row[Any]]) -> Groups:
    groups: Groups = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    return groups


def _service(groups: Groups, slug: str, currency: str) -> Service:
    if not groups["service"]:
        raise unknown_service(slug)
    row = groups["service"][0]
    segments = sorted((segment.a, segment.note, segment.b) for segment in groups["segment"])
    return Service(
        row.id,
        row.slug,
        row.name,
        row.note,
        Money(row.a, currency),
        tuple(Segment(kind == "busy", minutes) for _, kind, minutes in segments),
        row.b,
        row.c,
    )


def _closures(groups: Groups) -> dict[date, str]:
    return {_day(row.a): row.note for row in groups["closure"]}


def _people(groups: Groups) -> tuple[StaffTime, ...]:
    return tuple(_person(row) for row in sorted(groups["person"], key=lambda row: str(row.slug)))


def _person(row: Row[Any]) -> StaffTime:
    return StaffTime(
        id=row.id,
        slug=row.slug,
        name=row.name,
        performs=bool(row.a),
        commission_bps=row.b,
        weekly=tuple(
            WeeklyShift(
                weekday, (opens, closes), _day(since), None if until is None else _day(until)
            )
            for weekday, opens, closes, since, until in row.weekly
        ),
        exceptions=_exceptions(row),
        busy=_busy(row),
    )


def _exceptions(row: Row[Any]) -> dict[date, tuple[Shift, ...]]:
    """Return the days with shifts of their own; a day without any has one row of NULLs."""
    days: dict[date, tuple[Shift, ...]] = {}
    for number, opens, closes in row.exceptions:
        day = _day(number)
        days[day] = days.get(day, ()) + (() if opens is None else ((opens, closes),))
    return days


def _busy(row: Row[Any]) -> tuple[Busy, ...]:
    """Return one person's allocations, by time; the arrays are NULL when there are none."""
    if row.starts is None:
        return ()
    held = (until or 0 for until in row.held)
    return tuple(map(Busy, row.starts, row.ends, row.bookings, held))


def _day(since_1970: int) -> date:
    return date.fromordinal(UNIX_DAY + since_1970)
