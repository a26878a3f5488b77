"""Visits in calendars: one event each, where it belongs, and no ghost where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from calendars import Diary, connected_diary, events_in, own_calendar
from connected import Connected
from factories import Salon
from sqlalchemy import text
from teaching import give, offer, sit

from bookra.engine.availability.asked import Wish
from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.calendars import connect_calendar, disconnect_calendar, resend
from bookra.engine.bookings.classes.changing import cancel_session, move_session
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.moving import move, swap
from bookra.engine.people.staff import set_staff
from bookra.errors import InvalidInputError, NotFoundError
from bookra.relay.outcome import Outcome
from bookra.relay.providers.google_calendar import CalendarClient

PLACES = text("SELECT calendar_id FROM calendar_events WHERE tenant_id = :tenant_id")
NOBODY_NOTED = text("DELETE FROM calendar_events WHERE tenant_id = :tenant_id")


@pytest.fixture
def ana(luna: Connected) -> Diary:
    """Ana's own calendar, which her visits are written into."""
    return connected_diary(luna, busy_only=False)


def moved(luna: Connected, booking: Booking, staff: str) -> None:
    luna.salon.act(lambda tx: move(tx, booking.code, booking.starts_at, staff=staff))


def test_a_visit_is_in_the_calendar_of_who_performs_it(luna: Connected, ana: Diary) -> None:
    luna.book()
    luna.drain()
    assert ana.shown() == ["Cut · Rosa Vega"]
    assert events_in(luna) == []


def test_a_visit_that_goes_to_a_colleague_leaves_nothing_behind(
    luna: Connected, ana: Diary
) -> None:
    booking = luna.book()
    luna.drain()
    moved(luna, booking, "ben")
    luna.drain()
    assert (ana.shown(), events_in(luna)) == ([], ["Cut · Rosa Vega"])
    moved(luna, booking, "ana")
    luna.drain()
    assert (ana.shown(), events_in(luna)) == (["Cut · Rosa Vega"], [])
    luna.salon.act(lambda tx: cancel(tx, booking.code))
    luna.drain()
    assert (ana.shown(), events_in(luna)) == ([], [])
    assert luna.salon.ask(lambda tx: tx.rows(PLACES)) == []


def test_swapped_visits_change_their_calendars(luna: Connected, ana: Diary) -> None:
    ours = luna.book()
    theirs = luna.salon.act(
        lambda tx: book(tx, BookingRequest("cut", "ben", ours.starts_at, ours.customer_id))
    )
    luna.drain()
    luna.salon.act(lambda tx: swap(tx, ours.code, theirs.code))
    luna.drain()
    assert len(ana.shown()) == len(events_in(luna)) == 1
    shown = {e["booking"]: e["calendar"] for e in luna.outside.show()["calendar"]["events"]}
    assert shown == {ours.code: own_calendar(luna), theirs.code: ana.id}


@pytest.mark.parametrize("fault", ["drop-before", "drop-after", "500", "500-after", "429"])
def test_a_fault_on_the_way_to_a_colleague_leaves_one_event(
    luna: Connected, ana: Diary, fault: str
) -> None:
    booking = luna.book()
    luna.drain()
    moved(luna, booking, "ben")
    luna.outside.fault("google", fault, count=2)
    luna.drain_past_failures()
    assert (ana.shown(), events_in(luna)) == ([], ["Cut · Rosa Vega"])


def test_an_event_whose_answer_was_lost_is_found_wherever_it_was_written(
    luna: Connected, ana: Diary
) -> None:
    """Ana's calendar is another by the time that the visit is delivered again."""
    luna.outside.fault("google", "drop-after")
    luna.book()
    luna.drain()
    assert ana.shown() == ["Cut · Rosa Vega"]
    luna.salon.act(lambda tx: set_staff(tx, "ana", {"calendar_id": None}))
    luna.drain_past_failures()
    assert (ana.shown(), events_in(luna)) == ([], ["Cut · Rosa Vega"])


def test_two_names_for_one_calendar_do_not_cost_the_event(luna: Connected) -> None:
    booking = luna.book()
    luna.drain()
    luna.salon.act(lambda tx: connect_calendar(tx, "ana", "primary"))
    luna.drain()
    assert events_in(luna) == ["Cut · Rosa Vega"]
    moved(luna, booking, "ben")
    luna.drain()
    assert events_in(luna) == ["Cut · Rosa Vega"]


def test_visits_to_come_follow_a_calendar_that_is_connected_and_disconnected(
    luna: Connected,
) -> None:
    for index in (0, 4):
        luna.book(index)
    luna.drain()
    assert len(events_in(luna)) == 2
    ana = connected_diary(luna, busy_only=False)
    luna.drain()
    assert (len(ana.shown()), events_in(luna)) == (2, [])
    luna.salon.act(lambda tx: disconnect_calendar(tx, "ana"))
    luna.drain()
    assert (ana.shown(), len(events_in(luna))) == ([], 2)


def test_a_calendar_that_somebody_emptied_is_filled_again(luna: Connected, ana: Diary) -> None:
    booking = luna.book()
    luna.drain()
    ana.ask("DELETE", booking.lines[0].id.hex)
    assert luna.salon.act(resend) == 1
    luna.drain()
    assert ana.shown() == ["Cut · Rosa Vega"]


@pytest.mark.parametrize("then", ["cancelled", "elsewhere"])
def test_what_was_written_before_calendars_were_noted_is_found_too(
    luna: Connected, then: str
) -> None:
    booking = luna.book()
    luna.drain()
    luna.salon.act(lambda tx: tx.run(NOBODY_NOTED))
    if then == "cancelled":
        luna.salon.act(lambda tx: cancel(tx, booking.code))
    else:
        ben = connected_diary(luna, "ben", busy_only=False)
        moved(luna, booking, "ben")
    luna.drain()
    assert events_in(luna) == []
    assert then == "cancelled" or ben.shown() == ["Cut · Rosa Vega"]


def test_each_line_of_a_visit_is_in_its_own_calendar(luna: Connected, ana: Diary) -> None:
    wanted = replace(luna.request(), more=(Wish("color", "ben"),))
    luna.salon.act(lambda tx: book(tx, wanted))
    luna.drain()
    assert (ana.shown(), events_in(luna)) == (["Cut · Rosa Vega"], ["Color · Rosa Vega"])


def test_a_visit_that_was_called_off_before_it_was_written_is_in_no_calendar(
    luna: Connected, ana: Diary
) -> None:
    booking = luna.book()
    luna.salon.act(lambda tx: cancel(tx, booking.code))
    luna.drain()
    assert (ana.shown(), events_in(luna)) == ([], [])


def test_the_seats_of_a_class_are_one_event_while_somebody_comes(
    luna: Connected, ana: Diary, class_at: str
) -> None:
    offer(luna.salon, capacity=3)
    given = give(luna.salon, class_at)
    first, second = (
        sit(luna.salon, luna.salon.customer(name), class_at) for name in ("Rosa Vega", "Ida Lund")
    )
    luna.drain()
    assert ana.shown() == ["Yoga"]
    (event,) = luna.outside.show()["calendar"]["events"]
    assert event["booking"] == given.code
    for booking, shown in ((first, ["Yoga"]), (second, [])):
        luna.salon.act(lambda tx, booking=booking: cancel(tx, booking.code))
        luna.drain()
        assert ana.shown() == shown


@pytest.fixture
def class_at(luna: Connected) -> str:
    """A time of a class that Ana can give, on the salon's wall clock."""
    return f"{luna.free().start.astimezone(luna.salon.zone):%Y-%m-%d} 10:00"


def test_a_class_that_moves_or_is_called_off_takes_its_event_along(
    luna: Connected, ana: Diary, class_at: str
) -> None:
    offer(luna.salon)
    given = give(luna.salon, class_at)
    sit(luna.salon, luna.salon.customer(), class_at)
    luna.drain()
    later = luna.salon.local(class_at.replace("10:00", "12:00"))
    luna.salon.act(lambda tx: move_session(tx, given.code, later))
    luna.drain()
    (event,) = luna.outside.show()["calendar"]["events"]
    assert datetime.fromisoformat(event["start"]["dateTime"]) == later
    luna.salon.act(lambda tx: cancel_session(tx, given.code))
    luna.drain()
    assert ana.shown() == []


def test_a_seat_that_moves_to_another_class_leaves_no_empty_one(
    luna: Connected, ana: Diary, class_at: str
) -> None:
    offer(luna.salon)
    give(luna.salon, class_at)
    later = class_at.replace("10:00", "14:00")
    give(luna.salon, later)
    booking = sit(luna.salon, luna.salon.customer(), class_at)
    luna.drain()
    luna.salon.act(lambda tx: move(tx, booking.code, luna.salon.local(later)))
    luna.drain()
    (event,) = luna.outside.show()["calendar"]["events"]
    assert datetime.fromisoformat(event["start"]["dateTime"]) == luna.salon.local(later)


def test_a_seat_that_is_taken_while_the_last_one_is_given_back_keeps_the_event(
    luna: Connected, ana: Diary, class_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newcomer's delivery overtakes the deletion, which goes by facts that are old by then."""
    offer(luna.salon)
    give(luna.salon, class_at)
    leaving = sit(luna.salon, luna.salon.customer(), class_at)
    luna.drain()
    luna.salon.act(lambda tx: cancel(tx, leaving.code))
    delete, coming = CalendarClient.delete, [luna.salon.customer("Ida Lund")]

    def overtaken(client: CalendarClient, calendar: str, event: str) -> Outcome:
        if coming:
            sit(luna.salon, coming.pop(), class_at)
            with luna.parts() as other:
                other.deliver()
        return delete(client, calendar, event)

    monkeypatch.setattr(CalendarClient, "delete", overtaken)
    luna.drain_past_failures()
    assert ana.shown() == ["Yoga"]


def test_a_business_without_google_connects_no_calendar(salon: Salon) -> None:
    with pytest.raises(NotFoundError, match="no account at Google"):
        salon.act(lambda tx: connect_calendar(tx, "ana", "ana@luna.example"))


def test_what_is_no_calendars_id_is_refused(luna: Connected) -> None:
    for wrong in ("", "a b", "a\nb", "x" * 300):
        with pytest.raises(InvalidInputError):
            luna.salon.act(lambda tx, wrong=wrong: connect_calendar(tx, "ana", wrong))
