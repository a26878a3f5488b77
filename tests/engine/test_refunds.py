"""Refunds: by the way that was paid, never more than came in, posted once whatever is told."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from factories import Salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from racing import outcome, together
from refunding import (
    effects,
    euros,
    fact,
    give_back,
    pay_at_counter,
    pay_by_card,
    refund_movement,
    refunds_of,
    reserved,
    settle_all,
    tell,
    tell_movement,
)
from sqlalchemy import text

from bookra.engine.availability.asked import Wish
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking, Line
from bookra.engine.catalog.actions import set_service
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refund_settling import refund_failed
from bookra.engine.payments.refunding import pay_owed, refund
from bookra.errors import BookraError

DAY = "2026-11-24"
OPERATION = text(
    "SELECT id, charge_id FROM operations WHERE tenant_id = :tenant_id AND kind = 'refund'"
    " ORDER BY id DESC LIMIT 1"
)
BACK = text(
    """
    SELECT starts_with(d.code, 'liabilities:tax') AS of_tax, sum(t.amount_minor)::bigint AS minor
      FROM transfers t
      JOIN entries e ON e.tenant_id = t.tenant_id AND e.id = t.entry_id
      JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
     WHERE t.tenant_id = :tenant_id AND t.booking_line_id = :line_id AND e.kind LIKE '%refund'
     GROUP BY 1
    """
)


@pytest.fixture
def online(salon: Salon, tmp_path: Path) -> Salon:
    """A salon that has a Stripe account and can write to its customers."""
    salon.connect_provider("stripe", tmp_path / "key", platform_fee_percent="1")
    salon.connect_provider("whatsapp", tmp_path / "key")
    return salon


def visit(salon: Salon, wall: str = "10:00", **given: str) -> Booking:
    """Book a cut (45.00) of somebody who can be written to."""
    rosa = salon.customer(phone="030 901820")
    return salon.book(f"{DAY} {wall}", customer=rosa, **given)


def refused(salon: Salon, booking: Booking, back: Back) -> BookraError:
    with pytest.raises(BookraError) as error:
        salon.act(lambda tx: refund(tx, booking.code, back))
    return error.value


def proven(salon: Salon) -> None:
    report = salon.ask(verify)
    assert report.ok, report.problems


def test_a_card_is_refunded_once_stripe_has_accepted_and_nothing_is_left(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking, tip=500)
    before = online.balances()
    done = give_back(online, booking)
    assert [(part.way, part.price_minor, part.tip_minor) for part in done.parts] == [
        ("card", 4500, 0)
    ]
    assert reserved(online, booking) == [(5000, 4500)]
    assert online.balances() == before  # nothing is posted before Stripe has accepted
    assert "payment_refunded" not in effects(online, booking)
    (told,) = settle_all(online, booking)
    assert tell(online, told) == "known"
    now = online.balances()
    assert now["income:refunds"] == 3782
    assert now["income:services"] == -3782
    assert now["liabilities:tips:ana"] == -500
    assert "liabilities:tax:19" not in now
    assert "assets:stripe:clearing" not in now
    assert online.booking(booking.code).refunded == euros(4500)
    assert not online.booking(booking.code).due
    waiting = effects(online, booking)
    assert waiting.count("payment_refunded") == 1
    assert waiting.count("invoice.credit") == waiting.count("commission.clawback") == 1
    proven(online)


def test_a_tip_goes_back_only_when_asked_for(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking, tip=500)
    too_much = refused(online, booking, Back(euros(4501)))
    assert (too_much.code, too_much.details["rest"]["amount_minor"]) == ("over_refund", 4500)
    assert "--tip" in (too_much.hint or "")
    give_back(online, booking, 200, tips="only")
    give_back(online, booking, tips="too")
    settle_all(online, booking)
    assert reserved(online, booking) == [(5000, 5000)]
    assert "liabilities:tips:ana" not in online.balances()
    assert refused(online, booking, Back(tips="too")).code == "nothing_to_refund"


def test_money_goes_back_as_it_came_and_what_was_cash_never_to_a_card(online: Salon) -> None:
    booking = visit(online)
    pay_at_counter(online, booking, "cash", 1000)
    pay_at_counter(online, booking, "terminal", 1500)
    pay_by_card(online, booking)
    wrong = refused(online, booking, Back(euros(2500), to="card"))
    assert (wrong.code, wrong.details["rest"]["amount_minor"]) == ("wrong_way", 2000)
    assert refused(online, booking, Back(to="gift-card")).code == "wrong_way"
    assert refused(online, booking, Back(to="pigeon")).code == "unknown_way"
    assert refused(online, booking, Back(euros(0))).code == "bad_amount"
    done = give_back(online, booking, 4000)
    assert [(p.way, p.price_minor) for p in done.parts] == [
        ("card", 2000),
        ("terminal", 1500),
        ("cash", 500),
    ]
    assert done.rest == euros(500)
    settle_all(online, booking)
    give_back(online, booking)
    balances = online.balances()
    assert balances["income:refunds"] == -balances["income:services"]
    assert not {code for code in balances if code.startswith(("assets:cash", "assets:card"))}
    assert "liabilities:tax:19" not in balances
    proven(online)


def test_a_card_payment_given_back_in_cash_leaves_nothing_for_the_card(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking)
    give_back(online, booking, 3000, to="cash")
    assert refused(online, booking, Back(euros(1501))).code == "over_refund"
    done = give_back(online, booking)
    assert [(part.way, part.price_minor) for part in done.parts] == [("card", 1500)]


def test_a_deposit_goes_back_before_anything_is_revenue(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking, 2000)
    give_back(online, booking, 500)
    settle_all(online, booking)
    assert online.balances()["liabilities:deposits"] == -1500
    assert "income:refunds" not in online.balances()
    assert online.booking(booking.code).paid == euros(1500)
    assert online.booking(booking.code).due == euros(3000)
    assert "invoice.credit" not in effects(online, booking)


def test_several_charges_are_several_refunds(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking, 2000)
    pay_by_card(online, booking)
    give_back(online, booking, 3000)
    assert refunds_of(online, booking) == [(2000, "new"), (1000, "new")]
    assert reserved(online, booking) == [(2000, 2000), (2500, 1000)]


def test_sixteen_who_refund_one_charge_give_back_exactly_what_it_took(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking)
    back = Back(euros(500))
    work = [partial(outcome, online, lambda tx: refund(tx, booking.code, back)) for _ in range(16)]
    said = together(work)
    assert sorted(said) == ["done"] * 9 + ["over_refund"] * 7
    assert reserved(online, booking) == [(4500, 4500)]
    settle_all(online, booking)
    assert online.booking(booking.code).refunded == euros(4500)
    proven(online)


def test_a_pending_refund_that_fails_is_owed_and_paid_out_in_another_way(online: Salon) -> None:
    booking = visit(online)
    charge = pay_by_card(online, booking)
    give_back(online, booking)
    row = online.ask(lambda tx: tx.row(OPERATION))
    assert row is not None
    pending = fact(row.id, charge.charge_ref, 4500, status="pending", moved=False, ref="re_slow")
    assert tell(online, pending) == "refunded"
    assert refunds_of(online, booking) == [(4500, "open")]
    assert online.balances()["assets:stripe:clearing"] == -4500
    gone = fact(row.id, charge.charge_ref, 4500, status="failed", moved=False, ref="re_slow")
    assert [tell(online, gone), tell(online, gone), tell(online, pending)] == [
        "owed",
        "known",
        "known",
    ]
    assert refunds_of(online, booking) == [(4500, "failed")]
    assert online.balances()["liabilities:refunds-owed"] == -4500
    assert "assets:stripe:clearing" not in online.balances()
    assert reserved(online, booking) == [(4500, 4500)]  # it is owed: not refundable once more
    assert refused(online, booking, Back()).code == "nothing_to_refund"
    with pytest.raises(BookraError) as wrong:
        online.act(lambda tx: pay_owed(tx, booking.code, "card"))
    assert wrong.value.code == "wrong_way"
    online.act(lambda tx: pay_owed(tx, booking.code, "cash"))
    assert "liabilities:refunds-owed" not in online.balances()
    assert online.balances()["assets:cash:drawer"] == -4500
    with pytest.raises(BookraError) as again:
        online.act(lambda tx: pay_owed(tx, booking.code, "cash"))
    assert again.value.code == "nothing_owed"
    proven(online)


@pytest.mark.parametrize("order", ["money first", "event first"])
def test_a_refund_whose_money_comes_back_is_owed_by_its_movement(online: Salon, order: str) -> None:
    booking = visit(online)
    charge = pay_by_card(online, booking)
    give_back(online, booking)
    (told,) = settle_all(online, booking)
    row = online.ask(lambda tx: tx.row(OPERATION))
    assert row is not None
    gone = fact(row.id, charge.charge_ref, 4500, status="failed", ref=told.refund_ref)
    steps = [
        lambda: tell(online, gone),
        lambda: tell_movement(online, refund_movement(online, told, back=True)),
    ]
    for step in steps[:: -1 if order == "money first" else 1]:
        step()
    assert online.balances()["liabilities:refunds-owed"] == -4500
    assert refunds_of(online, booking) == [(4500, "failed")]
    assert "assets:stripe:clearing" not in online.balances()


def test_a_refund_that_stripe_refuses_is_free_to_be_asked_for_again(online: Salon) -> None:
    booking = visit(online)
    pay_by_card(online, booking)
    before = online.balances()
    give_back(online, booking)
    row = online.ask(lambda tx: tx.row(OPERATION))
    assert row is not None

    def refuse() -> str:
        return online.act(
            lambda tx: refund_failed(tx, row.id, None, "balance_insufficient", moved=False)
        )

    assert [refuse(), refuse()] == ["refused", "known"]
    assert online.balances() == before
    assert reserved(online, booking) == [(4500, 0)]
    give_back(online, booking)
    assert refunds_of(online, booking) == [(4500, "failed"), (4500, "new")]
    # The first one went through after all: what Stripe says counts.
    assert tell(online, fact(row.id, "", 4500)) == "refunded"
    assert reserved(online, booking) == [(4500, 4500)]


def test_a_refund_in_the_dashboard_is_taken_on_once(online: Salon) -> None:
    booking = visit(online)
    charge = pay_by_card(online, booking, tip=500)
    told = fact("", charge.charge_ref, 4700, ref="re_dashboard")
    assert [tell(online, told), tell(online, told)] == ["external", "known"]
    tell_movement(online, refund_movement(online, told))
    assert refunds_of(online, booking) == [(4700, "succeeded")]
    assert reserved(online, booking) == [(5000, 4700)]
    balances = online.balances()
    assert balances["liabilities:tips:ana"] == -300
    assert balances["income:refunds"] == 3782
    assert "assets:stripe:clearing" not in balances
    assert online.booking(booking.code).refunded == euros(4500)
    assert effects(online, booking).count("invoice.credit") == 1
    assert refused(online, booking, Back()).code == "nothing_to_refund"
    assert tell(online, fact("", "ch_of_nobody", 100)) == "charge unknown"
    proven(online)


def test_a_dashboard_refund_is_quicker_than_ours_which_stripe_then_refuses(online: Salon) -> None:
    booking = visit(online)
    charge = pay_by_card(online, booking)
    give_back(online, booking)
    row = online.ask(lambda tx: tx.row(OPERATION))
    assert row is not None
    assert tell(online, fact("", charge.charge_ref, 4500)) == "external"
    assert reserved(online, booking) == [(4500, 4500)]
    online.act(lambda tx: refund_failed(tx, row.id, None, "charge_already_refunded", moved=False))
    assert reserved(online, booking) == [(4500, 4500)]
    assert online.balances()["income:refunds"] == 3782
    assert online.booking(booking.code).refunded == euros(4500)


def test_money_that_went_back_twice_is_owed_by_the_client(online: Salon) -> None:
    booking = visit(online)
    charge = pay_by_card(online, booking)
    give_back(online, booking, to="cash")
    assert tell(online, fact("", charge.charge_ref, 4500)) == "external"
    assert online.balances()["assets:receivable:clients"] == 4500
    proven(online)


def test_a_refund_asked_for_as_a_deposit_is_posted_as_what_the_deposit_became(
    online: Salon,
) -> None:
    booking = visit(online)
    pay_by_card(online, booking, 2000)
    give_back(online, booking, 500)
    pay_at_counter(online, booking, "cash")
    settle_all(online, booking)
    assert online.balances()["income:refunds"] == 420
    assert "liabilities:deposits" not in online.balances()
    proven(online)


_visits = count()
STEPS = st.lists(
    st.tuples(st.integers(1, 9000), st.sampled_from(["", "cash"]), st.booleans()),
    min_size=1,
    max_size=5,
)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, paid=st.tuples(st.integers(1, 1500), st.integers(1, 1500)))
def test_any_sequence_of_part_refunds_leaves_exactly_nothing(
    online: Salon, steps: list[tuple[int, str, bool]], paid: tuple[int, int]
) -> None:
    """A visit of two services at two rates of tax, by two people, paid in three ways."""
    online.act(lambda tx: set_service(tx, "color", {"tax_bps": 700}))
    day = date.fromisoformat(DAY) + timedelta(2 * next(_visits))  # each example has days of its own
    free = online.slots(day.isoformat(), service="color", staff="ben", days=2)[0].start
    rosa = online.customer(phone="030 901820")
    more = (Wish("cut", "ana"),)
    wanted = BookingRequest("color", "ben", free, rosa.id, more=more, max_wait_minutes=90)
    booking = online.act(lambda tx: book(tx, wanted))
    before = online.balances()
    pay_at_counter(online, booking, "cash", paid[0])
    pay_at_counter(online, booking, "terminal", paid[1])
    pay_by_card(online, booking)
    left = 13_500
    for minor, to, settles in steps:
        if amount := min(minor, left):
            give_back(online, booking, amount, to=to)
            left -= amount
        if settles:
            settle_all(online, booking)
    if left:
        give_back(online, booking)
    settle_all(online, booking)
    after = online.balances()
    moved = Counter(after)
    moved.subtract(before)
    assert moved["income:services"] == -moved["income:refunds"] < 0
    assert (moved["liabilities:tax:19"], moved["liabilities:tax:7"]) == (0, 0)
    assert moved["assets:stripe:clearing"] == 0
    assert online.booking(booking.code).refunded == euros(13_500)
    for line in online.booking(booking.code).lines:
        assert back_of(online, line) == (line.net.minor, line.tax.minor)
    with pytest.raises(BookraError):
        give_back(online, booking, 1)


def back_of(salon: Salon, line: Line) -> tuple[int, int]:
    """Return what of a line's net and tax was given back."""
    rows = salon.ask(lambda tx: tx.rows(BACK, line_id=line.id))
    found = {row.of_tax: row.minor for row in rows}
    return found.get(False, 0), found.get(True, 0)
