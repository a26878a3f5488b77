"""Scenario 4: giving a visit to somebody else frees the old one's time, and takes the new one's."""

from __future__ import annotations

import pytest
from away import add, taken
from factories import Salon
from racing import overlaps, race

from bookra.engine.bookings.displacement import queue as displaced
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.moving import move
from bookra.errors import ConflictError

DAY = "2026-11-24"
TEN = f"{DAY} 10:00"


def give(salon: Salon, booking: Booking, staff: str) -> Booking:
    return salon.act(lambda tx: move(tx, booking.code, booking.starts_at, staff=staff))


def test_the_old_time_is_free_at_once_and_the_new_one_is_taken(salon: Salon) -> None:
    booked = salon.book(TEN)
    assert "10:00" not in salon.starts(DAY)
    given = give(salon, booked, "ben")
    assert (given.code, given.price, given.starts_at) == (
        booked.code,
        booked.price,
        booked.starts_at,
    )
    assert given.lines[0].staff == "ben"
    assert "10:00" in salon.starts(DAY)
    assert "10:00" not in salon.starts(DAY, staff="ben")
    mia = salon.customer("Mia Kern")
    assert salon.book(TEN, customer=mia).lines[0].staff == "ana"
    with pytest.raises(ConflictError):
        salon.book(TEN, staff="ben", customer=mia)
    assert overlaps(salon) == 0


def test_the_gaps_of_the_visit_come_along(salon: Salon) -> None:
    booked = salon.book(TEN, service="color")
    give(salon, booked, "ben")
    assert taken(salon, "ana", "booking") == []
    start = booked.starts_at
    minutes = [
        ((a - start).total_seconds() // 60, (b - start).total_seconds() // 60)
        for a, b in taken(salon, "ben", "booking")
    ]
    assert minutes == [(0, 30), (50, 65)]


def test_who_is_busy_takes_over_nothing_and_the_visit_stays(salon: Salon) -> None:
    booked = salon.book(TEN)
    salon.book(TEN, staff="ben", customer=salon.customer("Mia Kern"))
    with pytest.raises(ConflictError) as refused:
        give(salon, booked, "ben")
    assert refused.value.code == "slot_taken"
    assert salon.booking(booked.code) == booked
    assert taken(salon, "ana", "booking") == [(booked.starts_at, booked.ends_at)]


def test_a_displaced_visit_that_is_given_to_somebody_else_is_theirs(salon: Salon) -> None:
    booked = salon.book(TEN)
    add(salon, DAY, DAY, reason="Sick", displace=True)
    (waiting,) = salon.ask(displaced.waiting)
    number = next(one.number for one in waiting.proposals if one.staff == "ben")
    given, _ = salon.act(lambda tx: displaced.resolve(tx, booked.code, choose=number))
    assert (given.status, given.lines[0].staff) == (Status.CONFIRMED, "ben")
    assert given.starts_at == booked.starts_at
    assert taken(salon, "ben", "booking") == [(booked.starts_at, booked.ends_at)]
    assert taken(salon, "ana", "booking") == []


def test_many_who_want_the_freed_time_share_it_as_any_slot(salon: Salon) -> None:
    give(salon, salon.book(TEN), "ben")
    outcomes = race(salon, [salon.request(TEN, customer=salon.customer("Mia Kern"))] * 8)
    assert len([one for one in outcomes if one.booking]) == 1
    assert {one.refusal for one in outcomes} == {None, "slot_taken"}
    assert overlaps(salon) == 0
