"""Scenario 14: time off follows the zone of the member of staff, not the business's."""

from __future__ import annotations

from datetime import date

import pytest
from away import add, joined, taken
from databases import Database
from factories import Salon, open_salon
from sqlalchemy import Engine as Pool

from bookra.engine.people.locations import add_location
from bookra.engine.people.staff import set_staff
from bookra.engine.runtime import Tx


@pytest.fixture
def abroad(salon: Salon) -> Salon:
    """A salon in Berlin; Ana coaches from New York, from nine to six of her own day."""

    def settle(tx: Tx) -> None:
        add_location(tx, "ny", "New York", "America/New_York")
        set_staff(tx, "ana", {"location": "ny"})

    salon.act(settle)
    return salon


def test_a_day_off_is_the_day_where_the_person_is(abroad: Salon) -> None:
    add(abroad, "2026-11-25", "2026-11-25")
    assert joined(abroad, taken(abroad)) == [("25 06:00", "26 06:00")]
    starts = [(slot.start.astimezone(abroad.zone)) for slot in abroad.slots("2026-11-24", days=3)]
    days = {f"{start:%d}" for start in starts}
    assert days == {"24", "26"}
    assert f"{max(start for start in starts if start.day == 24):%d %H:%M}" == "24 23:15"
    assert f"{min(start for start in starts if start.day == 26):%d %H:%M}" == "26 15:00"


def test_times_without_an_offset_are_those_of_the_person(abroad: Salon) -> None:
    add(abroad, "2026-11-25T09:00", "2026-11-25T12:00")
    add(abroad, "2026-11-26T09:00+01:00", "2026-11-26T12:00+01:00")
    assert joined(abroad, taken(abroad)) == [("25 15:00", "25 18:00"), ("26 09:00", "26 12:00")]
    assert abroad.starts("2026-11-25")[0] == "18:00"


def test_tomorrow_is_the_persons_tomorrow(abroad: Salon) -> None:
    """At one in the morning in Berlin it is still yesterday in New York."""
    night = abroad.at(abroad.local("2026-11-25 01:00"))
    add(night, "today", "today")
    assert joined(night, taken(night)) == [("24 06:00", "25 06:00")]


def test_a_colleague_at_home_is_away_on_the_business_day(abroad: Salon) -> None:
    add(abroad, "2026-11-25", "2026-11-25", slug="ben")
    assert joined(abroad, taken(abroad, "ben")) == [("25 00:00", "26 00:00")]


def test_somebodys_own_zone_comes_before_the_locations(abroad: Salon) -> None:
    abroad.act(lambda tx: set_staff(tx, "ana", {"timezone": "Asia/Kathmandu"}))
    add(abroad, "2026-11-25", "2026-11-25")
    assert joined(abroad, taken(abroad)) == [("24 19:15", "25 19:15")]


def test_days_off_across_a_clock_change_end_at_midnight(abroad: Salon) -> None:
    """New York changes its clocks on 14 March 2027, Berlin on the 28th."""
    add(abroad, "2027-03-13", "2027-03-15")
    assert joined(abroad, taken(abroad)) == [("13 06:00", "16 05:00")]


def test_a_day_off_in_a_business_west_of_greenwich(database: Database, pool: Pool) -> None:
    salon = open_salon(database, pool, "stella", timezone="America/Los_Angeles")
    add(salon, "2026-11-25", "2026-11-25")
    assert joined(salon, taken(salon)) == [("25 00:00", "26 00:00")]
    assert {
        slot.start.astimezone(salon.zone).date() for slot in salon.slots("2026-11-24", days=3)
    } == {
        date(2026, 11, 24),
        date(2026, 11, 26),
    }
