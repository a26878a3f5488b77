"""Classes under contention: seats are sold while a session is cancelled, moved or made smaller."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from factories import Salon
from racing import overlaps
from sqlalchemy import text
from teaching import (
    EVENING,
    again,
    crowd,
    give,
    offer,
    seat_request,
    seats,
    seats_sold_twice,
    sit,
)

from bookra.engine.availability.sessions import Session
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.classes.adding import NewClass, add_sessions
from bookra.engine.bookings.classes.changing import cancel_session, move_session, set_capacity
from bookra.engine.bookings.recurring.recurrence import parse_every
from bookra.engine.catalog.model import Need
from bookra.engine.people.resources import add_resource
from bookra.engine.runtime import Tx
from bookra.errors import BookraError

ROUNDS = 6
DELAY = 0.04

# Seats of guests who stand in another place or at another time than their session, or in none.
ASTRAY = text(
    """
    SELECT count(*) FROM booking_lines l
      JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
      JOIN sessions x ON x.tenant_id = l.tenant_id AND x.id = l.session_id
     WHERE l.tenant_id = :tenant_id AND b.status = 'confirmed'
       AND (x.status <> 'open' OR x.starts_at <> l.starts_at OR x.starts_at <> b.starts_at
            OR x.staff_id <> l.staff_id
            OR NOT EXISTS (SELECT FROM seats t WHERE t.tenant_id = l.tenant_id
                              AND t.booking_line_id = l.id AND t.session_id = x.id))
    """
)


def together(
    salon: Salon, work: Sequence[Callable[[Tx], object]], *, first_waits: float = 0
) -> Counter[str]:
    """Do all of ``work`` at once, each in a transaction of its own; count what came of it.

    ``first_waits`` is how many seconds later the first one begins, to meet the others half-way.
    """
    start = threading.Barrier(len(work), timeout=30)

    def run(action: Callable[[Tx], object]) -> str:
        start.wait()
        time.sleep(first_waits if action is work[0] else 0)
        try:
            salon.act(action)
        except BookraError as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(len(work)) as threads:
        return Counter(threads.map(run, work))


def guests(salon: Salon, count: int, wall: str = EVENING) -> list[Callable[[Tx], object]]:
    """Return bookings of one seat each, by different people."""
    wanted = [seat_request(salon, who, wall) for who in crowd(salon, count)]
    return [lambda tx, one=one: book(tx, one) for one in wanted]


def astray(salon: Salon) -> int:
    found: int = salon.ask(lambda tx: tx.rows(ASTRAY))[0][0]
    return found


def sessions(salon: Salon) -> list[Session]:
    """Return one session a day, each by Ana at five."""
    offer(salon, capacity=6)
    return [give(salon, f"2026-11-{24 + day} 17:00") for day in range(5)]


def walls(found: Sequence[Session], salon: Salon) -> list[str]:
    return [f"{session.starts_at.astimezone(salon.zone):%Y-%m-%d %H:%M}" for session in found]


def test_nobody_sits_in_a_class_that_was_cancelled_meanwhile(salon: Salon) -> None:
    found = sessions(salon)
    for round_, (session, wall) in enumerate(zip(found, walls(found, salon), strict=True)):
        cancelling = [lambda tx, code=session.code: cancel_session(tx, code)]
        outcomes = together(salon, cancelling + guests(salon, 5, wall), first_waits=round_ * DELAY)
        assert set(outcomes) <= {"done", "not_offered"}
        assert outcomes["done"] >= 1
        assert (again(salon, session).status, seats(salon, session)) == ("cancelled", [])
        assert astray(salon) == 0


def test_who_books_while_a_class_moves_comes_along_or_is_refused(salon: Salon) -> None:
    found = sessions(salon)
    for round_, (session, wall) in enumerate(zip(found, walls(found, salon), strict=True)):
        there = salon.local(wall.replace("17:00", "15:30"))
        moving = [lambda tx, code=session.code, at=there: move_session(tx, code, at)]
        outcomes = together(salon, moving + guests(salon, 5, wall), first_waits=round_ * DELAY)
        assert set(outcomes) <= {"done", "not_offered"}
        assert again(salon, session).starts_at == there
        assert astray(salon) == 0
    assert overlaps(salon) == 0


def test_no_seat_is_sold_above_a_capacity_that_shrinks(salon: Salon) -> None:
    found = sessions(salon)
    for round_, (session, wall) in enumerate(zip(found, walls(found, salon), strict=True)):
        sit(salon, salon.customer("Mia Kern"), wall)
        shrinking = [lambda tx, code=session.code: set_capacity(tx, code, 3)]
        outcomes = together(salon, shrinking + guests(salon, 5, wall), first_waits=round_ * DELAY)
        assert set(outcomes) <= {"done", "class_full", "seats_sold"}
        now = again(salon, session)
        assert now.taken == len(seats(salon, session)) <= now.capacity
        assert now.capacity == (6 if outcomes["seats_sold"] else 3)
    assert seats_sold_twice(salon) == 0


def test_a_class_and_visits_never_share_their_teacher(salon: Salon) -> None:
    offer(salon, capacity=6)
    rosa = salon.customer()
    for day in range(7, 7 + ROUNDS):
        new = NewClass("yoga", "ana", salon.local(f"2026-12-{day:02} 16:00"))
        work: list[Callable[[Tx], object]] = [lambda tx, new=new: add_sessions(tx, new)]
        for wall in (f"2026-12-{day:02} 16:00", f"2026-12-{day:02} 16:30"):
            visit = salon.request(wall, customer=rosa)
            work.append(lambda tx, visit=visit: book(tx, visit))
        outcomes = together(salon, work)
        assert set(outcomes) == {"done", "slot_taken"}
    assert overlaps(salon) == 0


@pytest.mark.parametrize("rooms", [1, 2])
def test_courses_that_cross_are_added_whole_or_not_at_all(salon: Salon, rooms: int) -> None:
    """Two teachers, some rooms, the same weeks: one of them for each room, without deadlock."""
    for number in range(rooms):
        salon.act(lambda tx, slug=f"room-{number}": add_resource(tx, slug, "room"))
    offer(salon, needs=(Need("room"),))
    work = []
    for wall, staff in (("24 17:00", "ana"), ("24 16:30", "ben"), ("24 16:15", "ana")):
        new = NewClass(
            "yoga", staff, salon.local(f"2026-11-{wall}"), every=parse_every("week"), count=6
        )
        work.append(lambda tx, new=new: add_sessions(tx, new))
    assert together(salon, work) == {"done": rooms, "class_conflicts": 3 - rooms}
    assert overlaps(salon) == 0
