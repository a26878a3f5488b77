"""Visits that do not take place: what stays as a fee, what goes back, what a card is charged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from factories import Salon
from paying import charge_for, settle
from refunding import (
    effects,
    euros,
    pay_at_counter,
    pay_by_card,
    refunds_of,
    settle_all,
)
from sqlalchemy import text

from bookra.engine.bookings.booking import book
from bookra.engine.bookings.history import history
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.bookings.recurring.recurrence import Every
from bookra.engine.bookings.recurring.series import SeriesRequest, book_series, cancel_series
from bookra.engine.ledger.verify import verify
from bookra.engine.payments import cards
from bookra.engine.payments.fees import cancel_visit, no_show
from bookra.engine.payments.links import request_link
from bookra.engine.payments.operations import operations_of
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.payments.settling import Charge, settle_payment
from bookra.engine.prices.policies import set_policy
from bookra.engine.prices.policy import Fee
from bookra.engine.tenancy.providers import set_state
from bookra.errors import BookraError, ConflictError, InvalidInputError

DISPLACE = text(
    "UPDATE bookings SET status = 'displaced', changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND id = :id"
)

TAKEN = text(
    "SELECT bookable_id, starts_at, ends_at FROM allocations"
    " WHERE tenant_id = :tenant_id ORDER BY starts_at"
)


@pytest.fixture
def online(salon: Salon, tmp_path: Path) -> Salon:
    """A salon with Stripe and WhatsApp, and a policy: 24 hours, 50 % late, 100 % absent."""
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    salon.connect_provider("whatsapp", tmp_path / "key")
    salon.act(lambda tx: set_policy(tx, "Come.", 1440, Fee(bps=5000), Fee(bps=10_000)))
    return salon


def visit(salon: Salon, *, accepted: bool = True, wall: str = "2026-11-26 10:00") -> Booking:
    """Book a cut for 45.00 that is three days away."""
    rosa = salon.customer(phone="030 901820")
    wanted = replace(
        salon.request(wall, customer=rosa), policy_accepted="counter" if accepted else None
    )
    return salon.act(lambda tx: book(tx, wanted))


def late(salon: Salon) -> Salon:
    """The day before, within 24 hours."""
    return salon.at(salon.local("2026-11-25 12:00"))


def keep_card(salon: Salon, booking: Booking) -> None:
    card = cards.KeptCard("cus_1", "pm_1", "visa", "4242", None)
    salon.act(lambda tx: cards.keep(tx, booking.customer_id, card))


def proven(salon: Salon) -> None:
    report = salon.ask(verify)
    assert report.ok, report.problems


def test_in_time_everything_goes_back_the_tip_too(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking, tip=500)
    done = online.act(lambda tx: cancel_visit(tx, booking.code))
    assert done.status is Status.CANCELLED
    settle_all(online, booking)
    assert sorted(refunds_of(online, booking)) == [(500, "succeeded"), (4500, "succeeded")]
    balances = online.balances()
    assert balances["income:services"] == -balances["income:refunds"]
    assert "liabilities:tips:ana" not in balances
    assert "10:00" in online.starts("2026-11-26")
    told = effects(online, booking)
    assert "booking_cancelled" in told
    assert "calendar.delete" not in told  # no calendar is connected
    proven(online)


def test_late_the_accepted_fee_stays_of_the_price_and_the_rest_goes_back(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking)
    salon = late(online)
    done = salon.act(lambda tx: cancel_visit(tx, booking.code))
    assert done.status is Status.LATE_CANCELLED
    settle_all(salon, booking)
    assert refunds_of(salon, booking) == [(2250, "succeeded")]
    balances = salon.balances()
    assert balances["income:late-cancel"] == -2250
    assert balances["income:services"] == -balances["income:refunds"]  # the service is given up
    assert "liabilities:tax:19" not in balances
    assert "assets:stripe:clearing" not in balances
    assert effects(salon, booking).count("commission.clawback") == 2
    (kept,) = [c for c in salon.ask(lambda tx: history(tx, booking.id)) if c.kind == "late-cancel"]
    assert kept.facts["kept"] == "22.50 EUR"
    proven(salon)
    # The fee can be given back too, out of kindness: it was part of what came in.
    salon.act(lambda tx: refund(tx, booking.code, Back()))
    settle_all(salon, booking)
    assert "income:late-cancel" not in salon.balances()
    proven(salon)


def test_of_a_deposit_the_fee_stays_and_the_rest_goes_back(online: Salon) -> None:
    booking = visit(online)
    pay_at_counter(online, booking, "cash", 3000)
    salon = late(online)
    salon.act(lambda tx: cancel_visit(tx, booking.code))
    balances = salon.balances()
    assert balances == {"assets:cash:drawer": 2250, "income:late-cancel": -2250}
    assert "invoice.credit" not in effects(salon, booking)


@pytest.mark.parametrize(
    ("accepted", "waive", "status"),
    [(False, False, Status.LATE_CANCELLED), (True, True, Status.LATE_CANCELLED)],
    ids=["nobody accepted", "waived"],
)
def test_without_consent_or_when_waived_late_costs_nothing(
    online: Salon, accepted: bool, waive: bool, status: Status
) -> None:
    booking = visit(online, accepted=accepted)
    pay_at_counter(online, booking, "cash")
    done = late(online).act(lambda tx: cancel_visit(tx, booking.code, waive=waive))
    assert done.status is status
    assert "assets:cash:drawer" not in online.balances()


def test_a_fee_can_be_named_and_never_more_than_the_price(online: Salon) -> None:
    booking = visit(online, accepted=False)
    pay_at_counter(online, booking, "cash")
    with pytest.raises(InvalidInputError) as refused:
        online.act(lambda tx: cancel_visit(tx, booking.code, fee=euros(4501)))
    assert refused.value.code == "bad_fee"
    done = online.act(lambda tx: cancel_visit(tx, booking.code, fee=euros(1000)))
    assert done.status is Status.LATE_CANCELLED
    assert online.balances()["assets:cash:drawer"] == 1000


def test_nothing_paid_and_a_saved_card_is_charged_the_fee(online: Salon) -> None:
    booking = visit(online)
    keep_card(online, booking)
    salon = late(online)
    salon.act(lambda tx: cancel_visit(tx, booking.code))
    (asked,) = salon.ask(lambda tx: operations_of(tx, booking_id=booking.id))
    assert (asked.kind, asked.purpose, asked.amount) == ("saved-card", "late-cancel", euros(2250))
    charge = Charge("ch_fee", "pi_fee", euros(2250), salon.now)
    assert salon.act(lambda tx: settle_payment(tx, asked.id, charge)) == "fee"
    assert salon.balances()["income:late-cancel"] == -2250
    assert not salon.booking(booking.code).due
    # A fee that was charged can be given back, and comes out of the fee.
    salon.act(lambda tx: refund(tx, booking.code, Back()))
    settle_all(salon, booking)
    assert "income:late-cancel" not in salon.balances()
    proven(salon)


def test_without_card_and_payment_the_history_says_that_no_fee_was_taken(online: Salon) -> None:
    booking = visit(online)
    late(online).act(lambda tx: cancel_visit(tx, booking.code))
    (noted,) = online.ask(lambda tx: history(tx, booking.id))
    assert noted.facts == {"not_taken": "22.50 EUR", "why": "no saved card"}


def test_a_visit_is_called_off_also_while_stripe_takes_no_payments(online: Salon) -> None:
    booking = visit(online)
    keep_card(online, booking)
    online.act(lambda tx: set_state(tx, "stripe", "restricted", "due:external_account"))
    cancelled = late(online).act(lambda tx: cancel_visit(tx, booking.code))
    assert cancelled.status is Status.LATE_CANCELLED
    (noted,) = online.ask(lambda tx: history(tx, booking.id))
    assert noted.facts == {"not_taken": "22.50 EUR", "why": "Stripe takes no payments"}


def test_a_no_show_forfeits_the_fee_and_a_card_pays_what_is_missing(online: Salon) -> None:
    booking = visit(online)
    keep_card(online, booking)
    pay_by_card(online, booking, 2000)
    salon = online.at(online.local("2026-11-26 11:00"))
    done = salon.act(lambda tx: no_show(tx, booking.code))
    assert done.status is Status.NO_SHOW
    assert salon.balances()["income:no-show"] == -2000
    asked = salon.ask(lambda tx: operations_of(tx, booking_id=booking.id))[-1]
    assert (asked.purpose, asked.amount) == ("no-show", euros(2500))
    with pytest.raises(ConflictError):
        salon.act(lambda tx: no_show(tx, booking.code))


def test_nobody_is_absent_before_the_local_day_of_the_visit(online: Salon) -> None:
    """Whatever is asked: what would be kept, charged or set free is of a visit still to come."""
    booking = visit(online)
    keep_card(online, booking)
    pay_at_counter(online, booking, "cash", 2000)
    online.act(lambda tx: request_link(tx, booking.code))
    midnight = online.local("2026-11-26 00:00")  # in UTC it is the day before for an hour more
    eve = online.at(midnight - timedelta(microseconds=1))

    def all_of_it() -> tuple[object, ...]:
        taken = [tuple(row) for row in eve.ask(lambda tx: tx.rows(TAKEN))]
        asked = eve.ask(lambda tx: operations_of(tx, booking_id=booking.id))
        noted = eve.ask(lambda tx: history(tx, booking.id))
        sent = effects(eve, booking)
        return eve.booking(booking.code), taken, eve.balances(), list(asked), noted, sent

    before = all_of_it()
    for said in ({}, {"fee": euros(1000)}, {"fee": euros(0)}, {"waive": True}):
        with pytest.raises(ConflictError, match="is on Thu 26 Nov") as refused:
            eve.act(lambda tx, said=said: no_show(tx, booking.code, **said))
        assert refused.value.code == "not_its_day"
    assert all_of_it() == before
    done = online.at(midnight).act(lambda tx: no_show(tx, booking.code))
    after = all_of_it()
    assert (done.status, after[1]) == (Status.NO_SHOW, [])
    assert online.balances()["income:no-show"] == -2000
    page, charged = online.ask(lambda tx: operations_of(tx, booking_id=booking.id))
    assert (page.kind, charged.purpose, charged.amount) == ("checkout", "no-show", euros(2500))
    assert "payment.cancel" in effects(online, booking)
    proven(online)


def test_a_no_show_without_a_policy_forfeits_a_deposit_and_nothing_else(salon: Salon) -> None:
    deposit, full = salon.book("2026-11-24 10:00"), salon.book("2026-11-24 11:00")
    pay_at_counter(salon, deposit, "cash", 1000)
    pay_at_counter(salon, full, "cash")
    waived = salon.book("2026-11-24 12:00")
    pay_at_counter(salon, waived, "terminal", 1500)
    after = salon.at(waived.ends_at)
    for booking in (deposit, full):
        after.act(lambda tx, booking=booking: no_show(tx, booking.code))
    after.act(lambda tx: no_show(tx, waived.code, waive=True))
    balances = after.balances()
    assert balances["income:no-show"] == -1000
    assert balances["income:services"] == -3782
    assert "assets:card-terminal" not in balances
    assert "liabilities:deposits" not in balances


def test_a_displaced_visit_never_costs_a_fee(online: Salon) -> None:
    booking = visit(online)
    pay_at_counter(online, booking, "cash")
    salon = late(online)
    salon.act(lambda tx: tx.run(DISPLACE, id=booking.id))
    with pytest.raises(ConflictError) as refused:
        salon.act(lambda tx: cancel_visit(tx, booking.code, fee=euros(100)))
    assert refused.value.code == "no_fee_due"
    done = salon.act(lambda tx: cancel_visit(tx, booking.code))
    assert done.status is Status.CANCELLED
    assert "assets:cash:drawer" not in salon.balances()


def test_a_series_is_cancelled_with_its_refunds(online: Salon) -> None:
    rosa = online.customer(phone="030 901820")
    wanted = SeriesRequest(
        "cut", "ana", online.local("2026-11-26 14:00"), rosa.id, Every(1, "week"), 3
    )
    series = online.act(lambda tx: book_series(tx, wanted))
    pay_at_counter(online, series.bookings[1], "cash")
    cancelled = online.act(lambda tx: cancel_series(tx, series.bookings[0].code, cancel_visit))
    assert [booking.status for booking in cancelled] == [Status.CANCELLED] * 3
    assert "assets:cash:drawer" not in online.balances()


def test_a_dry_run_gives_nothing_back(online: Salon) -> None:
    booking = visit(online)
    pay_at_counter(online, booking, "cash")
    before = online.balances()
    online.act(lambda tx: cancel_visit(tx, booking.code), dry_run=True)
    assert online.balances() == before
    assert online.booking(booking.code).status is Status.CONFIRMED


def test_a_link_that_is_paid_after_the_cancellation_is_given_back(online: Salon) -> None:

    booking = visit(online)
    pay_at_counter(online, booking, "cash", 1000)
    online.act(lambda tx: request_link(tx, booking.code))
    charge = charge_for(online, booking)
    online.act(lambda tx: cancel_visit(tx, booking.code))
    assert settle(online, booking, charge) == "refunding"
    assert online.balances()["liabilities:refunds-owed"] == -3500


def test_what_is_over_can_not_be_cancelled(online: Salon) -> None:
    booking = visit(online)
    online.act(lambda tx: cancel_visit(tx, booking.code))
    with pytest.raises(BookraError) as refused:
        online.act(lambda tx: cancel_visit(tx, booking.code))
    assert refused.value.code == "illegal_state"
