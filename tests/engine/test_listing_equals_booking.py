"""What is listed has no reason against it and can be booked; what is not, has one and can't."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from databases import Database
from factories import Salon
from furnished import asked, crowd, furnished, listed, of_one_mind, tried
from racing import overlaps
from sqlalchemy import Engine as Pool

from bookra.engine.availability.asked import VisitWish, Wish
from bookra.engine.bookings.booking import book
from bookra.engine.bookings.model import Booking
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import parse_segments
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError
from bookra.money import parse_amount

DAY = date(2026, 11, 25)
ONE = (
    ("cut", "ana"),
    ("cut", None),
    ("color", "ben"),
    ("color", None),
    ("massage", None),
    ("talk", "ana"),
    ("cut", "dan"),
)
SEVERAL = (
    VisitWish((Wish("cut", "ana"), Wish("color", None))),
    VisitWish((Wish("color"), Wish("talk"), Wish("cut", "ben")), max_wait_minutes=30),
    VisitWish((Wish("color"), Wish("cut")), parallel=True),
    VisitWish((Wish("massage"), Wish("cut")), max_wait_minutes=0),
)
CHANGES = (
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),
    ("America/Havana", date(2027, 3, 14)),
    ("America/Santiago", date(2027, 4, 4)),
    ("Africa/Casablanca", date(2027, 3, 14)),
)


@pytest.fixture
def full(database: Database, pool: Pool) -> Salon:
    """A furnished salon with a crowded Wednesday."""
    salon = furnished(database, pool)
    crowd(salon, DAY)
    return salon


def moments(day: date, minutes: int) -> list[datetime]:
    """Return a moment each so many minutes of a day, on the grids and off them."""
    first = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    return [first + timedelta(minutes=n) for n in range(0, 16 * 60, minutes)]


def test_one_service(full: Salon) -> None:
    for service, staff in ONE:
        assert of_one_mind(full, VisitWish((Wish(service, staff),)), DAY, moments(DAY, 145)) > 3


def test_several_services(full: Salon) -> None:
    for visit in SEVERAL:
        assert of_one_mind(full, visit, DAY, moments(DAY, 190)) > 1


@pytest.mark.parametrize(("zone", "day"), CHANGES, ids=str)
def test_on_days_of_change(database: Database, pool: Pool, zone: str, day: date) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    salon = furnished(database, pool, zone=zone, now=noon - timedelta(days=1, minutes=13))
    for visit in (VisitWish((Wish("cut"),)), VisitWish((Wish("color"), Wish("cut", "ana")))):
        assert of_one_mind(salon, visit, day, []) > 5


def test_what_a_slot_says_is_what_is_booked(full: Salon) -> None:
    for visit in (*SEVERAL[:3], VisitWish((Wish("cut", "ana"),))):
        for slot in listed(full, visit, DAY)[::5]:
            named = visit._replace(lines=(Wish(slot.service, slot.staff), *visit.lines[1:]))
            booked = tried(full, named, slot.start)
            assert isinstance(booked, Booking)
            assert (booked.ends_at, booked.lines[0].staff) == (slot.end, slot.staff)
            assert booked.price == slot.price
            told = [(line.service, line.start, line.end) for line in slot.lines]
            got = [(line.service, line.starts_at, line.ends_at) for line in booked.lines]
            assert not told or told == got


def test_the_book_can_be_filled_to_the_last_slot(full: Salon) -> None:
    """Always the first that is listed, until nothing is: no surprise, no overlap."""
    for visit in (SEVERAL[1], SEVERAL[0], VisitWish((Wish("color"),))):
        for _ in range(40):
            found = listed(full, visit, DAY)
            if not found:
                break
            full.act(lambda tx: book(tx, asked(full, visit, found[0].start)))  # noqa: B023
        assert listed(full, visit, DAY) == []
    assert overlaps(full) == 0


def test_a_class_is_no_part_of_a_visit_in_a_list_either(full: Salon) -> None:
    full.act(_make_class)
    for lines in (("cut", "yoga"), ("yoga", "cut")):
        visit = VisitWish(tuple(Wish(slug) for slug in lines))
        with pytest.raises(ConflictError) as refused:
            listed(full, visit, DAY)
        assert refused.value.code == "not_offered"
        assert tried(full, visit, full.local("2026-11-25 10:00")) == "not_offered"


def _make_class(tx: Tx) -> None:
    price = parse_amount("12.00", tx.tenant.currency)
    add_service(tx, NewService("yoga", "Yoga", price, parse_segments("busy 60"), capacity=8))
