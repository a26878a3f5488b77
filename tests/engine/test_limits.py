"""Daily limits: exact whoever books at the same moment, and given back with the visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from threading import Barrier, Thread

import pytest
from factories import Salon
from racing import deadlocks, overlaps
from sqlalchemy import text

from bookra.engine.availability.actions import explain_start
from bookra.engine.availability.asked import Wish
from bookra.engine.bookings.actions import cancel, no_show
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.limits import count_in
from bookra.engine.bookings.moving import move
from bookra.engine.catalog.actions import set_service
from bookra.engine.people.staff import find_staff, set_staff
from bookra.errors import BookraError, ConflictError

DAY = date(2026, 11, 24)
PLACES = text(
    "SELECT subject_id, day, count(*) AS places FROM day_places"
    " WHERE tenant_id = :tenant_id GROUP BY subject_id, day"
)


def together(work: Sequence[Callable[[], str]]) -> Counter[str]:
    """Run all of ``work`` at once, each in a thread, and count what comes of it."""
    start, found = Barrier(len(work), timeout=30), Counter[str]()

    def run(one: Callable[[], str]) -> None:
        start.wait()
        found[one()] += 1

    threads = [Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def limit_staff(salon: Salon, limit: int | None, slug: str = "ana") -> None:
    salon.act(lambda tx: set_staff(tx, slug, {"daily_limit": limit}))


def limit_service(salon: Salon, limit: int, slug: str = "cut") -> None:
    salon.act(lambda tx: set_service(tx, slug, {"daily_limit": limit}))


def places(salon: Salon) -> list[int]:
    """Return how many places are taken, of each limited person or service and day."""
    return sorted(row.places for row in salon.ask(lambda tx: tx.rows(PLACES)))


def attempt(salon: Salon, request: BookingRequest) -> str:
    try:
        return salon.act(lambda tx: book(tx, request)).lines[0].staff
    except BookraError as refused:
        return refused.code


def test_a_full_day_lists_nothing_says_why_and_books_nothing(salon: Salon) -> None:
    limit_staff(salon, 2)
    for wall in ("10:00", "14:00"):
        salon.book(f"{DAY} {wall}")
    assert salon.starts(str(DAY)) == []
    assert salon.starts("2026-11-25") != []
    answer = salon.ask(lambda tx: explain_start(tx, "cut", "ana", salon.local(f"{DAY} 12:00")))
    assert [reason.rule for reason in answer.reasons] == ["limit"]
    with pytest.raises(ConflictError, match="daily limit"):
        salon.book(f"{DAY} 12:00")


@pytest.mark.parametrize("end", [cancel, no_show])
def test_a_place_is_given_back_with_the_visit(salon: Salon, end: Callable[..., object]) -> None:
    limit_staff(salon, 1)
    first = salon.book(f"{DAY} 10:00")
    assert salon.starts(str(DAY)) == []
    later = salon.at(first.ends_at)
    later.act(lambda tx: end(tx, first.code))
    assert places(later) == []
    later.book(f"{DAY} 15:00")


def test_a_place_moves_with_the_visit(salon: Salon) -> None:
    limit_staff(salon, 1)
    first = salon.book(f"{DAY} 10:00")
    salon.act(lambda tx: move(tx, first.code, salon.local(f"{DAY} 11:00")))
    assert places(salon) == [1]
    salon.act(lambda tx: move(tx, first.code, salon.local("2026-11-25 11:00")))
    salon.book(f"{DAY} 10:00")
    with pytest.raises(ConflictError, match="daily limit"):
        salon.act(lambda tx: move(tx, first.code, salon.local(f"{DAY} 12:00")))
    assert places(salon) == [1, 1]


def test_a_hold_keeps_its_place_until_it_lapses(salon: Salon) -> None:
    limit_staff(salon, 1)
    salon.book(f"{DAY} 10:00", hold_minutes=15)
    assert salon.starts(str(DAY)) == []
    later = salon.later(minutes=15)
    assert later.starts(str(DAY)) != []
    later.book(f"{DAY} 15:00")
    assert places(later) == [1]


def test_both_the_persons_and_the_services_limit_bind(salon: Salon) -> None:
    limit_staff(salon, 3)
    limit_service(salon, 2)
    salon.book(f"{DAY} 10:00", staff="ben")
    salon.book(f"{DAY} 10:00")
    assert salon.starts(str(DAY), staff=None) == []
    assert salon.starts(str(DAY), service="color") != []
    assert places(salon) == [1, 2]


def test_a_limit_that_is_set_later_counts_what_is_booked(salon: Salon) -> None:
    """Three are booked, two are allowed: one must go before the next, wherever its place was."""
    booked = [salon.book(f"{DAY} {wall}:00") for wall in ("10", "12", "14")]
    limit_staff(salon, 2)
    ana = salon.ask(lambda tx: find_staff(tx, "ana"))
    salon.act(lambda tx: count_in(tx, ana.id))
    salon.act(lambda tx: count_in(tx, ana.id))
    assert places(salon) == [3]
    salon.act(lambda tx: cancel(tx, booked[0].code))
    assert salon.starts(str(DAY)) == []
    salon.act(lambda tx: cancel(tx, booked[1].code))
    wanted = [salon.request(f"{DAY} {wall}:00") for wall in ("10", "11", "12", "13")]
    said = together([lambda one=one: attempt(salon, one) for one in wanted])
    assert said["ana"] == 1
    assert set(said) <= {"ana", "slot_taken", "not_offered"}, "who comes later sees a full day"
    assert places(salon) == [2]


@pytest.mark.parametrize("round_", range(5))
def test_of_many_at_different_times_as_many_get_in_as_the_day_has_places(
    salon: Salon, round_: int
) -> None:
    limit_staff(salon, 3)
    limit_service(salon, 5)
    wanted = [salon.request(f"{DAY} {9 + n:02d}:00", staff=("ana", "ben")[n % 2]) for n in range(8)]
    wanted += [salon.request(f"{DAY} 17:15", staff=None)] * 2
    said = together([lambda one=one: attempt(salon, one) for one in wanted])
    assert said["ana"] + said["ben"] == 5
    assert said["ana"] <= 3
    assert set(said) <= {"ana", "ben", "slot_taken", "not_offered"}
    assert max(places(salon)) == 5
    assert overlaps(salon) == 0


def test_visits_that_need_two_limited_services_the_other_way_round_do_not_deadlock(
    salon: Salon,
) -> None:
    for slug in ("cut", "color"):
        limit_service(salon, 500, slug)
    for name in ("cleo", "dan"):
        salon.staff(name)
        salon.hours(name, "mon-sat 09:00-18:00")
    customer = salon.customer()
    one = ("cut", "ana", Wish("color", "ben"))
    other = ("color", "cleo", Wish("cut", "dan"))
    for day in range(24, 29):
        for hour in (9, 11, 13, 15):
            at = salon.local(f"2026-11-{day} {hour:02d}:00")
            wanted = [
                BookingRequest(service, staff, at, customer.id, more=(more,))
                for service, staff, more in (one, other)
            ]
            said = together([lambda each=each: attempt(salon, each) for each in wanted])
            assert said == {"ana": 1, "cleo": 1}
    assert deadlocks(salon) == 0
