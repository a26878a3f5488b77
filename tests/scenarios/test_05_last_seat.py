"""Scenario 5: the first two seat bookers of a class race; the last seat goes once."""

from __future__ import annotations

from collections import Counter

import pytest
from factories import Salon
from racing import overlaps, race
from sqlalchemy import text
from teaching import again, crowd, give, offer, seat_request, seats, seats_sold_twice, sit

from bookra.engine.bookings.model import Status

COUNTS = text(
    "SELECT (SELECT count(*) FROM sessions WHERE tenant_id = :tenant_id),"
    " (SELECT count(*) FROM seats WHERE tenant_id = :tenant_id),"
    " (SELECT count(*) FROM booking_lines WHERE tenant_id = :tenant_id),"
    " (SELECT count(*) FROM allocations WHERE tenant_id = :tenant_id)"
)


def test_the_first_two_bookers_share_one_session_and_no_third_gets_in(salon: Salon) -> None:
    offer(salon, capacity=2)
    session = give(salon)
    outcomes = race(salon, [seat_request(salon, who) for who in crowd(salon, 3)])
    assert Counter(outcome.refusal for outcome in outcomes) == {None: 2, "class_full": 1}
    assert {seat.seat_no for seat in seats(salon, session)} == {1, 2}
    assert tuple(salon.ask(lambda tx: tx.rows(COUNTS))[0]) == (1, 2, 2, 1)
    assert overlaps(salon) == 0


def test_the_last_seat_goes_once_and_the_others_hear_of_the_next_class(salon: Salon) -> None:
    offer(salon, capacity=3)
    session = give(salon)
    give(salon, "2026-11-25 17:00")
    first, second, *rest = crowd(salon, 20)
    sit(salon, first)
    sit(salon, second)
    outcomes = race(salon, [seat_request(salon, who) for who in rest])
    assert Counter(outcome.refusal for outcome in outcomes) == {None: 1, "class_full": 17}
    assert {outcome.nearest for outcome in outcomes if outcome.refusal} == {1}
    assert again(salon, session).free == 0
    assert seats_sold_twice(salon) == 0


@pytest.mark.parametrize("capacity", [7, 30])
def test_a_class_sells_all_its_seats_and_no_other(salon: Salon, capacity: int) -> None:
    """Some want two seats at once: those who are refused could not have sat together."""
    offer(salon, capacity=capacity)
    session = give(salon)
    wanted = [
        seat_request(salon, who, seats=1 + number % 2)
        for number, who in enumerate(crowd(salon, 30))
    ]
    outcomes = race(salon, wanted)
    assert {outcome.refusal for outcome in outcomes} == {None, "class_full"}
    sold = sum(len(salon.booking(o.booking).lines) for o in outcomes if o.booking)
    refused = [w.seats for w, outcome in zip(wanted, outcomes, strict=True) if outcome.refusal]
    assert sold == len(seats(salon, session)) <= capacity
    assert capacity - sold < min(refused)
    assert seats_sold_twice(salon) == 0


def test_one_customer_who_clicks_twice_gets_one_seat(salon: Salon) -> None:
    offer(salon, capacity=10)
    session = give(salon)
    outcomes = race(salon, [seat_request(salon, salon.customer())] * 9)
    assert Counter(outcome.refusal for outcome in outcomes) == {None: 1, "already_booked": 8}
    assert len(seats(salon, session)) == 1


def test_seats_whose_hold_has_lapsed_are_raced_for_like_any(salon: Salon) -> None:
    offer(salon, capacity=2)
    session = give(salon)
    first, second, *rest = crowd(salon, 14)
    held = [sit(salon, who, hold_minutes=15) for who in (first, second)]
    later = salon.later(minutes=20)
    outcomes = race(later, [seat_request(salon, who) for who in rest])
    assert Counter(outcome.refusal for outcome in outcomes) == {None: 2, "class_full": 10}
    assert {salon.booking(hold.code).status for hold in held} == {Status.EXPIRED}
    assert len(seats(later, session)) == 2
    assert seats_sold_twice(salon) == 0
