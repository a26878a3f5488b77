"""Scenario 17: what listing offers, booking accepts; what it does not offer, booking refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from databases import Database
from factories import Salon, empty_salon
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.availability.actions import Slot, find_slots
from bookra.engine.availability.hours import parse_shifts
from bookra.engine.availability.timetable import set_exception
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.database import open_pool
from bookra.engine.payments.taking import book_with_link
from bookra.engine.runtime import administrative_tx
from bookra.errors import BookraError, ConflictError

RULES = text(
    "UPDATE tenants SET notice_minutes = 90, granularity_minutes = :step,"
    " changed_by = session_user WHERE id = :tenant_id"
)
PLACES = [
    ("Europe/Berlin", date(2027, 3, 28), 20),
    ("Europe/Berlin", date(2027, 10, 31), 20),
    ("America/St_Johns", date(2027, 11, 7), 10),
]
TRIED = (("cut", "ana"), ("color", "ana"), ("cut", "ben"))


def busy_salon(database: Database, pool: Pool, zone: str, day: date, step: int) -> Salon:
    """Open a salon with breaks, buffers, gaps, nights, an exception and visits all over."""
    now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC) - timedelta(days=1)
    salon = empty_salon(database, pool, now=now, timezone=zone)
    with open_pool(database.administrator, pooled=False).begin() as administrator:
        administrative_tx(administrator, salon.tenant).run(RULES, step=step)
    for name in ("ana", "ben"):
        salon.staff(name)
    salon.hours("ana", "mon-sun 00:30-04:00,09:00-13:00,14:00-18:00")
    salon.hours("ben", "mon-sun 20:00-03:30")
    salon.act(lambda tx: set_exception(tx, "ana", day, parse_shifts("02:30-05:00,12:00-16:00")))
    salon.service("cut", "busy 30", "30.00")
    salon.service("color", "busy 30,gap 30,busy 15", "90.00", before=15, after=10)
    for offset, staff in ((0, "ana"), (5, "ana"), (11, "ana"), (3, "ben")):
        found = listing(salon, "cut", staff, day)
        customer = salon.customer()
        at = found[min(offset * 2, len(found) - 1)].start
        wanted = BookingRequest("cut", staff, at, customer.id, 15 if offset == 5 else None)
        salon.act(lambda tx: book(tx, wanted))  # noqa: B023
    return salon


@pytest.mark.parametrize(("zone", "day", "step"), PLACES, ids=str)
def test_listing_and_booking_are_of_one_mind(
    database: Database, pool: Pool, zone: str, day: date, step: int
) -> None:
    """Every twenty minutes of a day and a night are tried, and rolled back."""
    salon = busy_salon(database, pool, zone, day, step)
    customer = salon.customer()
    first = datetime(day.year, day.month, day.day, tzinfo=salon.zone).astimezone(UTC)
    moments = [first + timedelta(minutes=minute) for minute in range(0, 26 * 60, 20)]
    for service, staff in TRIED:
        listed = {slot.start for slot in listing(salon, service, staff, day)} & set(moments)
        answers = {at: ask_for(salon, service, staff, at, customer.id) for at in moments}
        assert {at for at in moments if answers[at] == "booked"} == listed
        assert len(listed) >= 3
        assert set(answers.values()) <= {"booked", "not_offered", "slot_taken", "past"}


def listing(salon: Salon, service: str, staff: str, day: date) -> list[Slot]:
    return salon.ask(lambda tx: find_slots(tx, service, staff, day, 2))


def ask_for(salon: Salon, service: str, staff: str, at: datetime, customer: UUID) -> str:
    """Try to book without keeping it; return the code of the refusal, if it is refused."""
    wanted = BookingRequest(service, staff, at, customer)
    try:
        salon.act(lambda tx: book(tx, wanted), dry_run=True)
    except BookraError as refused:
        return refused.code
    return "booked"


def test_no_payment_is_asked_for_a_slot_that_is_refused(salon: Salon) -> None:
    salon.book("2026-11-24 10:00")
    wanted = salon.request("2026-11-24 10:15")
    with pytest.raises(ConflictError):
        salon.act(lambda tx: book_with_link(tx, wanted))
    counted = text("SELECT count(*) FROM operations WHERE tenant_id = :tenant_id")
    assert salon.ask(lambda tx: tx.rows(counted))[0][0] == 0


def test_everything_that_was_listed_can_be_booked_one_after_the_other(salon: Salon) -> None:
    """Each time the list is read again, so the day fills up to the last slot that fits."""
    visits = 0
    while listed := salon.slots("2026-11-24", staff=None, service="color"):
        wanted = BookingRequest("color", listed[0].staff, listed[0].start, salon.customer().id)
        salon.act(lambda tx: book(tx, wanted))  # noqa: B023
        visits += 1
        assert visits < 40
    assert visits == 14, "seven each: 9:00, 10:15, 11:30 and so on until 16:30"
