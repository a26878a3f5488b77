"""Time off over bookings: what is listed, what is displaced, what is proposed, what is approved."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from away import add, joined, remove, taken
from factories import Salon
from paying import book_by_link, operations
from racing import overlaps
from sqlalchemy import text

from bookra.engine.availability.absences import absences
from bookra.engine.availability.asked import Wish
from bookra.engine.availability.away import BLOCK, TIME_OFF
from bookra.engine.availability.sessions import sessions_between
from bookra.engine.bookings import actions
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.classes.adding import NewClass, add_sessions
from bookra.engine.bookings.classes.changing import cancel_session
from bookra.engine.bookings.displacement import queue as displaced
from bookra.engine.bookings.displacement.proposals import Kind, Lost, Option, proposals
from bookra.engine.bookings.history import history
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.statements import SET_STATUS
from bookra.engine.bookings.store import bookings_between
from bookra.engine.catalog.actions import NewService, add_service, set_service
from bookra.engine.catalog.model import Need, ServiceLevel, parse_segments
from bookra.engine.people.resources import add_resource
from bookra.engine.people.staff import set_staff
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, InvalidInputError
from bookra.money import Money

DAY = "2026-11-24"
NINE = f"{DAY} 09:00"
TEN = f"{DAY} 10:00"
EFFECTS = text(
    "SELECT topic, payload ->> 'template' AS template FROM outbox"
    " WHERE tenant_id = :tenant_id AND booking_id = :booking_id ORDER BY id"
)


def requested(salon: Salon, wall: str, *, staff: str = "ana") -> Booking:
    """Book with somebody who was asked for."""
    return salon.book(wall, staff=staff)


def anybody(salon: Salon, wall: str) -> Booking:
    """Book with anybody, who turns out to be Ana: Ben is taken then, for the moment."""
    there = salon.book(wall, staff="ben", customer=salon.customer("Kim Roth"))
    booked = salon.book(wall, staff=None)
    assert booked.lines[0].staff == "ana"
    salon.act(lambda tx: actions.cancel(tx, there.code))
    return booked


def refused(salon: Salon, first: str, last: str, **more: object) -> ConflictError:
    with pytest.raises(ConflictError) as error:
        add(salon, first, last, **more)  # type: ignore[arg-type]
    return error.value


def queue(salon: Salon, *, any_price: bool = False) -> list[displaced.Waiting]:
    return salon.ask(lambda tx: displaced.waiting(tx, any_price=any_price))


def shown(salon: Salon, waiting: displaced.Waiting) -> list[tuple[str, str, str]]:
    """Return proposals as ``kind, day and time, staff``, in order."""
    from bookra.clock import from_epoch

    return [
        (one.kind.value, f"{from_epoch(one.start).astimezone(salon.zone):%a %H:%M}", one.staff)
        for one in waiting.proposals
    ]


def resolve(salon: Salon, booking: Booking, **how: object) -> Booking:
    return salon.act(lambda tx: displaced.resolve(tx, booking.code, **how)[0])  # type: ignore[arg-type]


def effects(salon: Salon, booking: Booking) -> list[tuple[str, str | None]]:
    found = salon.ask(lambda tx: tx.rows(EFFECTS, booking_id=booking.id))
    return [(row.topic, row.template) for row in found]


def put(salon: Salon, booking: Booking, status: Status) -> None:
    """Write a state that no verb is needed for here."""
    salon.act(
        lambda tx: tx.run(SET_STATUS, id=booking.id, status=status.value, hold_expires_at=None)
    )


# What is in the way


def test_bookings_in_the_way_are_listed_and_nothing_is_written(salon: Salon) -> None:
    late = salon.book(f"{DAY} 15:00", customer=salon.customer("Mia Kern"))
    early = salon.book(TEN)
    salon.book("2026-11-25 10:00")
    error = refused(salon, DAY, DAY)
    assert (error.code, error.exit_code) == ("in_the_way", 4)
    assert [one["code"] for one in error.details["in_the_way"]] == [early.code, late.code]
    assert error.details["in_the_way"][1] == {
        "code": late.code,
        "status": "confirmed",
        "start": "2026-11-24T15:00:00+01:00",
        "service": "Cut",
        "customer": "Mia Kern",
    }
    assert late.code in error.message
    assert "--displace" in error.hint
    assert taken(salon) == []
    assert salon.ask(lambda tx: absences(tx, TIME_OFF, salon.now)) == []
    assert salon.booking(early.code) == early


def test_a_visit_that_only_touches_the_absence_stays(salon: Salon) -> None:
    before, after = salon.book(TEN), salon.book(f"{DAY} 12:00")
    add(salon, f"{DAY}T10:45", f"{DAY}T12:00")
    assert {salon.booking(one.code).status for one in (before, after)} == {Status.CONFIRMED}


def test_an_absence_fits_the_gap_in_which_colour_develops(salon: Salon) -> None:
    salon.book(TEN, service="color")
    add(salon, f"{DAY}T10:30", f"{DAY}T10:50")
    assert joined(salon, taken(salon)) == [("24 10:30", "24 10:50")]


def test_displacing_frees_the_time_and_tells_nobody(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("whatsapp", tmp_path / "key", phone_number_id="1")
    salon.connect_provider("google", tmp_path / "key", calendar_id="c")
    rosa = salon.customer("Rosa Vega", phone="+4930901820")
    booked = salon.book(TEN, customer=rosa)
    before = effects(salon, booked)
    done = add(salon, DAY, DAY, reason="Sick", displace=True)
    assert done.displaced == (booked.code,)
    assert salon.booking(booked.code).status is Status.DISPLACED
    assert effects(salon, booked)[len(before) :] == [("calendar.upsert", None)]
    assert joined(salon, taken(salon)) == [("24 00:00", "25 00:00")]
    assert taken(salon, kind="booking") == []
    change = salon.ask(lambda tx: history(tx, booked.id))[-1]
    assert (change.kind, change.facts["absence"]) == ("displaced", str(done.absence.id))
    assert change.facts["was"] == "confirmed"
    assert queue(salon)[0].reason == "time off: Sick"


def test_somebody_who_has_arrived_is_displaced_too(salon: Salon) -> None:
    booked = salon.book(TEN)
    salon.act(lambda tx: actions.check_in(tx, booked.code))
    assert add(salon, DAY, DAY, displace=True).displaced == (booked.code,)


def test_a_visit_that_is_going_on_is_refused_by_name(salon: Salon) -> None:
    booked, other = salon.book(TEN), salon.book(f"{DAY} 12:00")
    put(salon, booked, Status.IN_SERVICE)
    error = refused(salon, DAY, DAY, displace=True)
    assert error.code == "in_service"
    assert booked.code in error.message
    assert "Rosa Vega" in error.message
    assert salon.booking(other.code).status is Status.CONFIRMED
    assert taken(salon) == []


def test_completed_visits_do_not_count_and_keep_their_time(salon: Salon) -> None:
    booked = salon.book(TEN)
    salon.act(lambda tx: actions.complete(tx, booked.code))
    add(salon, DAY, DAY)
    assert joined(salon, taken(salon)) == [("24 00:00", "24 10:00"), ("24 10:45", "25 00:00")]
    assert salon.booking(booked.code).status is Status.COMPLETED


def test_what_is_over_does_not_count_when_somebody_falls_ill_at_noon(salon: Salon) -> None:
    morning = salon.book(NINE)
    noon = salon.at(salon.local(f"{DAY} 12:00"))
    afternoon = noon.book(f"{DAY} 15:00")
    assert add(noon, "today", "today", displace=True).displaced == (afternoon.code,)
    assert noon.booking(morning.code).status is Status.CONFIRMED
    assert joined(noon, taken(noon)) == [("24 00:00", "24 09:00"), ("24 09:45", "25 00:00")]


def test_a_live_hold_is_in_the_way_and_expires_with_its_link(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("stripe", tmp_path / "key", webhook="no")
    held = book_by_link(salon, TEN)
    error = refused(salon, DAY, DAY)
    assert error.details["in_the_way"][0]["status"] == "held"
    done = add(salon, DAY, DAY, displace=True)
    assert (done.expired, done.displaced) == ((held.code,), ())
    assert salon.booking(held.code).status is Status.EXPIRED
    assert ("payment.cancel", None) in effects(salon, held)
    assert operations(salon, held) == [("checkout", "new")]
    assert queue(salon) == []


def test_a_hold_that_has_lapsed_is_in_nobodys_way(salon: Salon) -> None:
    held = salon.book(TEN, hold_minutes=15)
    later = salon.later(minutes=20)
    add(later, DAY, DAY)
    assert later.booking(held.code).status is Status.EXPIRED
    assert joined(later, taken(later)) == [("24 00:00", "25 00:00")]


def test_the_same_again_displaces_nobody_new(salon: Salon) -> None:
    salon.book(TEN)
    first = add(salon, DAY, DAY, displace=True)
    again = add(salon, DAY, DAY, displace=True)
    assert (again.new, again.displaced, again.absence) == (False, (), first.absence)


def test_only_the_line_of_who_is_away_is_lost(salon: Salon) -> None:
    rosa = salon.customer()
    request = BookingRequest("cut", "ana", salon.local(TEN), rosa.id, more=(Wish("color", "ben"),))
    booked = salon.act(lambda tx: book(tx, request))
    add(salon, DAY, DAY, slug="ben", displace=True)
    assert salon.booking(booked.code).status is Status.DISPLACED
    assert joined(salon, taken(salon, kind="booking")) == [("24 10:00", "24 10:45")]
    (waiting,) = queue(salon)
    assert [line.service for line in waiting.lines] == ["color"]
    assert shown(salon, waiting) == [("other_staff", "Tue 10:45", "ana")]
    done = resolve(salon, booked)
    assert done.status is Status.CONFIRMED
    assert [line.staff for line in done.lines] == ["ana", "ana"]


def test_both_people_of_a_visit_may_be_lost_one_after_the_other(salon: Salon) -> None:
    salon.staff("cleo")
    salon.hours("cleo", "mon-sat 09:00-18:00")
    request = BookingRequest(
        "cut", "ana", salon.local(TEN), salon.customer().id, more=(Wish("color", "ben"),)
    )
    booked = salon.act(lambda tx: book(tx, request))
    add(salon, DAY, DAY, slug="ben", displace=True)
    assert add(salon, DAY, DAY, slug="ana", displace=True).displaced == (booked.code,)
    assert [line.service for line in queue(salon)[0].lines] == ["cut", "color"]
    done = resolve(salon, booked)
    assert (done.status, {line.staff for line in done.lines}) == (Status.CONFIRMED, {"cleo"})


# Units


@pytest.fixture
def rooms(salon: Salon) -> Salon:
    """A salon whose massage needs one of two rooms."""

    def furnish(tx: Tx) -> None:
        for slug in ("room-1", "room-2"):
            add_resource(tx, slug, "rooms")
        add_service(
            tx,
            NewService(
                "massage",
                "Massage",
                Money(6000, "EUR"),
                parse_segments("busy 60"),
                needs=(Need("rooms"),),
            ),
        )

    salon.act(furnish)
    return salon


def test_a_visit_goes_to_another_room_and_nobody_notices(rooms: Salon) -> None:
    booked = rooms.book(TEN, service="massage")
    before = "room-1" if taken(rooms, "room-1", "booking") else "room-2"
    other = {"room-1": "room-2", "room-2": "room-1"}[before]
    done = add(rooms, DAY, DAY, slug=before, kind=BLOCK, reason="Leak")
    assert (done.reseated, done.displaced) == ((booked.code,), ())
    assert rooms.booking(booked.code) == booked
    assert joined(rooms, taken(rooms, other, "booking")) == [("24 10:00", "24 11:00")]
    assert taken(rooms, before, "booking") == []
    assert rooms.ask(lambda tx: history(tx, booked.id))[-1].kind == "unit_changed"
    assert overlaps(rooms) == 0


def test_when_all_rooms_are_taken_the_visit_is_displaced(rooms: Salon) -> None:
    visits = [rooms.book(TEN, service="massage", staff=staff) for staff in ("ana", "ben")]
    error = refused(rooms, DAY, DAY, slug="room-1", kind=BLOCK)
    assert len(error.details["in_the_way"]) == 1
    done = add(rooms, DAY, DAY, slug="room-1", kind=BLOCK, displace=True)
    assert len(done.displaced) == 1
    states = Counter(rooms.booking(one.code).status for one in visits)
    assert states == {Status.CONFIRMED: 1, Status.DISPLACED: 1}
    (waiting,) = queue(rooms)
    assert {kind for kind, _, _ in shown(rooms, waiting)} == {"other_time", "both"}
    assert resolve(rooms, waiting.booking).status is Status.CONFIRMED
    assert overlaps(rooms) == 0


def test_a_lapsed_hold_keeps_no_room_from_being_the_other_one(rooms: Salon) -> None:
    held = rooms.book(TEN, service="massage", staff="ben", hold_minutes=15)
    later = rooms.later(minutes=20)
    where = "room-1" if taken(rooms, "room-1", "booking") else "room-2"
    other = {"room-1": "room-2", "room-2": "room-1"}[where]
    add(later, f"{DAY}T08:00", f"{DAY}T09:00", slug=where, kind=BLOCK)
    rooms.book(TEN, service="massage", customer=rooms.customer("Mia Kern"))
    done = add(later, DAY, DAY, slug=other, kind=BLOCK)
    assert len(done.reseated) == 1
    assert later.booking(held.code).status is Status.EXPIRED


def test_a_live_hold_goes_to_another_room_as_a_hold(rooms: Salon) -> None:
    held = rooms.book(TEN, service="massage", hold_minutes=15)
    where = "room-1" if taken(rooms, "room-1", "booking") else "room-2"
    assert add(rooms, DAY, DAY, slug=where, kind=BLOCK).reseated == (held.code,)
    later = rooms.later(minutes=20)
    later.book(TEN, service="massage", customer=rooms.customer("Mia Kern"))
    assert later.booking(held.code).status is Status.EXPIRED


# The queue and its proposals


def test_who_was_asked_for_is_kept_before_the_time(salon: Salon) -> None:
    requested(salon, TEN)
    add(salon, f"{DAY}T10:00", f"{DAY}T11:00", displace=True)
    (waiting,) = queue(salon)
    assert shown(salon, waiting)[:4] == [
        ("other_time", "Tue 11:00", "ana"),
        ("other_time", "Tue 09:15", "ana"),
        ("other_time", "Tue 11:45", "ana"),
        ("other_staff", "Tue 10:00", "ben"),
    ]
    assert [one.number for one in waiting.proposals] == list(range(1, len(waiting.proposals) + 1))


def test_who_asked_for_nobody_keeps_the_time(salon: Salon) -> None:
    booked = anybody(salon, TEN)
    add(salon, DAY, DAY, displace=True)
    assert shown(salon, queue(salon)[0])[0] == ("other_staff", "Tue 10:00", "ben")
    done = resolve(salon, booked)
    assert (done.starts_at, done.lines[0].staff) == (booked.starts_at, "ben")


def test_a_proposal_is_chosen_by_its_number(salon: Salon) -> None:
    booked = requested(salon, TEN)
    add(salon, f"{DAY}T10:00", f"{DAY}T11:00", displace=True)
    done = resolve(salon, booked, choose=2)
    assert (done.starts_at, done.lines[0].staff) == (salon.local(f"{DAY} 09:15"), "ana")
    assert done.code == booked.code
    with pytest.raises(ConflictError) as again:
        resolve(salon, booked, choose=2)
    assert again.value.code == "not_displaced"


def test_a_number_that_is_not_there_changes_nothing(salon: Salon) -> None:
    booked = requested(salon, TEN)
    add(salon, DAY, DAY, displace=True)
    with pytest.raises(InvalidInputError):
        resolve(salon, booked, choose=99)
    assert salon.booking(booked.code).status is Status.DISPLACED


def test_the_customer_is_told_when_it_is_approved(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("whatsapp", tmp_path / "key", phone_number_id="1")
    salon.connect_provider("google", tmp_path / "key", calendar_id="c")
    booked = salon.book(TEN, customer=salon.customer("Rosa Vega", phone="+4930901820"))
    add(salon, DAY, DAY, displace=True)
    before = effects(salon, booked)
    resolve(salon, booked)
    # The event's update that waits since the displacement reads its facts when it is delivered.
    assert before[-1] == ("calendar.upsert", None)
    assert effects(salon, booked) == [*before, ("message.send", "booking_moved")]


def test_when_the_absence_is_removed_the_visit_may_stay_as_it_was(salon: Salon) -> None:
    booked = requested(salon, TEN)
    done = add(salon, DAY, DAY, displace=True)
    remove(salon, done.absence)
    assert shown(salon, queue(salon)[0])[0] == ("unchanged", "Tue 10:00", "ana")
    assert "removed" in queue(salon)[0].reason
    stays = resolve(salon, booked)
    assert (stays.status, stays.starts_at) == (Status.CONFIRMED, booked.starts_at)
    assert taken(salon, kind="booking") == [(booked.starts_at, booked.ends_at)]


def test_only_who_can_do_it_is_proposed(salon: Salon) -> None:
    anybody(salon, TEN)
    salon.act(lambda tx: set_staff(tx, "ben", {"services": ("color",)}))
    add(salon, DAY, DAY, displace=True)
    assert {one.staff for one in queue(salon)[0].proposals} == {"ana"}


def test_only_who_costs_the_same_is_proposed_unless_asked_for(salon: Salon) -> None:
    salon.act(
        lambda tx: set_service(tx, "cut", {"levels": (ServiceLevel("senior", Money(6000, "EUR")),)})
    )
    booked = anybody(salon, TEN)
    salon.act(lambda tx: set_staff(tx, "ben", {"level": "senior"}))
    add(salon, DAY, DAY, displace=True)
    assert {one.staff for one in queue(salon)[0].proposals} == {"ana"}
    first = queue(salon, any_price=True)[0].proposals[0]
    assert (first.staff, first.price.minor, first.difference.minor) == ("ben", 6000, 1500)
    done = resolve(salon, booked, any_price=True)
    assert (done.lines[0].staff, done.price) == ("ben", booked.price)


def test_a_new_price_list_makes_nobody_dearer(salon: Salon) -> None:
    """The agreed price stays, so the same level of staff is the same price."""
    anybody(salon, TEN)
    salon.act(lambda tx: set_service(tx, "cut", {"price": Money(5000, "EUR")}))
    add(salon, DAY, DAY, displace=True)
    first = queue(salon)[0].proposals[0]
    assert (first.staff, first.difference.minor) == ("ben", 0)


def test_notice_is_ignored_but_not_the_past(salon: Salon) -> None:
    salon.act(lambda tx: set_service(tx, "cut", {"notice_minutes": 7 * 1440}))
    soon = salon.at(salon.local(f"{DAY} 09:50"))
    salon.act(lambda tx: set_service(tx, "cut", {"notice_minutes": 0}))
    requested(salon, TEN)
    salon.act(lambda tx: set_service(tx, "cut", {"notice_minutes": 7 * 1440}))
    add(soon, f"{DAY}T10:00", f"{DAY}T11:00", displace=True)
    found = shown(soon, queue(soon)[0])
    assert found[0] == ("other_time", "Tue 11:00", "ana")
    assert "Tue 09:15" not in {when for _, when, _ in found}
    assert resolve(soon, queue(soon)[0].booking).starts_at == salon.local(f"{DAY} 11:00")


def test_a_displaced_visit_can_be_cancelled(salon: Salon) -> None:
    booked = salon.book(TEN)
    add(salon, DAY, DAY, displace=True)
    assert salon.act(lambda tx: actions.cancel(tx, booked.code)).status is Status.CANCELLED
    assert queue(salon) == []


def test_nothing_free_is_said_and_nothing_changes(salon: Salon) -> None:
    salon.hours("ben", "mon-sun closed")
    booked = salon.book(TEN)
    add(salon, "today", "2027-01-31", displace=True)
    assert queue(salon)[0].proposals == ()
    with pytest.raises(ConflictError) as error:
        resolve(salon, booked)
    assert (error.value.code, error.value.exit_code) == ("no_proposal", 4)
    assert salon.booking(booked.code).status is Status.DISPLACED


def test_a_day_of_visits_is_resolved_without_a_clash(salon: Salon) -> None:
    """Each approval sees what the one before has taken."""
    for hour in range(9, 15):
        salon.book(f"{DAY} {hour:02}:00", customer=salon.customer(f"Guest {hour}"))
    salon.book(TEN, staff="ben", customer=salon.customer("Kim Roth"))
    add(salon, DAY, DAY, displace=True)
    waiting = salon.ask(displaced.codes)
    assert len(waiting) == 6
    for code in waiting:
        salon.act(lambda tx, code=code: displaced.resolve(tx, code))
    assert queue(salon) == []
    assert overlaps(salon) == 0


# Classes


@pytest.fixture
def yoga(salon: Salon) -> Salon:
    """A salon with a class on Tuesday and one on Wednesday, both Ana's at ten."""

    def furnish(tx: Tx) -> None:
        price = Money(1500, "EUR")
        add_service(tx, NewService("yoga", "Yoga", price, parse_segments("busy 60"), capacity=4))
        for wall in (TEN, "2026-11-25 10:00"):
            add_sessions(tx, NewClass("yoga", "ana", salon.local(wall)))

    salon.act(furnish)
    return salon


def test_a_class_in_the_way_is_listed_with_its_seats(yoga: Salon) -> None:
    booked = yoga.book(f"{DAY} 15:00")
    yoga.book(TEN, service="yoga")
    (session,) = yoga.ask(lambda tx: sessions_between(tx, yoga.now, yoga.local(f"{DAY} 23:00")))
    error = refused(yoga, DAY, DAY)
    assert [one["code"] for one in error.details["in_the_way"]] == [session.code, booked.code]
    assert error.details["in_the_way"][0]["seats"] == 1
    error = refused(yoga, DAY, DAY, displace=True)
    assert error.code == "class_in_the_way"
    assert session.code in error.hint
    assert yoga.booking(booked.code).status is Status.CONFIRMED


def test_who_lost_a_class_is_proposed_another_one_of_it(yoga: Salon) -> None:
    booked = yoga.book(TEN, service="yoga")
    (session,) = yoga.ask(lambda tx: sessions_between(tx, yoga.now, yoga.local(f"{DAY} 23:00")))
    yoga.act(lambda tx: cancel_session(tx, session.code))
    add(yoga, DAY, DAY)
    (waiting,) = queue(yoga)
    assert waiting.reason == "class cancelled"
    assert shown(yoga, waiting) == [("other_time", "Wed 10:00", "ana")]
    done = resolve(yoga, booked)
    assert (done.status, done.starts_at) == (Status.CONFIRMED, yoga.local("2026-11-25 10:00"))


# Races


def together(*work: object) -> list[object]:
    """Run functions at the same moment, each in a thread; returns results or errors' codes."""
    barrier = threading.Barrier(len(work))

    def run(one: object) -> object:
        barrier.wait()
        try:
            return one()  # type: ignore[operator]
        except BookraError as error:
            return error.code

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(run, work))


@pytest.mark.parametrize("displace", [False, True])
def test_a_booking_that_is_being_written_is_waited_for_and_then_seen(
    salon: Salon, displace: bool
) -> None:
    """When time off looked, the booking was not there; when it claims, the database refuses."""
    wanted = salon.request(TEN)
    written, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> Booking:
        booking = book(tx, wanted)
        written.set()
        assert go_on.wait(20)
        return booking

    with ThreadPoolExecutor(2) as threads:
        visit = threads.submit(lambda: salon.act(slowly))
        assert written.wait(20)
        away = threads.submit(lambda: add(salon, DAY, DAY, displace=displace))
        with pytest.raises(TimeoutError):
            away.result(0.5)
        go_on.set()
        code = visit.result().code
        if displace:
            assert away.result().displaced == (code,)
        else:
            with pytest.raises(ConflictError, match=code):
                away.result()
    assert len(taken(salon)) == int(displace)
    assert overlaps(salon) == 0


@pytest.mark.parametrize("displace", [False, True])
def test_of_time_off_and_a_booking_at_once_never_both_stand(salon: Salon, displace: bool) -> None:
    """Twenty rounds: whoever is second sees the first."""
    outcomes: Counter[str] = Counter()
    who = salon.customer()
    for round_ in range(20):
        wall = f"2026-12-{round_ // 2 + 7:02} {10 + 2 * (round_ % 2)}:00"
        day, clock = wall.split()
        if salon.local(wall).weekday() == 6:
            continue
        service = random.choice(("cut", "color"))
        wanted = salon.request(wall, service=service, customer=who)
        booked, away = together(
            lambda wanted=wanted: salon.act(lambda tx: book(tx, wanted)),
            lambda day=day, clock=clock: add(
                salon, f"{day}T{clock}", f"{day}T{int(clock[:2]) + 1}:30", displace=displace
            ),
        )
        if isinstance(booked, Booking):
            state = salon.booking(booked.code).status
            if displace:
                assert (state, away.displaced) == (Status.DISPLACED, (booked.code,))  # type: ignore[attr-defined]
            else:
                assert (state, away) == (Status.CONFIRMED, "in_the_way")
            outcomes["booked first"] += 1
        else:
            assert booked in ("slot_taken", "not_offered")
            assert away.new  # type: ignore[attr-defined]
            outcomes["away first"] += 1
        assert overlaps(salon) == 0
    assert outcomes.total() >= 16


def test_many_absences_and_bookings_at_once_leave_no_overlap(salon: Salon) -> None:
    def away(hour: int) -> object:
        return lambda: add(salon, f"{DAY}T{hour:02}:00", f"{DAY}T{hour + 3:02}:00", displace=True)

    def visit(hour: int) -> object:
        wanted = salon.request(f"{DAY} {hour:02}:00", service="color")
        return lambda: salon.act(lambda tx: book(tx, wanted))

    outcomes = together(*(make(hour) for hour in (9, 11, 13) for make in (away, visit)))
    assert not {"contended", "unexpected"} & {one for one in outcomes if isinstance(one, str)}
    assert joined(salon, taken(salon)) == [("24 09:00", "24 16:00")]
    assert overlaps(salon) == 0
    found = salon.ask(lambda tx: bookings_between(tx, salon.now, None))
    assert {one.status for one in found} <= {Status.DISPLACED}


# The order of proposals, on its own


def test_proposals_of_one_kind_lie_apart() -> None:
    price, none = Money(4500, "EUR"), Money(0, "EUR")
    lost = Lost(1, 36_000, 36_000 + 2700, "ana")
    options = [Option(36_000 + 900 * step, "ana", price, none) for step in range(1, 40)]
    found = proposals(lost, options)
    assert [one.start - lost.start for one in found] == [900, 3600, 6300]


def test_a_fixed_line_is_proposed_at_its_own_time_alone() -> None:
    price, none = Money(4500, "EUR"), Money(0, "EUR")
    lost = Lost(2, 36_000, 38_700, "ana", requested=True, fixed=True)
    options = [Option(at, who, price, none) for at in (36_000, 40_000) for who in ("ana", "ben")]
    found = proposals(lost, options, first_number=4)
    assert [(one.number, one.kind, one.staff) for one in found] == [
        (4, Kind.UNCHANGED, "ana"),
        (5, Kind.OTHER_STAFF, "ben"),
    ]
