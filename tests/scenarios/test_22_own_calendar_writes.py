"""Scenario 22: our own calendar write does not come back as a new busy block; there is no loop.

Ana's calendar is written to and read. What comes back from it are her own visits (known by their
marks, and by their ids where a calendar hides the marks) and her private life, which alone is busy.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from calendars import (
    busy,
    connected_diary,
    diary,
    feed_of,
    let_a_day_pass,
    own_calendar,
    pulled,
    why_not,
)
from connected import Connected

from bookra.engine.availability.calendars.feeds import conflicts
from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.calendars import connect_calendar
from bookra.engine.bookings.moving import move
from bookra.sandbox import share_google_calendar


@pytest.mark.parametrize("whole", [False, True], ids=["by sync token", "in whole"])
def test_a_visit_that_we_wrote_is_not_busy_when_it_is_read_back(
    luna: Connected, whole: bool
) -> None:
    ana = connected_diary(luna, busy_only=False)
    pulled(luna)
    booking = luna.book()
    luna.drain()
    assert ana.shown() == ["Cut · Rosa Vega"]
    if whole:
        let_a_day_pass(luna)
    pulled(luna)
    assert busy(luna) == []
    assert luna.salon.ask(lambda tx: conflicts(tx, feed_of(luna))) == ()
    assert why_not(luna, booking.starts_at) == ["busy"]  # by the booking, and by nothing else


def test_a_visit_that_moves_or_is_cancelled_leaves_its_old_time_free(luna: Connected) -> None:
    connected_diary(luna, busy_only=False)
    booking = luna.book()
    first = booking.starts_at
    later = luna.free(12).start
    for change in (
        lambda tx: move(tx, booking.code, later),
        lambda tx: cancel(tx, booking.code),
    ):
        luna.drain()
        pulled(luna)
        luna.salon.act(change)
        luna.drain()
        pulled(luna)
        assert busy(luna) == []
        assert why_not(luna, first) == []
    assert why_not(luna, later) == []


def test_nothing_goes_round_in_circles(luna: Connected) -> None:
    """Reading causes no writing, and writing no more than one reading of what was written."""
    connected_diary(luna, busy_only=False)
    luna.book()
    luna.drain()
    for _ in range(3):
        pulled(luna)
        assert luna.drain() == 0
    token = feed_of(luna).sync_token
    pulled(luna)
    assert feed_of(luna).sync_token == token
    assert len(luna.rows("delivered")) == 2  # the event and the message


def test_a_visit_is_known_by_its_id_where_the_calendar_hides_its_marks(luna: Connected) -> None:
    """The calendar is written to by its owner's account, and read as free and busy alone."""
    ana = diary(luna)
    luna.salon.act(lambda tx: connect_calendar(tx, "ana", ana.id))
    luna.book()
    luna.drain()
    share_google_calendar(
        luna.settings.sandbox_dir,
        ana.id,
        with_owner=own_calendar(luna),
        role="freeBusyReader",
    )
    assert pulled(luna) == 1
    assert busy(luna) == []


def test_a_private_event_between_our_own_is_busy(luna: Connected) -> None:
    ana = connected_diary(luna, busy_only=False)
    booking = luna.book()
    luna.drain()
    ana.add("dentist", booking.ends_at + timedelta(hours=1))
    pulled(luna)
    assert [row.split()[1] for row in busy(luna)] == ["dentist"]


def test_a_copy_that_somebody_made_of_our_event_is_not_the_event(luna: Connected) -> None:
    """A copy without our marks is what its maker made it: an appointment of their own."""
    ana = connected_diary(luna, busy_only=False)
    booking = luna.book()
    luna.drain()
    ana.add("copied", booking.starts_at)
    luna.salon.act(lambda tx: cancel(tx, booking.code))
    luna.drain()
    pulled(luna)
    assert [row.split()[1] for row in busy(luna)] == ["copied"]
    assert why_not(luna, booking.starts_at) == ["external_busy"]
