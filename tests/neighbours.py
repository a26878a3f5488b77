"""A business with a row in every table, and a fingerprint of all that it has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from factories import Salon
from sqlalchemy import text

from bookra.engine.availability.timetable import set_exception
from bookra.engine.bookings.booking import book
from bookra.engine.commissions.split import split
from bookra.engine.database import open_pool
from bookra.engine.invoices.actions import issue
from bookra.engine.outbox import queue
from bookra.engine.payments.inbox import Event, advance, receive
from bookra.engine.payments.settling import Charge, MovementFact, record_movement, settle_payment
from bookra.engine.payments.taking import request_link
from bookra.engine.runtime import Tx
from bookra.engine.schema import metadata
from bookra.engine.tables import ROOMS
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
    first = queue.claim(tx, new_id(), lease_seconds=60, limit=1)[0]
    queue.archive(tx, first, reference="evt_1")


def digest_of(salon: Salon) -> dict[str, str]:
    """Return a fingerprint of a business' rows by table; tables without any are left out."""
    pool = open_pool(salon.database.administrator, pooled=False)
    found = {}
    with pool.connect() as connection:
        for table in TENANT_TABLES:
            key = "id" if table == "tenants" else "tenant_id"
            digest = connection.execute(
                text(
                    f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM bookra.{table} t"
                    f" WHERE {key} = :tenant"
                ),
                {"tenant": salon.tenant.id},
            ).scalar_one()
            if digest:
                found[table] = str(digest)
    return found
