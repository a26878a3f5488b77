"""The salon that the documentation speaks of: Luna, with its people, services and clients.

It is open from eight to eight on every day, so that a page's commands run on any day. Its visits
lie more than a week ahead: what a page books meets none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from databases import Database
from factories import open_business

from bookra import ids
from bookra.commands.story.cast import LUNA
from bookra.config import Settings
from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_hours
from bookra.engine.bookings import writing
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.classes.adding import NewClass, add_sessions
from bookra.engine.bookings.waitlist import store as waitlist
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import parse_segments
from bookra.engine.database import open_pool
from bookra.engine.messages.rules import MessageRules, set_message_rules
from bookra.engine.orders import memberships, packages
from bookra.engine.payments.taking import take_cash
from bookra.engine.people.customers import add_customer, the_customer
from bookra.engine.people.resources import add_resource
from bookra.engine.people.staff import add_staff
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.actions import set_brand
from bookra.money import parse_amount

OPEN = "mon-sun 08:00-20:00"
STAFF = ("ana", "ben", "cleo")
SERVICES = (
    ("color", "Colour", "busy 30,gap 30,busy 15", "90.00"),
    ("perm", "Perm", "busy 60", "80"),
)
FIRST_VISIT_DAYS = 9


def furnish(database: Database, codes: Sequence[str]) -> None:
    """Open Luna with a confirmed visit for each of ``codes``, and one visit paid in cash."""
    tenant = open_business(database, name=LUNA.name)
    pool = open_pool(database.conninfo)
    try:
        engine = Engine(pool)
        engine.act(tenant.slug, _people_and_services, command="test")
        engine.act(tenant.slug, lambda tx: _visits(tx, len(codes) + 1), command="test")
    finally:
        pool.dispose()


def work_last_month(settings: Settings, database: Database) -> None:
    """Let a visit be paid and settled a month ago, so that there is pay to run."""
    from bookra.relay.daemon import Relay, RelayOptions

    then = datetime.now(UTC).replace(day=15, hour=9) - timedelta(days=31)
    pool = open_pool(database.conninfo, size=20)
    try:
        engine = Engine(pool, now=lambda: then)
        engine.act("luna", lambda tx: _visits(tx, 1), command="test")
        relay = Relay(engine, settings, RelayOptions())
        relay.drain_until_idle()
        relay.close()
    finally:
        pool.dispose()


@contextmanager
def codes_in_order(patch: pytest.MonkeyPatch, codes: Sequence[str]) -> Iterator[None]:
    """Give what is booked, sold and noted the codes that a page shows, in the page's order."""
    left = list(codes)

    def code(prefix: str, length: int = 4) -> str:
        found = next((code for code in left if code.startswith(f"{prefix}-")), None)
        if found is None:
            return ids.booking_code(prefix, length)
        left.remove(found)
        return found

    with patch.context() as patched:
        for module in (writing, waitlist, packages, memberships):
            patched.setattr(module, "booking_code", code)
        yield


def _people_and_services(tx: Tx) -> None:
    set_brand(tx, LUNA.brand)
    set_message_rules(tx, MessageRules(None, (1440,)))
    currency, today = tx.tenant.currency, tx.now.date()
    offers = [(o.slug, o.name, o.segments, o.price) for o in LUNA.offers]
    for slug, name, segments, price in [*offers, *SERVICES]:
        add_service(
            tx, NewService(slug, name, parse_amount(price, currency), parse_segments(segments))
        )
    yoga = parse_amount("18.00", currency)
    add_service(tx, NewService("yoga", "Yoga", yoga, parse_segments("busy 60"), capacity=12))
    for slug in (*STAFF, *(person.slug for person in LUNA.people)):
        add_staff(tx, slug, slug.capitalize(), commission_bps=4000)
        set_hours(tx, slug, [parse_week(OPEN)], today - timedelta(days=70))
    add_resource(tx, "room-1", "room")
    add_customer(tx, "Rosa Vega", phone="+4930901820", email="rosa@example.com")
    for nth, name in enumerate(LUNA.customers[:6]):
        add_customer(tx, name, phone=f"{LUNA.phone_prefix}{nth:02}")
    add_sessions(tx, NewClass("yoga", "cleo", _at(tx, 2, 18)))


def _visits(tx: Tx, count: int) -> None:
    rosa = the_customer(tx, "+4930901820")
    booked = [
        book(
            tx,
            BookingRequest("cut", "ana", _at(tx, FIRST_VISIT_DAYS + n // 10, 9 + n % 10), rosa.id),
        )
        for n in range(count)
    ]
    take_cash(tx, booked[-1].code, parse_amount("5.00", tx.tenant.currency))


def _at(tx: Tx, days: int, hour: int) -> datetime:
    day: date = tx.now.astimezone(tx.tenant.zone).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=tx.tenant.zone).astimezone(UTC)
