"""Scenario 9: anybody is booked under load: no double booking, and a fair assignment."""

from __future__ import annotations

from collections import Counter

from factories import FROM_DAY, OPENING, Salon
from racing import overlaps, race
from sqlalchemy import text

from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_hours
from bookra.engine.people.staff import add_staff
from bookra.engine.runtime import Tx

TEAM = ("ana", "ben", "cleo", "dan")
HOURS = range(9, 17)
MINUTES = text(
    """
    SELECT k.slug, (sum(extract(epoch FROM l.ends_at - l.starts_at)) / 60)::int AS minutes
      FROM booking_lines l JOIN bookables k ON k.tenant_id = l.tenant_id AND k.id = l.staff_id
     WHERE l.tenant_id = :tenant_id GROUP BY k.slug
    """
)


def with_four(salon: Salon) -> Salon:
    """Give the salon two more people with the same hours."""

    def furnish(tx: Tx) -> None:
        for name in TEAM[2:]:
            add_staff(tx, name, name.capitalize(), commission_bps=4000)
            set_hours(tx, name, [parse_week(OPENING)], FROM_DAY)

    salon.act(furnish)
    return salon


def minutes(salon: Salon) -> dict[str, int]:
    """Return how many minutes of visits everybody has."""
    return {row.slug: row.minutes for row in salon.ask(lambda tx: tx.rows(MINUTES))}


def test_as_many_win_a_time_as_there_are_people_and_each_has_it_once(salon: Salon) -> None:
    """Sixty requests for six times: four people each, and everybody works as much."""
    four = with_four(salon)
    times = [f"2026-11-24 {10 + number % 6}:00" for number in range(60)]
    outcomes = race(four, [four.request(at, staff=None) for at in times])
    assert Counter(outcome.refusal for outcome in outcomes) == {None: 24, "slot_taken": 36}
    won = [four.booking(outcome.booking) for outcome in outcomes if outcome.booking]
    assert len({(visit.starts_at, visit.lines[0].staff) for visit in won}) == 24
    assert minutes(four) == dict.fromkeys(TEAM, 6 * 45)
    assert overlaps(four) == 0


def test_a_crowd_that_leaves_a_choice_is_shared_out_fairly(salon: Salon) -> None:
    """Sixteen requests for sixteen times at one moment: whoever is asked, somebody is free."""
    four = with_four(salon)
    times = [f"2026-11-{day} {hour:02}:00" for day in (24, 25) for hour in HOURS]
    outcomes = race(four, [four.request(at, staff=None) for at in times])
    assert all(outcome.booking for outcome in outcomes)
    shared = minutes(four)
    assert sum(shared.values()) == 16 * 45
    assert max(shared.values()) - min(shared.get(name, 0) for name in TEAM) <= 45, shared
    assert overlaps(four) == 0


def test_one_after_the_other_takes_turns(salon: Salon) -> None:
    """Least booked minutes this week, then least recently booked, then slug."""
    four = with_four(salon)
    staff = [four.book(f"2026-11-24 {hour:02}:00", staff=None).lines[0].staff for hour in HOURS]
    assert staff == [*TEAM, *TEAM]
