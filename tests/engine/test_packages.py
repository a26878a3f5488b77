"""Packages and memberships: equal shares, no visit twice, each period once, the rest broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from factories import Salon
from racing import outcome, together
from selling import (
    crowded,
    eur,
    package_of,
    postings,
    proven,
    refusal,
    settle_order,
)
from sqlalchemy import text

from bookra.engine.availability.asked import Wish
from bookra.engine.bookings.history import history
from bookra.engine.catalog.plans import Plan, add_plan, end_plan
from bookra.engine.orders.memberships import (
    Bill,
    bill_memberships,
    cancel_membership,
    membership,
    memberships,
    sell_membership,
)
from bookra.engine.orders.model import Membership
from bookra.engine.orders.packages import expire_packages, package, packages, sell_package
from bookra.engine.orders.redeeming import redeem_package
from bookra.engine.orders.selling import cancel_order, pay_by
from bookra.engine.orders.store import order_by_code
from bookra.engine.payments.cards import KeptCard, keep
from bookra.engine.payments.operations import operations_of
from bookra.engine.payments.package_visits import give_back
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.payments.saved_cards import declined
from bookra.engine.payments.taking import take_cash
from bookra.engine.people.customers import Customer
from bookra.engine.prices.booking import book
from bookra.engine.prices.discounts import discount_by_hand
from bookra.engine.tenancy.providers import set_state

SLOT = "2026-11-24 10:00"
RACERS = 16
PERIODS = text(
    "SELECT count(*) FROM packages WHERE tenant_id = :tenant_id AND membership_id IS NOT NULL"
)


def redeem(salon: Salon, code: str, package_code: str) -> str:
    return refusal(lambda: salon.act(lambda tx: redeem_package(tx, code, package_code)))


def test_three_visits_for_a_hundred_are_worth_3334_3333_and_3333(salon: Salon) -> None:
    rosa = salon.customer()
    bought = package_of(salon, rosa, 3, 10000)
    assert (bought.state, bought.value) == ("active", eur(10000))
    for hour in (9, 10, 11, 12):
        booking = salon.book(f"2026-11-24 {hour:02}:00", customer=rosa)
        if hour == 12:
            assert redeem(salon, booking.code, bought.code) == "package_used_up"
        else:
            assert redeem(salon, booking.code, bought.code.lower()) == "done"
            paid = salon.booking(booking.code)
            assert (paid.price, paid.due) == (eur(3334 if hour == 9 else 3333), eur(0))
    used = salon.ask(lambda tx: package(tx, bought.code))
    assert (used.used, used.value) == (3, eur(0))
    balances = salon.balances()
    assert balances["assets:cash:drawer"] == 10000
    assert "liabilities:packages" not in balances
    assert balances["income:services"] + balances["liabilities:tax:19"] == -10000
    assert proven(salon)


def test_a_package_pays_its_own_line_and_the_rest_is_due(salon: Salon) -> None:
    rosa = salon.customer()
    bought = package_of(salon, rosa, 2, 6000)
    request = salon.request(SLOT, service="color", customer=rosa)
    wanted = replace(request, more=(Wish("cut", "ben"),))
    booking = salon.act(lambda tx: book(tx, wanted))
    salon.act(lambda tx: discount_by_hand(tx, booking.code, bps=1000))
    assert redeem(salon, booking.code, bought.code) == "done"
    paid = salon.booking(booking.code)
    assert [line.net.minor + line.tax.minor for line in paid.lines] == [8100, 3000]
    assert (paid.paid, paid.due, paid.off) == (eur(3000), eur(8100), eur(900))
    assert redeem(salon, booking.code, bought.code) == "package_not_for_this"
    assert postings(salon, booking) == [
        {"liabilities:packages": 3000, "liabilities:deposits": -3000}
    ]
    salon.act(lambda tx: take_cash(tx, booking.code))
    assert "liabilities:deposits" not in salon.balances()
    assert proven(salon)


def test_a_package_is_its_customers_and_only_once_it_is_paid(salon: Salon) -> None:
    rosa, lea = salon.customer(), salon.customer("Lea Berg")
    hers = salon.book(SLOT, customer=rosa)
    theirs = salon.book("2026-11-24 12:00", customer=lea)
    other = salon.book("2026-11-24 14:00", service="color", customer=rosa)
    open_one = salon.act(lambda tx: sell_package(tx, "cut", 2, eur(8000), rosa.id))
    assert redeem(salon, hers.code, open_one.code) == "not_active"
    salon.act(lambda tx: pay_by(tx, open_one.order, "terminal"))
    assert redeem(salon, theirs.code, open_one.code) == "package_not_for_this"
    assert redeem(salon, other.code, open_one.code) == "package_not_for_this"
    assert redeem(salon, hers.code, "PK-NONE") == "unknown_package"
    salon.act(lambda tx: take_cash(tx, hers.code))
    assert redeem(salon, hers.code, open_one.code) == "already_recognised"
    void = salon.act(lambda tx: sell_package(tx, "cut", 2, eur(8000), rosa.id))
    salon.act(lambda tx: cancel_order(tx, void.order))
    assert redeem(salon, theirs.code, void.code) == "not_active"
    assert [each.state for each in salon.ask(packages)] == ["void", "active"]


def test_sixteen_racers_use_five_visits_exactly(salon: Salon) -> None:
    rosa = salon.customer()
    bought = package_of(salon, rosa, 5, 10001)
    codes = [
        salon.book(f"2026-11-{24 + n // 8} {9 + n % 8:02}:00", customer=rosa).code
        for n in range(RACERS)
    ]
    crowd = crowded(salon, RACERS)
    found = together(
        [
            lambda code=code: outcome(crowd, lambda tx: redeem_package(tx, code, bought.code))
            for code in codes
        ]
    )
    crowd.pool.dispose()
    assert (found.count("done"), found.count("package_used_up")) == (5, 11)
    assert "liabilities:packages" not in salon.balances()
    assert proven(salon)


def test_a_visit_that_goes_back_is_used_again_and_what_is_left_is_broken(salon: Salon) -> None:
    rosa = salon.customer()
    last = date(2026, 11, 30)
    bought = package_of(salon, rosa, 3, 10000, expires_on=last)
    first = salon.book(SLOT, customer=rosa)
    second = salon.book("2026-11-24 12:00", customer=rosa)
    assert [redeem(salon, each.code, bought.code) for each in (first, second)] == ["done"] * 2
    back = salon.act(lambda tx: give_back(tx, first.id), dry_run=True)
    assert [visit.amount for visit in back] == [eur(3334)]
    later = salon.later(days=8)
    assert salon.act(expire_packages) == []
    assert [each.value for each in later.act(expire_packages)] == [eur(3333)]
    assert later.act(expire_packages) == []
    assert later.balances()["income:breakage"] == -3333
    late = later.book("2026-12-02 10:00", customer=rosa)
    assert redeem(later, late.code, bought.code) == "package_expired"
    assert proven(later)


def test_expiry_and_the_last_visits_race_and_nothing_is_counted_twice(salon: Salon) -> None:
    rosa = salon.customer()
    bought = package_of(salon, rosa, 6, 10001, expires_on=date(2026, 11, 23))
    codes = [salon.book(f"2026-11-24 {9 + n:02}:00", customer=rosa).code for n in range(8)]
    crowd = crowded(salon, 9)
    tomorrow = crowded(salon.later(days=1), 1)
    expiring = [lambda: outcome(tomorrow, expire_packages)]
    redeeming = [
        lambda code=code: outcome(crowd, lambda tx: redeem_package(tx, code, bought.code))
        for code in codes
    ]
    found = together([*redeeming[:4], *expiring, *redeeming[4:]])
    for each in (crowd, tomorrow):
        each.pool.dispose()
    assert set(found) <= {"done", "package_used_up", "not_active"}
    salon.later(days=1).act(expire_packages)
    assert "liabilities:packages" not in salon.balances()
    assert proven(salon)


def test_a_package_that_is_given_back_is_used_or_refunded_never_both(salon: Salon) -> None:
    rosa = salon.customer()
    bought = package_of(salon, rosa, 6, 9000)
    codes = [salon.book(f"2026-11-24 {9 + n:02}:00", customer=rosa).code for n in range(6)]
    crowd = crowded(salon, 7)
    work = [
        lambda code=code: outcome(crowd, lambda tx: redeem_package(tx, code, bought.code))
        for code in codes
    ]
    work.insert(3, lambda: outcome(crowd, lambda tx: refund(tx, bought.order, Back())))
    found = together(work)
    crowd.pool.dispose()
    used = found.count("done") - (found[3] == "done")
    assert set(found) <= {"done", "not_active", "nothing_to_refund"}
    assert salon.balances().get("assets:cash:drawer", 0) == used * 1500
    assert "liabilities:packages" not in salon.balances()
    assert proven(salon)


@pytest.fixture
def gold(salon: Salon) -> Plan:
    """Two cuts a month for 70.00, and ten percent off everything else."""
    plan = Plan("gold", "Gold", eur(7000), 1, "cut", 2, 1000)
    return salon.act(lambda tx: add_plan(tx, plan)[0])


def join(salon: Salon, customer: Customer, plan: str) -> Membership:
    """Make somebody a member, the first period paid in cash."""
    found, order = salon.act(lambda tx: sell_membership(tx, plan, customer.id))
    salon.act(lambda tx: pay_by(tx, order.code, "cash"))
    return salon.ask(lambda tx: membership(tx, found.code))


def test_a_member_pays_less_and_the_booking_says_why(salon: Salon, gold: Plan) -> None:
    rosa = salon.customer()
    before = salon.book(SLOT, customer=rosa)
    member = join(salon, rosa, "gold")
    assert (member.state, member.billed_until) == ("active", date(2026, 12, 23))
    booking = salon.book("2026-11-24 12:00", service="color", customer=rosa)
    assert booking.price == eur(8100)
    assert booking.discount is not None
    assert (booking.discount.kind, booking.discount.bps) == ("member", 1000)
    (change,) = salon.ask(lambda tx: history(tx, booking.id))
    assert change.facts == {"reason": "member", "plan": "gold", "percent": "10.00"}
    assert salon.booking(before.code).price == eur(4500)
    (period,) = salon.ask(packages)
    cut = salon.book("2026-11-25 12:00", customer=rosa)
    assert redeem(salon, cut.code, period.code) == "done"
    assert salon.booking(cut.code).price == eur(3500)
    stranger = salon.book("2026-11-25 14:00", customer=salon.customer("Lea Berg"))
    assert stranger.price == eur(4500)
    salon.act(lambda tx: cancel_membership(tx, member.code))
    kept = salon.book("2026-11-26 12:00", customer=rosa)
    assert kept.price == eur(4050)  # paid for until December
    over = salon.later(days=31).book("2026-12-28 12:00", customer=rosa)
    assert over.price == eur(4500)


def test_each_period_is_billed_once_however_often_billing_runs(salon: Salon, gold: Plan) -> None:
    rosa = salon.customer()
    member = join(salon, rosa, "gold")
    assert salon.act(bill_memberships) == []
    later = salon.later(days=31)
    crowd = crowded(later, 4)
    runs = together([lambda: outcome(crowd, bill_memberships) for _ in range(4)])
    crowd.pool.dispose()
    assert runs == ["done"] * 4
    assert later.ask(lambda tx: tx.rows(PERIODS))[0][0] == 2
    owing = later.ask(lambda tx: membership(tx, member.code))
    assert (owing.state, owing.billed_until) == ("past-due", date(2027, 1, 23))
    assert owing.open_order is not None
    assert later.balances()["income:breakage"] == -7000  # two visits of the first period
    much_later = salon.later(days=100)
    assert much_later.act(bill_memberships) == []  # who owes a period is not billed another
    much_later.act(lambda tx: pay_by(tx, owing.open_order or "", "cash"))
    bills = much_later.act(bill_memberships)
    assert [(bill.starts_on, bill.how) for bill in bills] == [(date(2027, 1, 23), "open")]


def test_a_saved_card_is_charged_and_a_declined_one_leaves_the_member_past_due(
    salon: Salon, gold: Plan, tmp_path: Path
) -> None:
    salon.connect_provider("stripe", tmp_path / "key")
    rosa = salon.customer()
    card = KeptCard("cus_1", "pm_1", "visa", "4242", None)
    salon.act(lambda tx: keep(tx, rosa.id, card))
    member = join(salon, rosa, "gold")
    later = salon.later(days=31)
    (bill,) = later.act(bill_memberships)
    assert (bill.how, bill.amount) == ("saved-card", eur(7000))
    assert later.act(bill_memberships) == []
    assert later.ask(lambda tx: membership(tx, member.code)).state == "active"
    order = later.ask(lambda tx: order_by_code(tx, bill.order))
    assert refusal(lambda: later.act(lambda tx: cancel_order(tx, order.code))) == (
        "payment_in_flight"
    )
    assert settle_order(later, order) == "paid"
    third = salon.later(days=62)
    (bill,) = third.act(bill_memberships)
    order = third.ask(lambda tx: order_by_code(tx, bill.order))
    operation = third.ask(lambda tx: operations_of(tx, order_id=order.id))[-1]
    third.act(lambda tx: declined(tx, operation.id, "card_declined"))
    assert third.act(bill_memberships) == []
    assert third.ask(lambda tx: membership(tx, member.code)).state == "past-due"
    third.act(lambda tx: pay_by(tx, order.code, "cash"))
    assert third.ask(lambda tx: membership(tx, member.code)).state == "active"
    fourth = salon.later(days=93)
    fourth.act(lambda tx: set_state(tx, "stripe", "restricted", "due:external_account"))
    (bill,) = fourth.act(bill_memberships)
    assert bill.how == "open"
    assert proven(fourth)


def test_a_period_without_visits_is_earned_at_its_end_with_its_tax(salon: Salon) -> None:
    salon.act(lambda tx: add_plan(tx, Plan("club", "Club", eur(11900), 3)))
    member = join(salon, salon.customer(), "club")
    assert member.billed_until == date(2027, 2, 23)
    assert salon.balances()["liabilities:packages"] == -11900
    end = salon.later(days=92)
    bills: list[Bill] = end.act(bill_memberships)
    assert [bill.until for bill in bills] == [date(2027, 5, 23)]
    balances = end.balances()
    assert balances["income:memberships"] == -10000
    assert balances["liabilities:tax:19"] == -1900
    assert "liabilities:packages" not in balances
    assert proven(end)


def test_a_membership_ends_once_and_what_is_owed_is_not_owed_any_more(
    salon: Salon, gold: Plan
) -> None:
    member = join(salon, salon.customer(), "gold")
    later = salon.later(days=31)
    (bill,) = later.act(bill_memberships)
    ended = later.act(lambda tx: cancel_membership(tx, member.code))
    assert (ended.state, ended.open_order) == ("cancelled", None)
    assert later.ask(lambda tx: order_by_code(tx, bill.order)).state == "cancelled"
    assert refusal(lambda: later.act(lambda tx: cancel_membership(tx, member.code))) == (
        "illegal_state"
    )
    assert salon.later(days=70).act(bill_memberships) == []
    pending, order = salon.act(lambda tx: sell_membership(tx, "gold", salon.customer().id))
    salon.act(lambda tx: cancel_membership(tx, pending.code))
    assert salon.ask(lambda tx: order_by_code(tx, order.code)).state == "cancelled"
    salon.act(lambda tx: end_plan(tx, "gold"))
    refused = refusal(lambda: salon.act(lambda tx: sell_membership(tx, "gold", ended.customer_id)))
    assert refused == "not_offered"
    assert {each.state for each in salon.ask(memberships)} == {"cancelled"}


def test_a_period_that_is_waived_leaves_a_member(salon: Salon, gold: Plan) -> None:
    member = join(salon, salon.customer(), "gold")
    later = salon.later(days=31)
    (bill,) = later.act(bill_memberships)
    later.act(lambda tx: cancel_order(tx, bill.order))
    assert later.ask(lambda tx: membership(tx, member.code)).state == "active"
    assert [each.starts_on for each in salon.later(days=62).act(bill_memberships)] == [
        date(2027, 1, 23)
    ]
