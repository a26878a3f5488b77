"""Visits of several services as they are booked: their lines, their units, and races for them."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from databases import Database
from factories import Salon
from furnished import asked, furnished, listed
from racing import deadlocks, outcome, overlaps, together
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.people.staff import set_staff
from bookra.errors import ConflictError, InvalidInputError

ROUNDS = 20
DAY = date(2026, 11, 25)
CLAIMED = text(
    """
    SELECT l.position, k.slug, o.starts_at, o.ends_at, o.held_until
      FROM allocations o
      JOIN bookables k ON k.tenant_id = o.tenant_id AND k.id = o.bookable_id
      JOIN booking_lines l ON l.tenant_id = o.tenant_id AND l.id = o.booking_line_id
     WHERE o.tenant_id = :tenant_id AND o.booking_id = :id
     ORDER BY l.position, o.starts_at, k.slug
    """
)


@pytest.fixture
def salon(database: Database, pool: Pool) -> Salon:
    """A furnished salon in which Ben may work as much as he likes."""
    opened = furnished(database, pool)
    opened.act(lambda tx: set_staff(tx, "ben", {"daily_limit": None}))
    return opened


def booked(salon: Salon, visit: VisitWish, wall: str, **more: object) -> Booking:
    wanted = asked(salon, visit, salon.local(f"{DAY} {wall}"), **more)
    return salon.act(lambda tx: book(tx, wanted))


def claimed(salon: Salon, booking: Booking) -> list[str]:
    """Return what a booking takes, as ``1 ana 09:00-09:30``."""
    rows = salon.ask(lambda tx: tx.rows(CLAIMED, id=booking.id))
    zone = salon.zone
    return [
        f"{row.position} {row.slug}"
        f" {row.starts_at.astimezone(zone):%H:%M}-{row.ends_at.astimezone(zone):%H:%M}"
        for row in rows
    ]


def test_a_visit_has_a_line_a_service_and_one_price(salon: Salon) -> None:
    """Ana is a senior: half an hour for 60; Ben's colour needs a chair through its gap."""
    visit = VisitWish((Wish("cut", "ana"), Wish("color", "ben")))
    done = booked(salon, visit, "09:00")
    assert [(line.service, line.staff, line.requested) for line in done.lines] == [
        ("cut", "ana", True),
        ("color", "ben", True),
    ]
    assert [line.level for line in done.lines] == ["senior", ""]
    assert done.price.minor == 6000 + 4500
    assert done.ends_at == salon.local(f"{DAY} 10:45")
    assert claimed(salon, done) == [
        "1 ana 09:00-09:30",
        "2 ben 09:30-10:00",
        "2 chair-1 09:30-10:55",
        "2 ben 10:30-10:55",
    ]


def test_somebody_else_fits_into_the_gap_and_nothing_longer(salon: Salon) -> None:
    """Ben's colour leaves him free from 10:15 to 10:45."""
    booked(salon, VisitWish((Wish("color", "ben"),)), "09:45")
    with pytest.raises(ConflictError, match="busy 10:45-11:10"):
        booked(salon, VisitWish((Wish("cut", "ben"),)), "10:15")
    assert booked(salon, VisitWish((Wish("talk", "ben"),)), "10:15").status is Status.CONFIRMED


def test_a_hold_of_a_visit_holds_all_of_it_and_lapses_as_a_whole(salon: Salon) -> None:
    visit = VisitWish((Wish("cut", "ana"), Wish("color", "ben")))
    held = booked(salon, visit, "09:00", hold_minutes=15)
    rows = salon.ask(lambda tx: tx.rows(CLAIMED, id=held.id))
    assert {row.held_until for row in rows} == {held.hold_expires_at}
    with pytest.raises(ConflictError) as refused:
        booked(salon, visit, "09:00")
    assert refused.value.code == "slot_taken"
    later = salon.later(minutes=15)
    assert booked(later, visit, "09:00").status is Status.CONFIRMED
    assert later.booking(held.code).status is Status.EXPIRED


def test_the_holder_may_book_over_their_own_hold(salon: Salon) -> None:
    """Half an hour later, and with another service more: the hold's own time counts as free."""
    held = booked(
        salon, VisitWish((Wish("cut", "ana"), Wish("color", "ben"))), "09:00", hold_minutes=15
    )
    longer = VisitWish((Wish("cut", "ana"), Wish("color", "ben"), Wish("talk", "ana")))
    done = booked(salon, longer, "09:15", hold_code=held.code)
    assert len(done.lines) == 3
    assert salon.booking(held.code).status is Status.CANCELLED
    assert claimed(salon, held) == []
    assert overlaps(salon) == 0


def test_all_of_a_visit_is_freed_when_it_is_cancelled(salon: Salon) -> None:
    visit = VisitWish((Wish("cut"), Wish("color"), Wish("massage")), max_wait_minutes=60)
    before = listed(salon, visit, DAY)
    done = salon.act(lambda tx: book(tx, asked(salon, visit, before[0].start)))
    assert listed(salon, visit, DAY) != before
    salon.act(lambda tx: cancel(tx, done.code))
    assert listed(salon, visit, DAY) == before


def test_a_visit_is_one_to_eight_services_with_a_wait_that_a_customer_bears(salon: Salon) -> None:
    for visit in (
        VisitWish((Wish("talk"),) * 9),
        VisitWish((Wish("talk"),) * 2, max_wait_minutes=-1),
        VisitWish((Wish("talk"),) * 2, max_wait_minutes=481),
    ):
        with pytest.raises(InvalidInputError):
            booked(salon, visit, "10:00")


def test_visits_that_need_the_same_two_people_crosswise_never_deadlock(salon: Salon) -> None:
    """One wants Ana and then Ben, the other Ben and then Ana, at the same time: both fit."""
    one = VisitWish((Wish("cut", "ana"), Wish("cut", "ben")))
    other = VisitWish((Wish("cut", "ben"), Wish("cut", "ana")), max_wait_minutes=30)
    said: Counter[str] = Counter()
    for number in range(ROUNDS):
        day = DAY + timedelta(days=number // 4)
        at = salon.local(f"{day} {(9, 11, 14, 16)[number % 4]:02d}:00")
        wanted = [asked(salon, visit, at) for visit in (one, other, one, other)]
        found = together(
            [lambda each=each: outcome(salon, lambda tx: book(tx, each)) for each in wanted]
        )
        assert 1 <= found.count("done") <= 2
        said.update(found)
    assert set(said) == {"done", "slot_taken"}
    assert overlaps(salon) == 0
    assert deadlocks(salon) == 0


def test_anybody_for_several_services_under_load_is_never_taken_twice(salon: Salon) -> None:
    """Who is refused by the database gets another plan, if there is one."""
    visit = VisitWish((Wish("color"), Wish("cut")), max_wait_minutes=30)
    said: Counter[str] = Counter()
    for number in range(ROUNDS):
        day = DAY + timedelta(days=number // 2)
        wanted = asked(salon, visit, salon.local(f"{day} {(9, 14)[number % 2]:02d}:00"))
        found = together([lambda: outcome(salon, lambda tx: book(tx, wanted))] * 5)  # noqa: B023
        assert 1 <= found.count("done") <= 2, number
        said.update(found)
    assert set(said) == {"done", "slot_taken"}
    assert overlaps(salon) == 0
    assert deadlocks(salon) == 0
