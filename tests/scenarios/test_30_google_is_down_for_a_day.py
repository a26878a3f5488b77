"""Scenario 30: Google is down for a day. Bookings, payments and messages go on; the calendar
catches up afterwards, each visit in its own order, and what is known to be busy stays so.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from calendars import connected_diary, events_in, feed_of, pulled, wait_for_retry, why_not
from connected import ONCE_PAID, Connected
from sqlalchemy import text

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.moving import move

# A day goes by for all that was tried: as the database's clock tells it, it began a day earlier.
A_DAY_LATER = text(
    "UPDATE outbox SET first_sent_at = first_sent_at - interval '1 day',"
    " created_at = created_at - interval '1 day', due_at = due_at - interval '1 day'"
    " WHERE tenant_id = :tenant_id AND destination = 'google'"
)


@pytest.fixture
def down(luna: Connected) -> Connected:
    """A salon whose calendar has a visit already, on the day that Google goes down."""
    luna.book(0)
    luna.drain()
    luna.outside.fault("google", "down")
    return luna


def paid(luna: Connected, index: int) -> Booking:
    """Book a visit and pay its link, while a relay is at work."""
    booking = luna.book_with_link(index)
    luna.drain()
    luna.pay(booking)
    luna.drain()
    return luna.booking(booking)


def waiting(luna: Connected) -> dict[str, str]:
    """Return the state of what is not delivered yet, by topic."""
    return {row.topic: row.state for row in luna.rows()}


def test_bookings_payments_and_messages_go_on(down: Connected) -> None:
    booking = paid(down, 4)
    assert booking.status is Status.CONFIRMED
    assert down.seen(booking) == {**ONCE_PAID, "events": 0}
    assert waiting(down) == {"calendar.upsert": "ready"}
    down.prove_the_money()


def test_after_a_day_the_calendar_catches_up_with_each_visit_as_it_is_by_then(
    down: Connected,
) -> None:
    stays, moves, goes = paid(down, 4), paid(down, 8), down.book(12)
    later = down.free(16).start
    down.salon.act(lambda tx: move(tx, moves.code, later))
    down.salon.act(lambda tx: cancel(tx, goes.code))
    down.drain()
    down.salon.act(lambda tx: tx.run(A_DAY_LATER))
    down.drain()
    assert {row.state for row in down.rows()} <= {"ready", "waiting"}  # nothing was given up
    assert len(events_in(down)) == 1

    down.outside.fault("google", off=True)
    down.drain_past_failures()
    assert down.rows() == []
    shown = {e["booking"]: e for e in down.outside.show()["calendar"]["events"]}
    assert shown.keys() >= {stays.code, moves.code}
    assert goes.code not in shown
    assert len(shown) == 3
    start = shown[moves.code]["start"]["dateTime"]
    assert start == later.isoformat()


def test_each_visits_changes_arrive_in_the_order_in_which_they_were_made(down: Connected) -> None:
    booking = down.book(4)
    later = down.free(8).start
    down.salon.act(lambda tx: move(tx, booking.code, later))
    down.salon.act(lambda tx: cancel(tx, booking.code))
    down.drain()
    rows = [row for row in down.rows() if row.destination == "google"]
    assert sorted(row.state for row in rows) == ["ready", "waiting", "waiting"]
    down.outside.fault("google", off=True)
    down.drain_past_failures()
    mine = [row for row in down.rows("delivered") if row.booking == booking.code]
    topics = [row.topic for row in reversed(mine) if row.destination == "google"]
    assert topics == ["calendar.upsert", "calendar.upsert", "calendar.delete"]
    assert len(events_in(down)) == 1


def test_what_is_known_to_be_busy_stays_so_and_is_read_again_afterwards(luna: Connected) -> None:
    ana = connected_diary(luna)
    at = luna.free().start
    ana.add("dentist", at)
    pulled(luna)
    ana.ask("DELETE", "dentist")
    ana.add("school", at + timedelta(hours=3))
    luna.outside.fault("google", "down")
    assert pulled(luna) == 0
    assert (feed_of(luna).failure or "").startswith("google no_answer")
    assert why_not(luna, at) == ["external_busy"]

    luna.outside.fault("google", off=True)
    wait_for_retry(luna, 86_400)
    assert pulled(luna) == 1
    assert why_not(luna, at) == []
    assert why_not(luna, at + timedelta(hours=3)) == ["external_busy"]
