"""Verbs of availability: list slots, and explain a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import chain, islice

from sqlalchemy import text

from bookra import clock
from bookra.engine.availability import ranking, slots, starts, why
from bookra.engine.availability.answers import Answer, Slot, SlotLine
from bookra.engine.availability.asked import VisitWish, visit_of
from bookra.engine.availability.sessions import class_nearest, class_slots, explain_class
from bookra.engine.availability.store import load_window, with_absences
from bookra.engine.availability.visits import Plan, plans
from bookra.engine.availability.window import Window
from bookra.engine.runtime import Tx
from bookra.errors import InvalidInputError
from bookra.money import Money

__all__ = ["Answer", "Slot", "SlotLine", "explain_start", "find_slots", "find_visits", "nearest"]

NEAREST = 3
NEAREST_DAYS = 14
MAX_DAYS = 366
MAX_LINES = 8
MAX_WAIT_MINUTES = 480

CODES = text(
    "SELECT id, code FROM bookings WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
)
SHORTEST = text(
    """
    SELECT min(g.minutes) AS minutes
      FROM (SELECT sum(minutes) AS minutes FROM service_segments
             WHERE tenant_id = :tenant_id AND level = ''
               AND service_id IN (SELECT id FROM services
                                   WHERE tenant_id = :tenant_id AND active AND capacity IS NULL)
             GROUP BY service_id) g
    """
)


def find_slots(
    tx: Tx, service: str, staff: str | None, first_day: date, days: int, limit: int | None = None
) -> list[Slot]:
    """Return open starts by time and then staff, in one round trip. ``staff`` None is anybody."""
    return find_visits(tx, visit_of(service, staff), first_day, days, limit)


def find_visits(
    tx: Tx, visit: VisitWish, first_day: date, days: int, limit: int | None = None
) -> list[Slot]:
    """Return the open starts of a visit of one service or several, by time and then staff."""
    if not 1 <= days <= MAX_DAYS:
        raise InvalidInputError("bad_days", f"{days} days is not between 1 and {MAX_DAYS}")
    window = load_window(tx, checked(visit), first_day, days)
    if window.service.capacity is not None:
        return class_slots(
            tx, window.service.slug, visit.first.staff, first_day, days, limit, own=visit.own
        )
    return list(islice(_slots(window, slots.free_at(window).items()), limit))


def ranked_visits(
    tx: Tx, visit: VisitWish, first_day: date, days: int, limit: int | None = None
) -> list[Slot]:
    """Return the open starts with what their holes cost, the cheapest first, then by time."""
    shortest = tx.row(SHORTEST)
    seconds = (shortest.minutes if shortest and shortest.minutes else 0) * 60
    window = load_window(tx, checked(visit), first_day, days)
    performer = {who.person.slug: who for who in starts.performers(window, 0)}
    found = [
        slot._replace(
            hole=ranking.hole_cost(
                window, performer[slot.staff], clock.to_epoch(slot.start), seconds
            )
        )
        for slot in _slots(window, slots.free_at(window).items())
    ]
    found.sort(key=lambda slot: (slot.hole.minor if slot.hole else 0, slot.start, slot.staff))
    return found[:limit]


def explain_start(tx: Tx, service: str, staff: str, at: datetime) -> Answer:
    """Return why ``at`` is free or not for a person, with the nearest open starts."""
    return explain_visit(tx, visit_of(service, staff), at)


def explain_visit(tx: Tx, visit: VisitWish, at: datetime, window: Window | None = None) -> Answer:
    """Return why a visit can begin at ``at`` or not; with anybody, as long as somebody can.

    The reasons are those of the first person who is refused the least. ``window`` is that of the
    day if it has been loaded with names already.
    """
    if window is None:
        window = window_at(tx, checked(visit), at, named=True)
    if window.service.capacity is not None:
        return explain_class(tx, window.service.slug, visit.first.staff, at, own=visit.own)
    start, window = clock.to_epoch(at), with_absences(tx, window)
    people = [p for p in window.staff if visit.first.staff in (None, p.slug)]
    able = [person for person in people if person.performs(window.service)] or people
    refused = min((why.reasons(window, person, start) for person in able), key=len)
    if not refused:
        return Answer(True, (), ())
    return Answer(False, _with_codes(tx, refused), nearest_visits(tx, visit, at))


def _with_codes(tx: Tx, reasons: list[why.Reason]) -> tuple[why.Reason, ...]:
    """Return the reasons with the codes of the bookings that are in the way."""
    ids = [reason.booking_id for reason in reasons if reason.booking_id is not None]
    codes = {str(row.id): row.code for row in tx.rows(CODES, ids=ids)} if ids else {}
    return tuple(
        replace(reason, message=f"{reason.message} ({code})", booking=code)
        if (code := codes.get(reason.booking_id or ""))
        else reason
        for reason in reasons
    )


def window_at(tx: Tx, visit: VisitWish, at: datetime, *, named: bool = False) -> Window:
    """Return the window of the local day of ``at``."""
    return load_window(tx, visit, clock.local_day(at, tx.tenant.zone), 1, named=named)


def nearest(tx: Tx, service: str, staff: str | None, at: datetime) -> tuple[Slot, ...]:
    """Return the open starts of one service closest to ``at``."""
    return nearest_visits(tx, visit_of(service, staff), at)


def nearest_visits(tx: Tx, visit: VisitWish, at: datetime) -> tuple[Slot, ...]:
    """Return the open starts closest to ``at``, from the day before until two weeks after.

    Most often they lie so near that nothing beyond the days around can be closer.
    """
    today = clock.local_day(tx.now, tx.tenant.zone)
    day = clock.local_day(at, tx.tenant.zone)
    first = max(today, day - timedelta(days=1))
    wanted, closest = clock.to_epoch(at), []
    for days in (max(1, (day - first).days + 2), NEAREST_DAYS):
        window = load_window(tx, visit, first, days)
        if window.service.capacity is not None:
            return class_nearest(tx, window.service.slug, visit.first.staff, at, own=visit.own)
        found = slots.open_starts(window)
        closest = sorted(found, key=lambda start: (abs(start[0] - wanted), start))[:NEAREST]
        before = wanted - window.span[0] if first > today else NEAREST_DAYS * 86_400
        sure = min(before, window.span[1] - wanted)
        if len(closest) == NEAREST and abs(closest[-1][0] - wanted) < sure:
            break
    return tuple(_slots(window, [(start, [index]) for start, index in sorted(closest)]))


def checked(visit: VisitWish) -> VisitWish:
    """Return a visit that can be searched for; raises InvalidInputError."""
    if not 1 <= len(visit.lines) <= MAX_LINES:
        raise InvalidInputError("bad_visit", f"A visit has 1 to {MAX_LINES} services")
    if not 0 <= visit.max_wait_minutes <= MAX_WAIT_MINUTES:
        raise InvalidInputError(
            "bad_wait", f"A wait of {visit.max_wait_minutes} minutes is not 0 to {MAX_WAIT_MINUTES}"
        )
    return visit


def _slots(window: Window, free_at: Iterable[tuple[int, list[int]]]) -> Iterator[Slot]:
    """Yield the slots of starts and who is free at them."""
    listed = _visits if len(window.lines) > 1 else _single
    return chain.from_iterable(listed(window, free_at))


def _single(window: Window, free_at: Iterable[tuple[int, list[int]]]) -> Iterator[list[Slot]]:
    """Yield the slots of one service, start by start.

    A month has tens of thousands of them: those of one start share its instants, what all slots of
    one person have in common is put together once, and the constructor of plain tuples takes half
    the time of the named one.
    """
    performers = starts.performers(window, 0)
    rest = {who.index: _rest(who) for who in performers}
    lengths = {who.index: timedelta(minutes=who.service.minutes) for who in performers}
    alike = len(set(lengths.values())) == 1
    new = tuple.__new__
    for epoch, free in free_at:
        start = clock.from_epoch(epoch)
        if alike:
            times = start, start + lengths[free[0]]
            yield [new(Slot, times + rest[index]) for index in free]
        else:
            yield [new(Slot, (start, start + lengths[index], *rest[index])) for index in free]


def _rest(who: starts.Performer) -> tuple[object, ...]:
    """Return what all slots of a person have in common: whatever follows the start and the end."""
    service, never = who.service, clock.from_epoch(0)
    return Slot(never, never, who.person.slug, service.slug, service.price)[2:]


def _visits(window: Window, free_at: Iterable[tuple[int, list[int]]]) -> Iterator[list[Slot]]:
    performers = {who.index: who for who in starts.performers(window, 0)}
    for epoch, free in free_at:
        people = ({performers[index].person.id} for index in free)
        yield [slot_of(next(plans(window, epoch, first=person))) for person in people]


def slot_of(plan: Plan) -> Slot:
    """Return a plan as a slot with its lines."""
    lines = tuple(
        SlotLine(
            planned.performer.service.slug,
            planned.performer.person.slug,
            clock.from_epoch(planned.start),
            clock.from_epoch(planned.end),
            planned.performer.service.price,
        )
        for planned in plan
    )
    total = Money(sum(line.price.minor for line in lines), lines[0].price.currency)
    end = max(line.end for line in lines)
    return Slot(lines[0].start, end, lines[0].staff, lines[0].service, total, lines)
