"""Scenario 2: overlapping but unequal times race. A key on the start alone would let both in."""

from __future__ import annotations

from datetime import timedelta

from factories import Salon
from racing import overlaps, race

from bookra.engine.bookings.store import bookings_between

HALF_PAST = ("10:00", "10:30")


def test_of_ten_and_half_past_ten_one_wins(salon: Salon) -> None:
    salon.service("long", "busy 60", "80.00")
    wanted = [salon.request(f"2026-11-24 {at}", service="long") for at in HALF_PAST]
    outcomes = race(salon, wanted * 9)
    assert len([outcome for outcome in outcomes if outcome.booking]) == 1
    assert {outcome.refusal for outcome in outcomes} == {None, "slot_taken"}
    assert overlaps(salon) == 0


def test_visits_that_cross_each_other_in_their_gaps_never_overlap(salon: Salon) -> None:
    """A chain of visits, each of whose two busy parts meets its neighbours' on both sides.

    Plain inserts that meet crosswise end in deadlocks; here none is seen, and what can stand
    together does.
    """
    times = [f"{10 + quarter // 4}:{quarter % 4 * 15:02d}" for quarter in range(12)]
    wanted = [salon.request(f"2026-11-24 {at}", service="color") for at in times]
    outcomes = race(salon, wanted * 2)
    assert {outcome.refusal for outcome in outcomes} == {None, "slot_taken"}
    assert overlaps(salon) == 0
    day = salon.local("2026-11-24 00:00")
    booked = salon.ask(lambda tx: bookings_between(tx, day, day + timedelta(days=1)))
    assert len(booked) == len([outcome for outcome in outcomes if outcome.booking]) >= 2
    assert not set(times) & set(salon.starts("2026-11-24", service="color"))
