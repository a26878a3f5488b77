"""Other calendars: what is imported replaces its source, and what is exported never comes back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from factories import Salon, open_salon
from icalendar import Calendar
from sqlalchemy import text
from teaching import give, offer

from bookra.engine.availability.actions import explain_start
from bookra.engine.availability.calendars.busy import busy_times
from bookra.engine.availability.calendars.external import Replaced, frame_of, replace_source
from bookra.engine.availability.calendars.file import read_calendar
from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.classes.changing import cancel_session, move_session
from bookra.engine.bookings.feed import feed_events
from bookra.engine.bookings.feed_text import FeedEvent, feed_text
from bookra.engine.bookings.moving import move
from bookra.engine.people.locations import add_location
from bookra.engine.people.staff import set_staff
from bookra.errors import InvalidInputError, NotFoundError

ROWS = text(
    "SELECT b.slug, e.source, e.uid, e.starts_at, e.ends_at FROM external_busy e"
    " JOIN bookables b ON b.tenant_id = e.tenant_id AND b.id = e.bookable_id"
    " WHERE e.tenant_id = :tenant_id ORDER BY e.starts_at, e.uid"
)
COLUMNS = text(
    "SELECT column_name FROM information_schema.columns"
    " WHERE table_schema = 'bookra' AND table_name = 'external_busy'"
    "   AND CAST(:tenant_id AS uuid) IS NOT NULL"
)

TUESDAY = date(2026, 11, 24)
DENTIST = "UID:dentist\nSUMMARY:Dentist\nDTSTART;TZID=Europe/Berlin:20261124T100000\nDURATION:PT1H"
SCHOOL = (
    "UID:school\nDTSTART;TZID=Europe/Berlin:20261124T150000\nDURATION:PT2H"
    "\nRRULE:FREQ=WEEKLY;COUNT=3"
)
BROKEN = "UID:dentist\nDTSTART:soon"


def calendar(*events: str) -> bytes:
    parts = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{parts}END:VCALENDAR\n".encode()


def imported(
    salon: Salon, content: bytes, *, staff: str = "ana", source: str = "home", dry_run: bool = False
) -> Replaced:
    """Import a file as the command does."""
    frame = salon.ask(lambda tx: frame_of(tx, staff))
    read = busy_times(read_calendar(content), frame.zone, frame.start, frame.until)
    return salon.act(lambda tx: replace_source(tx, staff, source, read, frame), dry_run=dry_run)


def rows(salon: Salon) -> list[str]:
    """Return what is stored, as the salon's clock shows it."""
    return [
        f"{row.uid} {row.starts_at.astimezone(salon.zone):%m-%d %H:%M}"
        f"-{row.ends_at.astimezone(salon.zone):%H:%M}"
        for row in salon.ask(lambda tx: tx.rows(ROWS))
    ]


def counts(result: Replaced) -> tuple[int, int, int, int]:
    return result.added, result.unchanged, result.kept, result.removed


def exported(salon: Salon, staff: str | None = None, day: date = TUESDAY) -> list[FeedEvent]:
    return salon.ask(lambda tx: feed_events(tx, staff, day, 7))


def test_an_import_stores_when_somebody_is_busy_and_nothing_else(salon: Salon) -> None:
    result = imported(salon, calendar(DENTIST, SCHOOL))
    assert counts(result) == (4, 0, 0, 0)
    assert rows(salon) == [
        "dentist 11-24 10:00-11:00",
        "school 11-24 15:00-17:00",
        "school 12-01 15:00-17:00",
        "school 12-08 15:00-17:00",
    ]
    columns = {row.column_name for row in salon.ask(lambda tx: tx.rows(COLUMNS))}
    assert columns == {
        "tenant_id",
        "id",
        "bookable_id",
        "source",
        "uid",
        "starts_at",
        "ends_at",
        "fetched_at",
        "changed_by",
    }


def test_a_second_import_changes_nothing(salon: Salon) -> None:
    imported(salon, calendar(DENTIST, SCHOOL))
    before = rows(salon)
    assert counts(imported(salon.later(hours=3), calendar(SCHOOL, DENTIST))) == (0, 4, 0, 0)
    assert rows(salon) == before


def test_a_dry_run_tells_and_takes_back(salon: Salon) -> None:
    assert counts(imported(salon, calendar(DENTIST), dry_run=True)) == (1, 0, 0, 0)
    assert rows(salon) == []


def test_what_is_no_longer_in_the_file_goes_and_what_moved_moves(salon: Salon) -> None:
    imported(salon, calendar(DENTIST, SCHOOL))
    longer = DENTIST.replace("PT1H", "PT2H")
    assert counts(imported(salon, calendar(longer))) == (1, 0, 0, 4)
    assert rows(salon) == ["dentist 11-24 10:00-12:00"]


def test_sources_and_people_are_kept_apart(salon: Salon) -> None:
    imported(salon, calendar(DENTIST), source="home")
    imported(salon, calendar(DENTIST), source="work")
    imported(salon, calendar(DENTIST), staff="ben")
    assert counts(imported(salon, calendar(), source="work")) == (0, 0, 0, 1)
    assert [(row.slug, row.source) for row in salon.ask(lambda tx: tx.rows(ROWS))] == [
        ("ana", "home"), ("ben", "home"),
    ]  # fmt: skip


def test_an_event_that_can_no_longer_be_read_keeps_its_time(salon: Salon) -> None:
    imported(salon, calendar(DENTIST, SCHOOL))
    result = imported(salon, calendar(BROKEN))
    assert counts(result) == (0, 0, 1, 3)
    assert [part.uid for part in result.skipped] == ["dentist"]
    assert rows(salon) == ["dentist 11-24 10:00-11:00"]


def test_half_a_file_opens_no_time(salon: Salon) -> None:
    whole = calendar(DENTIST, SCHOOL)
    imported(salon, whole)
    result = imported(salon, whole[: whole.index(b"UID:school")])
    assert counts(result) == (0, 1, 3, 0)
    assert len(rows(salon)) == 4


def test_what_has_passed_goes_with_the_next_import(salon: Salon) -> None:
    imported(salon, calendar(DENTIST, SCHOOL))
    assert counts(imported(salon.later(days=7), calendar(DENTIST, SCHOOL))) == (0, 2, 0, 2)


def test_busy_times_are_no_slots_and_say_so(salon: Salon) -> None:
    assert "10:00" in salon.starts("2026-11-24")
    imported(salon, calendar(DENTIST))
    starts = salon.starts("2026-11-24")
    assert "09:15" in starts
    assert "11:00" in starts
    assert not {"09:30", "10:00", "10:45"} & set(starts)
    assert "10:00" in salon.starts("2026-11-24", staff="ben")
    answer = salon.ask(lambda tx: explain_start(tx, "cut", "ana", salon.local("2026-11-24 10:00")))
    assert [reason.rule for reason in answer.reasons] == ["external_busy"]


def test_a_long_absence_blocks_its_last_day_too(salon: Salon) -> None:
    imported(salon, calendar("UID:leave\nDTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20270124"))
    assert salon.starts("2027-01-23") == []
    assert salon.starts("2027-01-25")


def test_bookings_and_classes_in_the_way_are_named_and_left_alone(salon: Salon) -> None:
    inside = salon.book("2026-11-24 10:00")
    beside = salon.book("2026-11-24 11:00")
    held = salon.book("2026-11-24 15:15", hold_minutes=15)
    salon.book("2026-11-24 10:00", staff="ben")
    offer(salon)
    session = give(salon, "2026-12-01 16:00")
    result = imported(salon, calendar(DENTIST, SCHOOL))
    assert result.conflicts == (inside.code, held.code, session.code)
    assert salon.booking(inside.code) == inside
    assert salon.booking(beside.code) == beside
    later = imported(salon.later(minutes=20), calendar(DENTIST, SCHOOL))
    assert later.conflicts == (inside.code, session.code)


def test_a_customer_may_come_while_colour_soaks_in(salon: Salon) -> None:
    """Busy 30, gap 20, busy 15: a call in the gap is no conflict."""
    booked = salon.book("2026-11-24 10:00", service="color")
    call = "UID:call\nDTSTART;TZID=Europe/Berlin:20261124T103000\nDURATION:PT20M"
    assert imported(salon, calendar(call)).conflicts == ()
    assert imported(salon, calendar(call.replace("PT20M", "PT21M"))).conflicts == (booked.code,)


def test_a_floating_time_is_read_by_the_clock_of_the_person(salon: Salon) -> None:
    floating = "UID:a\nDTSTART:20261124T100000\nDURATION:PT1H"

    def stored() -> datetime:
        imported(salon, calendar(floating))
        starts: datetime = salon.ask(lambda tx: tx.rows(ROWS))[0].starts_at
        return starts

    assert stored() == datetime(2026, 11, 24, 9, tzinfo=UTC)
    salon.act(lambda tx: add_location(tx, "sydney", "Sydney", "Australia/Sydney"))
    salon.act(lambda tx: set_staff(tx, "ana", {"location": "sydney"}))
    assert stored() == datetime(2026, 11, 23, 23, tzinfo=UTC)
    salon.act(lambda tx: set_staff(tx, "ana", {"timezone": "Asia/Tokyo"}))
    assert stored() == datetime(2026, 11, 24, 1, tzinfo=UTC)


def test_nobody_and_nameless_sources_are_refused(salon: Salon) -> None:
    with pytest.raises(NotFoundError):
        imported(salon, calendar(), staff="nobody")
    with pytest.raises(InvalidInputError):
        imported(salon, calendar(), source=" ")


def test_another_business_sees_nothing_of_it(salon: Salon) -> None:
    imported(salon, calendar(DENTIST))
    neighbour = open_salon(salon.database, salon.pool, "sol")
    assert rows(neighbour) == []
    assert counts(imported(neighbour, calendar(DENTIST))) == (1, 0, 0, 0)


def text_of(salon: Salon, **options: Any) -> bytes:
    return feed_text(exported(salon, **options), name=salon.tenant.name, now=salon.now)


def test_a_feed_is_icalendar_that_others_can_read(salon: Salon) -> None:
    rosa = salon.customer("Rosa; Vega, " + "ä" * 60)
    booked = salon.book("2026-11-24 10:00", customer=rosa)
    content = text_of(salon)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    (event,) = Calendar.from_ical(content).events
    assert event["UID"] == f"{booked.lines[0].id}@bookra"
    assert event["DTSTART"].dt == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert event["DTEND"].dt == datetime(2026, 11, 24, 9, 45, tzinfo=UTC)
    assert event["DTSTAMP"].dt == salon.now
    assert event["SUMMARY"] == f"Cut · {rosa.name}"
    assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", booked.revision)
    assert event["X-BOOKRA-CODE"] == booked.code
    assert "LOCATION" not in event
    assert Calendar.from_ical(content).errors == event.errors == []


def test_an_event_stays_the_same_one_when_its_booking_moves(salon: Salon) -> None:
    booked = salon.book("2026-11-24 10:00")
    (before,) = exported(salon)
    salon.act(lambda tx: move(tx, booked.code, salon.local("2026-11-25 12:00"), staff="ben"))
    (after,) = exported(salon)
    assert (after.id, after.code) == (before.id, before.code)
    assert after.revision > before.revision
    assert after.start == salon.local("2026-11-25 12:00")
    assert exported(salon, "ana") == []


def test_holds_are_tentative_and_what_was_called_off_is_cancelled(salon: Salon) -> None:
    held = salon.book("2026-11-24 10:00", hold_minutes=15)
    gone = salon.book("2026-11-24 11:00")
    salon.act(lambda tx: cancel(tx, gone.code))
    states = {event.code: event.state.value for event in exported(salon)}
    assert states == {held.code: "TENTATIVE", gone.code: "CANCELLED"}
    later = {event.code: event.state.value for event in exported(salon.later(minutes=15))}
    assert later == {held.code: "CANCELLED", gone.code: "CANCELLED"}


def test_a_class_is_one_event_whatever_its_seats(salon: Salon) -> None:
    offer(salon, capacity=5)
    session = give(salon, "2026-11-24 18:00", anyway=True)
    (event,) = exported(salon, "ana")
    assert (event.code, event.summary) == (session.code, "Yoga · 0/5")
    later = salon.later(minutes=5)
    moved_to = salon.local("2026-11-25 18:00")
    later.act(lambda tx: move_session(tx, session.code, moved_to, anyway=True))
    (moved,) = exported(later)
    assert (moved.id, moved.start) == (event.id, moved_to)
    assert moved.revision > event.revision
    later.act(lambda tx: cancel_session(tx, session.code))
    assert [event.state.value for event in exported(later)] == ["CANCELLED"]


def test_a_place_with_a_name_is_told(salon: Salon) -> None:
    salon.book("2026-11-24 10:00")
    salon.act(lambda tx: add_location(tx, "mitte", "Luna Mitte", "Europe/Berlin"))
    salon.act(lambda tx: set_staff(tx, "ana", {"location": "mitte"}))
    assert [event.location for event in exported(salon)] == ["Luna Mitte"]


def test_a_feed_holds_the_days_that_were_asked_for(salon: Salon) -> None:
    salon.book("2026-11-24 10:00")
    assert exported(salon, day=TUESDAY + timedelta(days=1)) == []
    assert len(salon.ask(lambda tx: feed_events(tx, None, TUESDAY))) == 1
    with pytest.raises(InvalidInputError):
        salon.ask(lambda tx: feed_events(tx, None, TUESDAY, 0))


def test_our_own_feed_does_not_come_back_as_busy(salon: Salon) -> None:
    salon.book("2026-11-24 10:00")
    content = text_of(salon)
    result = imported(salon, content)
    assert (result.events, result.own, counts(result)) == (1, 1, (0, 0, 0, 0))
    foreign = content.replace(b"@bookra", b"@x").replace(b"X-BOOKRA-CODE", b"X-OTHER")
    assert counts(imported(salon, foreign)) == (1, 0, 0, 0)
    assert [row.split(" ", 1)[1] for row in rows(salon)] == ["11-24 10:00-10:45"]
