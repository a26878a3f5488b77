"""A business with a row in every table, and a fingerprint of all that it has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import away
import teaching
import treasured
from factories import Salon
from sqlalchemy import Connection, text

from bookra.engine.availability.calendars.places import remember
from bookra.engine.availability.timetable import set_exception
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.calendars import connect_calendar
from bookra.engine.bookings.moving import move
from bookra.engine.bookings.recurring.dates import SeriesRequest
from bookra.engine.bookings.recurring.recurrence import parse_every
from bookra.engine.bookings.recurring.series import book_series
from bookra.engine.bookings.waitlist.actions import WishRequest, add_wish
from bookra.engine.bookings.waitlist.openings import offer_openings
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import Need, Offered, ServiceLevel, parse_segments
from bookra.engine.commissions.split import split
from bookra.engine.imports.batches import REMEMBER
from bookra.engine.invoices.actions import issue
from bookra.engine.messages.model import Channel
from bookra.engine.messages.own_words import OwnTemplate, OwnWords, set_words
from bookra.engine.messages.statuses import note_status
from bookra.engine.outbox import breakers, queue, settling
from bookra.engine.payments.inbox import Event, advance, receive
from bookra.engine.payments.movements import MovementFact, record_movement
from bookra.engine.payments.settling import Charge, settle_payment
from bookra.engine.payments.taking import request_link
from bookra.engine.people.locations import add_location
from bookra.engine.people.resources import add_resource
from bookra.engine.people.staff import find_staff
from bookra.engine.privacy.consenting import record
from bookra.engine.runtime import Tx
from bookra.engine.schedules import runs
from bookra.engine.schedules.actions import plant, schedules
from bookra.engine.schedules.model import RunState
from bookra.engine.schema import metadata
from bookra.engine.tables import ROOMS
from bookra.engine.tenancy.locks import take
from bookra.engine.tenancy.once import once
from bookra.ids import new_id
from bookra.money import Money

assert ROOMS
TENANT_TABLES = sorted(
    table.name
    for table in metadata.tables.values()
    if "tenant_id" in table.c or table.name == "tenants"
)
OPERATION = text("SELECT id FROM operations WHERE tenant_id = :tenant_id")


def furnish(salon: Salon, key_file: Path) -> None:
    """Give a salon something in every table: sold, paid, invoiced, connected, and still to do."""
    for provider in ("stripe", "google", "whatsapp"):
        salon.connect_provider(provider, key_file)
    salon.service("fringe", "busy 15", "12.00")
    salon.staff("cleo", services=("fringe",))
    salon.act(lambda tx: set_exception(tx, "ben", date(2026, 12, 24), ()))
    salon.act(_close_christmas)
    customer = salon.customer(phone="030 901820")
    wanted = salon.request("2026-11-24 10:00", customer=customer)
    booking = salon.act(lambda tx: book(tx, wanted))
    salon.act(lambda tx: request_link(tx, booking.code))
    operation_id: UUID = salon.ask(lambda tx: tx.rows(OPERATION))[0].id
    amount = Money(4500, salon.tenant.currency)
    charge = Charge("ch_1", "pi_1", amount, salon.now)
    salon.act(lambda tx: settle_payment(tx, operation_id, charge))
    salon.act(lambda tx: record_movement(tx, _movement(charge)))
    salon.act(lambda tx: issue(tx, booking.id))
    salon.act(lambda tx: split(tx, booking.id))
    salon.act(_receive_and_settle)
    salon.act(lambda tx: once(tx, "k-1", "book", {}, lambda: {"code": booking.code}))
    salon.act(lambda tx: tx.run(_OPERATOR, id=new_id(), now=tx.now))
    _furnish_the_book(salon)
    salon.act(lambda tx: _furnish_the_relay(tx, booking.lines[0].id))
    salon.act(lambda tx: _furnish_the_office(tx, customer.id))
    treasured.treasure(salon)


def _furnish_the_office(tx: Tx, customer_id: UUID) -> None:
    """Give a salon somebody's consent, a row that was imported, and a job under way."""
    record(tx, customer_id, "photos", given=True, wording="For the window")
    imported = {"source": "elsewhere", "kind": "customer", "reference": "17"}
    tx.run(REMEMBER, id=new_id(), target_id=customer_id, **imported)
    take(tx, "payout run", "cron on a machine", 60)


def _furnish_the_book(salon: Salon) -> None:
    """Give a salon places, pools, a class, a series, a limit, absences and a waitlist."""
    salon.act(lambda tx: add_location(tx, "mitte", "Mitte", "Europe/Berlin"))
    salon.act(lambda tx: add_resource(tx, "chair-1", "chairs", location="mitte"))
    price = Money(3000, salon.tenant.currency)
    shave = NewService(
        "shave",
        "Shave",
        price,
        parse_segments("busy 30"),
        daily_limit=20,
        levels=(ServiceLevel("senior", price),),
        offered=tuple(Offered(weekday, 540, 1080) for weekday in range(7)),
        needs=(Need("chairs"),),
    )
    salon.act(lambda tx: add_service(tx, shave))
    moved = salon.book("2026-11-25 10:00", service="shave", staff="ana")
    salon.act(lambda tx: move(tx, moved.code, salon.local("2026-11-25 11:00")))
    away.add(salon, "2026-12-01", "2026-12-01", slug="ben")
    salon.act(_busy_elsewhere)
    teaching.offer(salon)
    teaching.give(salon)
    customer = salon.customer()
    seat = BookingRequest("yoga", None, salon.local(teaching.EVENING), customer.id)
    salon.act(lambda tx: book(tx, seat))
    weekly = SeriesRequest(
        "cut", "ana", salon.local("2026-11-26 10:00"), customer.id, parse_every("week"), 2
    )
    salon.act(lambda tx: book_series(tx, weekly))
    window = (salon.local("2026-11-27 09:00"), salon.local("2026-11-27 17:00"))
    salon.act(lambda tx: add_wish(tx, WishRequest("cut", None, customer.id, (window,))))
    salon.act(offer_openings)


def _furnish_the_relay(tx: Tx, line_id: UUID) -> None:
    """Give a salon words of its own, statuses, schedules that ran, breakers and calendars."""
    words = OwnWords(subject="Welcome", body="Hello {customer}, see you on {when}.")
    set_words(tx, OwnTemplate("booking_confirmed", Channel.MAIL, "en", words))
    note_status(tx, "wamid.1", "delivered", tx.now)
    plant(tx)
    taken = runs.take_now(tx, schedules(tx)[0].name, new_id(), lease_seconds=60)
    runs.finish(tx, taken, RunState.DONE, "nothing to do")
    breakers.failed(tx, "google", "account", "google 401")
    connect_calendar(tx, "ana", "ana@calendar.example")
    remember(tx, line_id, "ana@calendar.example")


def _busy_elsewhere(tx: Tx) -> None:
    day = datetime(2026, 12, 2, 9, tzinfo=UTC)
    ben = find_staff(tx, "ben").id
    tx.run(_EXTERNAL, id=new_id(), bookable_id=ben, start=day, until=day + timedelta(hours=1))


_EXTERNAL = text(
    "INSERT INTO external_busy (tenant_id, id, bookable_id, source, uid, starts_at, ends_at)"
    " VALUES (:tenant_id, :id, :bookable_id, 'home', 'u1', :start, :until)"
)
_OPERATOR = text(
    "INSERT INTO operators (tenant_id, id, login, role, created_at)"
    " VALUES (:tenant_id, :id, 'left_long_ago', 'owner', :now)"
)
_CLOSURE = text(
    "INSERT INTO closures (tenant_id, id, day, name) VALUES (:tenant_id, :id, :day, 'Christmas')"
)


def _close_christmas(tx: Tx) -> None:
    tx.run(_CLOSURE, id=new_id(), day=date(2026, 12, 25))


def _movement(charge: Charge) -> MovementFact:
    nothing = Money(0, charge.amount.currency)
    return MovementFact(
        "acct_1", "txn_1", "charge", "ch_1", charge.amount, nothing, nothing, charge.captured_at
    )


def _receive_and_settle(tx: Tx) -> None:
    happened = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=1)
    receive(tx, [Event("stripe", "evt_1", "charge.succeeded", "ch_1", happened)])
    advance(tx, "stripe", 1)
    first = queue.claim(tx, new_id(), "google", lease_seconds=60, limit=1)[0]
    settling.archive(tx, [(first, "evt_1")])


DIGESTS = text(
    " UNION ALL ".join(
        f"SELECT '{table}' AS name, md5(string_agg(t::text, ',' ORDER BY t::text)) AS digest"
        f" FROM bookra.{table} t WHERE {'id' if table == 'tenants' else 'tenant_id'} = :tenant"
        for table in TENANT_TABLES
    )
)


def digest_of(salon: Salon, administrator: Connection) -> dict[str, str]:
    """Return a fingerprint of a business' rows by table; tables without any are left out."""
    found = administrator.execute(DIGESTS, {"tenant": salon.tenant.id})
    return {row.name: row.digest for row in found if row.digest}
