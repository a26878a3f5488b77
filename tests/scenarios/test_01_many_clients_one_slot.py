"""Scenario 1: many clients book one slot at the same moment."""

from __future__ import annotations

from factories import Salon
from racing import overlaps, race
from sqlalchemy import text

RACERS = 24
COUNTS = text(
    "SELECT (SELECT count(*) FROM bookings WHERE tenant_id = :tenant_id),"
    " (SELECT count(*) FROM booking_lines WHERE tenant_id = :tenant_id),"
    " (SELECT count(*) FROM allocations WHERE tenant_id = :tenant_id)"
)


def test_exactly_one_wins_and_all_others_are_told_what_is_free(salon: Salon) -> None:
    wanted = salon.request("2026-11-24 10:00")
    outcomes = race(salon, [wanted] * RACERS)
    winners = [outcome.booking for outcome in outcomes if outcome.booking]
    losers = [outcome for outcome in outcomes if not outcome.booking]
    assert len(winners) == 1
    assert len(losers) == RACERS - 1
    assert {outcome.refusal for outcome in losers} == {"slot_taken"}
    assert {outcome.nearest for outcome in losers} == {3}
    assert salon.booking(winners[0]).starts_at == wanted.at
    assert tuple(salon.ask(lambda tx: tx.rows(COUNTS))[0]) == (1, 1, 1)
    assert overlaps(salon) == 0


def test_as_many_win_as_there_are_people_to_do_it(salon: Salon) -> None:
    wanted = salon.request("2026-11-24 10:00", staff=None)
    outcomes = race(salon, [wanted] * RACERS)
    winners = [salon.booking(outcome.booking) for outcome in outcomes if outcome.booking]
    assert sorted(booked.lines[0].staff for booked in winners) == ["ana", "ben"]
    assert {outcome.refusal for outcome in outcomes} == {None, "slot_taken"}
    assert overlaps(salon) == 0
