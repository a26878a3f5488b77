"""The waitlist's rules, as pure values: who gets an opening, and what becomes of a wish."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookra.engine.bookings.model import Status
from bookra.engine.bookings.waitlist.rules import (
    DAY_SECONDS,
    STANDS,
    InLine,
    OfferState,
    Place,
    Rule,
    Span,
    WishStatus,
    became,
    given_out,
    unusable_seconds,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
HOUR = 3600
TEN = 10 * HOUR


def in_line(number: int, *places: Place) -> InLine:
    """Return a wish that came as the ``number``-th."""
    return InLine(UUID(int=number), NOW + timedelta(minutes=number), places)


def place(start: int = TEN, *, unusable: int = 0, staff: str = "ana", price: int = 4500) -> Place:
    return Place(start, unusable, staff, price)


def winners(rule: Rule, *line: InLine, limit: int = 20) -> list[int]:
    return [found.wish_id.int for found in given_out(rule, line, limit=limit)]


def test_the_oldest_wish_is_first_in_line() -> None:
    assert winners(Rule.FIRST, in_line(2, place()), in_line(1, place()), in_line(3, place())) == [1]


def test_the_highest_price_wins_and_of_equal_ones_the_oldest() -> None:
    cheap, dear, also_dear = (
        in_line(1, place(price=4500)),
        in_line(2, place(price=9000)),
        in_line(3, place(price=9000)),
    )
    assert winners(Rule.HIGHEST_VALUE, cheap, also_dear, dear) == [2]


def test_the_visit_that_wastes_the_least_wins_and_of_equal_ones_the_oldest() -> None:
    wasteful, snug, also_snug = (
        in_line(1, place(unusable=900)),
        in_line(2, place(unusable=0)),
        in_line(3, place(unusable=0)),
    )
    assert winners(Rule.BEST_FIT, wasteful, also_snug, snug) == [2]


def test_a_wish_gets_its_earliest_place() -> None:
    (found,) = given_out(Rule.FIRST, [in_line(1, place(TEN + HOUR), place(TEN))], limit=5)
    assert found.place.start == TEN


def test_who_loses_one_opening_gets_another_persons() -> None:
    line = [in_line(1, place()), in_line(2, place(), place(staff="ben"))]
    found = given_out(Rule.FIRST, line, limit=5)
    assert [(each.wish_id.int, each.place.staff) for each in found] == [(1, "ana"), (2, "ben")]


def test_no_more_is_given_than_was_asked_for() -> None:
    line = [in_line(n, place(TEN + n * DAY_SECONDS)) for n in range(1, 6)]
    assert winners(Rule.FIRST, *line, limit=2) == [1, 2]
    assert winners(Rule.FIRST) == []


places = st.builds(
    Place,
    st.integers(0, 40).map(lambda n: n * 6 * HOUR),
    st.sampled_from([0, 900, 1800]),
    st.sampled_from(["ana", "ben"]),
    st.sampled_from([4500, 9000]),
)


@given(st.sampled_from(Rule), st.lists(st.lists(places, max_size=5), max_size=6))
def test_nobody_gets_two_and_nothing_is_given_twice(rule: Rule, wanted: list[list[Place]]) -> None:
    line = [in_line(number, *each) for number, each in enumerate(wanted, start=1)]
    found = given_out(rule, line, limit=20)
    assert len({each.wish_id for each in found}) == len(found)
    for each in found:
        assert each.place in line[each.wish_id.int - 1].places
        for other in found:
            if other is not each and other.place.staff == each.place.staff:
                assert abs(other.place.start - each.place.start) >= DAY_SECONDS


@given(st.sampled_from(Rule), st.lists(st.lists(places, max_size=5), max_size=6))
def test_an_opening_goes_begging_only_when_it_is_near_one_that_was_given(
    rule: Rule, wanted: list[list[Place]]
) -> None:
    line = [in_line(number, *each) for number, each in enumerate(wanted, start=1)]
    found = given_out(rule, line, limit=20)
    served = {each.wish_id for each in found}
    for wish in line:
        if wish.wish_id not in served:
            assert all(
                any(
                    each.place.staff == left.staff
                    and abs(each.place.start - left.start) < DAY_SECONDS
                    for each in found
                )
                for left in wish.places
            )


FREE: list[Span] = [(TEN, TEN + 2 * HOUR)]
HALF = HOUR // 2


@pytest.mark.parametrize(
    ("start", "unusable"),
    [(TEN, 0), (TEN + HALF, 2 * HALF), (TEN + HOUR, 0), (TEN + 1200, 1200 + 2400)],
)
def test_time_is_unusable_when_nothing_on_sale_fits_in_it(start: int, unusable: int) -> None:
    """A visit of an hour in two free hours, when the shortest takes 45 minutes."""
    assert unusable_seconds(FREE, [(0, HOUR)], start, 2700) == unusable


def test_what_was_too_short_before_is_not_the_visits_fault() -> None:
    assert unusable_seconds([(TEN, TEN + HALF)], [(0, 1200)], TEN, 2700) == 0


def test_the_gap_of_a_visit_is_free_time_too() -> None:
    blocks = [(0, HALF), (HALF + 1200, 900)]
    assert unusable_seconds(FREE, blocks, TEN, 900) == 0
    assert unusable_seconds(FREE, blocks, TEN, 1800) == 1200


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=4),
    st.integers(0, 40),
    st.integers(1, 6),
    st.integers(0, 6),
)
def test_unusable_time_is_counted_as_minute_by_minute(
    raw: list[tuple[int, int]], start: int, length: int, shortest: int
) -> None:
    free_minutes = {minute for begin, size in raw for minute in range(begin, begin + size)}
    taken = set(range(start, start + length))
    expected = wasted(free_minutes - taken, shortest) - wasted(free_minutes, shortest)
    found = unusable_seconds(runs(free_minutes), [(0, length)], start, shortest)
    assert found == max(0, expected)


def runs(minutes: set[int]) -> list[Span]:
    found: list[Span] = []
    for minute in sorted(minutes):
        if found and found[-1][1] == minute:
            found[-1] = (found[-1][0], minute + 1)
        else:
            found.append((minute, minute + 1))
    return found


def wasted(minutes: set[int], shortest: int) -> int:
    return sum(b - a for a, b in runs(minutes) if b - a < shortest)


def offer(status: Status, *, held_minutes: int = 30) -> OfferState:
    held = NOW + timedelta(minutes=held_minutes) if status is Status.HELD else None
    return OfferState(status, held)


@pytest.mark.parametrize("status", sorted(STANDS))
def test_an_offer_that_was_accepted_fulfils_the_wish(status: Status) -> None:
    for before in (WishStatus.OFFERED, WishStatus.WAITING):
        assert became(before, [offer(status)], LATER, NOW) is WishStatus.FULFILLED


def test_an_offer_stands_until_its_hold_ends_to_the_moment() -> None:
    offers = [offer(Status.HELD, held_minutes=30)]
    end = NOW + timedelta(minutes=30)
    just_before = end - timedelta(microseconds=1)
    assert became(WishStatus.OFFERED, offers, LATER, just_before) is WishStatus.OFFERED
    assert became(WishStatus.OFFERED, offers, LATER, end) is WishStatus.WAITING


def test_a_lapsed_offer_puts_the_wish_back_in_line_and_a_cancelled_one_ends_it() -> None:
    expired, cancelled = [offer(Status.EXPIRED)], [offer(Status.CANCELLED)]
    assert became(WishStatus.OFFERED, expired, LATER, NOW) is WishStatus.WAITING
    assert became(WishStatus.OFFERED, cancelled, LATER, NOW) is WishStatus.WITHDRAWN


def test_only_the_newest_offer_decides_unless_an_older_one_was_paid_for_late() -> None:
    again = [offer(Status.EXPIRED), offer(Status.HELD)]
    assert became(WishStatus.OFFERED, again, LATER, NOW) is WishStatus.OFFERED
    paid_late = [offer(Status.CONFIRMED), offer(Status.HELD)]
    assert became(WishStatus.OFFERED, paid_late, LATER, NOW) is WishStatus.FULFILLED


def test_a_wish_lapses_with_its_last_window_but_not_while_an_offer_is_out() -> None:
    assert became(WishStatus.WAITING, [], NOW, NOW) is WishStatus.LAPSED
    assert became(WishStatus.WAITING, [], LATER, NOW) is WishStatus.WAITING
    assert became(WishStatus.OFFERED, [offer(Status.HELD)], NOW, NOW) is WishStatus.OFFERED
    assert became(WishStatus.OFFERED, [offer(Status.EXPIRED)], NOW, NOW) is WishStatus.LAPSED
