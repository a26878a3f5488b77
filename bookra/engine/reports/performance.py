"""How each member of staff did: hours, visits, clients, and what the ledger says they brought.

Hours and clients come from the book of bookings as it stands; money from the ledger alone, as in
the report on revenue by staff, at the same cut-off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bookra import clock
from bookra.engine.availability.bookable import StaffTime
from bookra.engine.availability.spans import merged, without
from bookra.engine.availability.store import load_rota
from bookra.engine.availability.window import Rota
from bookra.engine.reports.cutoff import Cutoff
from bookra.engine.reports.figures import Figures
from bookra.engine.reports.period import Period
from bookra.engine.reports.revenue import revenue
from bookra.engine.runtime import Tx

PEOPLE = text(
    """
    SELECT k.id, k.slug, k.name FROM bookables k
      JOIN staff s ON s.tenant_id = k.tenant_id AND s.id = k.id
     WHERE k.tenant_id = :tenant_id ORDER BY k.slug
    """
)
# Index: allocations_tenant_id_bookable_id_starts_at_idx. None is longer than a day and an hour.
BOOKED = text(
    """
    SELECT o.bookable_id AS id,
           sum(EXTRACT(EPOCH FROM LEAST(o.ends_at, :until) - GREATEST(o.starts_at, :start)))::bigint
             AS seconds
      FROM allocations o
      JOIN staff s ON s.tenant_id = o.tenant_id AND s.id = o.bookable_id
     WHERE o.tenant_id = :tenant_id AND o.kind IN ('booking', 'session') AND o.held_until IS NULL
       AND o.starts_at < :until AND o.ends_at > :start
       AND o.starts_at > CAST(:start AS timestamptz) - interval '25 hours'
     GROUP BY o.bookable_id
    """
)
# A visit took place when it is completed, or begun and paid. Somebody is new whose first visit it
# is, and has rebooked who has another visit afterwards, whenever and with whomever that is.
CLIENTS = text(
    """
    WITH took_place AS (
      SELECT b.customer_id, l.staff_id, l.starts_at, b.ends_at
        FROM booking_lines l
        JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
       WHERE l.tenant_id = :tenant_id AND l.starts_at >= :start AND l.starts_at < :until
         AND (b.status = 'completed' OR b.recognised_at IS NOT NULL AND b.starts_at <= :now
              AND b.status IN ('confirmed', 'checked_in', 'in_service'))
    ), seen AS (
      SELECT staff_id, customer_id, min(starts_at) AS first_at, max(ends_at) AS last_end
        FROM took_place GROUP BY staff_id, customer_id
    )
    SELECT s.staff_id AS id, count(*) AS clients,
           count(*) FILTER (WHERE NOT EXISTS (
             SELECT FROM bookings e WHERE e.tenant_id = :tenant_id
                AND e.customer_id = s.customer_id AND e.starts_at < s.first_at
                AND e.status IN ('completed', 'confirmed', 'checked_in', 'in_service'))) AS fresh,
           count(*) FILTER (WHERE EXISTS (
             SELECT FROM bookings a WHERE a.tenant_id = :tenant_id
                AND a.customer_id = s.customer_id AND a.starts_at >= s.last_end
                AND a.status IN ('completed', 'confirmed', 'checked_in', 'in_service')))
             AS rebooked
      FROM seen s GROUP BY s.staff_id
    """
)
NO_SHOWS = text(
    """
    SELECT l.staff_id AS id, count(DISTINCT b.id) AS visits
      FROM booking_lines l
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
     WHERE l.tenant_id = :tenant_id AND l.starts_at >= :start AND l.starts_at < :until
       AND b.status = 'no_show'
     GROUP BY l.staff_id
    """
)


@dataclass(frozen=True, slots=True)
class Performance:
    """One person's period: minutes, counts, and the figures of the report on revenue.

    ``tickets`` are bookings that were sold in the period, ``clients`` people seen in it.
    """

    staff: str
    name: str
    scheduled_minutes: int
    booked_minutes: int
    tickets: int
    clients: int
    rebooked: int
    new_clients: int
    no_shows: int
    figures: Figures

    @property
    def utilisation_percent(self) -> int | None:
        """How much of the scheduled time is booked, rounded; None where nothing was scheduled."""
        if not self.scheduled_minutes:
            return None
        return (self.booked_minutes * 200 + self.scheduled_minutes) // (2 * self.scheduled_minutes)

    @property
    def average_ticket(self) -> int:
        """Net revenue a ticket in minor units, rounded; zero without tickets."""
        if not self.tickets:
            return 0
        return (2 * self.figures.net + self.tickets) // (2 * self.tickets)


@dataclass(frozen=True, slots=True)
class StaffReport:
    """Everybody who works, or brought something, by slug."""

    period: Period
    cutoff: Cutoff
    currency: str
    rows: tuple[Performance, ...]


def staff_report(
    tx: Tx, period: Period, staff: str | None = None, as_of: datetime | None = None
) -> StaffReport:
    """Return how everybody did, or one of them."""
    sold = revenue(tx, period, "staff", as_of)
    money = {row.key: row for row in sold.rows}
    binds = {"start": period.start, "until": period.until}
    booked = {row.id: row.seconds // 60 for row in tx.rows(BOOKED, **binds)}
    clients = {row.id: row for row in tx.rows(CLIENTS, **binds, now=tx.now)}
    missed = {row.id: row.visits for row in tx.rows(NO_SHOWS, **binds)}
    scheduled = _scheduled(tx, period)
    rows = []
    for person in tx.rows(PEOPLE):
        row, seen = money.get(person.slug), clients.get(person.id)
        found = Performance(
            person.slug,
            person.name,
            scheduled.get(person.id, 0),
            booked.get(person.id, 0),
            row.bookings if row else 0,
            *_seen(seen),
            missed.get(person.id, 0),
            row.figures if row else Figures(),
        )
        worked = found.scheduled_minutes or found.booked_minutes or row or seen
        if staff in (None, person.slug) and (worked or staff):
            rows.append(found)
    return StaffReport(period, sold.cutoff, sold.currency, tuple(rows))


def _seen(row: Row[Any] | None) -> tuple[int, int, int]:
    return (row.clients, row.rebooked, row.fresh) if row else (0, 0, 0)


def _scheduled(tx: Tx, period: Period) -> dict[UUID, int]:
    """Return the minutes for which everybody is there: their hours less what they are away."""
    rota = load_rota(tx, period.first, period.days)
    return {person.id: _there_minutes(rota, person, period) for person in rota.staff}


def _there_minutes(rota: Rota, person: StaffTime, period: Period) -> int:
    begin, end = clock.to_epoch(period.start), clock.to_epoch(period.until)
    away = merged((absence.start, absence.end) for absence in rota.absences.get(person.id, ()))
    there = without(rota.working(person), [a for a, _ in away], [b for _, b in away])
    return sum(max(0, min(b, end) - max(a, begin)) for a, b in there) // 60
