"""The day's picture: classes as one block, absences as no shift, and what visits may not become."""

from __future__ import annotations

from datetime import date

import away
import pytest
import teaching
from factories import Salon

from bookra.engine.availability.actions import find_visits
from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.day import DaySnapshot
from bookra.engine.bookings.moving import move
from bookra.engine.bookings.rota import day_snapshot
from bookra.errors import ConflictError, InvalidInputError

TUESDAY = date(2026, 11, 24)


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


def test_who_is_away_has_no_shift_then(salon: Salon) -> None:
    away.add(salon, "2026-11-24T13:00", "2026-11-24T15:00")
    ana = next(column for column in picture(salon).columns if column.slug == "ana")
    shown = [tuple(f"{at.astimezone(salon.zone):%H:%M}" for at in shift) for shift in ana.shifts]
    assert shown == [("09:00", "13:00"), ("15:00", "18:00")]


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
