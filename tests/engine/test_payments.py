"""Payments: cash and cards are posted to the cent, each fact once, in whatever order they come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from factories import Salon
from paying import (
    ask_for_link,
    book_by_link,
    charge_for,
    movement_of,
    operation_of,
    operations,
    settle,
    tell_movement,
)

from bookra.engine.bookings.actions import cancel
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.ledger.store import entries
from bookra.engine.ledger.verify import verify
from bookra.engine.outbox.inspect import outbox_rows
from bookra.engine.payments.links import request_link
from bookra.engine.payments.operations import opened, operation
from bookra.engine.payments.taking import book_paid_in_cash, take_cash
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.ids import new_id
from bookra.money import Money

SLOT = "2026-11-24 10:00"
PAID_BY_CARD = {
    "assets:stripe:available": 4325,
    "expenses:stripe-fees": 137,
    "expenses:platform-fees": 38,
    "income:services": -3782,
    "liabilities:tax:19": -718,
}


@pytest.fixture
def online(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that has a Stripe account and gives the platform one percent."""
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    return salon


def topics(salon: Salon) -> list[str]:
    return sorted(row.topic for row in salon.ask(outbox_rows))


def stands(salon: Salon) -> bool:
    proof = salon.ask(verify)
    assert proof.problems == ()
    return proof.ok


def test_cash_goes_into_the_drawer_and_pays_the_booking(salon: Salon) -> None:
    booked = salon.book(SLOT)
    paid = salon.act(lambda tx: take_cash(tx, booked.code))
    assert (paid.paid.minor, paid.due.minor, paid.status) == (4500, 0, Status.CONFIRMED)
    assert salon.balances() == {
        "assets:cash:drawer": 4500,
        "income:services": -3782,
        "liabilities:tax:19": -718,
    }
    assert topics(salon) == ["commission.split", "invoice.issue"]
    assert stands(salon)


def test_a_tip_is_owed_to_who_served_and_pays_nothing_of_the_price(salon: Salon) -> None:
    booked = salon.book(SLOT)
    paid = salon.act(lambda tx: take_cash(tx, booked.code, Money(500, "EUR")))
    assert paid.paid.minor == 4500
    assert salon.balances()["liabilities:tips:ana"] == -500
    assert salon.balances()["assets:cash:drawer"] == 5000


def test_a_visit_is_paid_once(salon: Salon) -> None:
    booked = salon.book(SLOT)
    salon.act(lambda tx: take_cash(tx, booked.code))
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: take_cash(tx, booked.code))
    assert refused.value.code == "already_paid"
    assert salon.balances()["assets:cash:drawer"] == 4500


def test_booking_and_paying_in_cash_is_one_step(salon: Salon) -> None:
    wanted = salon.request(SLOT)
    assert salon.act(lambda tx: book_paid_in_cash(tx, wanted)).due.minor == 0


def test_cash_for_a_hold_confirms_it(salon: Salon) -> None:
    held = salon.book(SLOT, hold_minutes=15)
    assert salon.act(lambda tx: take_cash(tx, held.code)).status is Status.CONFIRMED


def test_nothing_is_paid_for_what_is_cancelled(salon: Salon) -> None:
    booked = salon.book(SLOT)
    salon.act(lambda tx: cancel(tx, booked.code))
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: take_cash(tx, booked.code))
    assert refused.value.code == "illegal_state"


@pytest.mark.parametrize("tip", [Money(-1, "EUR"), Money(100, "USD")])
def test_a_tip_that_can_not_be_is_refused(salon: Salon, tip: Money) -> None:
    booked = salon.book(SLOT)
    with pytest.raises(InvalidInputError):
        salon.act(lambda tx: take_cash(tx, booked.code, tip))


def test_there_is_no_link_without_a_stripe_account(salon: Salon) -> None:
    with pytest.raises(ConflictError) as refused:
        book_by_link(salon, SLOT)
    assert refused.value.code == "stripe_not_set"
    assert "10:00" in salon.starts("2026-11-24")


def test_a_link_is_asked_for_once_however_often_one_asks(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    for _ in range(2):
        online.act(lambda tx: request_link(tx, held.code))
    assert operations(online, held) == [("checkout", "new")]
    assert topics(online) == ["payment.request"]
    wanted = online.ask(lambda tx: operation(tx, operation_of(online, held)))
    assert (wanted.amount.minor, wanted.platform_fee.minor) == (4500, 38)
    assert wanted.expires_at == online.now + timedelta(minutes=31)


def test_an_opened_link_is_shown_with_the_booking(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    wanted, until = operation_of(online, held), online.now + timedelta(minutes=31)
    for session in ("cs_1", "cs_2"):
        online.act(lambda tx, ref=session: opened(tx, wanted, ref, f"https://{ref}", until))
    assert online.booking(held.code).payment_url == "https://cs_1"


def test_a_captured_charge_confirms_and_pays(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    assert settle(online, held, charge_for(online, held)) == "confirmed"
    paid = online.booking(held.code)
    assert (paid.status, paid.paid.minor) == (Status.CONFIRMED, 4500)
    assert operations(online, held) == [("checkout", "succeeded")]
    assert topics(online) == ["commission.split", "invoice.issue", "payment.request"]


def test_a_second_telling_pays_nobody_twice(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    charge = charge_for(online, held)
    assert [settle(online, held, charge) for _ in range(3)] == ["confirmed", "known", "known"]
    assert online.balances()["income:services"] == -3782
    assert len(online.ask(entries)) == 1


ORDERS = sorted(set(permutations(["charge", "charge", "movement", "movement"])))


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_a_charge_and_its_balance_transaction_commute(
    online: Salon, order: tuple[str, ...]
) -> None:
    held = book_by_link(online, SLOT)
    charge = charge_for(online, held)
    fact = movement_of(charge, fees=(137, 38))
    steps: dict[str, Callable[[], object]] = {
        "charge": lambda: settle(online, held, charge),
        "movement": lambda: tell_movement(online, fact),
    }
    for step in order:
        steps[step]()
    assert online.balances() == PAID_BY_CARD
    assert online.booking(held.code).status is Status.CONFIRMED
    assert stands(online)


def test_a_link_to_a_confirmed_visit_pays_it(online: Salon) -> None:
    booked = ask_for_link(online, online.book(SLOT))
    wanted = online.ask(lambda tx: operation(tx, operation_of(online, booked)))
    assert wanted.expires_at == online.now + timedelta(hours=23)
    assert settle(online, booked, charge_for(online, booked)) == "paid"


def test_cash_closes_the_link_that_is_open(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    online.act(lambda tx: take_cash(tx, held.code))
    assert "payment.cancel" in topics(online)


def test_a_card_that_pays_what_cash_has_paid_is_refunded(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    online.act(lambda tx: take_cash(tx, held.code))
    assert settle(online, held, charge_for(online, held)) == "refunding"
    assert online.balances()["liabilities:refunds-owed"] == -4500
    assert online.balances()["income:services"] == -3782
    assert online.booking(held.code).status is Status.CONFIRMED


def test_an_amount_that_nobody_asked_for_is_refunded(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    assert settle(online, held, charge_for(online, held, minor=4400)) == "refunding"
    assert online.booking(held.code).paid.minor == 0


def test_an_unknown_kind_of_movement_is_kept_in_suspense(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    fact = movement_of(charge_for(online, held), kind="climate_order_purchase")
    assert tell_movement(online, fact)
    assert online.balances() == {
        "assets:stripe:available": 4500,
        "liabilities:suspense": -4500,
    }


def test_a_payment_of_an_unknown_operation_is_refused(online: Salon) -> None:
    held = book_by_link(online, SLOT)
    charge = charge_for(online, held)
    with pytest.raises(NotFoundError):
        online.act(lambda tx: operation(tx, new_id()))
    assert online.ask(entries) == []
    assert settle(online, held, charge) == "confirmed"


def test_an_entry_says_who_wrote_it_and_for_which_booking(salon: Salon) -> None:
    booked: Booking = salon.book(SLOT)
    salon.act(lambda tx: take_cash(tx, booked.code))
    (entry,) = salon.ask(lambda tx: entries(tx, booking_id=booked.id))
    assert (entry.kind, entry.booking, entry.effective_at) == (
        "cash_payment",
        booked.code,
        salon.now,
    )
    assert entry.recorded_by.startswith("bookra_tests_")
    assert sum(line.amount.minor for line in entry.postings) == 0
