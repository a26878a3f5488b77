"""Scenario 23: nobody is reminded of a visit that was cancelled, or of the time it had before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from connected import Connected

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.moving import move
from bookra.engine.messages import store
from bookra.engine.messages.model import MessageStatus
from bookra.engine.messages.reminders import plan_reminders, still_reminds
from bookra.engine.outbox.topics import REMINDER

LEAD = 120


@pytest.fixture
def reminding(luna: Connected) -> Connected:
    """A salon that reminds two hours before a visit, at any hour."""
    luna.speak_again(LEAD)
    return luna


def plan_before(luna: Connected, visit: Booking, *, minutes: int = LEAD) -> int:
    """Let the planner run so long before a visit; return how many reminders it plans."""
    return luna.salon.at(visit.starts_at - timedelta(minutes=minutes)).act(plan_reminders)


def told(luna: Connected) -> list[str]:
    return [each["template"] for each in luna.outside.show()["whatsapp"]["messages"]]


def test_a_visit_that_takes_place_is_brought_to_mind_once(reminding: Connected) -> None:
    visit = reminding.book()
    reminding.drain()
    assert [plan_before(reminding, visit, minutes=each) for each in (121, 120, 60)] == [0, 1, 0]
    reminding.drain()
    reminding.drain()
    assert told(reminding) == ["booking_confirmed", REMINDER]


def test_a_visit_that_is_cancelled_is_not_planned_for(reminding: Connected) -> None:
    visit = reminding.book()
    reminding.salon.act(lambda tx: cancel(tx, visit.code))
    assert plan_before(reminding, visit) == 0
    reminding.drain()
    assert REMINDER not in told(reminding)


def test_a_reminder_that_was_planned_is_dropped_when_the_visit_is_cancelled(
    reminding: Connected,
) -> None:
    """WhatsApp was down when its turn came, so that it waited while the visit was called off."""
    visit = reminding.book()
    reminding.drain()
    assert plan_before(reminding, visit) == 1
    reminding.outside.fault("whatsapp", "429")
    reminding.drain()
    reminding.salon.act(lambda tx: cancel(tx, visit.code))
    reminding.outside.fault("whatsapp", off=True)
    reminding.drain_past_failures()
    assert told(reminding) == ["booking_confirmed", "booking_cancelled"]
    states = {each.template: each.status for each in reminding.salon.ask(store.messages)}
    assert states[REMINDER] is MessageStatus.SKIPPED
    assert reminding.rows() == []


def test_a_reminder_of_the_time_before_a_move_is_dropped_and_the_new_time_has_its_own(
    reminding: Connected,
) -> None:
    visit = reminding.book()
    reminding.drain()
    assert plan_before(reminding, visit) == 1
    later = reminding.free(3).start + timedelta(days=1)
    moved = reminding.salon.act(lambda tx: move(tx, visit.code, later))
    reminding.drain()
    assert told(reminding) == ["booking_confirmed", "booking_moved"]
    assert plan_before(reminding, visit, minutes=60) == 0
    assert plan_before(reminding, moved) == 1
    reminding.drain()
    assert told(reminding) == ["booking_confirmed", "booking_moved", REMINDER]
    sent = [
        each.once_key
        for each in reminding.salon.ask(store.messages)
        if each.template == REMINDER and each.status is MessageStatus.SENT
    ]
    assert [still_reminds(key, moved.id, moved.starts_at) for key in sent] == [True]


def test_two_planners_at_once_remind_once(reminding: Connected) -> None:
    visit = reminding.book()
    assert sum(plan_before(reminding, visit) for _ in range(2)) == 1
    reminding.drain()
    assert told(reminding).count(REMINDER) == 1
