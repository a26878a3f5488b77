"""Classes: sessions that take a teacher and a room once, and sell their seats one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from factories import Salon
from racing import overlaps
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from teaching import EVENING, again, crowd, give, give_all, offer, seat_request, seats, sit

from bookra.engine.availability.actions import explain_start, explain_visit
from bookra.engine.availability.asked import visit_of
from bookra.engine.availability.sessions import (
    Session,
    class_slots,
    explain_class,
    sessions_between,
)
from bookra.engine.bookings.actions import cancel, confirm, no_show, retake
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.classes.adding import NewClass, add_sessions
from bookra.engine.bookings.classes.changing import cancel_session, move_session, set_capacity
from bookra.engine.bookings.history import history
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.moving import move
from bookra.engine.bookings.recurring.recurrence import parse_every
from bookra.engine.bookings.store import locked_by_code
from bookra.engine.catalog.model import Need, ServiceLevel
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.taking import book_with_link
from bookra.engine.people.resources import add_resource
from bookra.engine.people.staff import add_staff
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, InvalidInputError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

TOMORROW = "2026-11-25 17:00"
DAY = date(2026, 11, 24)
ALLOCATED = text(
    "SELECT b.slug, o.starts_at, o.ends_at, o.kind FROM allocations o"
    " JOIN bookables b ON b.tenant_id = o.tenant_id AND b.id = o.bookable_id"
    " WHERE o.tenant_id = :tenant_id AND o.session_id = :session_id ORDER BY b.slug, o.starts_at"
)
SEAT = text(
    "INSERT INTO seats (tenant_id, id, session_id, seat_no, capacity, booking_id, booking_line_id)"
    " VALUES (:tenant_id, :id, :session_id, :seat_no, :capacity, :booking_id, :line_id)"
)


@pytest.fixture
def yoga(salon: Salon) -> Session:
    """A class of three seats, tomorrow at five."""
    offer(salon, capacity=3)
    return give(salon)


def code_of(refused: pytest.ExceptionInfo[BookraError]) -> str:
    return refused.value.code


def numbers(salon: Salon, session: Session) -> list[int]:
    return [seat.seat_no for seat in seats(salon, session)]


def taken_by(salon: Salon, session: Session) -> list[tuple[str, str]]:
    rows = salon.ask(lambda tx: tx.rows(ALLOCATED, session_id=session.id))
    return [(row.slug, f"{row.starts_at.astimezone(salon.zone):%d %H:%M}") for row in rows]


def starts(salon: Salon, day: str = "2026-11-24", days: int = 7) -> list[tuple[str, int | None]]:
    found = salon.slots(day, staff=None, service="yoga", days=days)
    return [(f"{slot.start.astimezone(salon.zone):%d %H:%M}", slot.seats_free) for slot in found]


class TestAdding:
    def test_a_session_takes_its_teacher_and_has_a_code_unlike_a_bookings(
        self, salon: Salon, yoga: Session
    ) -> None:
        assert yoga.code.startswith("LUNC-")
        assert (yoga.capacity, yoga.taken, yoga.free, yoga.staff) == (3, 0, 3, "ana")
        assert taken_by(salon, yoga) == [("ana", "24 17:00")]
        assert "16:45" not in salon.starts("2026-11-24")
        with pytest.raises(ConflictError) as refused:
            salon.book(EVENING)
        assert code_of(refused) == "slot_taken"

    def test_the_same_again_changes_nothing_and_another_size_is_refused(
        self, salon: Salon, yoga: Session
    ) -> None:
        assert give(salon) == yoga
        with pytest.raises(ConflictError) as refused:
            give(salon, capacity=8)
        assert code_of(refused) == "exists"

    def test_a_teacher_gives_no_class_while_they_are_busy(self, salon: Salon) -> None:
        offer(salon)
        booked = salon.book("2026-11-24 17:15")
        with pytest.raises(ConflictError) as refused:
            give(salon)
        assert code_of(refused) == "slot_taken"
        assert salon.booking(booked.code).status is Status.CONFIRMED

    def test_a_lapsed_hold_does_not_keep_a_class_from_taking_place(self, salon: Salon) -> None:
        offer(salon)
        held = salon.book("2026-11-24 17:15", hold_minutes=5)
        give(salon.later(minutes=6))
        assert salon.booking(held.code).status is Status.EXPIRED

    def test_outside_working_hours_it_takes_an_anyway(self, salon: Salon) -> None:
        offer(salon)
        with pytest.raises(ConflictError) as refused:
            give(salon, "2026-11-24 19:00")
        assert code_of(refused) == "not_offered"
        assert "--anyway" in refused.value.hint
        late = give(salon, "2026-11-24 19:00", anyway=True)
        assert sit(salon, salon.customer(), "2026-11-24 19:00").lines[0].session_id == late.id

    def test_anyway_is_no_way_around_what_is_booked(self, salon: Salon) -> None:
        offer(salon)
        give(salon, "2026-11-24 19:00", anyway=True)
        with pytest.raises(ConflictError) as refused:
            give(salon, "2026-11-24 19:30", anyway=True)
        assert code_of(refused) == "slot_taken"

    def test_who_does_not_teach_it_gives_no_class(self, salon: Salon) -> None:
        offer(salon)
        salon.staff("kim", services=("cut",))
        salon.hours("kim", "mon-sat 09:00-18:00")
        with pytest.raises(ConflictError) as refused:
            give(salon, staff="kim", anyway=True)
        assert code_of(refused) == "not_offered"

    def test_only_a_service_with_a_capacity_is_a_class(self, salon: Salon) -> None:
        offer(salon)
        new = NewClass("cut", "ana", salon.local(EVENING))
        with pytest.raises(ConflictError) as refused:
            salon.act(lambda tx: add_sessions(tx, new))
        assert code_of(refused) == "not_a_class"

    def test_no_class_takes_place_in_the_past_nor_without_seats(self, salon: Salon) -> None:
        offer(salon)
        with pytest.raises(InvalidInputError) as past:
            give(salon, "2026-11-20 10:00")
        with pytest.raises(InvalidInputError) as empty:
            give(salon, capacity=0)
        assert (code_of(past), code_of(empty)) == ("past", "bad_capacity")

    def test_it_takes_one_free_unit_of_each_pool(self, salon: Salon) -> None:
        for name in ("big", "small"):
            salon.act(lambda tx, name=name: add_resource(tx, name, "room"))
        offer(salon, needs=(Need("room"),))
        first, second = give(salon), give(salon, staff="ben")
        assert taken_by(salon, first) == [("ana", "24 17:00"), ("big", "24 17:00")]
        assert taken_by(salon, second) == [("ben", "24 17:00"), ("small", "24 17:00")]
        salon.staff("cleo")
        salon.hours("cleo", "mon-sat 09:00-18:00")
        with pytest.raises(ConflictError) as refused:
            give(salon, staff="cleo")
        assert code_of(refused) == "slot_taken"
        assert overlaps(salon) == 0


class TestSeries:
    def test_a_course_takes_place_at_the_same_time_each_week(self, salon: Salon) -> None:
        offer(salon)
        course = give_all(salon, EVENING, every=parse_every("week"), count=20)
        local = {f"{session.starts_at.astimezone(salon.zone):%a %H:%M}" for session in course}
        assert (len({session.code for session in course}), local) == (20, {"Tue 17:00"})
        assert {session.starts_at.hour for session in course} == {16, 15}  # from 28 March on

    def test_one_conflict_keeps_all_of_a_course_from_being_added(self, salon: Salon) -> None:
        offer(salon)
        salon.book("2026-12-01 17:00")
        salon.book("2026-12-15 17:15")
        with pytest.raises(ConflictError) as refused:
            give_all(salon, EVENING, every=parse_every("week"), count=5)
        conflicts = refused.value.details["conflicts"]
        assert code_of(refused) == "class_conflicts"
        assert [(found["start"], found["code"]) for found in conflicts] == [
            ("2026-12-01T17:00:00+01:00", "slot_taken"),
            ("2026-12-15T17:00:00+01:00", "slot_taken"),
        ]
        assert salon.ask(lambda tx: sessions_between(tx, salon.now, None)) == []

    def test_a_day_that_its_month_does_not_have_is_a_conflict(self, salon: Salon) -> None:
        offer(salon)
        with pytest.raises(ConflictError) as refused:
            give_all(salon, "2027-01-30 17:00", every=parse_every("month"), count=3)
        assert [found["code"] for found in refused.value.details["conflicts"]] == ["day_missing"]


class TestSeats:
    def test_a_seat_is_a_line_in_the_session_at_the_services_price(
        self, salon: Salon, yoga: Session
    ) -> None:
        booked = sit(salon, salon.customer())
        assert (booked.status, booked.price) == (Status.CONFIRMED, Money(2000, "EUR"))
        assert (booked.starts_at, booked.ends_at) == (yoga.starts_at, yoga.ends_at)
        assert [line.session_id for line in booked.lines] == [yoga.id]
        assert booked.lines[0].commission_bps == 4000
        assert [seat.booking for seat in seats(salon, yoga)] == [booked.code]

    def test_two_seats_are_two_lines_and_twice_the_price(self, salon: Salon, yoga: Session) -> None:
        booked = sit(salon, salon.customer(), seats=2)
        assert (len(booked.lines), booked.price) == (2, Money(4000, "EUR"))
        assert again(salon, yoga).free == 1

    def test_the_teachers_level_makes_the_price(self, salon: Salon) -> None:
        offer(salon, levels=(ServiceLevel("senior", Money(3500, "EUR")),))
        salon.act(lambda tx: add_staff(tx, "sol", "Sol", level="senior"))
        salon.hours("sol", "mon-sat 09:00-18:00")
        give(salon, staff="sol")
        assert [slot.price.minor for slot in salon.slots("2026-11-24", staff=None, service="yoga")]
        assert sit(salon, salon.customer()).price == Money(3500, "EUR")

    def test_a_full_class_names_the_next_ones_with_seats(self, salon: Salon, yoga: Session) -> None:
        give(salon, TOMORROW)
        give(salon, "2026-12-01 17:00", capacity=1)
        sit(salon, salon.customer(), seats=3)
        with pytest.raises(ConflictError) as refused:
            sit(salon, salon.customer("Mia Kern"))
        assert code_of(refused) == "class_full"
        assert len(refused.value.details["nearest"]) == 2
        with pytest.raises(ConflictError) as refused:
            sit(salon, salon.customer("Mia Kern"), seats=2)
        assert len(refused.value.details["nearest"]) == 1

    def test_too_few_seats_for_a_couple_are_refused_as_such(
        self, salon: Salon, yoga: Session
    ) -> None:
        sit(salon, salon.customer(), seats=2)
        with pytest.raises(ConflictError) as refused:
            sit(salon, salon.customer("Mia Kern"), seats=2)
        assert code_of(refused) == "class_full"
        assert "has 1 of 3 seats left" in refused.value.message

    def test_without_a_class_then_the_nearest_are_named(self, salon: Salon, yoga: Session) -> None:
        with pytest.raises(ConflictError) as refused:
            sit(salon, salon.customer(), "2026-11-24 16:00")
        assert code_of(refused) == "not_offered"
        assert refused.value.details["reasons"][0]["rule"] == "no_class"
        assert [near["start"] for near in refused.value.details["nearest"]] == [
            "2026-11-24T17:00:00+01:00"
        ]

    def test_who_sits_there_already_is_told_so(self, salon: Salon, yoga: Session) -> None:
        rosa = salon.customer()
        first = sit(salon, rosa)
        with pytest.raises(ConflictError) as refused:
            sit(salon, rosa)
        assert (code_of(refused), refused.value.details["code"]) == ("already_booked", first.code)
        second = sit(salon, rosa, seats=3)
        assert (len(second.lines), again(salon, yoga).free) == (2, 0)

    def test_seats_are_asked_for_in_sensible_numbers(self, salon: Salon, yoga: Session) -> None:
        for wanted in (0, 51):
            with pytest.raises(InvalidInputError) as refused:
                sit(salon, salon.customer(), seats=wanted)
            assert code_of(refused) == "bad_seats"

    def test_anybody_gets_the_emptier_of_two_classes(self, salon: Salon, yoga: Session) -> None:
        second = give(salon, staff="ben")
        first, *rest = crowd(salon, 6)
        assert sit(salon, first, staff="ana").lines[0].requested
        assert sit(salon, rest[0]).lines[0].session_id == second.id
        for who in rest[1:]:
            sit(salon, who)
        assert (again(salon, yoga).free, again(salon, second).free) == (0, 0)

    @pytest.mark.parametrize("over", [cancel, no_show])
    def test_a_seat_that_is_given_up_is_free_again(
        self, salon: Salon, yoga: Session, over: Callable[[Tx, str], Booking]
    ) -> None:
        booked = sit(salon, salon.customer(), seats=3)
        soon = salon.at(salon.local("2026-11-24 16:00"))  # the class is today, and has not begun
        soon.act(lambda tx: over(tx, booked.code))
        assert again(soon, yoga).free == 3
        assert len(sit(soon, salon.customer("Mia Kern"), seats=3).lines) == 3

    def test_a_confirmed_seat_tells_the_calendar_and_a_hold_does_not(
        self, salon: Salon, yoga: Session, tmp_path: Path
    ) -> None:
        salon.connect_provider("google", tmp_path / "key")
        sit(salon, salon.customer(), hold_minutes=15)
        assert salon.ask(outbox_rows) == []
        sit(salon, salon.customer("Mia Kern"))
        assert [row.topic for row in salon.ask(outbox_rows)] == ["calendar.upsert"]

    def test_notice_horizon_and_past_hold_for_classes_too(self, salon: Salon) -> None:
        offer(salon, notice_minutes=120, horizon_days=10)
        give(salon)
        give(salon, "2026-12-24 17:00")
        found = []
        for seen, wall in (
            (salon.at(salon.local("2026-11-24 15:30")), EVENING),
            (salon, "2026-12-24 17:00"),
            (salon.later(days=2), EVENING),
        ):
            listed = seen.slots(seen.now.date().isoformat(), staff=None, service="yoga", days=60)
            assert salon.local(wall) not in [slot.start for slot in listed]
            with pytest.raises(BookraError) as refused:
                sit(seen, salon.customer(), wall)
            found.append(refused.value.details.get("reasons", [{"rule": refused.value.code}])[0])
        assert [reason["rule"] for reason in found] == ["notice", "horizon", "past"]

    def test_a_daily_limit_counts_seats(self, salon: Salon) -> None:
        offer(salon, capacity=5, daily_limit=3)
        give(salon)
        give(salon, "2026-11-24 10:00")
        one, two, three = crowd(salon, 3)
        sit(salon, one, seats=2)
        booked = sit(salon, two, "2026-11-24 10:00")
        assert starts(salon) == []
        with pytest.raises(ConflictError) as refused:
            sit(salon, three)
        assert refused.value.details["reasons"][0]["rule"] == "limit"
        salon.act(lambda tx: cancel(tx, booked.code))
        assert sit(salon, three).status is Status.CONFIRMED

    def test_the_database_itself_refuses_a_seat_that_is_not_there(
        self, salon: Salon, yoga: Session
    ) -> None:
        booked = sit(salon, salon.customer())
        taken = numbers(salon, yoga)[0]
        for seat_no, capacity in ((4, 3), (0, 3), (4, 4), (taken, 3)):
            binds = {"session_id": yoga.id, "booking_id": booked.id, "line_id": booked.lines[0].id}
            with pytest.raises(DBAPIError, match="seats_"):
                salon.act(
                    lambda tx, no=seat_no, size=capacity, binds=binds: tx.run(
                        SEAT, id=new_id(), seat_no=no, capacity=size, **binds
                    )
                )


class TestHolds:
    def test_a_held_seat_is_nobody_elses_until_it_lapses(self, salon: Salon, yoga: Session) -> None:
        held = sit(salon, salon.customer(), seats=3, hold_minutes=15)
        with pytest.raises(ConflictError):
            sit(salon, salon.customer("Mia Kern"))
        assert starts(salon) == []
        later = salon.later(minutes=15)
        assert starts(later) == [("24 17:00", 3)]
        sit(later, salon.customer("Mia Kern"), seats=3)
        assert salon.booking(held.code).status is Status.EXPIRED

    def test_a_hold_does_not_hide_the_class_from_its_holder(
        self, salon: Salon, yoga: Session
    ) -> None:
        held, at = sit(salon, salon.customer(), seats=3, hold_minutes=15), yoga.starts_at
        for own, free in ((None, []), (held.id, [3])):
            listed = salon.ask(lambda tx, own=own: class_slots(tx, "yoga", None, DAY, 1, own=own))
            why = salon.ask(lambda tx, own=own: explain_class(tx, "yoga", "ana", at, own=own))
            assert ([slot.seats_free for slot in listed], why.free) == (free, bool(free))

    def test_a_confirmed_hold_keeps_its_seat(self, salon: Salon, yoga: Session) -> None:
        held = sit(salon, salon.customer(), hold_minutes=15)
        salon.act(lambda tx: confirm(tx, locked_by_code(tx, held.code)))
        much_later = salon.later(hours=3)
        assert (much_later.act(expire_lapsed), again(much_later, yoga).taken) == (0, 1)

    def test_the_sweep_gives_seats_back(self, salon: Salon, yoga: Session) -> None:
        sit(salon, salon.customer(), hold_minutes=15)
        assert salon.later(minutes=16).act(expire_lapsed) == 1
        assert seats(salon, yoga) == []

    def test_a_hold_for_a_link_covers_the_seats(self, salon: Salon, tmp_path: Path) -> None:
        salon.connect_provider("stripe", tmp_path / "key")
        offer(salon, capacity=3)
        session = give(salon)
        wanted = seat_request(salon, salon.customer(), seats=2)
        booked = salon.act(lambda tx: book_with_link(tx, wanted))
        assert (booked.status, len(booked.lines)) == (Status.HELD, 2)
        assert again(salon.later(minutes=30), session).free == 1
        assert again(salon.later(minutes=36), session).free == 3

    def test_a_late_payment_gets_its_seat_again_if_there_is_one(
        self, salon: Salon, yoga: Session
    ) -> None:
        held = sit(salon, salon.customer(), seats=2, hold_minutes=15)
        later = salon.later(minutes=20)
        later.act(expire_lapsed)
        sit(later, salon.customer("Mia Kern"))
        assert later.act(lambda tx: retake(tx, locked_by_code(tx, held.code)))
        assert (again(later, yoga).free, numbers(later, yoga)) == (0, [1, 2, 3])

    def test_a_late_payment_finds_the_class_full_or_gone(self, salon: Salon, yoga: Session) -> None:
        held = sit(salon, salon.customer(), seats=2, hold_minutes=15)
        later = salon.later(minutes=20)
        rival = sit(later, salon.customer("Mia Kern"), seats=2)
        assert not later.act(lambda tx: retake(tx, locked_by_code(tx, held.code)))
        later.act(lambda tx: cancel(tx, rival.code))
        later.act(lambda tx: cancel_session(tx, yoga.code))
        assert not later.act(lambda tx: retake(tx, locked_by_code(tx, held.code)))


class TestChanging:
    def test_more_seats_are_there_at_once(self, salon: Salon, yoga: Session) -> None:
        sit(salon, salon.customer(), seats=3)
        assert salon.act(lambda tx: set_capacity(tx, yoga.code, 5)).free == 2
        sit(salon, salon.customer("Mia Kern"), seats=2)

    def test_fewer_seats_than_are_sold_are_refused(self, salon: Salon, yoga: Session) -> None:
        sit(salon, salon.customer(), seats=2)
        with pytest.raises(ConflictError) as refused:
            salon.act(lambda tx: set_capacity(tx, yoga.code, 1))
        assert (code_of(refused), refused.value.details["sold"]) == ("seats_sold", 2)
        assert again(salon, yoga).capacity == 3

    def test_seats_above_a_smaller_capacity_get_lower_numbers(self, salon: Salon) -> None:
        offer(salon, capacity=20)
        session = give(salon)
        booked = [sit(salon, who) for who in crowd(salon, 6)]
        assert salon.act(lambda tx: set_capacity(tx, session.code, 6)).free == 0
        assert numbers(salon, session) == [1, 2, 3, 4, 5, 6]
        assert {seat.booking for seat in seats(salon, session)} == {one.code for one in booked}

    def test_a_lapsed_hold_does_not_count_as_sold(self, salon: Salon, yoga: Session) -> None:
        sit(salon, salon.customer(), seats=3, hold_minutes=5)
        assert salon.later(minutes=6).act(lambda tx: set_capacity(tx, yoga.code, 1)).free == 1

    def test_a_class_moves_with_all_its_seats(
        self, salon: Salon, yoga: Session, tmp_path: Path
    ) -> None:
        salon.connect_provider("google", tmp_path / "key")
        salon.connect_provider("whatsapp", tmp_path / "key")
        booked = sit(salon, salon.customer("Mia Kern", phone="+4930901821"), seats=2)
        held = sit(salon, salon.customer(), hold_minutes=60)
        moved = salon.act(lambda tx: move_session(tx, yoga.code, salon.local("2026-11-25 16:30")))
        assert (moved.code, moved.taken) == (yoga.code, 3)
        assert taken_by(salon, yoga) == [("ana", "25 16:30")]
        for each in (booked, held):
            now = salon.booking(each.code)
            assert (now.status, now.starts_at, now.ends_at) == (
                each.status,
                moved.starts_at,
                moved.ends_at,
            )
            assert {line.starts_at for line in now.lines} == {moved.starts_at}
            assert now.price == each.price
        assert [row.topic for row in salon.ask(outbox_rows)].count("message.send") == 2
        assert [c.kind for c in salon.ask(lambda tx: history(tx, booked.id))] == ["moved"]

    def test_a_class_may_move_into_its_own_time(self, salon: Salon, yoga: Session) -> None:
        moved = salon.act(lambda tx: move_session(tx, yoga.code, salon.local("2026-11-24 16:30")))
        assert f"{moved.starts_at:%H:%M}" == "15:30"
        assert salon.act(lambda tx: move_session(tx, yoga.code, moved.starts_at)) == moved

    def test_a_class_that_can_not_move_stays_as_it_was(self, salon: Salon, yoga: Session) -> None:
        salon.book(TOMORROW)
        booked = sit(salon, salon.customer())
        with pytest.raises(ConflictError) as refused:
            salon.act(lambda tx: move_session(tx, yoga.code, salon.local(TOMORROW)))
        assert code_of(refused) == "slot_taken"
        assert (again(salon, yoga).starts_at, salon.booking(booked.code)) == (
            yoga.starts_at,
            booked,
        )
        assert taken_by(salon, yoga) == [("ana", "24 17:00")]

    def test_somebody_else_takes_the_class_over(self, salon: Salon, yoga: Session) -> None:
        booked = sit(salon, salon.customer())
        given = salon.act(lambda tx: move_session(tx, yoga.code, yoga.starts_at, staff="ben"))
        assert (given.staff, taken_by(salon, yoga)) == ("ben", [("ben", "24 17:00")])
        assert salon.booking(booked.code).lines[0].staff == "ben"
        assert salon.book(EVENING).status is Status.CONFIRMED

    def test_cancelling_a_class_displaces_its_bookings_and_frees_its_teacher(
        self, salon: Salon, yoga: Session, tmp_path: Path
    ) -> None:
        salon.connect_provider("whatsapp", tmp_path / "key")
        mia = salon.customer("Mia Kern", phone="+4930901821")
        booked, held = sit(salon, mia), sit(salon, salon.customer(), hold_minutes=30)
        done = salon.act(lambda tx: cancel_session(tx, yoga.code))
        assert [one.code for one in done.displaced] == [booked.code]
        assert [one.code for one in done.expired] == [held.code]
        assert (done.session.status, done.session.free) == ("cancelled", 0)
        assert salon.booking(booked.code).status is Status.DISPLACED
        assert (seats(salon, yoga), taken_by(salon, yoga), starts(salon)) == ([], [], [])
        assert len(salon.ask(outbox_rows)) == 1
        assert salon.book(EVENING).status is Status.CONFIRMED
        with pytest.raises(ConflictError):
            salon.act(lambda tx: cancel_session(tx, yoga.code))

    def test_a_displaced_guest_moves_to_another_session(self, salon: Salon, yoga: Session) -> None:
        booked = sit(salon, salon.customer(), seats=2)
        other = give(salon, TOMORROW, staff="ben")
        salon.act(lambda tx: cancel_session(tx, yoga.code))
        moved = salon.act(lambda tx: move(tx, booked.code, salon.local(TOMORROW)))
        assert (moved.status, moved.starts_at) == (Status.CONFIRMED, other.starts_at)
        assert [(line.session_id, line.staff) for line in moved.lines] == [(other.id, "ben")] * 2
        assert again(salon, other).free == 1

    def test_a_guest_who_moves_leaves_a_free_seat(self, salon: Salon, yoga: Session) -> None:
        other = give(salon, TOMORROW, capacity=1)
        booked = sit(salon, salon.customer())
        salon.act(lambda tx: move(tx, booked.code, salon.local(TOMORROW)))
        assert (again(salon, yoga).free, again(salon, other).free) == (3, 0)
        late = sit(salon, salon.customer("Mia Kern"))
        with pytest.raises(ConflictError) as refused:
            salon.act(lambda tx: move(tx, late.code, salon.local(TOMORROW)))
        assert code_of(refused) == "class_full"
        assert again(salon, yoga).free == 2

    def test_a_class_that_is_over_stays_what_it_was(self, salon: Salon, yoga: Session) -> None:
        later = salon.later(days=2)
        for change in (
            lambda tx: cancel_session(tx, yoga.code),
            lambda tx: move_session(tx, yoga.code, salon.local("2026-12-01 17:00")),
        ):
            with pytest.raises(ConflictError) as refused:
                later.act(change)
            assert code_of(refused) == "illegal_state"

    def test_an_unknown_code_names_no_class(self, salon: Salon) -> None:
        with pytest.raises(NotFoundError) as refused:
            salon.act(lambda tx: cancel_session(tx, "LUNC-XXXX"))
        assert code_of(refused) == "unknown_class"


class TestLooking:
    def test_slots_are_the_sessions_with_seats_left(self, salon: Salon, yoga: Session) -> None:
        give(salon, TOMORROW, staff="ben")
        give(salon, "2026-11-26 17:00", capacity=1)
        sit(salon, salon.customer(), seats=2)
        sit(salon, salon.customer(), "2026-11-26 17:00")
        assert starts(salon) == [("24 17:00", 1), ("25 17:00", 3)]
        assert starts(salon, days=1) == [("24 17:00", 1)]
        ben = salon.slots("2026-11-24", staff="ben", service="yoga", days=7)
        assert [slot.staff for slot in ben] == ["ben"]

    def test_what_is_listed_is_booked(self, salon: Salon, yoga: Session) -> None:
        for slot in salon.slots("2026-11-24", staff=None, service="yoga", days=7):
            wanted = replace(seat_request(salon, salon.customer()), at=slot.start)
            assert salon.act(lambda tx, wanted=wanted: book(tx, wanted)).starts_at == slot.start

    def test_why_says_no_class_or_full(self, salon: Salon, yoga: Session) -> None:
        def why(wall: str, staff: str | None = None) -> tuple[bool, list[str], int]:
            at = salon.local(wall)
            answer = salon.ask(lambda tx: explain_visit(tx, visit_of("yoga", staff), at))
            return answer.free, [reason.rule for reason in answer.reasons], len(answer.nearest)

        assert why(EVENING) == (True, [], 0)
        assert why(EVENING, "ben") == (False, ["no_class"], 0)
        assert why("2026-11-24 16:00") == (False, ["no_class"], 1)
        sit(salon, salon.customer(), seats=3)
        assert why(EVENING) == (False, ["class_full"], 0)
        assert why("2026-11-20 17:00")[1] == ["past", "no_class"]

    def test_a_class_keeps_its_teacher_from_other_visits_by_name(
        self, salon: Salon, yoga: Session
    ) -> None:
        answer = salon.ask(lambda tx: explain_start(tx, "cut", "ana", salon.local(EVENING)))
        assert [reason.rule for reason in answer.reasons] == ["busy"]
