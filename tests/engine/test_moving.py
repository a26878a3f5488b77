"""Moves and swaps: what stays, what is refused, and what happens when many move at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from databases import Database
from factories import Salon
from furnished import furnished
from racing import deadlocks, outcome, overlaps, together
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.availability.asked import Wish
from bookra.engine.bookings.actions import cancel, check_in, complete
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.history import history
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.moving import KEEP, move, swap
from bookra.engine.catalog.actions import set_service
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.people.staff import set_staff
from bookra.engine.runtime import Tx
from bookra.errors import BookraError, ConflictError, InvalidInputError, NotFoundError

ROUNDS = 20
TUESDAY = "2026-11-24"
TAKEN = text(
    """
    SELECT k.slug, o.starts_at, o.ends_at
      FROM allocations o JOIN bookables k ON k.tenant_id = o.tenant_id AND k.id = o.bookable_id
      JOIN bookings b ON b.tenant_id = o.tenant_id AND b.id = o.booking_id
     WHERE o.tenant_id = :tenant_id AND b.code = :code ORDER BY o.starts_at, k.slug
    """
)


def to(salon: Salon, code: str, wall: str, **more: object) -> Booking:
    """Move a booking to a time on Tuesday's clock, or on another day's."""
    at = salon.local(wall if " " in wall else f"{TUESDAY} {wall}")
    return salon.act(lambda tx: move(tx, code, at, **more))  # type: ignore[arg-type]


def spans(salon: Salon, code: str) -> list[tuple[str, str, str]]:
    """Return who and what a booking takes, as the clock shows it."""
    rows = salon.ask(lambda tx: tx.rows(TAKEN, code=code))
    return [(row.slug, *(f"{at.astimezone(salon.zone):%H:%M}" for at in row[1:])) for row in rows]


def test_a_move_keeps_the_code_the_price_and_the_history(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("whatsapp", tmp_path / "key")
    before = salon.book(f"{TUESDAY} 10:00", customer=salon.customer(phone="030 901820"))
    after = to(salon, before.code, "14:30", staff="ben")
    assert (after.id, after.code, after.status) == (before.id, before.code, Status.CONFIRMED)
    assert (after.price, after.lines[0].staff) == (before.price, "ben")
    assert after.revision == before.revision + 1
    assert spans(salon, after.code) == [("ben", "14:30", "15:15")]
    (change,) = salon.ask(lambda tx: history(tx, before.id))
    assert (change.kind, change.facts["from_staff"], change.facts["to_staff"]) == (
        "moved",
        "ana",
        "ben",
    )
    assert "10:00" in salon.starts(TUESDAY)
    topics = [row.topic for row in salon.ask(outbox_rows) if row.booking == after.code]
    assert topics.count("message.send") == 2


def test_a_visit_may_move_over_a_part_of_its_own_time(salon: Salon) -> None:
    booked = salon.book(f"{TUESDAY} 10:00")
    assert to(salon, booked.code, "10:15").starts_at == salon.local(f"{TUESDAY} 10:15")
    assert spans(salon, booked.code) == [("ana", "10:15", "11:00")]


def test_a_move_to_where_it_is_changes_nothing(salon: Salon) -> None:
    booked = salon.book(f"{TUESDAY} 10:00")
    assert to(salon, booked.code, "10:00") == booked
    assert salon.ask(lambda tx: history(tx, booked.id)) == []


@pytest.mark.parametrize(
    ("wall", "staff", "code"),
    [
        ("11:15", KEEP, "slot_taken"),
        ("08:00", KEEP, "not_offered"),
        ("10:05", KEEP, "not_offered"),
        ("2026-11-23 08:30", KEEP, "past"),
        ("10:00", "zoe", "unknown_staff"),
    ],
)
def test_a_refused_move_leaves_all_as_it_was(
    salon: Salon, wall: str, staff: str, code: str
) -> None:
    booked = salon.book(f"{TUESDAY} 10:00")
    salon.book(f"{TUESDAY} 11:00")
    with pytest.raises(BookraError) as refused:
        to(salon, booked.code, wall, staff=staff)
    assert refused.value.code == code
    assert salon.booking(booked.code) == booked
    assert spans(salon, booked.code) == [("ana", "10:00", "10:45")]


def test_what_is_over_can_not_be_moved_nor_a_hold_that_has_lapsed(salon: Salon) -> None:
    done, gone = salon.book(f"{TUESDAY} 10:00"), salon.book(f"{TUESDAY} 11:00")
    held = salon.book(f"{TUESDAY} 12:00", hold_minutes=15)
    salon.act(lambda tx: complete(tx, done.code))
    salon.act(lambda tx: cancel(tx, gone.code))
    later = salon.later(minutes=15)
    for booking in (done, gone, held):
        with pytest.raises(ConflictError) as refused:
            to(later, booking.code, "16:00")
        assert refused.value.code == "illegal_state"


def test_a_hold_moves_and_stays_a_hold(salon: Salon) -> None:
    held = salon.book(f"{TUESDAY} 12:00", hold_minutes=15)
    moved = to(salon, held.code, "16:00")
    assert (moved.status, moved.hold_expires_at) == (Status.HELD, held.hold_expires_at)
    assert "16:00" not in salon.starts(TUESDAY)
    assert "16:00" in salon.later(minutes=15).starts(TUESDAY)


def test_a_visit_of_several_services_moves_as_a_whole_or_line_by_line(salon: Salon) -> None:
    wanted = BookingRequest(
        "cut",
        "ana",
        salon.local(f"{TUESDAY} 10:00"),
        salon.customer().id,
        more=(Wish("color", "ben"),),
    )
    booked = salon.act(lambda tx: book(tx, wanted))
    after = to(salon, booked.code, "13:00")
    assert [line.staff for line in after.lines] == ["ana", "ben"]
    assert after.ends_at - after.starts_at == booked.ends_at - booked.starts_at
    with pytest.raises(InvalidInputError, match="2 services"):
        to(salon, booked.code, "14:00", staff="ben")
    last = to(salon, booked.code, "13:50", line=2, staff="ana")
    assert [line.staff for line in last.lines] == ["ana", "ana"]
    assert last.ends_at == salon.local(f"{TUESDAY} 14:55")
    with pytest.raises(NotFoundError, match="not a line 3"):
        to(salon, booked.code, "14:00", line=3)
    assert overlaps(salon) == 0


def test_a_move_takes_another_unit_when_its_own_is_taken(database: Database, pool: Pool) -> None:
    salon = furnished(database, pool)
    one = salon.book(f"{TUESDAY} 09:00", service="color")
    two = salon.book(f"{TUESDAY} 11:00", service="color")
    units = {spans(salon, code.code)[0][0] for code in (one, two)}
    assert units == {"ana"}
    moved = to(salon, two.code, "09:30", staff="ben")
    chairs = {
        slug
        for code in (one.code, moved.code)
        for slug, *_ in spans(salon, code)
        if "chair" in slug
    }
    assert chairs == {"chair-1", "chair-2"}


def test_two_swap_their_times_and_their_people(salon: Salon) -> None:
    one = salon.book(f"{TUESDAY} 10:00", staff="ana")
    two = salon.book(f"{TUESDAY} 14:00", staff="ben", service="color")
    left, right = salon.act(lambda tx: swap(tx, one.code, two.code))
    assert (left.starts_at, left.lines[0].staff) == (two.starts_at, "ben")
    assert (right.starts_at, right.lines[0].staff) == (one.starts_at, "ana")
    assert spans(salon, one.code) == [("ben", "14:00", "14:45")]
    assert (left.price, right.price) == (one.price, two.price)


def test_a_swap_that_does_not_fit_changes_neither(salon: Salon) -> None:
    """The colour would run into the visit after the cut."""
    one = salon.book(f"{TUESDAY} 10:00")
    salon.book(f"{TUESDAY} 10:45")
    two = salon.book(f"{TUESDAY} 14:00", staff="ben", service="color")
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: swap(tx, one.code, two.code))
    assert refused.value.code == "slot_taken"
    assert (salon.booking(one.code), salon.booking(two.code)) == (one, two)


def test_neighbours_of_unequal_length_swap(salon: Salon) -> None:
    """Each needs a part of what the other gives up."""
    one = salon.book(f"{TUESDAY} 10:00", service="color")
    two = salon.book(f"{TUESDAY} 11:30")
    salon.act(lambda tx: swap(tx, one.code, two.code))
    assert spans(salon, two.code) == [("ana", "10:00", "10:45")]
    assert overlaps(salon) == 0


def test_moves_that_cross_each_other_lose_nobody(salon: Salon) -> None:
    """Each wants where the other stands: only a swap could; both are refused, or one moves on."""
    codes = [
        salon.book(f"{TUESDAY} {wall}", staff=staff).code
        for wall, staff in (("10:00", "ana"), ("10:00", "ben"), ("12:00", "ana"), ("12:00", "ben"))
    ]
    said: Counter[str] = Counter()
    for number in range(ROUNDS):
        walls = (("10:30", "11:15", "09:30", "12:00"), ("12:00", "12:15", "10:00", "10:15"))
        goals = zip(codes, walls[number % 2], strict=True)
        said.update(
            together(
                [
                    _mover(salon, code, wall, ("ana", "ben")[(n + number) % 2])
                    for n, (code, wall) in enumerate(goals)
                ]
            )
        )
        _all_stand(salon, codes)
    assert set(said) <= {"done", "slot_taken"}
    assert said["done"] >= ROUNDS
    assert deadlocks(salon) == 0


def _mover(salon: Salon, code: str, wall: str, staff: str) -> Callable[[], str]:
    at = salon.local(f"{TUESDAY} {wall}")
    return lambda: outcome(salon, lambda tx: move(tx, code, at, staff=staff))


def _all_stand(salon: Salon, codes: Sequence[str]) -> None:
    """Check that each booking has the time that it says it has, and nobody two at once."""
    assert overlaps(salon) == 0
    for code in codes:
        booking = salon.booking(code)
        assert booking.status is Status.CONFIRMED
        rows = salon.ask(lambda tx: tx.rows(TAKEN, code=code))  # noqa: B023
        (line,) = booking.lines
        assert [tuple(row) for row in rows] == [(line.staff, line.starts_at, line.ends_at)]


def test_swaps_and_moves_of_the_same_bookings_come_one_after_the_other(salon: Salon) -> None:
    one = salon.book(f"{TUESDAY} 10:00", staff="ana").code
    two = salon.book(f"{TUESDAY} 13:00", staff="ben").code
    said: Counter[str] = Counter()
    for number in range(ROUNDS):
        wall = ("15:00", "16:00", "10:00", "13:00")[number % 4]
        said.update(
            together(
                [
                    lambda: outcome(salon, lambda tx: swap(tx, one, two)),
                    lambda: outcome(salon, lambda tx: swap(tx, two, one)),
                    _mover(salon, one, wall, "ana"),
                    _mover(salon, two, wall, "ben"),
                ]
            )
        )
        _all_stand(salon, [one, two])
    assert set(said) <= {"done", "slot_taken"}
    assert said["done"] >= 2 * ROUNDS
    assert deadlocks(salon) == 0


def test_anybody_with_a_unit_under_load_uses_every_chair_once(
    database: Database, pool: Pool
) -> None:
    """Two chairs at nine: of six who want to be coloured two get in, and always two."""
    salon = furnished(database, pool)
    salon.act(_unlimited)
    customer = salon.customer()
    for number in range(ROUNDS):
        at = salon.local(f"2026-11-{24 + number % 5} 09:00") + timedelta(
            hours=2 * (number // 5 % 2)
        )
        at += timedelta(days=7 * (number // 10))
        wanted = BookingRequest("color", None, at, customer.id)
        said = Counter(
            together([lambda: outcome(salon, lambda tx: book(tx, wanted))] * 6)  # noqa: B023
        )
        assert said == {"done": 2, "slot_taken": 4}, number
    assert overlaps(salon) == 0
    assert deadlocks(salon) == 0


def test_movers_and_bookers_with_lapsed_holds_in_their_way_do_not_deadlock(salon: Salon) -> None:
    """A mover queues for people only after the lapsed holds are gone; bookers do the same."""
    codes = [salon.book(f"{TUESDAY} {wall}", service="color").code for wall in ("09:00", "16:00")]
    seen = salon
    for number in range(ROUNDS):
        for wall in ("11:00", "13:00"):
            seen.book(f"{TUESDAY} {wall}", service="color", hold_minutes=1)
        seen = seen.later(minutes=1)
        at = [seen.local(f"{TUESDAY} {wall}") for wall in ("11:00", "13:00")]
        customer = seen.customer().id
        rush = [BookingRequest("color", "ana", when, customer, hold_minutes=1) for when in at]
        work = [
            *(lambda one=one: outcome(seen, lambda tx: book(tx, one)) for one in rush),  # noqa: B023
            _mover(seen, codes[number % 2], "11:00", "ana"),
            _mover(seen, codes[1 - number % 2], "13:00", "ana"),
        ]
        said = together(work)
        assert set(said) <= {"done", "slot_taken"}
        assert said.count("done") == 2
        seen = seen.later(minutes=1)
        for code, home in zip(codes, ("09:00", "16:00"), strict=True):
            to(seen, code, home)
    assert overlaps(seen) == 0
    assert deadlocks(seen) == 0


def test_what_is_sold_can_be_moved_and_swapped_although_it_is_off_the_list(salon: Salon) -> None:
    one, two = salon.book(f"{TUESDAY} 10:00"), salon.book(f"{TUESDAY} 14:00", staff="ben")
    salon.act(lambda tx: set_service(tx, "cut", {"active": False}))
    assert to(salon, one.code, "12:00").starts_at == salon.local(f"{TUESDAY} 12:00")
    left, _ = salon.act(lambda tx: swap(tx, one.code, two.code))
    assert left.lines[0].staff == "ben"
    with pytest.raises(NotFoundError):
        salon.book(f"{TUESDAY} 10:00")


def test_a_checked_in_guest_can_be_given_to_somebody_else(salon: Salon) -> None:
    booked = salon.book(f"{TUESDAY} 10:00")
    salon.act(lambda tx: check_in(tx, booked.code))
    assert to(salon, booked.code, "10:15", staff=None).status is Status.CHECKED_IN


def _unlimited(tx: Tx) -> None:
    set_staff(tx, "ben", {"daily_limit": None})
