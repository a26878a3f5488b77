"""The waitlist: an opening goes by rule to who waits, as a hold, and then to the next in line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from factories import Salon, open_salon
from racing import overlaps
from sqlalchemy import text
from teaching import give
from teaching import offer as offer_class

from bookra.engine.bookings.actions import cancel, confirm
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.store import locked_by_code
from bookra.engine.bookings.waitlist.actions import (
    Added,
    WishRequest,
    accept,
    add_wish,
    confirm_held,
    offer_at,
    withdraw,
)
from bookra.engine.bookings.waitlist.openings import (
    Offered,
    fitting,
    offer_openings,
    openings_of,
    pending,
)
from bookra.engine.bookings.waitlist.rules import Rule, WishStatus
from bookra.engine.bookings.waitlist.store import Wish, wish_by_code
from bookra.engine.bookings.waitlist.windows import parse_window
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.taking import take_cash
from bookra.errors import ConflictError, InvalidInputError, NotFoundError

Result = TypeVar("Result")

THURSDAY = "2026-11-26"
NARROW = f"{THURSDAY} 14:00-14:01"
HOLD = timedelta(hours=1)
RULE = text(
    "UPDATE tenants SET waitlist_rule = :rule, changed_by = session_user WHERE id = :tenant_id"
)
OFFERS = text("SELECT wish_id, staff_id, starts_at FROM wish_offers WHERE tenant_id = :tenant_id")
REQUESTED = text("SELECT requested FROM booking_lines WHERE tenant_id = :tenant_id")


def wish(
    salon: Salon,
    name: str = "Rosa Vega",
    *windows: str,
    service: str = "cut",
    staff: str | None = "ana",
) -> Wish:
    return added(salon, name, *windows, service=service, staff=staff).wish


def added(
    salon: Salon,
    name: str = "Rosa Vega",
    *windows: str,
    service: str = "cut",
    staff: str | None = "ana",
    phone: str | None = None,
) -> Added:
    parsed = [
        window
        for words in windows or (NARROW,)
        for window in parse_window(words, salon.zone, salon.now)
    ]
    request = WishRequest(service, staff, salon.customer(name, phone=phone).id, parsed)
    return salon.act(lambda tx: add_wish(tx, request))


def offers(salon: Salon, rule: Rule | None = None, *, only: str | None = None) -> list[Offered]:
    return salon.act(lambda tx: offer_openings(tx, rule=rule, only=only))


def again(salon: Salon, one: Wish) -> Wish:
    return salon.ask(lambda tx: wish_by_code(tx, one.code))


def status(salon: Salon, one: Wish) -> WishStatus:
    return again(salon, one).status


def customers(found: list[Offered]) -> list[str]:
    return [each.wish.customer for each in found]


def fill(salon: Salon, *, staff: str = "ana") -> dict[str, Booking]:
    """Book Thursday afternoon full; returns the bookings by their start."""
    filler = salon.customer("Filler")
    walls = [f"{n // 60:02d}:{n % 60:02d}" for n in range(9 * 60, 18 * 60, 45)]
    return {w: salon.book(f"{THURSDAY} {w}", staff=staff, customer=filler) for w in walls}


def test_an_opening_is_held_for_who_waits(salon: Salon) -> None:
    one = wish(salon)
    (offer,) = offers(salon)
    assert offer.booking.status is Status.HELD
    assert offer.booking.hold_expires_at == salon.now + HOLD
    assert offer.booking.starts_at == salon.local(f"{THURSDAY} 14:00")
    assert offer.booking.customer == "Rosa Vega"
    assert status(salon, one) is WishStatus.OFFERED
    assert "14:00" not in salon.starts(THURSDAY)


def test_offering_again_offers_nothing_twice(salon: Salon) -> None:
    wish(salon, "Rosa Vega", f"{THURSDAY} 14:00-16:00")
    assert len(offers(salon)) == 1
    assert offers(salon) == []
    assert not salon.ask(pending)


def test_nothing_is_offered_while_nothing_is_free(salon: Salon) -> None:
    full = fill(salon)
    one = wish(salon, "Rosa Vega", f"{THURSDAY} 14:00-18:00")
    assert offers(salon) == []
    salon.act(lambda tx: cancel(tx, full["14:15"].code))
    assert salon.ask(pending)
    (offer,) = offers(salon)
    assert offer.booking.starts_at == salon.local(f"{THURSDAY} 14:15")
    assert status(salon, one) is WishStatus.OFFERED


def test_a_hold_that_lapses_goes_to_the_next_in_line_and_never_back(salon: Salon) -> None:
    rosa, mia, emil = (wish(salon, name) for name in ("Rosa Vega", "Mia Kern", "Emil Berg"))
    assert customers(offers(salon)) == ["Rosa Vega"]
    just_before = salon.later(minutes=59)
    assert offers(just_before) == []
    first = salon.later(minutes=60)
    assert customers(offers(first)) == ["Mia Kern"]
    assert status(salon, rosa) is WishStatus.WAITING
    second = first.later(minutes=60)
    assert customers(offers(second)) == ["Emil Berg"]
    third = second.later(minutes=60)
    assert offers(third) == []
    assert {status(salon, each) for each in (rosa, mia, emil)} == {WishStatus.WAITING}
    assert "14:00" in third.starts(THURSDAY)


def test_who_let_one_offer_lapse_is_offered_another_time(salon: Salon) -> None:
    one = wish(salon, "Rosa Vega", f"{THURSDAY} 14:00-14:16")
    starts = []
    seen = salon
    for _ in range(3):
        starts += [each.booking.starts_at for each in offers(seen)]
        seen = seen.later(minutes=61)
    assert starts == [salon.local(f"{THURSDAY} 14:00"), salon.local(f"{THURSDAY} 14:15")]
    assert len(again(salon, one).offers) == 2


def test_a_lapsed_hold_that_the_sweep_was_faster_to_expire_cascades_too(salon: Salon) -> None:
    wish(salon)
    wish(salon, "Mia Kern")
    offers(salon)
    later = salon.later(minutes=60)
    assert later.act(expire_lapsed) == 1
    assert customers(offers(later)) == ["Mia Kern"]


def test_accepting_confirms_the_visit_and_fulfils_the_wish(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("google", tmp_path / "key")
    one = wish(salon)
    (offer,) = offers(salon)
    assert salon.act(lambda tx: accept(tx, one.code)).status is Status.CONFIRMED
    assert status(salon, one) is WishStatus.FULFILLED
    assert [row.topic for row in salon.ask(outbox_rows)] == ["calendar.upsert"]
    assert salon.act(lambda tx: accept(tx, one.code)).code == offer.booking.code
    assert offers(salon.later(hours=2)) == []


def confirm_by_code(salon: Salon, code: str) -> None:
    salon.act(lambda tx: confirm_held(tx, code))


def pay_in_cash(salon: Salon, code: str) -> None:
    salon.act(lambda tx: take_cash(tx, code))


@pytest.mark.parametrize("accepting", [confirm_by_code, pay_in_cash])
def test_confirming_or_paying_the_hold_accepts_it_too(
    salon: Salon, accepting: Callable[[Salon, str], None]
) -> None:
    one = wish(salon)
    (offer,) = offers(salon)
    accepting(salon, offer.booking.code)
    assert salon.ask(pending)
    assert offers(salon) == []
    assert status(salon, one) is WishStatus.FULFILLED
    assert not salon.ask(pending)


def test_a_lapsed_offer_may_be_accepted_while_nobody_else_has_it(salon: Salon) -> None:
    one = wish(salon)
    offers(salon)
    late = salon.later(minutes=90)
    assert late.act(lambda tx: accept(tx, one.code)).status is Status.CONFIRMED


def test_an_offer_that_went_to_the_next_can_no_longer_be_accepted(salon: Salon) -> None:
    one = wish(salon)
    wish(salon, "Mia Kern")
    offers(salon)
    late = salon.later(minutes=61)
    assert customers(offers(late)) == ["Mia Kern"]
    with pytest.raises(ConflictError) as over:
        late.act(lambda tx: accept(tx, one.code))
    assert over.value.code == "offer_over"
    assert overlaps(salon) == 0


def test_a_wish_without_an_offer_has_nothing_to_accept(salon: Salon) -> None:
    one = wish(salon)
    with pytest.raises(ConflictError) as nothing:
        salon.act(lambda tx: accept(tx, one.code))
    assert nothing.value.code == "no_offer"


def test_an_expired_hold_is_never_confirmed_without_its_time(salon: Salon) -> None:
    held = salon.book(f"{THURSDAY} 14:00", hold_minutes=15)
    later = salon.later(minutes=20)
    later.act(expire_lapsed)
    with pytest.raises(ConflictError) as refused:
        later.act(lambda tx: confirm_held(tx, held.code))
    assert refused.value.code == "illegal_state"
    confirmed = salon.book(f"{THURSDAY} 15:00")
    with pytest.raises(ConflictError):
        salon.act(lambda tx: confirm_held(tx, confirmed.code))


def test_declining_an_offer_takes_the_wish_off_the_list(salon: Salon) -> None:
    one = wish(salon)
    wish(salon, "Mia Kern")
    (offer,) = offers(salon)
    salon.act(lambda tx: cancel(tx, offer.booking.code))
    assert customers(offers(salon)) == ["Mia Kern"]
    assert status(salon, one) is WishStatus.WITHDRAWN


def test_withdrawing_frees_what_was_held(salon: Salon) -> None:
    one = wish(salon)
    (offer,) = offers(salon)
    assert salon.act(lambda tx: withdraw(tx, one.code)).status is WishStatus.WITHDRAWN
    assert salon.booking(offer.booking.code).status is Status.CANCELLED
    assert "14:00" in salon.starts(THURSDAY)
    assert offers(salon) == []
    with pytest.raises(ConflictError) as over:
        salon.act(lambda tx: withdraw(tx, one.code))
    assert over.value.code == "illegal_state"


def test_a_wish_whose_hold_was_confirmed_is_not_withdrawn_any_more(salon: Salon) -> None:
    one = wish(salon)
    (offer,) = offers(salon)
    confirm_by_code(salon, offer.booking.code)
    with pytest.raises(ConflictError) as fulfilled:
        salon.act(lambda tx: withdraw(tx, one.code))
    assert offer.booking.code in fulfilled.value.message
    assert salon.booking(offer.booking.code).status is Status.CONFIRMED


def test_a_wish_lapses_when_its_windows_are_past(salon: Salon) -> None:
    fill(salon)
    one = wish(salon, "Rosa Vega", f"{THURSDAY} 14:00-16:00")
    late = salon.at(salon.local(f"{THURSDAY} 16:00"))
    assert late.ask(pending)
    assert offers(late) == []
    assert status(salon, one) is WishStatus.LAPSED


def test_having_booked_otherwise_withdraws_nothing(salon: Salon) -> None:
    fill(salon)
    one = added(salon, phone="030 901820").wish
    rosa = salon.customer("Rosa Vega", phone="030 901820")
    assert rosa.id == one.customer_id
    salon.book("2026-11-27 10:00", customer=rosa)
    offers(salon)
    assert status(salon, one) is WishStatus.WAITING


def test_a_late_payment_of_a_lapsed_offer_fulfils_and_frees_the_newer_one(salon: Salon) -> None:
    one = wish(salon, "Rosa Vega", f"{THURSDAY} 14:00-14:01", "2026-11-27 14:00-14:01")
    (first,) = offers(salon)
    later = salon.later(minutes=61)
    (second,) = offers(later)
    assert first.booking.code != second.booking.code
    later.act(lambda tx: confirm(tx, locked_by_code(tx, first.booking.code)))
    offers(later)
    assert status(salon, one) is WishStatus.FULFILLED
    assert salon.booking(first.booking.code).status is Status.CONFIRMED
    assert salon.booking(second.booking.code).status is Status.CANCELLED


def test_the_highest_value_goes_before_the_oldest_wish(salon: Salon) -> None:
    wish(salon, "Rosa Vega")
    wish(salon, "Mia Kern", service="color")
    assert customers(offers(salon, Rule.HIGHEST_VALUE)) == ["Mia Kern"]


def test_the_businesss_own_rule_decides_unless_another_is_asked_for(salon: Salon) -> None:
    wish(salon, "Rosa Vega")
    wish(salon, "Mia Kern", service="color")
    salon.act(lambda tx: tx.run(RULE, rule="highest-value"))
    assert customers(offers(salon)) == ["Mia Kern"]


def test_the_best_fit_fills_the_opening(salon: Salon) -> None:
    """An hour is free, and cuts of 45 minutes are the shortest: a colour of 65 does not fit,
    a wash of 60 fits without a rest, and the older wish for a cut would waste 15 minutes.
    """
    salon.service("wash", "busy 60", "30.00")
    filler = salon.customer("Filler")
    for wall in ("09:00", "10:00", "11:00", "12:00", "13:00", "15:00", "16:00", "17:00"):
        salon.book(f"{THURSDAY} {wall}", service="wash", customer=filler)
    window = f"{THURSDAY} 14:00-15:00"
    wish(salon, "Rosa Vega", window)
    wish(salon, "Mia Kern", window, service="wash")
    wish(salon, "Emil Berg", window, service="color")
    assert customers(salon.act(lambda tx: offer_openings(tx, rule=Rule.FIRST), dry_run=True)) == [
        "Rosa Vega"
    ]
    (offer,) = offers(salon, Rule.BEST_FIT)
    assert offer.wish.customer == "Mia Kern"


@pytest.mark.parametrize("rule", Rule)
def test_a_seat_that_becomes_free_in_a_full_class_is_an_opening(salon: Salon, rule: Rule) -> None:
    offer_class(salon, capacity=1)
    at = give(salon, f"{THURSDAY} 14:00").starts_at
    seat = salon.book(f"{THURSDAY} 14:00", service="yoga", customer=salon.customer("Filler"))
    one = wish(salon, service="yoga")
    assert offers(salon, rule) == []
    salon.act(lambda tx: cancel(tx, seat.code))
    (offer,) = offers(salon, rule)
    assert offer.booking.starts_at == at
    assert salon.act(lambda tx: accept(tx, one.code)).status is Status.CONFIRMED


def test_a_chosen_wish_goes_ahead_of_the_line(salon: Salon) -> None:
    wish(salon)
    mia = wish(salon, "Mia Kern")
    assert customers(offers(salon, only=mia.code)) == ["Mia Kern"]


def test_anybody_may_be_wished_for_and_is_not_asked_for_by_name(salon: Salon) -> None:
    salon.book(f"{THURSDAY} 14:00", staff="ana", customer=salon.customer("Filler"))
    wish(salon, staff=None)
    (offer,) = offers(salon)
    assert offer.booking.lines[0].staff == "ben"
    assert sorted(row.requested for row in salon.ask(lambda tx: tx.rows(REQUESTED))) == [
        False,
        True,
    ]


def test_for_anybody_the_same_time_with_somebody_else_is_another_offer(salon: Salon) -> None:
    wish(salon, staff=None)
    staff, seen = [], salon
    for _ in range(3):
        staff += [each.booking.lines[0].staff for each in offers(seen)]
        seen = seen.later(minutes=61)
    assert sorted(staff) == ["ana", "ben"]


def test_a_hold_ends_before_the_visit_begins(salon: Salon) -> None:
    now = salon.at(salon.local(f"{THURSDAY} 13:40"))
    wish(now)
    (offer,) = offers(now)
    assert offer.booking.hold_expires_at == offer.booking.starts_at


def test_who_has_a_phone_is_told(salon: Salon, tmp_path: Path) -> None:
    salon.connect_provider("whatsapp", tmp_path / "key")
    added(salon, "Rosa Vega", phone="030 901820")
    added(salon, "Mia Kern", f"{THURSDAY} 16:00-16:01")
    found = offers(salon)
    assert len(found) == 1
    found += offers(salon)
    (row,) = salon.ask(outbox_rows)
    assert (row.topic, row.booking) == ("message.send", found[0].booking.code)


def test_adding_a_wish_says_what_could_be_booked_at_once_and_offers_nothing(salon: Salon) -> None:
    found = added(salon, "Rosa Vega", f"{THURSDAY} 14:00-18:00")
    assert found.opening is not None
    assert found.opening.start == salon.local(f"{THURSDAY} 14:00")
    assert found.wish.status is WishStatus.WAITING
    assert "14:00" in salon.starts(THURSDAY)
    fill(salon)
    assert added(salon, "Mia Kern").opening is None


def test_the_same_open_wish_again_is_the_same_wish(salon: Salon) -> None:
    def rosas(until: str) -> Wish:
        window = f"{THURSDAY} 14:00-{until}"
        return added(salon, "Rosa Vega", window, phone="030 901820").wish

    one = rosas("18:00")
    assert rosas("18:00").code == one.code
    assert rosas("17:00").code != one.code
    salon.act(lambda tx: withdraw(tx, one.code))
    assert rosas("18:00").code != one.code


def test_what_nobody_can_give_is_not_wished_for(salon: Salon) -> None:
    salon.staff("cleo", services=("color",))
    with pytest.raises(ConflictError) as skill:
        wish(salon, staff="cleo")
    assert skill.value.code == "not_offered"
    with pytest.raises(InvalidInputError) as past:
        wish(salon.at(salon.local(f"{THURSDAY} 15:00")), "Rosa Vega", f"{THURSDAY} 14:00-15:00")
    assert past.value.code == "past"
    with pytest.raises(NotFoundError):
        wish(salon, service="perm")


def test_a_service_that_is_no_longer_sold_keeps_nobody_else_waiting(salon: Salon) -> None:
    wish(salon, "Rosa Vega", service="color")
    wish(salon, "Mia Kern")
    retire = text(
        "UPDATE services SET active = false WHERE tenant_id = :tenant_id AND slug = 'color'"
    )
    salon.act(lambda tx: tx.run(retire))
    assert customers(offers(salon, Rule.HIGHEST_VALUE)) == ["Mia Kern"]


def test_a_tick_that_dies_half_way_leaves_nothing_and_the_next_one_does_it(salon: Salon) -> None:
    one = wish(salon)

    class KilledError(Exception):
        pass

    def die(tx: object) -> None:
        assert len(offer_openings(tx)) == 1  # type: ignore[arg-type]
        raise KilledError

    with pytest.raises(KilledError):
        salon.act(die)
    assert status(salon, one) is WishStatus.WAITING
    assert "14:00" in salon.starts(THURSDAY)
    assert len(offers(salon)) == 1


def at_once(salon: Salon, runs: int) -> list[Offered]:
    start = threading.Barrier(runs, timeout=30)

    def run(_: int) -> list[Offered]:
        salon.ask(lambda tx: tx.now)
        start.wait()
        return offers(salon)

    with ThreadPoolExecutor(runs) as threads:
        return [offer for found in threads.map(run, range(runs)) for offer in found]


def test_relays_at_once_offer_one_opening_to_one_wish(salon: Salon) -> None:
    for number in range(5):
        wish(salon, f"Customer {number}")
    found = at_once(salon, 6)
    assert len(found) == 1
    assert overlaps(salon) == 0


def test_relays_at_once_offer_a_wish_one_opening(salon: Salon) -> None:
    wish(salon, "Rosa Vega", f"{THURSDAY} 14:00-18:00", "2026-11-27 14:00-18:00", staff=None)
    at_once(salon, 6)
    assert len(salon.ask(lambda tx: tx.rows(OFFERS))) == 1


def both(one: Callable[[], Result], other: Callable[[], Result]) -> tuple[Result, Result]:
    start = threading.Barrier(2, timeout=30)

    def run(work: Callable[[], Result]) -> Result:
        start.wait()
        return work()

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.submit(run, one), threads.submit(run, other)
        return first.result(), second.result()


def test_accepting_races_the_cascade_and_one_of_them_wins(salon: Salon) -> None:
    for number in range(6):
        window = f"2026-11-{24 + number % 5} {9 + number:02d}:00-{9 + number:02d}:01"
        rosa, mia = wish(salon, f"Rosa {number}", window), wish(salon, f"Mia {number}", window)
        assert len(offers(salon, only=rosa.code)) == 1
        late = salon.later(minutes=61)

        def accepting(late: Salon = late, code: str = rosa.code) -> bool:
            try:
                late.act(lambda tx: accept(tx, code))
            except ConflictError:
                return False
            return True

        def cascading(late: Salon = late, code: str = mia.code) -> bool:
            return bool(offers(late, only=code))

        accepted, cascaded = both(accepting, cascading)
        assert accepted != cascaded
        for one in (rosa, mia):
            if status(salon, one) in (WishStatus.WAITING, WishStatus.OFFERED):
                salon.act(lambda tx, one=one: withdraw(tx, one.code))
    assert overlaps(salon) == 0


def test_a_waitlist_belongs_to_its_business(salon: Salon) -> None:
    one = wish(salon)
    sol = open_salon(salon.database, salon.pool, "sol")
    assert offers(sol) == []
    assert not sol.ask(pending)
    with pytest.raises(NotFoundError):
        sol.act(lambda tx: withdraw(tx, one.code))


def test_a_gap_names_who_would_take_it_and_when(salon: Salon) -> None:
    early = wish(salon, "Early", f"{THURSDAY} 09:00-12:00", staff=None)
    late = wish(salon, "Late", f"{THURSDAY} 10:30-18:00")
    wish(salon, "Elsewhere", "2026-11-27 09:00-18:00")
    salon.staff("bo")
    wish(salon, "Bo's", f"{THURSDAY} 09:00-18:00", staff="bo")
    gap = (salon.local(f"{THURSDAY} 10:00"), salon.local(f"{THURSDAY} 11:30"))
    found = salon.ask(lambda tx: fitting(tx, "ana", *gap))
    assert [(one.code, slot.start) for one, slot in found] == [
        (early.code, salon.local(f"{THURSDAY} 10:00")),
        (late.code, salon.local(f"{THURSDAY} 10:30")),
    ]


def test_a_certain_place_is_offered_once_and_only_if_it_is_wanted(salon: Salon) -> None:
    one = wish(salon, "Rosa Vega", f"{THURSDAY} 09:00-12:00")
    at = salon.local(f"{THURSDAY} 10:00")
    with pytest.raises(ConflictError, match="can't have this time"):
        salon.act(lambda tx: offer_at(tx, one.code, "ana", salon.local(f"{THURSDAY} 14:00")))
    made = salon.act(lambda tx: offer_at(tx, one.code, "ana", at))
    assert (made.booking.starts_at, made.booking.status) == (at, Status.HELD)
    with pytest.raises(ConflictError, match="offered, not waiting"):
        salon.act(lambda tx: offer_at(tx, one.code, "ana", at))


def test_a_place_that_was_taken_meanwhile_is_not_offered(salon: Salon) -> None:
    one = wish(salon, "Rosa Vega", f"{THURSDAY} 09:00-12:00")
    salon.book(f"{THURSDAY} 10:00", customer=salon.customer("Quicker"))
    with pytest.raises(ConflictError, match="can't have this time"):
        salon.act(lambda tx: offer_at(tx, one.code, "ana", salon.local(f"{THURSDAY} 10:00")))
    assert status(salon, one) is WishStatus.WAITING


def test_openings_of_many_wishes_are_looked_up_at_once(salon: Salon) -> None:
    one = wish(salon, "Rosa Vega", f"{THURSDAY} 09:00-12:00")
    other = wish(salon, "Tess Moran", f"{THURSDAY} 20:00-21:00")
    found = salon.ask(lambda tx: openings_of(tx, [one, other]))
    assert {key: slot.start for key, slot in found.items()} == {
        one.id: salon.local(f"{THURSDAY} 09:00")
    }
