"""Scenario 20: an invoice that can't be issued never rolls a payment or a refund back."""

from __future__ import annotations

import pytest
from connected import Connected
from sqlalchemy import text

from bookra.engine.bookings.model import Booking, Status
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.runtime import Tx
from bookra.ids import new_id

# Somebody else's number, exactly the next one: what an import, or another program, would leave.
TAKEN = text(
    """
    INSERT INTO invoices (tenant_id, id, number, year, sequence, booking_id, issued_at, net_minor,
                          tax_minor, gross_minor, currency, document, kind, corrects)
    SELECT i.tenant_id, :id, :number, i.year, :sequence, i.booking_id, i.issued_at, 0, 0, 0,
           i.currency, i.document, 'credit-note', i.id
      FROM invoices i WHERE i.tenant_id = :tenant_id ORDER BY i.sequence LIMIT 1
    """
)
LAST = text(
    "SELECT year, sequence, number FROM invoices WHERE tenant_id = :tenant_id"
    " ORDER BY sequence DESC LIMIT 1"
)
MAKE_ROOM = text(
    "UPDATE invoice_counters SET last_number = last_number + 1 WHERE tenant_id = :tenant_id"
)


def paid(luna: Connected, index: int = 0) -> Booking:
    booking = luna.book_with_link(index)
    luna.drain()
    luna.pay(booking)
    luna.poll()
    return booking


def take_the_next_number(tx: Tx) -> None:
    last = tx.row(LAST)
    assert last is not None
    number = f"{last.number[:-5]}{last.sequence + 1:05d}"
    tx.run(TAKEN, id=new_id(), number=number, sequence=last.sequence + 1)


@pytest.fixture
def conflicted(luna: Connected) -> Connected:
    """A salon whose next invoice number is taken already."""
    paid(luna)
    luna.drain()
    assert luna.count("invoices") == 1
    luna.salon.act(take_the_next_number)
    return luna


def test_a_payment_stands_though_its_invoice_can_not_be_numbered(conflicted: Connected) -> None:
    luna = conflicted
    booking = paid(luna, 1)
    luna.drain()
    assert luna.booking(booking).status is Status.CONFIRMED
    assert luna.booking(booking).paid == booking.price
    assert luna.entries()["card_payment"] == 2
    waiting = luna.row("invoice.issue")
    assert (waiting.state, waiting.booking) == ("ready", booking.code)
    assert waiting.last_error is not None
    # Somebody mends the counter, and the invoice is issued by itself.
    luna.salon.act(lambda tx: tx.run(MAKE_ROOM))
    luna.drain_past_failures()
    assert luna.count("invoices") == 3
    assert luna.rows() == []


def test_a_refund_stands_though_its_credit_note_can_not_be_numbered(
    conflicted: Connected,
) -> None:
    luna = conflicted
    booking = paid_first(luna)
    luna.salon.act(lambda tx: refund(tx, booking, Back()))
    luna.drain()
    assert luna.entries()["card_refund"] == 1
    assert luna.outside.show()["stripe"]["refunds"] == 1
    assert luna.row("invoice.credit").state == "ready"
    luna.salon.act(lambda tx: tx.run(MAKE_ROOM))
    luna.drain_past_failures()
    assert luna.count("invoices") == 3
    assert luna.rows() == []


def paid_first(luna: Connected) -> str:
    """Return the code of the visit that was paid first."""
    query = text("SELECT code FROM bookings WHERE tenant_id = :tenant_id ORDER BY id LIMIT 1")
    row = luna.salon.ask(lambda tx: tx.row(query))
    assert row is not None
    return str(row.code)
