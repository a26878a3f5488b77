"""Reminders: each once, at its time, of the visit as it is, and never at night."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from factories import Salon

from bookra.engine.bookings.actions import cancel, check_in
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.moving import move
from bookra.engine.messages import store
from bookra.engine.messages.quiet import QuietHours
from bookra.engine.messages.reminders import plan_reminders, reminder_key, still_reminds
from bookra.engine.messages.replies import stop
from bookra.engine.messages.rules import MessageRules, set_message_rules
from bookra.engine.people.customers import add_customer

VISIT = "2026-11-25 14:00"


@pytest.fixture
def told(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that sends by WhatsApp, and reminds a day and two hours before."""
    salon.connect_provider("whatsapp", tmp_path / "key", phone_number_id="1")
    rules = MessageRules(None, (1440, 120))
    salon.act(lambda tx: set_message_rules(tx, rules))
    return salon


def booked(salon: Salon, wall: str = VISIT) -> Booking:
    rosa = salon.act(lambda tx: add_customer(tx, "Rosa Vega", phone="+4930901820")[0])
    return salon.book(wall, customer=rosa)


def reminded(salon: Salon, wall: str) -> int:
    """Let the planner run at a time; return how many reminders it plans."""
    return salon.at(salon.local(wall)).act(plan_reminders)


def reminders(salon: Salon) -> list[str]:
    found = [each for each in salon.ask(store.messages) if each.template == "booking_reminder"]
    return [each.once_key.rpartition(":")[2] for each in reversed(found)]


def test_each_reminder_is_planned_once_when_its_time_has_come(told: Salon) -> None:
    booked(told)
    assert reminded(told, "2026-11-24 13:59") == 0
    assert [reminded(told, "2026-11-24 14:00") for _ in range(2)] == [1, 0]
    assert reminded(told, "2026-11-25 11:59") == 0
    assert [reminded(told, "2026-11-25 12:00") for _ in range(2)] == [1, 0]
    assert reminded(told, "2026-11-25 14:00") == 0
    assert reminders(told) == ["1440", "120"]


def test_of_several_that_are_due_only_the_latest_is_planned(told: Salon) -> None:
    """The relay was away for a day: two reminders at once would be one too many."""
    booked(told)
    assert reminded(told, "2026-11-25 13:00") == 1
    assert reminders(told) == ["120"]


def test_a_visit_that_was_just_booked_is_not_brought_to_mind(told: Salon) -> None:
    late = told.at(told.local("2026-11-24 15:00"))
    booked(late)
    assert reminded(told, "2026-11-24 15:01") == 0
    assert reminded(told, "2026-11-25 12:00") == 1
    assert reminders(told) == ["120"]


def test_a_visit_that_was_just_moved_is_not_brought_to_mind(told: Salon) -> None:
    visit = booked(told, "2026-11-26 14:00")
    now = told.at(told.local("2026-11-24 15:00"))
    now.act(lambda tx: move(tx, visit.code, told.local(VISIT)))
    assert reminded(told, "2026-11-24 15:01") == 0
    assert reminded(told, "2026-11-25 12:00") == 1


def test_a_visit_that_moves_away_is_brought_to_mind_of_its_new_time_alone(told: Salon) -> None:
    visit = booked(told)
    assert reminded(told, "2026-11-24 14:00") == 1
    moved = told.at(told.local("2026-11-24 14:10"))
    moved.act(lambda tx: move(tx, visit.code, told.local("2026-11-27 14:00")))
    assert reminded(told, "2026-11-25 12:00") == 0
    assert reminded(told, "2026-11-26 14:00") == 1
    assert reminders(told) == ["1440", "1440"]
    keys = [each.once_key for each in told.ask(store.messages) if "reminder:" in each.once_key]
    assert [still_reminds(key, visit.id, told.local("2026-11-27 14:00")) for key in keys] == [
        True,
        False,
    ]


def test_a_visit_that_is_off_or_has_begun_is_not_brought_to_mind(told: Salon) -> None:
    first, second = booked(told), booked(told, "2026-11-25 15:00")
    told.act(lambda tx: cancel(tx, first.code))
    told.act(lambda tx: check_in(tx, second.code))
    assert reminded(told, "2026-11-25 12:30") == 0


def test_a_held_visit_is_not_brought_to_mind(told: Salon) -> None:
    rosa = told.act(lambda tx: add_customer(tx, "Rosa Vega", phone="+4930901820")[0])
    told.book(VISIT, customer=rosa, hold_minutes=1440)
    assert reminded(told, "2026-11-24 14:00") == 0


def test_nobody_is_reminded_in_quiet_hours_and_what_they_outlast_is_not_sent(
    told: Salon,
) -> None:
    rules = MessageRules(QuietHours(21 * 60, 10 * 60), (120,))
    told.act(lambda tx: set_message_rules(tx, rules))
    booked(told, "2026-11-25 09:30")
    booked(told, "2026-11-25 11:00")
    assert reminded(told, "2026-11-25 09:15") == 0
    assert reminded(told, "2026-11-25 10:00") == 1
    (kept,) = [each for each in told.ask(store.messages) if "reminder:" in each.once_key]
    assert kept.booking_id is not None


def test_who_wants_no_reminders_gets_none(told: Salon) -> None:
    visit = booked(told)
    told.act(lambda tx: stop(tx, visit.customer_id, "reminders"))
    assert reminded(told, "2026-11-24 14:00") == 0


def test_a_business_without_a_way_to_send_plans_none(salon: Salon) -> None:
    booked(salon)
    assert reminded(salon, "2026-11-24 14:00") == 0


def test_the_key_names_the_visit_its_time_and_the_lead(told: Salon) -> None:
    visit = booked(told)
    key = reminder_key(visit.id, visit.starts_at, 120)
    assert still_reminds(key, visit.id, visit.starts_at)
    assert not still_reminds(key, visit.id, visit.starts_at + timedelta(minutes=15))


def test_a_customer_without_an_address_costs_no_row(told: Salon) -> None:
    told.book(VISIT)
    assert reminded(told, "2026-11-24 14:00") == 0
    assert told.ask(store.messages) == []
