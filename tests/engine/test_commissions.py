"""Commissions: split once a line by the plan of the day, follow the visit, go back with refunds."""

from __future__ import annotations

import threading
from datetime import date
from functools import partial

import pytest
from databases import Database
from factories import Salon, open_salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payroll import (
    IN_DECEMBER,
    LADDER,
    SPLITS,
    earned,
    owed,
    paid_visit,
    pay,
    run,
    splits,
    work,
)
from racing import together
from refunding import give_back, pay_at_counter
from selling import product
from sqlalchemy import Engine as Pool
from sqlalchemy import text

from bookra.engine.bookings.moving import move
from bookra.engine.commissions import plans
from bookra.engine.commissions.plans import Aim
from bookra.engine.commissions.rules import Base, Kind, Mode, Terms
from bookra.engine.commissions.split import split
from bookra.engine.ledger.store import entries
from bookra.engine.ledger.verify import verify
from bookra.engine.payments.refund_asked import Back
from bookra.engine.payments.refunding import refund
from bookra.engine.prices.discounts import discount_by_hand
from bookra.engine.prices.items import Wanted, add_item
from bookra.errors import InvalidInputError, NotFoundError
from bookra.money import share

DAY = "2026-11-24"
FROM = date(2026, 11, 1)
RAISE = text(
    "UPDATE staff SET commission_bps = 6000, changed_by = session_user WHERE tenant_id = :tenant_id"
)


@pytest.fixture
def plain(database: Database, pool: Pool) -> Salon:
    """A salon without tax: a cut of 45.00 gives 18.00 of commission."""
    return open_salon(database, pool, settings={"tax_bps": 0})


def percent(bps: int) -> Terms:
    return Terms(Kind.PERCENT, rate_bps=bps)


def planned(salon: Salon, aim: Aim, terms: Terms, day: date = FROM, *, ended: bool = False) -> None:
    salon.act(lambda tx: plans.set_plan(tx, aim, terms, day, ended=ended))


def bases(salon: Salon) -> list[tuple[int, int, int]]:
    rows = salon.ask(lambda tx: tx.rows(SPLITS))
    return [(row.base_minor, row.rate_bps, row.amount_minor) for row in rows]


def test_the_base_is_the_price_without_tax_and_tip(salon: Salon) -> None:
    earned(salon, f"{DAY} 10:00", tip=500)
    assert bases(salon) == [(3782, 4000, 1513)]
    balances = salon.balances()
    assert balances["expenses:commission"] == 1513
    assert balances["liabilities:commission:ana"] == -1513
    assert salon.ask(verify).ok


def test_a_line_is_split_once(salon: Salon) -> None:
    booking = paid_visit(salon, f"{DAY} 10:00")
    assert [salon.act(lambda tx: split(tx, booking.id)) for _ in range(3)] == [1, 0, 0]
    assert salon.balances()["expenses:commission"] == 1513


def test_a_line_that_many_split_at_once_is_split_once(salon: Salon) -> None:
    booking = paid_visit(salon, f"{DAY} 10:00")
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda: done.append(salon.act(lambda tx: split(tx, booking.id))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == [0, 0, 0, 1]
    assert bases(salon) == [(3782, 4000, 1513)]


def test_a_visit_that_is_not_paid_yet_earns_nothing(salon: Salon) -> None:
    booking = salon.book(f"{DAY} 10:00")
    assert salon.act(lambda tx: split(tx, booking.id)) == 0
    assert splits(salon) == []


def test_a_new_rate_does_not_change_what_was_booked_before(salon: Salon) -> None:
    booking = paid_visit(salon, f"{DAY} 10:00")
    salon.act(lambda tx: tx.run(RAISE))
    salon.act(lambda tx: split(tx, booking.id))
    assert bases(salon) == [(3782, 4000, 1513)]


def test_who_earns_no_commission_has_a_split_of_nothing(salon: Salon) -> None:
    salon.staff("cleo", commission=0)
    salon.hours("cleo", "mon-sat 09:00-18:00")
    earned(salon, f"{DAY} 10:00", staff="cleo")
    assert bases(salon) == [(3782, 0, 0)]
    assert "expenses:commission" not in salon.balances()


def test_a_tax_on_top_earns_no_commission_either(database: Database, pool: Pool) -> None:
    salon = open_salon(database, pool, settings={"tax_inclusive": 0})
    earned(salon, f"{DAY} 10:00")
    assert bases(salon) == [(4500, 4000, 1800)]


def test_the_plan_of_the_day_of_the_payment_applies_and_is_kept(plain: Salon) -> None:
    planned(plain, Aim(), percent(1000))
    planned(plain, Aim("ana", "cut"), percent(5000))
    planned(plain, Aim("ana", "cut"), percent(9000), date(2026, 11, 24))
    earned(plain, f"{DAY} 10:00")
    earned(plain, f"{DAY} 10:00", staff="ben")
    earned(plain.later(days=1), f"{DAY} 11:00")
    assert splits(plain) == [("split", "ana", 2250), ("split", "ben", 450), ("split", "ana", 4050)]
    rows = plain.ask(lambda tx: tx.rows(SPLITS))
    written = [plan.rule.id for plan in plain.ask(plans.plans)]
    assert [written.index(row.rule_id) for row in rows] == [1, 0, 2]


def test_a_late_relay_uses_the_plan_of_the_day_of_the_payment(plain: Salon) -> None:
    paid_visit(plain, f"{DAY} 10:00")
    planned(plain, Aim(), percent(9000), date(2026, 11, 25))
    work(plain.later(days=9))
    assert splits(plain) == [("split", "ana", 1800)]
    (entry,) = [e for e in plain.ask(entries) if e.kind == "commission"]
    assert entry.effective_at == plain.now


def test_a_plan_that_ends_leaves_the_persons_own_rate(plain: Salon) -> None:
    planned(plain, Aim("ana"), percent(9000))
    planned(plain, Aim("ana"), percent(0), date(2026, 11, 23), ended=True)
    earned(plain, f"{DAY} 10:00")
    assert splits(plain) == [("split", "ana", 1800)]


def test_the_same_plan_again_is_not_written_again(plain: Salon) -> None:
    for _ in range(2):
        planned(plain, Aim("ana"), LADDER)
    assert len(plain.ask(plans.plans)) == 1
    planned(plain, Aim("ana"), percent(4000))
    planned(plain, Aim("ana"), LADDER)
    assert len(plain.ask(plans.plans)) == 3
    assert [plan.rule.terms.kind for plan in plain.ask(lambda tx: plans.plans(tx, day=FROM))] == [
        Kind.TIERED
    ]


def test_plans_for_what_is_not_there_are_refused(plain: Salon) -> None:
    for aim in (Aim("zoe"), Aim(None, "wax"), Aim(None, None, "oil"), Aim(category="nails")):
        with pytest.raises(NotFoundError):
            planned(plain, aim, percent(1))
    with pytest.raises(InvalidInputError):
        planned(plain, Aim(None, "cut", None, "hair"), percent(1))


def test_goods_sold_in_a_visit_earn_by_their_own_plan(plain: Salon) -> None:
    product(plain, "oil", 2000)
    planned(plain, Aim(None, None, "oil"), percent(1000))
    booking = plain.book(f"{DAY} 10:00")
    plain.act(lambda tx: add_item(tx, booking.code, Wanted("oil", 2, None, "ben")))
    pay_at_counter(plain, booking, "cash")
    work(plain)
    assert splits(plain) == [("split", "ana", 1800), ("split", "ben", 400)]
    give_back(plain, booking)
    work(plain)
    assert (owed(plain, "ana"), owed(plain, "ben")) == (0, 0)


def test_the_base_after_a_discount_or_before_it(plain: Salon) -> None:
    for when, staff in (("after-discount", "ana"), ("before-discount", "ben")):
        planned(plain, Aim(staff), Terms(Kind.PERCENT, rate_bps=4000, base=Base(when)))
        booking = plain.book(f"{DAY} 10:00", staff=staff)
        plain.act(lambda tx, code=booking.code: discount_by_hand(tx, code, bps=2000))
        pay_at_counter(plain, booking, "cash")
    work(plain)
    assert bases(plain) == [(3600, 4000, 1440), (4500, 4000, 1800)]


def test_tiers_count_a_persons_sales_of_the_month(plain: Salon) -> None:
    planned(plain, Aim(), LADDER)
    for hour in ("09", "10", "11"):
        earned(plain, f"{DAY} {hour}:00")
    earned(plain, f"{DAY} 09:00", staff="ben")
    assert splits(plain) == [
        ("split", "ana", 1800),
        ("split", "ana", 1800),
        ("split", "ana", 400 + 1750),
        ("split", "ben", 1800),
    ]
    december = plain.at(IN_DECEMBER)
    earned(december, "2026-12-02 09:00")
    assert splits(plain)[-1] == ("split", "ana", 1800)


def test_a_tier_that_reaches_back_posts_what_the_earlier_sales_gain(plain: Salon) -> None:
    planned(plain, Aim(), Terms(Kind.TIERED, tiers=LADDER.tiers, mode=Mode.RETROACTIVE))
    for hour in ("09", "10", "11", "12"):
        earned(plain, f"{DAY} {hour}:00")
    assert splits(plain) == [
        *[("split", "ana", 1800)] * 2,
        ("split", "ana", 2250),
        ("tier", "ana", 900),
        ("split", "ana", 2250),
    ]
    assert owed(plain) == 4 * 2250
    assert run(plain)["ana"].figures.clawback_minor == 0


def test_relays_that_split_at_once_do_not_both_see_the_lower_tier(plain: Salon) -> None:
    planned(plain, Aim("ana"), LADDER)
    paid = [paid_visit(plain, f"{DAY} {hour:02d}:00") for hour in range(9, 15)]
    together([partial(_splits, plain, visit.id) for visit in paid])
    assert owed(plain) == 4000 + (6 * 4500 - 10_000) // 2


def _splits(salon: Salon, booking_id: object) -> str:
    return str(salon.act(lambda tx: split(tx, booking_id)))  # type: ignore[arg-type]


def test_commission_follows_a_paid_visit_to_another_person(plain: Salon) -> None:
    planned(plain, Aim("ben"), percent(5000))
    visit = earned(plain, f"{DAY} 10:00")
    plain.act(lambda tx: move(tx, visit.code, visit.starts_at, staff="ben"))
    work(plain)
    assert (owed(plain, "ana"), owed(plain, "ben")) == (0, 2250)
    plain.act(lambda tx: move(tx, visit.code, visit.starts_at, staff="ana"))
    work(plain)
    assert [split_[:2] for split_ in splits(plain)] == [
        ("split", "ana"),
        ("reversal", "ana"),
        ("split", "ben"),
        ("reversal", "ben"),
        ("split", "ana"),
    ]
    assert (owed(plain, "ana"), owed(plain, "ben")) == (1800, 0)
    assert plain.ask(verify).ok


def test_a_visit_that_moves_to_another_time_keeps_its_commission(plain: Salon) -> None:
    visit = earned(plain, f"{DAY} 10:00")
    plain.act(lambda tx: move(tx, visit.code, plain.local(f"{DAY} 12:00")))
    work(plain)
    assert splits(plain) == [("split", "ana", 1800)]


def test_a_refunded_visit_that_moves_gives_the_next_person_the_rest(plain: Salon) -> None:
    visit = earned(plain, f"{DAY} 10:00")
    give_back(plain, visit, 1500)
    work(plain)
    plain.act(lambda tx: move(tx, visit.code, visit.starts_at, staff="ben"))
    work(plain)
    assert (owed(plain, "ana"), owed(plain, "ben")) == (0, 1200)


def test_a_refund_before_the_split_is_taken_off_with_it(plain: Salon) -> None:
    visit = paid_visit(plain, f"{DAY} 10:00")
    give_back(plain, visit, 1500)
    work(plain)
    assert splits(plain) == [("split", "ana", 1800), ("clawback", "ana", -600)]


def test_what_a_sealed_run_holds_is_claimed_instead_of_taken(plain: Salon) -> None:
    first, second = (earned(plain, f"{DAY} {hour}:00") for hour in ("10", "11"))
    give_back(plain, first, 1500)
    work(plain)
    december = plain.at(IN_DECEMBER)
    run(december, approve=True)
    give_back(december, second, 1500)
    work(december)
    balances = plain.balances()
    assert balances["liabilities:commission:ana"] == -3000
    assert balances["assets:receivable:clawback:ana"] == 600
    assert pay(december)["ana"].net.minor == 3000
    assert owed(plain) == -600


REFUNDS = st.lists(st.tuples(st.integers(1, 2500), st.booleans()), min_size=1, max_size=5)


@given(cuts=REFUNDS)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_refunds_take_exactly_their_part_of_the_commission(
    salon: Salon, cuts: list[tuple[int, bool]]
) -> None:
    """Told at once or together, in any sizes: cumulative rounding, and all of it at the end."""
    before = owed(salon)
    wall = _next_free(salon)
    visit = earned(salon, wall)
    price, net, whole = 4500, 3782, share(3782, 4000)
    for cut, told in cuts:
        left = price - salon.booking(visit.code).refunded.minor
        give_back(salon, visit, min(cut, left)) if left else None
        if told:
            work(salon, visit)
            back = _returned_net(salon, visit.id)
            assert owed(salon) - before == whole - (2 * back * whole + net) // (2 * net)
    if price > salon.booking(visit.code).refunded.minor:
        salon.act(lambda tx: refund(tx, visit.code, Back(None, "kept", None, "")))
    work(salon, visit)
    assert owed(salon) == before


RETURNED = text(
    """
    SELECT COALESCE(sum(p.amount_minor), 0)::bigint AS minor
      FROM entries e JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
     WHERE e.tenant_id = :tenant_id AND e.booking_id = :booking_id AND a.code = 'income:refunds'
    """
)


def _returned_net(salon: Salon, booking_id: object) -> int:
    (row,) = salon.ask(lambda tx: tx.rows(RETURNED, booking_id=booking_id))
    return int(row.minor)


def _next_free(salon: Salon) -> str:
    first = salon.slots("2026-11-24", days=60)[0]
    return f"{first.start.astimezone(salon.zone):%Y-%m-%d %H:%M}"
