"""The day as the front desk sees it: everybody's shifts, every visit, what is booked and taken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.availability.bookable import Absence, StaffTime
from bookra.engine.availability.spans import merged, without
from bookra.engine.availability.store import load_rota
from bookra.engine.availability.window import Rota
from bookra.engine.bookings.day import (
    DayBlock,
    DayColumn,
    DaySnapshot,
    DayTotals,
    Interval,
    taken_from,
)
from bookra.engine.ledger import chart
from bookra.engine.ledger.store import PAID
from bookra.engine.runtime import Tx
from bookra.money import Money

SHOWN = "('held', 'confirmed', 'checked_in', 'in_service', 'completed', 'no_show', 'displaced')"

# Visits that touch the day, by line; the gaps are those of the service as it was booked into
# segments. Index: booking_lines_tenant_id_staff_id_starts_at_idx by way of the staff.
BLOCKS = text(
    f"""
    SELECT b.code, b.status, b.hold_expires_at, b.note, c.name AS customer, s.name AS service,
           s.short_name, s.category, k.slug AS staff, l.starts_at, l.ends_at,
           l.net_minor + l.tax_minor AS price_minor,
           (SELECT sum(m.net_minor + m.tax_minor) FROM booking_lines m
             WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id)::bigint AS total_minor,
           {PAID} AS paid_minor,
           ARRAY(SELECT CASE g.kind WHEN 'busy' THEN g.minutes ELSE -g.minutes END
                   FROM service_segments g
                  WHERE g.tenant_id = s.tenant_id AND g.service_id = s.id
                  ORDER BY g.position) AS segments
      FROM booking_lines l
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
      JOIN customers c ON c.tenant_id = b.tenant_id AND c.id = b.customer_id
      JOIN services s ON s.tenant_id = l.tenant_id AND s.id = l.service_id
      JOIN bookables k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id
     WHERE l.tenant_id = :tenant_id AND b.status IN {SHOWN} AND l.session_id IS NULL
       AND (b.status <> 'held' OR b.hold_expires_at > :now)
       AND l.starts_at >= CAST(:start AS timestamptz) - interval '1 day'
       AND l.starts_at < :until AND l.ends_at > :start
     ORDER BY l.starts_at, k.slug
    """  # noqa: S608 - constants
)
# A class is one block, whoever sits in it: its seats' prices, and what they still owe.
CLASSES = text(
    f"""
    SELECT x.code, s.name AS service, s.short_name, s.category, k.slug AS staff, x.starts_at,
           x.ends_at, x.capacity, COALESCE(g.seats, 0) AS seats,
           COALESCE(g.price_minor, 0) AS price_minor, COALESCE(g.due_minor, 0) AS due_minor
      FROM sessions x
      JOIN services s ON s.tenant_id = x.tenant_id AND s.id = x.service_id
      JOIN bookables k ON k.tenant_id = x.tenant_id AND k.id = x.staff_id
      CROSS JOIN LATERAL (
             SELECT sum(v.seats)::int AS seats, sum(v.price_minor)::bigint AS price_minor,
                    sum(CASE v.status WHEN 'no_show' THEN 0
                        ELSE GREATEST(0, v.price_minor - v.paid_minor) END)::bigint AS due_minor
               FROM (SELECT b.status, {PAID} AS paid_minor,
                            (SELECT count(*) FROM booking_lines l
                              WHERE l.tenant_id = b.tenant_id AND l.booking_id = b.id) AS seats,
                            (SELECT sum(l.net_minor + l.tax_minor) FROM booking_lines l
                              WHERE l.tenant_id = b.tenant_id AND l.booking_id = b.id)
                              AS price_minor
                       FROM bookings b
                      WHERE b.tenant_id = x.tenant_id AND b.status IN {SHOWN}
                        AND (b.status <> 'held' OR b.hold_expires_at > :now)
                        AND b.id IN (SELECT l.booking_id FROM booking_lines l
                                      WHERE l.tenant_id = x.tenant_id AND l.session_id = x.id)) v) g
     WHERE x.tenant_id = :tenant_id AND x.status = 'open'
       AND x.starts_at >= CAST(:start AS timestamptz) - interval '1 day'
       AND x.starts_at < :until AND x.ends_at > :start
     ORDER BY x.starts_at, k.slug
    """  # noqa: S608 - constants
)
# Money that came in, however it was paid; what was bought before (gift cards, packages) did not.
TAKEN = text(
    """
    SELECT COALESCE(sum(t.amount_minor), 0)::bigint AS taken
      FROM entries e
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.debit_account_id
     WHERE e.tenant_id = :tenant_id AND e.kind = ANY(:kinds) AND a.code = ANY(:accounts)
       AND e.effective_at >= :start AND e.effective_at < :until
    """
)


def day_snapshot(tx: Tx, day: date) -> DaySnapshot:
    """Return the picture of a local day. ``taken`` is what was paid on that day, tips included."""
    rota = load_rota(tx, day, 1)
    begin, end = rota.span
    start, until = clock.from_epoch(begin), clock.from_epoch(end)
    money = [chart.TENDERS[method] for method in chart.MONEY_IN]
    kinds = [chart.PAYMENT_KINDS[method] for method in chart.MONEY_IN]
    taken = tx.row(TAKEN, start=start, until=until, kinds=kinds, accounts=money)
    assert taken is not None
    currency = tx.tenant.currency
    binds = {"start": start, "until": until, "now": tx.now}
    blocks = [_visit(row, currency) for row in tx.rows(BLOCKS, **binds)]
    blocks += [_class(row, currency) for row in tx.rows(CLASSES, **binds)]
    booked = sum(block.price.minor for block in blocks if block.status != "no_show")
    return DaySnapshot(
        day=day,
        zone=tx.tenant.zone.key,
        read_at=tx.now,
        columns=tuple(_column(rota, person) for person in rota.staff),
        blocks=tuple(sorted(blocks, key=lambda block: (block.starts_at, block.staff))),
        totals=DayTotals(Money(booked, currency), Money(taken.taken, currency)),
    )


def _column(rota: Rota, person: StaffTime) -> DayColumn:
    """Return somebody's day: when they work and are not away, and when they would but are."""
    begin, end = rota.span
    absences, working = rota.absences.get(person.id, ()), rota.working(person)
    away = merged((absence.start, absence.end) for absence in absences)
    there = without(working, [a for a, _ in away], [b for _, b in away])

    def touching(spans: Iterable[tuple[int, int]]) -> list[Interval]:
        return [
            (clock.from_epoch(a), clock.from_epoch(b)) for a, b in spans if a < end and b > begin
        ]

    lost = [
        part
        for one in absences
        for taken in touching([(one.start, one.end)])
        for part in taken_from(touching(working), taken, _why(one))
    ]
    return DayColumn(person.slug, person.name, tuple(touching(there)), tuple(lost))


def _why(absence: Absence) -> str:
    """Return what the day says of an absence; why somebody is off is for who opens it."""
    return "away" if absence.kind == "time-off" else absence.reason or "blocked"


def _visit(row: Row[Any], currency: str) -> DayBlock:
    owed = 0 if row.status == "no_show" else max(0, row.total_minor - row.paid_minor)
    return DayBlock(
        code=row.code,
        staff=row.staff,
        customer=row.customer,
        service=row.service,
        category=row.category,
        status=row.status,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        gaps=_gaps(row.starts_at, row.segments),
        price=Money(row.price_minor, currency),
        due=Money(owed, currency),
        held_until=row.hold_expires_at if row.status == "held" else None,
        short_name=row.short_name,
        note=row.note,
    )


def _class(row: Row[Any], currency: str) -> DayBlock:
    return DayBlock(
        code=row.code,
        staff=row.staff,
        customer=f"{row.seats} of {row.capacity} seats",
        service=row.service,
        category=row.category,
        status="class",
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        gaps=(),
        price=Money(row.price_minor, currency),
        due=Money(row.due_minor, currency),
        short_name=row.short_name,
    )


def _gaps(start: datetime, segments: list[int]) -> tuple[Interval, ...]:
    """Return the processing gaps of a visit; negative minutes mark a gap."""
    found, at = [], start
    for minutes in segments:
        end = at + timedelta(minutes=abs(minutes))
        if minutes < 0:
            found.append((at, end))
        at = end
    return tuple(found)
