"""Money that comes too late: the slot is taken again when it is free, else all is given back."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import Salon
from paying import (
    book_by_link,
    charge_for,
    movement_of,
    operation_of,
    operations,
    settle,
    tell_movement,
)
from sqlalchemy import text

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.holds import expire_lapsed
from bookra.engine.bookings.model import Status
from bookra.engine.ledger.verify import verify
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.refund_settling import refund_accepted
from bookra.engine.payments.settling import operation

SLOT = "2026-11-24 10:00"
RESERVED = text(
    "SELECT captured_minor, refund_reserved_minor FROM charges WHERE tenant_id = :tenant_id"
)


@pytest.fixture
def online(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that has a Stripe account and can write to its customers."""
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    salon.connect_provider("whatsapp", tmp_path / "key")
    return salon


def lapsed(salon: Salon) -> Salon:
    """Return the salon when every hold of now has been swept."""
    later = salon.later(minutes=36)
    later.act(expire_lapsed)
    return later


def messages(salon: Salon) -> list[str]:
    query = text("SELECT payload->>'template' FROM outbox WHERE topic = 'message.send' ORDER BY id")
    return [row[0] for row in salon.ask(lambda tx: tx.rows(query))]


def test_a_late_payment_takes_its_slot_again_when_it_is_free(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    later = lapsed(online)
    assert later.booking(held.code).status is Status.EXPIRED
    assert settle(later, held, charge_for(later, held)) == "confirmed"
    assert later.booking(held.code).status is Status.CONFIRMED
    assert "10:00" not in later.starts("2026-11-24")
    assert later.balances()["income:services"] == -3782


def test_a_late_payment_for_a_taken_slot_is_given_back_and_said_so(online: Salon) -> None:
    rosa = online.customer(phone="030 901820")
    held = book_by_link(online, SLOT, customer=rosa)
    later = lapsed(online)
    winner = later.book(SLOT, customer=online.customer("Mia Kern"))
    charge = charge_for(later, held)
    assert settle(later, held, charge) == "refunding"
    assert settle(later, held, charge) == "known"
    assert later.booking(held.code).status is Status.EXPIRED
    assert later.booking(winner.code).status is Status.CONFIRMED
    assert operations(later, held) == [("checkout", "succeeded"), ("refund", "new")]
    assert tuple(later.ask(lambda tx: tx.rows(RESERVED))[0]) == (4500, 4500)
    assert later.balances() == {
        "assets:stripe:clearing": 4500,
        "liabilities:refunds-owed": -4500,
    }
    (refund,) = [row for row in later.ask(outbox_rows) if row.topic == "payment.refund"]
    assert refund.booking == held.code
    assert messages(later) == ["payment_refunded"]
    assert later.ask(verify).ok


def test_the_refund_of_a_late_payment_clears_every_account(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    later = lapsed(online)
    later.book(SLOT, customer=online.customer("Mia Kern"))
    charge = charge_for(later, held)
    tell_movement(later, movement_of(charge, fees=(137, 38)))
    settle(later, held, charge)
    wanted = later.ask(lambda tx: operation(tx, operation_of(later, held, "refund")))
    assert (wanted.charge_ref, wanted.amount.minor, wanted.platform_fee.minor) == (
        charge.charge_ref,
        4500,
        38,
    )
    for _ in range(2):
        later.act(lambda tx: refund_accepted(tx, wanted.id, "re_1"))
    # Stripe keeps its own fee of a refund: that is what a late payment costs.
    assert later.balances() == {
        "assets:stripe:available": 4325,
        "assets:stripe:clearing": -4500,
        "expenses:stripe-fees": 137,
        "expenses:platform-fees": 38,
    }


def test_of_two_late_payments_for_one_slot_the_first_has_it(online: Salon) -> None:
    first = book_by_link(online, SLOT)
    later = online.later(minutes=36)
    second = book_by_link(later, SLOT, customer=online.customer("Mia Kern"))
    much_later = lapsed(later)
    charges = [charge_for(much_later, held) for held in (first, second)]
    assert settle(much_later, second, charges[1]) == "confirmed"
    assert settle(much_later, first, charges[0]) == "refunding"
    assert much_later.booking(second.code).status is Status.CONFIRMED
    assert much_later.booking(first.code).status is Status.EXPIRED
    assert much_later.balances()["liabilities:refunds-owed"] == -4500
    assert much_later.ask(verify).ok


def test_a_late_payment_takes_the_slot_from_a_hold_that_has_lapsed_too(online: Salon) -> None:
    first = book_by_link(online, SLOT)
    later = lapsed(online)
    other = later.book(SLOT, customer=online.customer("Mia Kern"), hold_minutes=5)
    at_last = later.later(minutes=6)
    assert settle(at_last, first, charge_for(at_last, first)) == "confirmed"
    assert at_last.booking(other.code).status is Status.EXPIRED


def test_a_payment_for_a_lapsed_hold_that_nobody_swept_confirms_it(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    later = online.later(minutes=50)
    assert settle(later, held, charge_for(later, held)) == "confirmed"
    assert later.act(expire_lapsed) == 0


def test_a_payment_for_a_cancelled_booking_is_given_back(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    online.act(lambda tx: cancel(tx, held.code))
    assert settle(online, held, charge_for(online, held)) == "refunding"
    assert online.booking(held.code).status is Status.CANCELLED
    assert "10:00" in online.starts("2026-11-24")
