"""Claiming time: a plan becomes allocations and places, and the database has the last word.

Whatever Python believes, an allocation that meets another is not inserted. The search then goes
on without the bookable that was refused: the next person, the next unit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability import starts
from bookra.engine.availability.spans import Span
from bookra.engine.availability.starts import Performer
from bookra.engine.availability.visits import Claim, Order, Plan, plans
from bookra.engine.availability.window import Window
from bookra.engine.bookings import statements
from bookra.engine.bookings.holds import release_lapsed_in_the_way
from bookra.engine.bookings.limits import Counted, take_place
from bookra.engine.bookings.locks import lock_bookables
from bookra.engine.runtime import Tx
from bookra.engine.tenancy.auditing import part
from bookra.ids import new_id

# Fairness: least booked minutes that week, then least recently booked, then slug.
FAIRNESS = text(
    """
    SELECT k.id,
           COALESCE(sum(EXTRACT(EPOCH FROM o.ends_at - o.starts_at)), 0) AS booked,
           max(l.id::text) AS last_line
      FROM unnest(CAST(:staff AS uuid[])) AS k(id)
      LEFT JOIN allocations o ON o.tenant_id = :tenant_id AND o.bookable_id = k.id
       AND o.starts_at >= :week AND o.starts_at < :next_week AND o.kind = 'booking'
       AND (o.held_until IS NULL OR o.held_until > :now)
      LEFT JOIN LATERAL (SELECT l.id FROM booking_lines l
                          WHERE l.tenant_id = :tenant_id AND l.staff_id = k.id
                          ORDER BY l.id DESC LIMIT 1) l ON true
     GROUP BY k.id
    """
)

Write = Callable[[Plan], tuple[UUID, Sequence[UUID]]]
"""Writes the rows that a plan's claims refer to; returns the booking's id and its lines'."""


class _Refused(Exception):  # noqa: N818 - an outcome inside this room, not an error
    """Somebody else has what a plan needs; ``bookable_id`` None when a place was missing."""

    def __init__(self, bookable_id: UUID | None) -> None:
        super().__init__()
        self.bookable_id = bookable_id


def claim_first(
    tx: Tx,
    window: Window,
    start: int,
    who: Collection[Performer],
    write: Write,
    held_until: datetime | None = None,
) -> UUID | None:
    """Write and claim the first plan that the database grants; returns the booking's id.

    Plans are tried by fairness. None, and nothing written, when every plan is taken by now.
    Locks: lapsed holds in the way, then the plan's bookables when it claims several spans.
    """
    clear_the_way(tx, window, start)
    order = by_fairness(tx, window, start)
    firsts = {performer.person.id for performer in who}
    refused: set[UUID] = set()
    while True:
        plan = next(
            plans(window, start, first=firsts, order=order, refused=frozenset(refused)), None
        )
        if plan is None:
            return None
        try:
            with part(tx):
                booking_id, lines = write(plan)
                claim(tx, window, plan, booking_id, lines, held_until)
                return booking_id
        except _Refused as refusal:
            if refusal.bookable_id is None:
                return None
            refused.add(refusal.bookable_id)


def claim(
    tx: Tx,
    window: Window,
    plan: Plan,
    booking_id: UUID,
    lines: Sequence[UUID],
    held_until: datetime | None,
) -> None:
    """Claim what each planned line takes, in the lock order."""
    rows = [
        _row(taken, booking_id, line_id, held_until)
        for planned, line_id in zip(plan, lines, strict=True)
        for taken in planned.claims()
    ]
    if len(rows) > 1:
        lock_bookables(tx, (row["bookable_id"] for row in rows))
    for row in sorted(rows, key=lambda row: (str(row["bookable_id"]), row["starts_at"])):
        if not tx.run(statements.ALLOCATE, **row):
            raise _Refused(row["bookable_id"])
    limited = [
        (limit, line_id, planned.performer.person.id)
        for planned, line_id in zip(plan, lines, strict=True)
        for limit in starts.limits_at(window, planned.performer, planned.start)
    ]
    # By subject and day: two visits whose lines stand the other way round would wait crosswise.
    for limit, line_id, person in sorted(limited, key=lambda row: (row[0].subject_id, row[0].day)):
        if not take_place(tx, limit, Counted(booking_id, line_id, held_until)):
            raise _Refused(person if limit.subject_id == person else None)


def clear_the_way(tx: Tx, window: Window, start: int) -> None:
    """Expire lapsed holds that stand where the visit could go, whoever performs it."""
    people = _everybody(window)
    if not people:  # who was asked for does not perform it
        return
    begin, end = _extent(people, window, start)
    release_lapsed_in_the_way(
        tx,
        [*{who.person.id for who in people}, *(unit.id for unit in window.units)],
        clock.from_epoch(begin),
        clock.from_epoch(end),
        {limit for who in people for limit in starts.limits_at(window, who, start)},
    )


def by_fairness(tx: Tx, window: Window, start: int) -> Order | None:
    """Return the order of people: least booked minutes that week, least recently booked, slug."""
    people = {who.person.id for who in _everybody(window)}
    if all(wish.staff for wish in window.lines):
        return None
    day = clock.local_day(clock.from_epoch(start), window.zone)
    monday = day - timedelta(days=day.weekday())
    week, next_week = (
        clock.from_epoch(clock.opening(first, 0, window.zone))
        for first in (monday, monday + timedelta(days=7))
    )
    rows = tx.rows(FAIRNESS, staff=list(people), week=week, next_week=next_week, now=tx.now)
    rank = {row.id: (row.booked, row.last_line or "") for row in rows}
    return lambda who: (*rank[who.person.id], who.person.slug)


def _everybody(window: Window) -> list[Performer]:
    return [who for line in range(len(window.lines)) for who in starts.performers(window, line)]


def _extent(people: Collection[Performer], window: Window, start: int) -> Span:
    """Return the span outside which the visit can't take anything."""
    services = [who.service for who in people]
    before = max(service.buffer_before_minutes for service in services)
    after = max(service.buffer_after_minutes for service in services)
    lines = len(window.lines)
    longest = max(service.minutes for service in services) * 60 * lines
    waits = window.max_wait_seconds * (lines - 1)
    return start - before * 60, start + longest + waits + after * 60


def _row(
    taken: Claim, booking_id: UUID, line_id: UUID, held_until: datetime | None
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "bookable_id": taken.bookable_id,
        "starts_at": clock.from_epoch(taken.start),
        "ends_at": clock.from_epoch(taken.end),
        "booking_id": booking_id,
        "booking_line_id": line_id,
        "held_until": held_until,
    }
