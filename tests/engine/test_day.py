"""The day's picture: classes as one block, absences as no shift, and what visits may not become."""

from __future__ import annotations

from datetime import date, timedelta

import away
import pytest
import teaching
from factories import Salon

from bookra.engine.availability.actions import find_visits
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.day import Away, DaySnapshot
from bookra.engine.bookings.moving import move
from bookra.engine.bookings.rooms import day_by_rooms
from bookra.engine.bookings.rota import day_snapshot
from bookra.engine.orders.gift_cards import sell_gift_card
from bookra.engine.orders.redeeming import redeem_gift_card
from bookra.engine.orders.selling import pay_by
from bookra.engine.payments.asked import Asked
from bookra.engine.payments.taking import take
from bookra.engine.people.resources import add_resource
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.money import Money

TUESDAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)


def picture(salon: Salon) -> DaySnapshot:
    return salon.ask(lambda tx: day_snapshot(tx, TUESDAY))


def test_a_class_is_one_block_with_its_seats_whoever_sits_in_it(salon: Salon) -> None:
    teaching.offer(salon, capacity=3)
    session = teaching.give(salon)
    assert [block.customer for block in picture(salon).blocks] == ["0 of 3 seats"]
    for name, seats in (("Rosa Vega", 2), ("Max Frei", 1)):
        who = salon.customer(name)
        request = BookingRequest("yoga", None, session.starts_at, who.id, seats=seats)
        salon.act(lambda tx, request=request: book(tx, request))
    (block,) = picture(salon).blocks
    assert (block.code, block.customer, block.status) == (session.code, "3 of 3 seats", "class")
    assert (block.price.minor, block.due.minor) == (6000, 6000)
    assert picture(salon).totals.booked.minor == 6000


def test_what_is_taken_counts_money_by_each_way_once(salon: Salon) -> None:
    """A deposit counts when it comes, tips count, and what a gift card pays was taken before."""

    def money(minor: int) -> Money:
        return Money(minor, "EUR")

    def pay(tx: Tx) -> None:
        take(tx, parts.code, "terminal", Asked(amount=money(1000)))
        take(tx, parts.code, "cash", Asked(tip=money(300)))
        card = sell_gift_card(tx, money(5000))
        pay_by(tx, card.order, "cash")
        redeem_gift_card(tx, gift.code, card.code)

    parts, gift = salon.book("2026-11-24 10:00"), salon.book("2026-11-24 12:00")
    salon.act(pay)
    today = salon.ask(lambda tx: day_snapshot(tx, date(2026, 11, 23)))
    assert today.totals.taken.minor == 4500 + 300 + 5000


def test_who_is_away_has_no_shift_then(salon: Salon) -> None:
    away.add(salon, "2026-11-24T13:00", "2026-11-24T15:00")
    ana = next(column for column in picture(salon).columns if column.slug == "ana")
    shown = [tuple(f"{at.astimezone(salon.zone):%H:%M}" for at in shift) for shift in ana.shifts]
    assert shown == [("09:00", "13:00"), ("15:00", "18:00")]


def test_what_absences_take_of_a_shift_is_named_without_why_somebody_is_off(salon: Salon) -> None:
    away.add(salon, "2026-11-24T16:00", "2026-11-24T23:00")
    away.add(salon, "2026-11-24T09:00", "2026-11-24T10:00", kind="block", reason="stocktaking")
    ana = next(column for column in picture(salon).columns if column.slug == "ana")
    shown = sorted(
        (f"{one.starts_at.astimezone(salon.zone):%H:%M}", one.ends_at - one.starts_at, one.word)
        for one in ana.away
    )
    assert shown == [("09:00", HOUR, "stocktaking"), ("16:00", 2 * HOUR, "away")]


def test_what_goes_on_for_days_takes_of_a_day_its_working_time_alone(salon: Salon) -> None:
    salon.act(lambda tx: add_resource(tx, "laser-1", "laser", name="Laser"))
    away.add(salon, "2026-11-23", "2026-11-27", slug="laser-1", kind="block", reason="Repair")
    away.add(salon, "2026-11-23", "2026-11-27")
    ana = next(column for column in picture(salon).columns if column.slug == "ana")
    rooms = salon.ask(lambda tx: day_by_rooms(tx, TUESDAY))
    nine, six = salon.local("2026-11-24 09:00"), salon.local("2026-11-24 18:00")
    assert (ana.shifts, ana.away) == ((), (Away(nine, six, "away"),))
    (laser,) = (column for column in rooms.columns if column.slug == "laser-1")
    assert (laser.shifts, laser.away) == ((), (Away(nine, six, "blocked"),))


def test_no_line_is_moved_over_another_of_the_same_customer(salon: Salon) -> None:
    request = BookingRequest(
        "cut",
        "ana",
        salon.local("2026-11-24 10:00"),
        salon.customer().id,
        more=(Wish("cut", "ben"),),
    )
    booked = salon.act(lambda tx: book(tx, request))
    with pytest.raises(ConflictError, match="would begin while line 1 goes on"):
        salon.act(lambda tx: move(tx, booked.code, salon.local("2026-11-24 10:15"), line=2))
    assert salon.booking(booked.code) == booked
    salon.act(lambda tx: move(tx, booked.code, salon.local("2026-11-24 11:00"), line=2))


def test_a_visit_longer_than_a_day_is_refused_before_it_is_searched(salon: Salon) -> None:
    salon.service("retreat", "busy 600", "500.00")
    visit = VisitWish((Wish("retreat"), Wish("retreat"), Wish("retreat")))
    with pytest.raises(InvalidInputError, match="longer than a day"):
        salon.ask(lambda tx: find_visits(tx, visit, TUESDAY, 1))
