"""A salon with everything in it: rooms, levels, gaps, limits, absences and other calendars."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from away import add as add_absence
from databases import Database
from factories import FROM_DAY, NOW, Salon, empty_salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra import clock
from bookra.engine.availability.actions import explain_visit, find_visits
from bookra.engine.availability.answers import Answer, Slot
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_hours
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import Need, Offered, Segment, ServiceLevel, parse_segments
from bookra.engine.people.locations import add_location
from bookra.engine.people.resources import add_resource
from bookra.engine.people.staff import add_staff
from bookra.engine.runtime import Tx
from bookra.errors import BookraError
from bookra.ids import new_id
from bookra.money import parse_amount

AWAY = text(
    """
    INSERT INTO external_busy (tenant_id, id, bookable_id, source, uid, starts_at, ends_at)
    VALUES (:tenant_id, :id, (SELECT id FROM bookables
                               WHERE tenant_id = :tenant_id AND slug = :staff),
            'phone', :uid, :start, :until)
    """
)
EVERY_DAY = "mon-sun 00:30-03:30,09:00-13:00,14:00-18:00"


def furnished(
    database: Database, pool: Pool, *, zone: str = "Europe/Berlin", now: datetime = NOW
) -> Salon:
    """Open a salon of four people in two places, with one room and two chairs in the first."""
    salon = empty_salon(database, pool, now=now, timezone=zone)
    salon.act(_furnish)
    return salon


def _furnish(tx: Tx) -> None:
    add_location(tx, "mitte", "Mitte", tx.tenant.zone.key)
    add_location(tx, "york", "York", "America/New_York")
    for unit, pool, place in (
        ("chair-1", "chair", "mitte"),
        ("chair-2", "chair", "mitte"),
        ("room-1", "room", None),
    ):
        add_resource(tx, unit, pool, location=place)
    for new in _services(tx.tenant.currency):
        add_service(tx, new)
    add_staff(tx, "ana", "Ana", location="mitte", level="senior")
    add_staff(tx, "ben", "Ben", location="mitte", daily_limit=3)
    add_staff(tx, "cleo", "Cleo", services=("cut", "massage"))
    add_staff(tx, "dan", "Dan", location="york", level="junior", services=("cut", "talk"))
    for slug in ("ana", "ben"):
        set_hours(tx, slug, [parse_week(EVERY_DAY)], FROM_DAY)
    set_hours(tx, "cleo", [parse_week("mon-sun 20:00-04:00")], FROM_DAY)
    set_hours(tx, "dan", [parse_week("mon-sun 05:00-12:00")], FROM_DAY)


def _services(currency: str) -> list[NewService]:
    def new(slug: str, segments: str, **rules: object) -> NewService:
        price = parse_amount("45.00", currency)
        return NewService(slug, slug.capitalize(), price, parse_segments(segments), **rules)  # type: ignore[arg-type]

    quick = ServiceLevel("senior", parse_amount("60.00", currency), (Segment(True, 30),))
    return [
        new("cut", "busy 45", levels=(quick,)),
        new("color", "busy 30,gap 30,busy 15", buffer_after_minutes=10, needs=(Need("chair"),)),
        new(
            "massage",
            "busy 50",
            buffer_before_minutes=5,
            granularity_minutes=20,
            alignment="shift",
            daily_limit=4,
            needs=(Need("room", "busy"),),
        ),
        new("talk", "busy 15", offered=tuple(Offered(day, 600, 960) for day in range(7))),
    ]


def crowd(salon: Salon, day: date) -> None:
    """Fill a part of a day: visits, a hold, time off, a block and another calendar."""
    add_absence(salon, f"{day} 15:00", f"{day} 16:30", slug="ana")
    add_absence(salon, f"{day} 09:00", f"{day} 11:00", slug="chair-1", kind="block")
    begin = clock.from_epoch(clock.opening(day, 11 * 60 + 5, salon.zone))
    binds = {"staff": "ben", "uid": "u1", "start": begin, "until": begin + timedelta(minutes=50)}
    salon.act(lambda tx: tx.run(AWAY, id=new_id(), **binds))
    for service, staff, nth, hold in (
        ("color", "ana", 3, None),
        ("color", "ben", 1, None),
        ("cut", "ana", 2, 15),
        ("massage", "cleo", 2, None),
        ("cut", "dan", 4, None),
    ):
        found = listed(salon, VisitWish((Wish(service, staff),)), day)
        if found:
            at = found[min(nth, len(found) - 1)].start
            wanted = BookingRequest(service, staff, at, salon.customer().id, hold)
            salon.act(lambda tx: book(tx, wanted))  # noqa: B023


def listed(salon: Salon, visit: VisitWish, day: date, days: int = 1) -> list[Slot]:
    """Return the open starts of a visit."""
    return salon.ask(lambda tx: find_visits(tx, visit, day, days))


def explained(salon: Salon, visit: VisitWish, at: datetime) -> Answer:
    """Return why a visit can begin or not."""
    return salon.ask(lambda tx: explain_visit(tx, visit, at))


def asked(salon: Salon, visit: VisitWish, at: datetime, **more: object) -> BookingRequest:
    """Return the request that books a visit."""
    first, *rest = visit.lines
    return BookingRequest(
        first.service,
        first.staff,
        at,
        salon.customer().id,
        more=tuple(rest),
        parallel=visit.parallel,
        max_wait_minutes=visit.max_wait_minutes,
        **more,  # type: ignore[arg-type]
    )


def tried(salon: Salon, visit: VisitWish, at: datetime) -> Booking | str:
    """Book a visit and take it back; return the booking, or the refusal's code."""
    wanted = asked(salon, visit, at)
    try:
        return salon.act(lambda tx: book(tx, wanted), dry_run=True)
    except BookraError as refused:
        return refused.code


def of_one_mind(salon: Salon, visit: VisitWish, day: date, moments: list[datetime]) -> int:
    """Check that listing, "why not" and booking agree at each of the moments and each listed start.

    Returns how many of them are open.
    """
    found = {slot.start: slot for slot in listed(salon, visit, day)}
    begin = clock.from_epoch(clock.opening(day, 0, salon.zone))
    end = clock.from_epoch(clock.opening(day + timedelta(days=1), 0, salon.zone))
    for at in sorted({*moments, *found}):
        if not begin <= at < end:
            continue
        answer, booked = explained(salon, visit, at), tried(salon, visit, at)
        assert answer.free == (at in found), (visit, at, answer.reasons)
        assert all(r.rule and r.message and r.opens_if for r in answer.reasons)
        if at in found:
            assert isinstance(booked, Booking), (visit, at, booked)
            assert booked.starts_at == at
        else:
            assert booked in {"slot_taken", "not_offered", "past"}, (visit, at)
            assert answer.reasons
    return len(found)
